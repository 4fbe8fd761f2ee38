"""What a list screen needs to know of a resource: its columns, its operation, and what can be done with its rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from pydantic import JsonValue

from backend.models.accounts import AuthorizationInfo
from backend.models.answer import Answer
from backend.notifier import Topic
from backend.operations import Operation
from backend.session import Session
from widgets.actions import AnyAction
from widgets.columns import Column
from widgets.detail import Section
from widgets.rows import RowPage
from widgets.theme import Tone

if TYPE_CHECKING:
    from screens.list_screen import ListScreen

RowT = TypeVar("RowT")

Then = Literal["stay", "next", "back"]
"""Where a detail goes once an action on what it shows is done: nowhere, to the list's next row, or back."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a list is narrowed to: a filter as typed, an order, and the scope it was opened with (wire names)."""

    text: str = ""
    order_by: str = ""
    descending: bool = False
    scope: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Detail:
    """What a detail shows: how to load its sections, and which changes concern it."""

    title: str
    load: Callable[[Session], Awaitable[list[Section]]]
    topics: frozenset[Topic]


@dataclass(frozen=True, slots=True)
class RowAction(Generic[RowT]):
    """An action on rows: on the marked ones, or on the one under the cursor or in the detail.

    `refused` says of one row why not, as a clause without full stop, or is empty. `run` gets the rows that are not
    refused, and is True when all was done. With `needs_row` False the action is of the list itself and gets no rows;
    `refused_to` says then of who is logged in why not.
    """

    action: AnyAction
    run: Callable[[ListScreen[RowT], list[RowT]], Awaitable[bool]]
    refused: Callable[[RowT], str] = lambda _row: ""
    needs_row: bool = True
    then: Then = "stay"
    refused_to: Callable[[AuthorizationInfo | None], str] = lambda _info: ""


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
    detail: Callable[[RowT], Detail]
    actions: Sequence[RowAction[RowT]] = ()
    orders: Sequence[tuple[str, str]] = ()
    """Column keys with the `orderBy` they stand for, in the order that the sort key goes through them."""
    descending: bool = False
    """Whether the list begins in descending order."""
    falling: frozenset[str] = frozenset()
    """Columns whose values fall while their `orderBy` rises, such as an age that is sorted by id."""
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
