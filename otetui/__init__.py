"""Front door: command line, settings, application shell, key map."""

__version__ = "0.1.0"
