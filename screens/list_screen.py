"""The one list screen: pages, filters, sorts, marks, refreshes and acts on any resource that has a spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from pydantic import JsonValue
from textual import on
from textual.app import ComposeResult

from backend.errors import PlatformError
from backend.operations import OPERATIONS
from screens.base import PlatformScreen
from screens.keys import FILTER, REVERSE, SORT
from screens.resource import OperationRows, Query, Resource, RowAction
from widgets.actions import Action
from widgets.bottom_line import BottomLine
from widgets.command_bar import FilterChanged
from widgets.message_line import Severity
from widgets.states import StatePanel
from widgets.table import VirtualTable
from widgets.table_messages import LoadFailed, MarksChanged, RowHighlighted, RowSelected, RowsLoaded
from widgets.text import plural
from widgets.title_line import TitleLine

RowT = TypeVar("RowT")
Chosen = Sequence[RowT]

_CALLERS = {operation.id: operation.callers for operation in OPERATIONS}


class ListScreen(PlatformScreen[Chosen[RowT]], Generic[RowT]):
    """Lists a resource. `scope` narrows it for good (wire names), `scope_title` says so behind the title."""

    def __init__(
        self,
        resource: Resource[RowT],
        role: int,
        *,
        scope: Mapping[str, JsonValue] | None = None,
        scope_title: str = "",
    ) -> None:
        self.resource = resource
        self._row_actions = {
            row_action.action.id: row_action for row_action in resource.actions if _may(row_action, role)
        }
        actions = [self._bound(row_action) for row_action in self._row_actions.values()]
        super().__init__([*actions, *self._list_actions()])
        self.topics = resource.topics
        self.place = resource.name
        self._query = Query(scope=scope or {})
        self._scope_title = scope_title
        self._source: OperationRows[RowT] | None = None

    def compose_body(self) -> ComposeResult:
        """The title, the table, and what takes its place when there is nothing to show."""
        yield TitleLine(f"{self.resource.title} {self._scope_title}".rstrip())
        yield StatePanel()
        yield VirtualTable(self.resource.columns, self.resource.key, row_tone=self.resource.row_tone)

    def on_mount(self) -> None:
        """Load the first page."""
        super().on_mount()
        self.query_one(StatePanel).show_loading(f"Loading {self.resource.title.lower()} …")
        self.table.display = False
        self._load()

    @property
    def table(self) -> VirtualTable[RowT]:
        """The table."""
        table: VirtualTable[RowT] = self.query_one(VirtualTable)
        return table

    # Actions

    def _list_actions(self) -> list[Action[object]]:
        filter_help = replace(FILTER, help=f"Narrow the list: {self.resource.filter_hint}.")
        return [filter_help, SORT, REVERSE] if self.resource.orders else [filter_help]

    def _bound(self, row_action: RowAction[RowT]) -> Action[Chosen[RowT]]:
        action = row_action.action

        def refused(rows: Chosen[RowT]) -> str | None:
            if not row_action.needs_row:
                return None
            if not rows:
                return f"There is no row to {action.title.lower()}."
            if len(rows) > 1 and not action.bulk:
                return f"{action.title} works on one row, and {len(rows)} are marked. Unmark them first."
            reasons = [row_action.refused(row) for row in rows]
            return None if "" in reasons else f"{reasons[0]}."

        return Action(
            action.id,
            action.title,
            action.key,
            action.risk,
            action.operation,
            refused,
            action.bulk,
            action.help,
            action.group,
        )

    def current_context(self) -> Chosen[RowT]:
        """The rows that an action works on: the marked ones that are on show, else the one under the cursor."""
        if not self.is_mounted:
            return []
        marked = self.table.marked_rows()
        if marked:
            return marked
        row = self.table.cursor_row
        return [] if row is None else [row]

    async def perform(self, action: Action[Chosen[RowT]]) -> None:
        """Do an action of the resource on what is chosen, or one of the list's own."""
        row_action = self._row_actions.get(action.id)
        if row_action is not None:
            self.run_action_safely(self._with_rows(row_action))
        elif action.id == FILTER.id:
            self.query_one(BottomLine).open("filter", self._query.text)
        elif action.id == SORT.id:
            self._sort_next()
        elif action.id == REVERSE.id:
            self._change_query(replace(self._query, descending=not self._query.descending))
        else:
            await super().perform(action)

    def _with_rows(self, row_action: RowAction[RowT]) -> Callable[[], object]:
        """What the action does with the rows that are chosen now; those that it is refused on are left out and told."""
        rows = list(self.current_context()) if row_action.needs_row else []
        possible = [row for row in rows if not row_action.refused(row)]
        left_out = [row for row in rows if row_action.refused(row)]

        async def run() -> None:
            if left_out:
                skipped = f"{plural(len(left_out), 'row')} left out: {row_action.refused(left_out[0])}"
                self.say(skipped, Severity.WARNING)
            await row_action.run(self, possible)

        return run

    # Loading

    def _load(self) -> None:
        """Show the list under the present query from its beginning."""
        self._source = OperationRows(self.session, self.resource, self._query)
        column = next((key for key, order in self.resource.orders if order == self._query.order_by), "")
        if not column and self.resource.orders:
            column = self.resource.orders[0][0]
        self.table.show_sort(column, descending=self._query.descending)
        self.table.attach(self._source)

    def refresh_data(self) -> None:
        """Load what is in view again; cursor, marks and filter stay."""
        if self.is_mounted and self._source is not None:
            self.table.reload()

    @on(RowsLoaded)
    def _loaded(self, event: RowsLoaded) -> None:
        title, state = self.query_one(TitleLine), self.query_one(StatePanel)
        title.show_count(event.total)
        title.show_note(self._source.note if self._source else "")
        title.show_place(self.table.cursor_index, event.total)
        if event.total:
            self._show_table()
        elif self._query.text:
            self.table.display = False
            state.show_empty(f"Nothing matches {self._query.text}.", "Press / to change the filter, esc to lift it.")
        else:
            self.table.display = False
            state.show_empty(self.resource.empty, self.resource.empty_hint)
        self.refresh_hints()

    def _show_table(self) -> None:
        self.query_one(StatePanel).hide()
        if not self.table.display:
            self.table.display = True
            if self.focused is None:
                self.table.focus()

    @on(LoadFailed)
    def _failed(self, event: LoadFailed) -> None:
        error = event.error
        if not isinstance(error, PlatformError):
            raise error
        if self.console.failed(error):
            return
        if self.table.row_count:
            self.say_error(error)
        else:
            self.query_one(StatePanel).show_error(error)

    # Cursor and marks

    @on(RowHighlighted)
    def _highlighted(self, event: RowHighlighted) -> None:
        self.query_one(TitleLine).show_place(event.index, self.table.row_count)

    @on(MarksChanged)
    def _marked(self, event: MarksChanged) -> None:
        self.query_one(TitleLine).show_marks(event.count, event.hidden)

    @on(RowSelected)
    def _selected(self, _event: RowSelected) -> None:
        row = self.table.cursor_row
        if row is not None and self.resource.open is not None:
            self.resource.open(self, row)

    def open_next(self, decided: RowT) -> None:
        """Open the row that follows one that has just been decided, if any is left."""
        index = self.table.cursor_index
        for place in (index + 1, index - 1):
            row = self.table.row_at(place)
            if row is not None and self.resource.key(row) != self.resource.key(decided):
                self.table.move_to_key(self.resource.key(row))
                if self.resource.open is not None:
                    self.resource.open(self, row)
                return

    # Filter and order

    @on(FilterChanged)
    def _filter_changed(self, event: FilterChanged) -> None:
        self.set_filter(event.text)

    def set_filter(self, text: str) -> None:
        """Narrow the list to what matches `text`; empty lifts the filter."""
        if text != self._query.text:
            self.query_one(TitleLine).show_filter(text)
            self._change_query(replace(self._query, text=text))

    def _sort_next(self) -> None:
        keys = [order for _, order in self.resource.orders]
        index = keys.index(self._query.order_by) if self._query.order_by in keys else 0
        self._change_query(replace(self._query, order_by=keys[(index + 1) % len(keys)]))

    def _change_query(self, query: Query) -> None:
        self._query = query
        self._load()

    def action_leave(self) -> None:
        """Lift the filter first, then go back."""
        if self._query.text:
            self.set_filter("")
        else:
            super().action_leave()


def _may(row_action: RowAction[RowT], role: int) -> bool:
    """Whether the role may call what the action calls; one that may not is not offered."""
    operations = [name.strip() for name in row_action.action.operation.split(",") if name.strip()]
    return all((callers := _CALLERS[name]) is None or role in callers for name in operations)
