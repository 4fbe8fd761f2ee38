"""The log file in the home folder: what went wrong, with the ids that errors on the screen show."""

from __future__ import annotations

import logging
import logging.handlers
import os
from pathlib import Path

LOG_FILE = "otetui.log"
_MAXIMUM_BYTES = 2 * 1024 * 1024
_KEPT = 3


def log_to_file(home: Path, *, debug: bool = False) -> None:
    """Send the program's log to a file (mode 0600) that is rotated at 2 MiB."""
    path = home / LOG_FILE
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=_MAXIMUM_BYTES, backupCount=_KEPT, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if debug else logging.WARNING)
