"""A widget of lines that sends only those that are not on the screen already."""

from __future__ import annotations

from typing import Self

from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from widgets.lines import differing


class LineWidget(Widget):
    """Paints line by line; a refresh compares the lines with what is shown and repaints those that differ.

    A subclass implements `line` and calls `refresh` after any change, as often as it likes.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._drawn: list[Strip | None] = []
        self._drawn_size = Size(0, 0)

    def line(self, y: int) -> Strip:
        """The line at `y`, as wide as the widget."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Textual's way to a line: the line is remembered as shown."""
        if self._drawn_size != self.size:
            self._drawn_size = self.size
            self._drawn = [None] * self.size.height
        strip = self.line(y)
        if y < len(self._drawn):
            self._drawn[y] = strip
        return strip

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Repaint what is asked for; without regions, the lines that are no longer what is shown."""
        if regions or layout or recompose or not repaint or self._drawn_size != self.size:
            return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        width, height = self.size
        changed = differing(self._drawn, [self.line(y) for y in range(height)])
        return super().refresh(*(Region(0, y, width, 1) for y in changed)) if changed else self

    def repaint_line(self, y: int) -> None:
        """Repaint the line at `y` if it is not what is shown; nothing for a line outside the widget."""
        if self._drawn_size != self.size:
            super().refresh()
        elif 0 <= y < len(self._drawn) and self._drawn[y] != self.line(y):
            super().refresh(Region(0, y, self.size.width, 1))
