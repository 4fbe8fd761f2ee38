"""One module per screen, named like its menu entry."""
