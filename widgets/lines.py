"""Lines of cells: built with few style changes, and compared with what is on the screen."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip

from widgets.text import width_of


class LineBuilder:
    """Collects texts with styles; neighbours of the same style become one segment, for each segment costs bytes."""

    def __init__(self) -> None:
        self._parts: list[tuple[str, Style]] = []

    def add(self, text: str, style: Style) -> None:
        """Append safe text."""
        if not text:
            return
        if self._parts and self._parts[-1][1] == style:
            self._parts[-1] = (self._parts[-1][0] + text, style)
        else:
            self._parts.append((text, style))

    def add_padded(self, text: str, width: int, style: Style, padding: Style, *, align: str) -> None:
        """Append safe text in `width` cells."""
        spaces = " " * (width - width_of(text))
        if align == "right":
            self.add(spaces, padding)
            self.add(text, style)
        else:
            self.add(text, style)
            self.add(spaces, padding)

    def add_content(self, content: Content, width: int, plain: Style, *, align: str) -> None:
        """Append checked content in `width` cells, its own styles on top of `plain`."""
        spaces = " " * (width - content.cell_length)
        if align == "right":
            self.add(spaces, plain)
        for text, style, _ in content.render_segments():
            self.add(text, plain + style if style else plain)
        if align != "right":
            self.add(spaces, plain)

    def strip(self) -> Strip:
        """The line."""
        return Strip(Segment(text, style) for text, style in self._parts)


def differing(old: Iterable[Strip | None], new: Iterable[Strip]) -> list[int]:
    """The positions at which a line that was shown is not what is to be shown now."""
    return [place for place, (was, now) in enumerate(zip(old, new, strict=True)) if was is not now and was != now]
