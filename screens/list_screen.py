"""The one list screen: pages, filters, sorts, marks, refreshes and acts on any resource that has a spec."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from pydantic import JsonValue
from textual import on
from textual.app import ComposeResult

from backend.errors import ErrorKind, ItemResult, PlatformError
from backend.models.base import Role
from backend.operations import OPERATIONS
from screens.asking import AskingScreen
from screens.base import listed
from screens.detail_screen import DetailScreen
from screens.incidents import unexpected
from screens.keys import FILTER, GO, HELP, REFRESH, REVERSE, SORT
from screens.resource import OperationRows, Query, Resource, RowAction
from widgets.actions import Action
from widgets.bottom_line import BottomLine
from widgets.command_bar import FilterChanged
from widgets.hints import Hint
from widgets.message_line import Severity
from widgets.states import StatePanel
from widgets.table import VirtualTable
from widgets.table_messages import LoadFailed, MarksChanged, RowHighlighted, RowSelected, RowsLoaded
from widgets.text import plural
from widgets.title_line import TitleLine

RowT = TypeVar("RowT")
Chosen = Sequence[RowT]

_CALLERS = {operation.id: operation.callers for operation in OPERATIONS}
_CONFLICT = ErrorKind.CONFLICT.value
_ADMINISTRATORS = {
    Role.BUSINESS_ADMINISTRATOR: "business administrators",
    Role.SYSTEM_ADMINISTRATOR: "the system administrator",
}


class ListScreen(AskingScreen[Chosen[RowT]], Generic[RowT]):
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
        self.row_actions = resource.actions
        self._role = role
        self._by_id = {row_action.action.id: row_action for row_action in resource.actions}
        actions = [self.bound(row_action) for row_action in resource.actions]
        super().__init__([*actions, *self._list_actions()])
        self.topics = resource.topics
        self.place = resource.name
        self.title_text = f"{resource.title} {scope_title}".rstrip()
        self._query = Query(scope=scope or {}, descending=resource.descending)
        self._source: OperationRows[RowT] | None = None
        self._left_out: list[ItemResult] = []

    def compose_body(self) -> ComposeResult:
        """The title, the table, and what takes its place when there is nothing to show."""
        yield TitleLine(self.title_text)
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

    def may(self, action_id: str) -> bool:
        """Whether the role may call what the action calls; actions that are not of the resource are for everyone."""
        known = self._by_id.get(action_id)
        return known is None or not _refused_to_role(known, self._role)

    def offered(self) -> Sequence[Action[Chosen[RowT]]]:
        """The actions that this role may call."""
        return [action for action in self.actions if self.may(action.id)]

    def _list_actions(self) -> list[Action[object]]:
        filter_help = replace(FILTER, help=f"Narrow the list: {self.resource.filter_hint}.")
        return [filter_help, SORT, REVERSE] if self.resource.orders else [filter_help]

    def bound(self, row_action: RowAction[RowT], nothing: str = "") -> Action[Chosen[RowT]]:
        """The action with the reasons for which it is refused; `nothing` says why when there is no row."""
        action = row_action.action

        def refused(rows: Chosen[RowT]) -> str | None:
            reason = row_action.refused_to(self.session.info) or _refused_to_role(row_action, self._role)
            if reason:
                return f"{reason}."
            if not row_action.needs_row:
                return None
            if not rows:
                return f"{nothing or f'{action.title} needs a row, and there is none here'}."
            if len(rows) > 1 and not action.bulk:
                return f"{action.title} works on one row, and {len(rows)} are marked. Unmark them with esc first."
            reasons = [row_action.refused(row) for row in rows]
            if "" in reasons:
                return None
            others = f"; the same goes for the other {plural(len(rows) - 1, 'marked row')}" if len(rows) > 1 else ""
            return f"{reasons[0]}{others}."

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
        row_action = self._by_id.get(action.id)
        if row_action is not None:
            self.opened_by = self.registry.keys(action)
            self.run_action_safely(self._with_rows(row_action))
        elif action.id == FILTER.id:
            self.query_one(BottomLine).open("filter", self._query.text, about=self.resource.filter_hint)
        elif action.id == SORT.id:
            self._sort_next()
        elif action.id == REVERSE.id:
            self._change_query(replace(self._query, descending=not self._query.descending))
        else:
            await super().perform(action)

    def _with_rows(self, row_action: RowAction[RowT]) -> Callable[[], Awaitable[None]]:
        """What the action does with the rows that are chosen now; those that it is refused on are left out and told."""
        rows = list(self.current_context()) if row_action.needs_row else []
        refused = [(row, row_action.refused(row)) for row in rows]
        possible = [row for row, reason in refused if not reason]
        left_out = [ItemResult(self.resource.label(row), _CONFLICT, f"{reason}.") for row, reason in refused if reason]

        async def run() -> None:
            self._left_out = left_out
            self.left_out_note = (
                f"Left out: {plural(len(left_out), 'marked row')}; {left_out[0].message}" if left_out else ""
            )
            try:
                await row_action.run(self, possible)
            finally:
                self._left_out, self.left_out_note = [], ""

        return run

    def tell_results(self, title: str, results: Iterable[ItemResult]) -> None:
        """Show what became of each row, those that were left out included."""
        found = list(results)
        if not self._left_out or not all(result.ok for result in found):
            super().tell_results(title, [*found, *self._left_out])
            return
        names = listed([result.name for result in found])
        detail = "\n".join(f"{result.name}: {result.message}" for result in [*self._left_out, *found])
        self.say(f"{title}: {names}. {self.left_out_note}", Severity.WARNING, detail=detail)

    def settled(self, rows: Sequence[object]) -> None:
        """Rows that are done need their mark no more; those that failed keep it for another try."""
        keys = [self.resource.key(row) for row in self.table.marked_rows() if row in rows]
        if keys:
            self.table.unmark(keys)

    def neighbour(self) -> RowT | None:
        """The row after the one under the cursor, or the one before the last."""
        index = self.table.cursor_index
        following = self.table.row_at(index + 1)
        return self.table.row_at(index - 1) if following is None else following

    def hints(self) -> Sequence[Hint]:
        """What esc and enter do now, the resource's actions, moving on, help."""
        hints = self.action_hints()
        last = [hints.pop(key) for key in (FILTER.id, GO.id, SORT.id, REVERSE.id, REFRESH.id, HELP.id) if key in hints]
        marked = len(self.table.marked_rows()) if self.is_mounted else 0
        if marked > 1:
            hints = {
                key: hint._replace(title=f"{hint.title} {marked:,}") if self._by_id[key].action.bulk else hint
                for key, hint in hints.items()
            }
        has_rows = self.is_mounted and bool(self.table.row_count)
        has_marks = self.is_mounted and bool(self.table.marked_keys)
        leading = [Hint("esc", "unmark")] if has_marks else [Hint("enter", "open")] if has_rows else []
        is_bulk = any(self._by_id[key].action.bulk for key in hints)
        marking = [Hint("space", "mark")] if is_bulk and has_rows and not has_marks else []
        lifting = [Hint("esc", "lift filter")] if self._query.text and not has_marks else []
        return [*leading, *hints.values(), *lifting, last[0], *marking, *last[1:]]

    # Loading

    def _load(self) -> None:
        """Show the list under the present query from its beginning."""
        self._source = OperationRows(self.session, self.resource, self._query)
        column = next((key for key, order in self.resource.orders if order == self._query.order_by), "")
        if not column and self.resource.orders:
            column = self.resource.orders[0][0]
        falls = column in self.resource.falling
        self.table.show_sort(column, descending=self._query.descending != falls)
        self.table.attach(self._source)

    def refresh_data(self) -> None:
        """Load what is in view again; cursor, marks and filter stay."""
        if self.is_shown and self.is_mounted and self._source is not None:
            self.table.reload()

    @on(RowsLoaded)
    def _loaded(self, event: RowsLoaded) -> None:
        title, state = self.query_one(TitleLine), self.query_one(StatePanel)
        title.show_count(event.total)
        title.show_note(self._source.note if self._source else "")
        title.show_place(self.table.cursor_index, event.total)
        # Another filter hides marks, or shows them again.
        title.show_marks(len(self.table.marked_keys), self.table.hidden_marks)
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
            error = unexpected(error, f"The list {self.title_text}")
        if self.console.failed(error):
            return
        if self.table.row_count:
            self.query_one(TitleLine).show_note("not up to date", "warn")
            self.say_error(error)
        else:
            self.query_one(StatePanel).show_error(error, retry_key=self.registry.label(REFRESH))

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
        if row is not None:
            self.app.push_screen(DetailScreen(self, row))

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
        """Unmark first, then lift the filter, then go back."""
        if self.table.marked_keys:
            self.table.clear_marks()
        elif self._query.text:
            self.set_filter("")
        else:
            super().action_leave()


def _refused_to_role(row_action: RowAction[RowT], role: int) -> str:
    """Why this role may not call what the action calls, or nothing."""
    operations = [name.strip() for name in row_action.action.operation.split(",") if name.strip()]
    for name in operations:
        callers = _CALLERS[name]
        if callers is not None and role not in callers:
            named = [text for who, text in _ADMINISTRATORS.items() if who in callers]
            return f"{row_action.action.title} is for {' and '.join(named) or 'others'}"
    return ""
