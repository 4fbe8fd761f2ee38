"""A detail of one thing: titled sections of lines, and tables in them; any value can be copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from widgets.clipboard import copy
from widgets.columns import Cell, CellValue
from widgets.line_widget import LineWidget
from widgets.lines import LineBuilder
from widgets.text import LONGEST, fit, safe_lines, width_of
from widgets.theme import TONES, Tone

_MARGIN: Final = 1
_INDENT: Final = 2
_GAP: Final = 2
_WIDEST_TITLE: Final = 28
_MOST_LINES: Final = 200
_WIDEST_CELL: Final = 60


class Line(NamedTuple):
    """A title and its value; without a title the value is a sentence of its own. A Cell gives the value a tone."""

    title: str
    value: str | Cell


class SubTable(NamedTuple):
    """A table within a section: titles, and rows of as many cells."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a detail."""

    title: str
    lines: Sequence[Line] = ()
    table: SubTable | None = None


class _Piece(NamedTuple):
    text: str
    component: str = ""


class _Row(NamedTuple):
    """A line of the detail as laid out, and what copying it copies; `item` is -1 where the cursor does not stop."""

    pieces: tuple[_Piece, ...]
    item: int = -1


class DetailView(LineWidget, can_focus=True):
    """Shows sections one below the other; up and down go from value to value, `c` copies the one under the cursor.

    Long values wrap. A refresh with `show` keeps the place and repaints the lines that changed.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "detail--base",
        "detail--section",
        "detail--title",
        "detail--heading",
        "detail--cursor",
        *(f"detail--{tone}" for tone in TONES),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Next value", show=False, id="detail.down"),
        Binding("up,k", "move(-1)", "Previous value", show=False, id="detail.up"),
        Binding("pagedown,ctrl+f,space", "page(1)", "Next page", show=False, id="detail.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "Previous page", show=False, id="detail.page_up"),
        Binding("home,g", "first", "To the start", show=False, id="detail.first"),
        Binding("end,G", "last", "To the end", show=False, id="detail.last"),
        Binding("c", "copy", "Copy the value", show=False, id="detail.copy"),
    ]

    @dataclass
    class Copied(Message):
        """A value was copied; `sentence` says so."""

        sentence: str

    cursor = reactive(0, init=False)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._sections: tuple[Section, ...] = ()
        self._rows: list[_Row] = []
        self._items: list[str] = []
        self._top = 0
        self._laid_out_for = -1

    def show(self, sections: Sequence[Section]) -> None:
        """Show these sections in place of what is shown."""
        self._sections = tuple(sections)
        self._lay_out()
        self.refresh()

    @property
    def value(self) -> str:
        """The value under the cursor, whole and as it is."""
        return self._items[self.cursor] if self.cursor < len(self._items) else ""

    # Layout

    def _lay_out(self) -> None:
        self._laid_out_for = self.size.width
        self._rows, self._items = [], []
        titles = [line.title for section in self._sections for line in section.lines]
        width = min(max((width_of(fit(title, _WIDEST_TITLE)) for title in titles), default=0), _WIDEST_TITLE)
        for place, section in enumerate(self._sections):
            if place:
                self._rows.append(_Row(()))
            self._rows.append(_Row((_Piece(fit(section.title, LONGEST), "section"),)))
            for line in section.lines:
                self._lay_out_line(line, width)
            if section.table is not None:
                self._lay_out_table(section.table)
        self.set_reactive(DetailView.cursor, max(0, min(self.cursor, len(self._items) - 1)))
        self._clamp_top()

    def _lay_out_line(self, line: Line, width: int) -> None:
        text, tone = _text_of(line.value)
        indent = " " * _INDENT
        lead = ""
        if line.title:
            title = fit(line.title, _WIDEST_TITLE)
            lead = title + " " * (width - width_of(title) + _GAP)
        room = max(10, self.size.width - 2 * _MARGIN - _INDENT - width_of(lead))
        item = len(self._items)
        self._items.append(text)
        wrapped = safe_lines(text).wrap(room)
        for place, part in enumerate(wrapped[:_MOST_LINES]):
            shown = f"{lead if not place else ' ' * width_of(lead)}"
            self._rows.append(_Row((_Piece(indent + shown, "title"), _Piece(part.plain.rstrip("\n"), tone)), item))

    def _lay_out_table(self, table: SubTable) -> None:
        rows = [[_text_of(cell) for cell in row] for row in table.rows]
        widths = [
            max([width_of(fit(title, _WIDEST_CELL)), *(width_of(fit(row[place][0], _WIDEST_CELL)) for row in rows)])
            for place, title in enumerate(table.titles)
        ]
        # The last column, usually a sentence, takes what is left.
        left = self.size.width - 2 * _MARGIN - _INDENT - sum(widths[:-1]) - _GAP * (len(widths) - 1)
        widths[-1] = max(8, left)
        indent = _Piece(" " * _INDENT)
        heading = [_Piece(_padded(title, width), "heading") for title, width in zip(table.titles, widths, strict=True)]
        self._rows.append(_Row((indent, *heading)))
        for row in rows:
            item = len(self._items)
            self._items.append("\t".join(text for text, _ in row))
            cells = [_Piece(_padded(text, width), tone) for (text, tone), width in zip(row, widths, strict=True)]
            self._rows.append(_Row((indent, *cells), item))

    # Painting

    def line(self, y: int) -> Strip:
        """A line of the detail, the cursor's value marked by a sign and by its style."""
        if self._laid_out_for != self.size.width:
            self._lay_out()
        style = self.get_component_rich_style
        base = style("detail--base")
        place = self._top + y
        if place >= len(self._rows):
            return Strip.blank(self.size.width, base)
        row = self._rows[place]
        is_cursor = row.item >= 0 and row.item == self.cursor and self.has_focus
        line = LineBuilder()
        if is_cursor:
            base = style("detail--cursor")
        line.add(">" if is_cursor else " ", base)
        for piece in row.pieces:
            plain = is_cursor or not piece.component
            line.add(piece.text, base if plain else base + style(f"detail--{piece.component}", partial=True))
        return line.strip().adjust_cell_length(self.size.width, base)

    def on_resize(self, event: events.Resize) -> None:
        """Lay out again for another width."""
        del event
        self._lay_out()
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are, for a detail of automatic height."""
        del container, viewport, width
        return len(self._rows)

    # Moving

    def _clamp_top(self) -> None:
        self._top = max(0, min(self._top, len(self._rows) - self.size.height))

    def _place_of(self, item: int) -> tuple[int, int]:
        """The first and the last line of a value."""
        places = [place for place, row in enumerate(self._rows) if row.item == item]
        return (places[0], places[-1]) if places else (0, 0)

    def watch_cursor(self) -> None:
        """Keep the value under the cursor in view, with its section's title when it is the first."""
        first, last = self._place_of(self.cursor)
        if first and self._rows[first - 1].item < 0:
            first -= 1
        height = max(1, self.size.height)
        if last >= self._top + height:
            self._top = last - height + 1
        self._top = min(self._top, first) if first < self._top or last - first >= height else self._top
        self._clamp_top()
        self.refresh()

    def action_move(self, values: int) -> None:
        """Go to another value."""
        self.cursor = max(0, min(self.cursor + values, len(self._items) - 1))

    def action_page(self, pages: int) -> None:
        """Go a page on."""
        height = max(1, self.size.height - 1)
        self._top += pages * height
        self._clamp_top()
        shown = [row.item for row in self._rows[self._top : self._top + self.size.height] if row.item >= 0]
        at_end = self._top + self.size.height >= len(self._rows)
        if shown:
            last = pages > 0 and at_end
            self.set_reactive(DetailView.cursor, shown[-1] if last else shown[0])
        self.refresh()

    def action_first(self) -> None:
        """Go to the first value."""
        self.cursor = 0

    def action_last(self) -> None:
        """Go to the last value."""
        self.cursor = max(0, len(self._items) - 1)

    def action_copy(self) -> None:
        """Copy the value under the cursor, whole."""
        if self.value:
            self.post_message(self.Copied(copy(self.app, self.value)))


def _text_of(value: CellValue) -> tuple[str, Tone]:
    cell = value if isinstance(value, Cell) else Cell(value)
    return (cell.text if isinstance(cell.text, str) else cell.text.plain), cell.tone


def _padded(text: str, width: int) -> str:
    shown = fit(text, width)
    return shown + " " * (width - width_of(shown) + _GAP)
