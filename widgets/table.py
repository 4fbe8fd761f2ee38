"""A table of any number of rows that formats, paints and sends only the lines that changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar, Final, TypeVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.strip import Strip

from widgets.columns import GAP, Column, Layout, all_columns, fit_columns
from widgets.table_feed import TableFeed
from widgets.table_lines import GUTTER, LinePainter, LineState, Palette
from widgets.table_messages import RowSelected
from widgets.theme import TONES, Tone

RowT = TypeVar("RowT")

_STRIPS_KEPT: Final = 2000
_WHEEL_ROWS: Final = 3
_DOUBLE: Final = 2


class VirtualTable(TableFeed[RowT], can_focus=True):
    """A list of rows with a cursor and marks, fed from memory (`set_rows`) or page by page (`attach`).

    Cursor, marks and place survive a refresh: the cursor stays on the row with the same key, or at its index when
    that row has gone. When the cursor leaves the view, the view moves by a quarter of its height, so that moving
    along a long list seldom repaints it all. With 100,000 rows only the lines in view are ever formatted.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--row",
        "table--marked",
        "table--cursor",
        "table--cursor-idle",
        "table--header",
        "table--header-sorted",
        *(f"table--{tone}" for tone in TONES),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Next row", show=False, id="table.down"),
        Binding("up,k", "move(-1)", "Previous row", show=False, id="table.up"),
        Binding("pagedown,ctrl+f", "page(1)", "Next page", show=False, id="table.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "Previous page", show=False, id="table.page_up"),
        Binding("home,g", "first", "First row", show=False, id="table.first"),
        Binding("end,G", "last", "Last row", show=False, id="table.last"),
        Binding("right", "sideways(1)", "Columns to the right", show=False, id="table.right"),
        Binding("left", "sideways(-1)", "Columns to the left", show=False, id="table.left"),
        Binding("enter", "select", "Open the row", show=False, id="table.open"),
        Binding("space", "mark", "Mark the row and go on", show=False, id="table.mark"),
        Binding("shift+down", "extend(1)", "Mark down to the next row", show=False, id="table.extend_down"),
        Binding("shift+up", "extend(-1)", "Mark up to the previous row", show=False, id="table.extend_up"),
        Binding("asterisk,ctrl+a", "mark_all", "Mark or unmark all rows", show=False, id="table.mark_all"),
        Binding("escape", "unmark_all", "Unmark all rows", show=False, id="table.unmark_all"),
    ]

    def __init__(
        self,
        columns: Sequence[Column[RowT]],
        key: Callable[[RowT], Hashable],
        *,
        row_tone: Callable[[RowT], Tone] | None = None,
        show_header: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(key, id=id, classes=classes)
        self._columns = tuple(columns)
        self._row_tone = row_tone
        self.header_height = 1 if show_header else 0
        self._scrolled: int | None = None
        self._sorted_by = ""
        self._descending = False
        self._painter: LinePainter[RowT] | None = None

    def show_sort(self, column: str, *, descending: bool = False) -> None:
        """Point out by which column the rows are sorted; sorting itself is up to who feeds the table."""
        self._sorted_by, self._descending = column, descending
        self.refresh()

    def set_columns(self, columns: Sequence[Column[RowT]]) -> None:
        """Show other columns of the same rows."""
        self._columns = tuple(columns)
        self._scrolled = None
        self._lay_out()

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The keys of the columns that are shown at the present width."""
        return tuple(column.key for column, _ in self._layout().columns)

    # Painting

    def line(self, y: int) -> Strip:
        """The header, a row, or an empty line."""
        painter = self._painter
        if painter is None:
            painter = self._painter = LinePainter(self._layout(), self._palette(), self.size.width, self._scrolled or 0)
        if y < self.header_height:
            return painter.header(self._sorted_by, descending=self._descending)
        index = self._top + y - self.header_height
        if index >= self._rows.total:
            return painter.blank()
        row = self._rows.get(index)
        if row is None:
            return painter.placeholder(LineState(cursor=index == self._cursor, focused=self.has_focus))
        is_marked = self._rows.key(row) in self._marks
        is_cursor = index == self._cursor
        state = LineState(is_cursor, is_marked, self.has_focus or not is_cursor)
        strip = self._strips.get((index, state))
        if strip is None:
            if len(self._strips) >= _STRIPS_KEPT:
                self._strips.clear()
            strip = painter.row(row, state, self._row_tone(row) if self._row_tone else "")
            self._strips[index, state] = strip
        return strip

    def _layout(self) -> Layout[RowT]:
        if self._scrolled is not None:
            return all_columns(self._columns)
        return fit_columns(self._columns, self.size.width - GUTTER)

    def _palette(self) -> Palette:
        style = self.get_component_rich_style
        return Palette(
            row=style("table--row"),
            marked=style("table--marked"),
            cursor=style("table--cursor"),
            cursor_idle=style("table--cursor-idle"),
            header=style("table--header"),
            header_sorted=style("table--header-sorted"),
            tones={tone: style(f"table--{tone}", partial=True) for tone in TONES},
            mark="*" if self.app.no_color else "●",
        )

    def _lay_out(self) -> None:
        self._painter = None
        self._strips.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """Other styles: every line is painted anew, those that come out the same are not sent."""
        super().notify_style_update()
        self._painter = None
        self._strips.clear()

    def on_mount(self) -> None:
        """Ask for the first rows."""
        self._request()

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in view and load what came into view."""
        del event
        self._painter = None
        self._strips.clear()
        self._show_cursor()
        self.refresh()
        self._request()

    # The cursor

    def move_cursor(self, index: int, *, keep_anchor: bool = False) -> None:
        """Put the cursor on the row at `index` or the nearest there is; repaints two lines unless the view moves."""
        if not keep_anchor:
            self._anchor = None
            self._marks.end_range()
        before = self._cursor
        self._cursor = max(0, min(index, self._rows.total - 1))
        if self._cursor == before:
            return
        # On a row that is not loaded yet there is no key to come back to: the index counts.
        self._cursor_key = self._key_at(self._cursor)
        if self._show_cursor():
            self.refresh()
        else:
            self._repaint(before, self._cursor)
        self._tell_highlight()
        self._request()

    def move_to_key(self, key: Hashable) -> bool:
        """Put the cursor on the row with `key`; False when no known row has it."""
        index = self._rows.index_of(key)
        if index is None:
            return False
        self.move_cursor(index)
        return True

    def _show_cursor(self) -> bool:
        """Move the view so that the cursor is in it; whether it moved."""
        before, jump = self._top, max(1, self._page // 4)
        if self._cursor < self._top:
            self._top = min(self._cursor, self._top - jump)
        elif self._cursor >= self._top + self._page:
            self._top = max(self._cursor - self._page + 1, self._top + jump)
        self._clamp_top()
        return self._top != before

    def action_move(self, rows: int) -> None:
        """Move the cursor down or up by `rows`."""
        self.move_cursor(self._cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor and the view by a page, with one row of overlap."""
        rows = pages * max(1, self._page - 1)
        before = self._top
        self._top += rows
        self._clamp_top()
        if self._top != before:
            self.refresh()
        self.move_cursor(self._cursor + rows)

    def action_first(self) -> None:
        """Move the cursor to the first row."""
        self.move_cursor(0)

    def action_last(self) -> None:
        """Move the cursor to the last row."""
        self.move_cursor(self._rows.total - 1)

    def action_select(self) -> None:
        """Say that the row under the cursor is to be opened."""
        key = self.cursor_key
        if key is None:
            raise SkipAction
        self.post_message(RowSelected(self, self._cursor, key))

    def action_sideways(self, columns: int) -> None:
        """Scroll by a column; the first column stays. Left of the first scroll position only what fits is shown."""
        wide = all_columns(self._columns)
        if self._scrolled is None and (columns < 0 or not self._layout().hidden):
            raise SkipAction
        starts, start = [0], 0
        for _, width in wide.columns[1:-1]:
            start += width + GAP
            starts.append(start)
        most = max(0, GUTTER + wide.width - self.size.width)
        place = starts.index(self._scrolled) if self._scrolled in starts else 0
        if columns > 0 and (self._scrolled or 0) >= most:
            return
        place = max(0, min(place + columns, len(starts) - 1))
        self._scrolled = starts[place] or None
        self._lay_out()

    # Marks

    def action_mark(self) -> None:
        """Mark or unmark the row under the cursor and go to the next."""
        row = self.cursor_row
        if row is None:
            return
        self._marks.set(row, marked=self._rows.key(row) not in self._marks)
        self._repaint(self._cursor)
        self._tell_marks()
        self.move_cursor(self._cursor + 1)

    def action_extend(self, rows: int) -> None:
        """Move the cursor and mark all rows between the row where this began and the cursor."""
        if self._anchor is None:
            self._anchor = self._cursor
        before = self._cursor
        self.move_cursor(self._cursor + rows, keep_anchor=True)
        first, last = sorted((self._anchor, self._cursor))
        between = (self._rows.get(index) for index in range(first, last + 1))
        self._marks.set_range(row for row in between if row is not None)
        self._repaint(before, self._cursor)
        self._tell_marks()

    def action_mark_all(self) -> None:
        """Mark every row of the list, or unmark all when all are marked."""
        self.mark_all()

    def action_unmark_all(self) -> None:
        """Take all marks off; without marks the key is left to the screen."""
        if not len(self._marks):
            raise SkipAction
        self._anchor = None
        self.clear_marks()

    # The mouse, for those who have one

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a double click opens the row."""
        index = self._top + event.y - self.header_height
        if event.y < self.header_height or index >= self._rows.total:
            return
        self.move_cursor(index)
        if event.chain == _DOUBLE:
            self.action_select()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the cursor by some rows."""
        event.stop()
        self.move_cursor(self._cursor + _WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the cursor by some rows."""
        event.stop()
        self.move_cursor(self._cursor - _WHEEL_ROWS)


NAVIGATION: Final = tuple(
    binding
    for binding in VirtualTable.BINDINGS
    if isinstance(binding, Binding) and binding.id not in {"table.open", "table.unmark_all"}
)
"""The keys that mean the same in every table, for `ActionRegistry.add_bindings`. Enter and esc are not among them:
they open a row and take marks off, and otherwise belong to the screen."""
