"""Where a table's rows come from: a list in memory, or pages of a source that are kept while they are needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

RowT = TypeVar("RowT")
RowT_co = TypeVar("RowT_co", covariant=True)

PAGE_SIZE: Final = 100
PAGES_KEPT: Final = 60


@dataclass(frozen=True, slots=True)
class RowPage(Generic[RowT_co]):
    """Some rows of a list, and how many rows the whole list has under its filter."""

    rows: Sequence[RowT_co]
    total: int


class RowSource(Protocol[RowT_co]):
    """A list that is read in pages. A new filter or sort order is a new source."""

    async def rows(self, offset: int, limit: int) -> RowPage[RowT_co]:
        """At most `limit` rows from the row with index `offset` on. What it raises reaches the screen as LoadFailed."""
        ...


class Rows(Generic[RowT]):
    """The rows a table knows by index: all of them, or the pages that were loaded and not yet given up."""

    def __init__(self, key: Callable[[RowT], Hashable]) -> None:
        self.key = key
        self.total = 0
        self.is_paged = False
        self._memory: Sequence[RowT] = ()
        self._changed: dict[int, RowT] = {}
        self._positions: dict[Hashable, int] | None = None
        self._pages: OrderedDict[int, list[RowT]] = OrderedDict()
        self._stale: set[int] = set()

    def fill(self, rows: Sequence[RowT]) -> None:
        """Hold `rows` themselves, in no time: they are neither copied nor looked at, and must not be changed."""
        self._forget()
        self.is_paged = False
        self._memory = rows
        self.total = len(rows)

    def begin_pages(self) -> None:
        """Start again with pages of which none is loaded yet."""
        self._forget()
        self.is_paged = True
        self.total = 0

    def _forget(self) -> None:
        self._memory = ()
        self._changed.clear()
        self._positions = None
        self._pages.clear()
        self._stale.clear()

    def get(self, index: int) -> RowT | None:
        """The row at `index`, or None when it is not loaded or there is none."""
        if not 0 <= index < self.total:
            return None
        if not self.is_paged:
            changed = self._changed.get(index)
            return self._memory[index] if changed is None else changed
        page = self._pages.get(index // PAGE_SIZE)
        place = index % PAGE_SIZE
        return page[place] if page is not None and place < len(page) else None

    def put(self, offset: int, page: RowPage[RowT]) -> list[RowT]:
        """Take in a page that begins at `offset`, a multiple of PAGE_SIZE; returns the rows that it takes away."""
        number = offset // PAGE_SIZE
        replaced = self._pages.get(number, [])
        self._pages[number] = list(page.rows[:PAGE_SIZE])
        self._pages.move_to_end(number)
        self._stale.discard(number)
        self.total = page.total
        beyond = max(1, -(-page.total // PAGE_SIZE))
        for gone in [held for held in self._pages if held >= beyond]:
            replaced = [*replaced, *self._pages.pop(gone)]
            self._stale.discard(gone)
        while len(self._pages) > PAGES_KEPT:
            oldest, _ = self._pages.popitem(last=False)
            self._stale.discard(oldest)
        return replaced

    def expire(self) -> None:
        """Let every loaded page be loaded again when it is next shown; until then its rows stay."""
        self._stale.update(self._pages)

    def wanted(self, first: int, last: int) -> int | None:
        """Where the first page begins that rows `first` to `last` need and that is missing or out of date."""
        if not self.is_paged:
            return None
        for number in range(max(0, first) // PAGE_SIZE, max(0, min(last, self.total - 1)) // PAGE_SIZE + 1):
            if number not in self._pages or number in self._stale:
                return number * PAGE_SIZE
        return None

    def index_of(self, key: Hashable) -> int | None:
        """The index of the row with `key` among the rows that are known, or None."""
        if self.is_paged:
            return next((index for index, row in self.known() if self.key(row) == key), None)
        if self._positions is None:
            # From the end, so that of rows with the same key the first one counts.
            keys = map(self.key, reversed(self._memory))
            self._positions = dict(zip(keys, range(self.total - 1, -1, -1), strict=True))
        return self._positions.get(key)

    def replace(self, index: int, row: RowT) -> None:
        """Put `row` in the place of the row at `index`, which is known and has the same key."""
        if self.is_paged:
            self._pages[index // PAGE_SIZE][index % PAGE_SIZE] = row
        else:
            self._changed[index] = row

    def known(self) -> Iterator[tuple[int, RowT]]:
        """The rows that are known, with their indexes, in order."""
        if not self.is_paged:
            for index, row in enumerate(self._memory):
                yield index, self._changed.get(index, row)
            return
        for number in sorted(self._pages):
            for place, row in enumerate(self._pages[number]):
                yield number * PAGE_SIZE + place, row

    @property
    def is_complete(self) -> bool:
        """Whether every row is known."""
        return not self.is_paged or sum(len(page) for page in self._pages.values()) >= self.total
