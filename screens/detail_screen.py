"""A detail of one thing: titled sections of lines and tables, kept fresh, with the actions that are possible on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult

from backend.errors import PlatformError
from backend.notifier import Topic
from backend.session import Session
from screens.base import PlatformScreen
from widgets.actions import Action
from widgets.detail import DetailView, Section
from widgets.states import StatePanel
from widgets.title_line import TitleLine


@dataclass(frozen=True, slots=True)
class DetailAction:
    """An action on what a detail shows."""

    action: Action[object]
    run: Callable[[DetailScreen], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Detail:
    """What a detail shows: how to load its sections, which changes concern it, and what can be done."""

    title: str
    load: Callable[[Session], Awaitable[list[Section]]]
    topics: frozenset[Topic]
    actions: Sequence[DetailAction] = ()


class DetailScreen(PlatformScreen[None]):
    """Shows a detail; esc goes back."""

    def __init__(self, detail: Detail) -> None:
        super().__init__([action.action for action in detail.actions])
        self._detail = detail
        self.topics = detail.topics

    def current_context(self) -> None:
        """What a detail shows is always the same one thing."""

    async def perform(self, action: Action[None]) -> None:
        """Do one of the detail's actions, or what the frame does."""
        known = next((known for known in self._detail.actions if known.action.id == action.id), None)
        if known is None:
            await super().perform(action)
        else:
            self.run_action_safely(lambda: known.run(self))

    @on(DetailView.Copied)
    def _copied(self, event: DetailView.Copied) -> None:
        self.say(event.sentence)

    def compose_body(self) -> ComposeResult:
        """The title, and the sections once they are loaded."""
        yield TitleLine(self._detail.title)
        yield StatePanel()
        yield DetailView()

    def on_mount(self) -> None:
        """Load for the first time."""
        super().on_mount()
        self.query_one(DetailView).display = False
        self.query_one(StatePanel).show_loading()
        self.load()

    def refresh_data(self) -> None:
        """Load again, in place."""
        if self.is_mounted:
            self.load()

    @work(group="detail", exclusive=True)
    async def load(self) -> None:
        """Load the sections and show them; an error takes their place only when there are none yet."""
        view, state = self.query_one(DetailView), self.query_one(StatePanel)
        try:
            sections = await self._detail.load(self.session)
        except PlatformError as error:
            if view.display:
                self.tell_error(error)
            elif not self.console.failed(error):
                state.show_error(error)
            return
        view.show(sections)
        state.hide()
        if not view.display:
            view.display = True
            view.focus()
