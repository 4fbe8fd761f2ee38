"""A screen of titled sections of lines and tables, kept fresh in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from textual import work
from textual.app import ComposeResult

from backend.errors import ErrorKind, PlatformError
from screens.asking import AskingScreen
from screens.keys import COPY, GO, HELP, REFRESH
from widgets.detail import DetailView, Section
from widgets.hints import Hint
from widgets.states import StatePanel
from widgets.title_line import TitleLine

ContextT = TypeVar("ContextT")


class SectionsScreen(AskingScreen[ContextT], Generic[ContextT]):
    """Shows what `sections` returns."""

    async def sections(self) -> list[Section]:
        """What to show now. Raises PlatformError."""
        raise NotImplementedError

    def compose_body(self) -> ComposeResult:
        """The title, and the sections once they are loaded."""
        yield TitleLine(self.title_text)
        yield StatePanel()
        yield DetailView()

    def on_mount(self) -> None:
        """Load for the first time."""
        super().on_mount()
        self.query_one(DetailView).display = False
        self.query_one(StatePanel).show_loading()
        self._load()

    def hints(self) -> Sequence[Hint]:
        """The screen's actions, copying, moving on, help."""
        hints = self.action_hints()
        last = [hints.pop(action.id) for action in (GO, REFRESH, HELP)]
        return [*hints.values(), Hint(self.registry.label(COPY), "copy"), *last]

    def refresh_data(self) -> None:
        """Load again, in place."""
        if self.is_shown and self.is_mounted:
            self._load()

    @work(group="sections", exclusive=True)
    async def _load(self) -> None:
        """Load and show; an error takes the place of what is shown when that is nothing yet, or has gone."""
        view, state = self.query_one(DetailView), self.query_one(StatePanel)
        try:
            sections = await self.guarded(self.sections)
        except PlatformError as error:
            if self.console.failed(error):
                return
            if view.display and error.kind is not ErrorKind.NOT_FOUND:
                self.say_error(error)
            else:
                view.display = False
                state.show_error(error, retry_key=self.registry.label(REFRESH))
            return
        view.show(sections)
        state.hide()
        if not view.display:
            view.display = True
            view.focus()
        self.refresh_hints()
