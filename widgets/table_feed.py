"""How rows get into a table: from memory or page by page, with the cursor, the marks and the place kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final, Generic, TypeVar

from textual import work
from textual.strip import Strip
from textual.worker import Worker, WorkerState

from widgets.line_widget import LineWidget
from widgets.marks import Marks
from widgets.rows import PAGE_SIZE, RowPage, Rows, RowSource
from widgets.table_lines import LineState
from widgets.table_messages import LoadFailed, MarksChanged, NeedRows, RowHighlighted, RowsLoaded

RowT = TypeVar("RowT")

MOST_MARKS: Final = 10_000
"""How many rows of a paged list `mark all` marks at most."""


class TableFeed(LineWidget, Generic[RowT]):
    """The part of a table that holds rows, cursor and marks, and loads what comes into view."""

    header_height = 1

    def __init__(
        self,
        key: Callable[[RowT], Hashable],
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: Rows[RowT] = Rows(key)
        self._marks: Marks[RowT] = Marks(key)
        self._source: RowSource[RowT] | None = None
        self._loading: RowSource[RowT] | None = None
        self._asked: set[int] = set()
        self._revision = 0
        self._has_failed = False
        self._top = 0
        self._cursor = 0
        self._cursor_key: Hashable | None = None
        self._anchor: int | None = None
        self._strips: dict[tuple[int, LineState], Strip] = {}

    # Rows in

    def set_rows(self, rows: Sequence[RowT]) -> None:
        """Show all of `rows`, in no time for any number: the sequence is kept as it is and must not change later.

        To find marked rows again in another list takes a look at each key, a few milliseconds for 10,000 rows; longer
        lists belong into a RowSource.
        """
        self._source = None
        self._rows.fill(rows)
        if len(self._marks):
            self._marks.begin_list()
            found = (self._rows.index_of(key) for key in self._marks.keys)
            self._marks.see(row for index in found if index is not None and (row := self._rows.get(index)) is not None)
        self._rows_changed()

    def attach(self, source: RowSource[RowT] | None) -> None:
        """Show the rows of `source`, loaded as they come into view; with None ask by `NeedRows`, answer by `put_rows`.

        The cursor goes to the first row. Marks stay, hidden until their rows are seen in the new list.
        """
        self._source = source
        self._rows.begin_pages()
        self._marks.begin_list()
        self._asked.clear()
        self._has_failed = False
        self._cursor = self._top = 0
        self._cursor_key = self._anchor = None
        self._revision += 1
        self._strips.clear()
        self.refresh()
        self._request()

    def reload(self) -> None:
        """Load what is in view again, in place; a list from memory is refreshed by `set_rows`."""
        self._rows.expire()
        self._asked.clear()
        self._has_failed = False
        self._revision += 1
        self._request()

    def put_rows(self, offset: int, page: RowPage[RowT]) -> None:
        """Take in the rows that begin at `offset`, as asked for by `NeedRows`."""
        self._asked.discard(offset)
        replaced = self._rows.put(offset, page)
        if len(self._marks):
            # A row that left the list, for instance because it no longer matches the filter, must not be acted on.
            self._marks.hide(replaced)
            self._marks.see(row for _, row in self._rows.known())
        self._rows_changed()

    def update_row(self, key: Hashable, row: RowT) -> bool:
        """Show `row` in the place of the known row with the same `key`: repaints one line, or none when out of view.

        False when no known row has that key.
        """
        in_view = range(self._top, min(self._top + self._page, self._rows.total))
        index = next((index for index in in_view if self._key_at(index) == key), None)
        if index is None and (index := self._rows.index_of(key)) is None:
            return False
        self._rows.replace(index, row)
        self._marks.see((row,))
        for held in [held for held in self._strips if held[0] == index]:
            del self._strips[held]
        self._repaint(index)
        return True

    def _rows_changed(self) -> None:
        """Find the cursor's row again, keep the place, and paint what differs."""
        self._strips.clear()
        was_at = self._cursor - self._top
        if self._cursor_key is not None and self._key_at(self._cursor) != self._cursor_key:
            found = self._rows.index_of(self._cursor_key)
            self._cursor = self._cursor if found is None else found
        self._cursor = max(0, min(self._cursor, self._rows.total - 1))
        if not self._top <= self._cursor < self._top + self._page:
            self._top = self._cursor - was_at
        self._clamp_top()
        self.refresh()
        self._tell_highlight()
        self.post_message(RowsLoaded(self, self._rows.total))
        self._request()

    # Loading

    def _request(self) -> None:
        if not self.is_mounted or self._has_failed or (offset := self._wanted()) is None:
            return
        if self._source is None:
            if offset not in self._asked:
                self._asked.add(offset)
                self.post_message(NeedRows(self, offset, PAGE_SIZE))
        elif self._loading is not self._source:
            self._loading = self._source
            self._load(self._source)

    def _wanted(self) -> int | None:
        """The page to load next: what is in view comes first, then what is a page away."""
        first, last = self._top, self._top + self._page - 1
        wanted = self._rows.wanted(first, last)
        if wanted is None and self._source is not None:
            return self._rows.wanted(first - self._page, last + self._page)
        return wanted

    @work(group="rows", exclusive=True, exit_on_error=False)
    async def _load(self, source: RowSource[RowT]) -> None:
        try:
            while source is self._source and (offset := self._wanted()) is not None:
                revision = self._revision
                page = await source.rows(offset, PAGE_SIZE)
                if source is not self._source:
                    return
                self.put_rows(offset, page)
                if revision != self._revision:
                    self._rows.expire()
        finally:
            if self._loading is source:
                self._loading = None

    @work(group="marks", exclusive=True, exit_on_error=False)
    async def _mark_rest(self, source: RowSource[RowT]) -> None:
        """Read on through a paged list and mark its rows, up to MOST_MARKS."""
        for offset in range(0, self._rows.total, PAGE_SIZE):
            if len(self._marks) >= MOST_MARKS or source is not self._source:
                break
            for row in (await source.rows(offset, PAGE_SIZE)).rows:
                self._marks.set(row, marked=True)
        self._strips.clear()
        self.refresh()
        self._tell_marks(complete=len(self._marks) - self._marks.hidden >= self._rows.total)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A source that failed is not asked again before `reload`."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self._has_failed = True
            self.post_message(LoadFailed(self, event.worker.error))

    # Marks

    @property
    def marked_keys(self) -> frozenset[Hashable]:
        """The keys of all marked rows, those that the list does not show included."""
        return self._marks.keys

    @property
    def hidden_marks(self) -> int:
        """How many marked rows the present list has not shown."""
        return self._marks.hidden

    def marked_rows(self) -> list[RowT]:
        """The marked rows that the present list has shown, as last seen: what an action on several works on."""
        return self._marks.shown()

    def unmark(self, keys: Iterable[Hashable]) -> None:
        """Take the marks off these rows, for instance after an action was done with them."""
        self._marks.drop(keys)
        self._marks_changed()

    def clear_marks(self) -> None:
        """Take all marks off."""
        self._marks.clear()
        self._marks_changed()

    def mark_all(self) -> None:
        """Mark every row of the list; unmark everything when all are marked already."""
        self._anchor = None
        known = [row for _, row in self._rows.known()]
        if self._rows.is_complete and known and all(self._rows.key(row) in self._marks for row in known):
            self._marks.clear()
        else:
            for row in known:
                self._marks.set(row, marked=True)
        self._marks_changed(complete=self._rows.is_complete)
        if not self._rows.is_complete and self._source is not None:
            self._mark_rest(self._source)

    def _marks_changed(self, *, complete: bool = True) -> None:
        self.refresh()
        self._tell_marks(complete=complete)

    # What is shown

    @property
    def row_count(self) -> int:
        """How many rows the list has, loaded or not."""
        return self._rows.total

    @property
    def cursor_index(self) -> int:
        """The index of the row under the cursor."""
        return self._cursor

    @property
    def cursor_row(self) -> RowT | None:
        """The row under the cursor, or None when there is none or it is not loaded."""
        return self._rows.get(self._cursor)

    @property
    def cursor_key(self) -> Hashable | None:
        """The key of the row under the cursor, or None."""
        return self._key_at(self._cursor)

    def repaint_rows(self) -> None:
        """Format the rows in view anew, for what grows by itself such as ages; lines that stay are not sent."""
        self._strips.clear()
        self.refresh()

    def row_at(self, index: int) -> RowT | None:
        """The row at `index`, or None when there is none or it is not loaded."""
        return self._rows.get(index)

    @property
    def _page(self) -> int:
        """How many rows are in view at once."""
        return max(1, self.size.height - self.header_height)

    def _key_at(self, index: int) -> Hashable | None:
        row = self._rows.get(index)
        return None if row is None else self._rows.key(row)

    def _clamp_top(self) -> None:
        self._top = max(0, min(self._top, self._rows.total - self._page))

    def _repaint(self, *indexes: int) -> None:
        for index in indexes:
            if self._top <= index < self._top + self._page:
                self.repaint_line(index - self._top + self.header_height)

    def _tell_highlight(self) -> None:
        key = self._key_at(self._cursor)
        if key is not None or not self._rows.total:
            self._cursor_key = key
        self.post_message(RowHighlighted(self, self._cursor, key))

    def _tell_marks(self, *, complete: bool = True) -> None:
        self.post_message(MarksChanged(self, len(self._marks), self._marks.hidden, complete))
