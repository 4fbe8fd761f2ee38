"""The style sheets of the widgets, for the App's CSS_PATH; a style is written nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Final

STYLE_SHEETS: Final[list[Path]] = sorted(Path(__file__).parent.glob("*.tcss"))
"""Every widget's style sheet. A screen's own sheet comes after them and may refine them."""
