"""What a table tells its screen. The rows themselves are read from the table, which knows their type."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from widgets.table_feed import TableFeed


@dataclass
class _TableMessage(Message):
    table: TableFeed[Any]

    @property
    def control(self) -> TableFeed[Any]:
        """The table that sent it, for selectors of `@on`."""
        return self.table


@dataclass
class RowHighlighted(_TableMessage):
    """The cursor is on another row; `key` is None when that row is not loaded or there is none."""

    index: int
    key: Hashable | None


@dataclass
class RowSelected(_TableMessage):
    """Enter was pressed on a row."""

    index: int
    key: Hashable


@dataclass
class MarksChanged(_TableMessage):
    """Rows were marked or unmarked: `count` are marked now, of which the present list does not show `hidden`.

    `complete` is False when all rows were to be marked and there were too many.
    """

    count: int
    hidden: int
    complete: bool = True


@dataclass
class NeedRows(_TableMessage):
    """A table without a source shows rows that are not loaded: answer with `put_rows`."""

    offset: int
    limit: int


@dataclass
class RowsLoaded(_TableMessage):
    """Rows came in: the list has `total` under its filter."""

    total: int


@dataclass
class LoadFailed(_TableMessage):
    """The source failed; the rows that were shown stay, and `reload` tries again."""

    error: BaseException
