"""What a list screen needs to know of a resource: its columns, its operation, and what can be done with its rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import JsonValue

from backend.models.answer import Answer
from backend.notifier import Topic
from backend.operations import Operation
from backend.session import Session
from widgets.actions import AnyAction
from widgets.columns import Column
from widgets.rows import RowPage
from widgets.theme import Tone

if TYPE_CHECKING:
    from screens.list_screen import ListScreen

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Query:
    """What a list is narrowed to: a filter as typed, an order, and the scope it was opened with (wire names)."""

    text: str = ""
    order_by: str = ""
    descending: bool = False
    scope: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowAction(Generic[RowT]):
    """An action on rows: on the marked ones, or on the one under the cursor.

    `refused` says of one row why not, in a sentence, or is empty. `run` gets the rows that are not refused.
    With `needs_row` False the action is of the list itself and gets no rows.
    """

    action: AnyAction
    run: Callable[[ListScreen[RowT], list[RowT]], Awaitable[None]]
    refused: Callable[[RowT], str] = lambda _row: ""
    needs_row: bool = True


@dataclass(frozen=True, slots=True)
class Resource(Generic[RowT]):
    """A resource's list. `parameters` turns a query into the operation's parameters, paging aside."""

    name: str
    title: str
    columns: Sequence[Column[RowT]]
    operation: Operation[list[RowT] | list[dict[str, JsonValue]]]
    key: Callable[[RowT], Hashable]
    label: Callable[[RowT], str]
    topics: frozenset[Topic]
    empty: str
    empty_hint: str
    parameters: Callable[[Query], dict[str, JsonValue]]
    filter_hint: str
    actions: Sequence[RowAction[RowT]] = ()
    open: Callable[[ListScreen[RowT], RowT], None] | None = None
    orders: Sequence[tuple[str, str]] = ()
    """Column keys with the `orderBy` they stand for, in the order that the sort key goes through them."""
    note: Callable[[Answer[object]], str] = lambda _answer: ""
    row_tone: Callable[[RowT], Tone] | None = None


class OperationRows(Generic[RowT]):
    """The rows of a list operation under a query, page by page."""

    def __init__(self, session: Session, resource: Resource[RowT], query: Query) -> None:
        self._session = session
        self._resource = resource
        self._query = query
        self.note = ""

    async def rows(self, offset: int, limit: int) -> RowPage[RowT]:
        """The page that begins at `offset`, a multiple of `limit`. Raises PlatformError."""
        answer = await self._session.call(
            self._resource.operation,
            **self._resource.parameters(self._query),
            page=offset // limit + 1,
            pageSize=limit,
        )
        self.note = self._resource.note(answer)
        # Rows come as dicts only when fields are picked, which a list screen never asks for.
        rows = [row for row in answer.data if not isinstance(row, dict)]
        return RowPage(rows, len(rows) if answer.total is None else answer.total)
