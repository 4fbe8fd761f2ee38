"""A detail of one row of a list: sections of lines and tables, kept fresh, with the list's actions on that row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from screens.resource import Detail, RowAction
from screens.sections_screen import SectionsScreen
from widgets.actions import Action
from widgets.detail import Section
from widgets.hints import Hint

if TYPE_CHECKING:
    from screens.list_screen import ListScreen

RowT = TypeVar("RowT")


class DetailScreen(SectionsScreen[Sequence[RowT]], Generic[RowT]):
    """Shows the detail of `row` of the list `source`; esc goes back to the list."""

    def __init__(self, source: ListScreen[RowT], row: RowT) -> None:
        self._detail: Detail = source.resource.detail(row)
        self._source = source
        self._key = source.resource.key(row)
        self._row_actions = {known.action.id: known for known in source.row_actions if known.needs_row}
        name = source.resource.label(row)
        super().__init__(
            [
                source.bound(known, nothing=f"{name} is no longer in the list. esc goes back to it")
                for known in self._row_actions.values()
            ]
        )
        self.topics = self._detail.topics
        self.title_text = self._detail.title

    def current_context(self) -> Sequence[RowT]:
        """The row as the list has it now; nothing once it has gone from there."""
        row = self._source.table.cursor_row if self._source.is_mounted else None
        return [row] if row is not None and self._source.resource.key(row) == self._key else []

    def offered(self) -> Sequence[Action[Sequence[RowT]]]:
        """The list's actions that this person may call."""
        return [action for action in self.actions if self._source.may(action.id)]

    def hints(self) -> Sequence[Hint]:
        """The way back, and what the screen has otherwise."""
        return [Hint("esc", "back"), *super().hints()]

    async def perform(self, action: Action[Sequence[RowT]]) -> None:
        """Do one of the list's actions on the row, or what the frame does."""
        known = self._row_actions.get(action.id)
        if known is None:
            await super().perform(action)
        else:
            rows, follower = list(self.current_context()), self._source.neighbour()
            self._source.opened_by = self.registry.keys(action)
            self.run_action_safely(lambda: self._do(known, rows, follower))

    async def _do(self, known: RowAction[RowT], rows: list[RowT], follower: RowT | None) -> None:
        done = await known.run(self._source, rows)
        if not self.is_current:
            return
        if done and known.then == "back":
            self.hand_over(self._source)
            self.app.pop_screen()
        elif done and known.then == "next":
            self._go_on(follower)
        else:
            self.refresh_data()

    def _go_on(self, follower: RowT | None) -> None:
        """Show the row that comes next in the list, or the list when there is none."""
        if follower is None or not self._source.table.move_to_key(self._source.resource.key(follower)):
            self.hand_over(self._source)
            self.app.pop_screen()
        else:
            screen = DetailScreen(self._source, follower)
            self.hand_over(screen)
            self.app.switch_screen(screen)

    async def sections(self) -> list[Section]:
        """What the detail says of the row."""
        return await self._detail.load(self.session)

    def refresh_data(self) -> None:
        """Load again, in place; the list below too, which knows what may be done with the row."""
        if self.is_shown:
            self._source.refresh_data()
        super().refresh_data()
