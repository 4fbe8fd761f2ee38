"""How a table's header and rows become lines of cells, with as few style changes as possible: each costs bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip

from widgets.columns import GAP, Cell, CellValue, Layout
from widgets.lines import LineBuilder
from widgets.text import ELLIPSIS, checked, fit
from widgets.theme import Tone

RowT = TypeVar("RowT")

GUTTER: Final = 3
"""Cells before the first column: the cursor, the mark and a space."""

_CURSOR: Final = ">"
_UP: Final = "↑"
_DOWN: Final = "↓"
_LEFT: Final = "←"
_RIGHT: Final = "→"


class LineState(NamedTuple):
    """How a row stands: under the cursor, marked, and whether the table has the focus."""

    cursor: bool = False
    marked: bool = False
    focused: bool = True


@dataclass(frozen=True, slots=True)
class Palette:
    """The styles of a table's lines, taken from its style sheet, and the character that shows a mark."""

    row: Style
    marked: Style
    cursor: Style
    cursor_idle: Style
    header: Style
    header_sorted: Style
    tones: dict[Tone, Style]
    mark: str = "●"

    def base(self, state: LineState) -> Style:
        """The style of a line in `state`."""
        if state.cursor:
            return self.cursor if state.focused else self.cursor_idle
        return self.marked if state.marked else self.row


class LinePainter(Generic[RowT]):
    """Paints lines of `layout` into `width` cells, scrolled sideways by `scrolled` cells behind the first column."""

    def __init__(self, layout: Layout[RowT], palette: Palette, width: int, scrolled: int = 0) -> None:
        self.layout = layout
        self.palette = palette
        self.width = width
        self.scrolled = scrolled

    def row(self, row: RowT, state: LineState, tone: Tone = "") -> Strip:
        """The line of a row; `tone` is that of cells without a tone of their own."""
        base = self.palette.base(state)
        plain = base if state.cursor or not tone else base + self.palette.tones[tone]
        line = LineBuilder()
        line.add(self._gutter(state), base)
        for place, (column, width) in enumerate(self.layout.columns):
            if place:
                line.add(" " * GAP, plain)
            self._cell(line, column.value(row), width, plain, align=column.align, single=state.cursor)
        return self._finish(line, plain)

    def placeholder(self, state: LineState) -> Strip:
        """The line of a row that is not loaded yet."""
        base = self.palette.base(state)
        muted = base if state.cursor else base + self.palette.tones["muted"]
        line = LineBuilder()
        line.add(self._gutter(state), base)
        line.add(ELLIPSIS, muted)
        return self._finish(line, base)

    def header(self, sorted_by: str = "", *, descending: bool = False) -> Strip:
        """The line of titles; an arrow stands at the column that the rows are sorted by."""
        line = LineBuilder()
        line.add(" " * GUTTER, self.palette.header)
        for place, (column, width) in enumerate(self.layout.columns):
            if place:
                line.add(" " * GAP, self.palette.header)
            is_sorted = column.key == sorted_by
            arrow = (_DOWN if descending else _UP) if is_sorted else ""
            title = fit(column.title, width - len(arrow)) + arrow
            style = self.palette.header_sorted if is_sorted else self.palette.header
            line.add_padded(title, width, style, self.palette.header, align=column.align)
        strip = self._finish(line, self.palette.header)
        left, right = self.scrolled > 0, self._hides_right()
        if not (left or right):
            return strip
        sign = Segment(f" {_LEFT if left else ''}{_RIGHT if right else ''}", self.palette.header_sorted)
        return Strip.join([strip.crop(0, self.width - len(sign.text)), Strip([sign])])

    def blank(self) -> Strip:
        """The line below the last row."""
        return Strip.blank(self.width, self.palette.row)

    def _hides_right(self) -> bool:
        return bool(self.layout.hidden) or GUTTER + self.layout.width - self.scrolled > self.width

    def _gutter(self, state: LineState) -> str:
        return f"{_CURSOR if state.cursor else ' '}{self.palette.mark if state.marked else ' '} "

    def _cell(self, line: LineBuilder, value: CellValue, width: int, plain: Style, *, align: str, single: bool) -> None:
        text, tone = value if isinstance(value, Cell) else Cell(value)
        if isinstance(text, Content):
            content = checked(text).truncate(width, ellipsis=True)
            if not single and content.spans:
                line.add_content(content, width, plain, align=align)
                return
            text = content.plain
        style = plain if single or not tone else plain + self.palette.tones[tone]
        line.add_padded(fit(text, width), width, style, plain, align=align)

    def _finish(self, line: LineBuilder, style: Style) -> Strip:
        strip = line.strip()
        if self.scrolled:
            pinned = GUTTER + (self.layout.columns[0][1] + GAP if self.layout.columns else 0)
            strip = Strip.join([strip.crop(0, pinned), strip.crop(pinned + self.scrolled)])
        return strip.adjust_cell_length(self.width, style)
