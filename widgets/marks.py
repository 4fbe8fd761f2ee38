"""The rows a person has marked: they stay marked through refreshes, pages and other sort orders."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

RowT = TypeVar("RowT")


class Marks(Generic[RowT]):
    """Marked rows by key. A mark that the present list has not shown yet is hidden, and nothing is done to its row."""

    def __init__(self, key: Callable[[RowT], Hashable]) -> None:
        self._key = key
        self._rows: dict[Hashable, RowT] = {}
        self._hidden: set[Hashable] = set()
        self._range: set[Hashable] = set()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def keys(self) -> frozenset[Hashable]:
        """The keys of all marked rows, hidden ones too."""
        return frozenset(self._rows)

    @property
    def hidden(self) -> int:
        """How many marked rows the present list has not shown, for instance because of a filter."""
        return len(self._hidden)

    def shown(self) -> list[RowT]:
        """The marked rows that the present list has shown, as last seen, in the order of marking."""
        return [row for key, row in self._rows.items() if key not in self._hidden]

    def set(self, row: RowT, *, marked: bool) -> None:
        """Mark or unmark one row of the present list."""
        key = self._key(row)
        if marked:
            self._rows[key] = row
            self._hidden.discard(key)
        else:
            self.drop((key,))

    def drop(self, keys: Iterable[Hashable]) -> None:
        """Unmark the rows with these keys."""
        for key in keys:
            self._rows.pop(key, None)
            self._hidden.discard(key)
            self._range.discard(key)

    def clear(self) -> None:
        """Unmark everything."""
        self._rows.clear()
        self._hidden.clear()
        self._range.clear()

    def begin_list(self) -> None:
        """Another list is shown: marks are hidden until their rows are seen in it."""
        self._hidden = set(self._rows)
        self._range.clear()

    def see(self, rows: Iterable[RowT]) -> None:
        """These rows are in the present list: marks on them are not hidden, and hold the newest row."""
        if not self._rows:
            return
        for row in rows:
            key = self._key(row)
            if key in self._rows:
                self._rows[key] = row
                self._hidden.discard(key)

    def hide(self, rows: Iterable[RowT]) -> None:
        """These rows are no longer in the present list: marks on them are hidden."""
        self._hidden.update(key for key in map(self._key, rows) if key in self._rows)

    def set_range(self, rows: Iterable[RowT]) -> None:
        """Mark the rows of the range that is being drawn; rows that it no longer covers lose the mark it gave them."""
        wanted = {self._key(row): row for row in rows}
        self.drop(self._range - wanted.keys())
        for key, row in wanted.items():
            if key not in self._rows:
                self._range.add(key)
            self.set(row, marked=True)

    def end_range(self) -> None:
        """The range is drawn; its marks are like any others."""
        self._range.clear()
