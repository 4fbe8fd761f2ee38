"""The style sheets of the widgets, for the App's CSS_PATH; a style is written nowhere else."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Final

STYLE_SHEETS: Final[list[str | PurePath]] = [*sorted(Path(__file__).parent.glob("*.tcss"))]
"""Every widget's style sheet. A screen's own sheet comes after them and may refine them."""
