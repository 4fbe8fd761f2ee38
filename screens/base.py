"""What all screens of the console share: the frame, the session, telling, and refreshing on changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from backend.errors import ErrorKind, ItemResult, PlatformError
from backend.notifier import Topic
from backend.session import Session
from screens.console import ConsoleApp
from screens.help import help_dialog
from screens.incidents import unexpected
from screens.keys import COMMAND_HISTORY, FRAME_ACTIONS, GO, HELP, REFRESH, REGISTRY
from widgets.action_host import ActionHost
from widgets.actions import Action
from widgets.bottom_line import BottomLine
from widgets.command_bar import Command, CommandGiven
from widgets.header import SiteHeader
from widgets.hints import Hint, HintsLine
from widgets.message_line import MessageLine, Notice, Severity
from widgets.result_dialog import ResultDialog
from widgets.text import plural

ContextT = TypeVar("ContextT")
T = TypeVar("T")
BURST_SECONDS = 0.5
"""How long after an action's key another one is taken for part of what was typed for its dialog."""
_AT_ONCE = 8
_OK = 200
_NAMED = 5


class PlatformScreen(ActionHost[ContextT, None], Generic[ContextT]):
    """A screen within the frame: header above, message and hints below, its own body between them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back", show=False, id="screen.leave")]
    place = "detail"
    """The name under which the screen's actions are registered."""
    title_text = ""
    """What the help calls the screen."""
    topics: frozenset[Topic] = frozenset()
    """What this screen shows; it is refreshed when something of it changes."""

    def __init__(self, actions: Sequence[Action[ContextT]] = ()) -> None:
        super().__init__([*actions, *FRAME_ACTIONS], REGISTRY)
        self._early: Notice | None = None
        self._was_shown = False
        self._begun_at = -BURST_SECONDS

    def compose(self) -> ComposeResult:
        """The frame around the body."""
        yield SiteHeader()
        yield from self.compose_body()
        commands = [Command(name, title) for name, title in self.console.places().items()]
        yield BottomLine(commands, command_history=COMMAND_HISTORY)
        yield HintsLine()

    def compose_body(self) -> ComposeResult:
        """What stands between the header and the message line."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show the hints, and what was said before there was a line for it."""
        super().on_mount()
        self._say_early()

    def refresh_data(self) -> None:
        """Load again what is shown, in place."""

    def on_screen_resume(self) -> None:
        """Something may have changed while another screen was on top."""
        self.console.show_header()
        if self._was_shown:
            self.refresh_data()
        self._was_shown = True

    async def perform(self, action: Action[ContextT]) -> None:
        """Do one of the frame's actions; screens do their own and leave these to it."""
        if action.id == GO.id:
            self.query_one(BottomLine).open("command")
        elif action.id == HELP.id:
            self.app.push_screen(help_dialog(self))
        elif action.id == REFRESH.id:
            self.refresh_data()
            self.console.show_header()
            self.say("Loaded again.")

    def offered(self) -> Sequence[Action[ContextT]]:
        """The actions that are shown to this person; others would be refused whatever the row."""
        return self.actions

    def hints(self) -> Sequence[Hint]:
        """The keys of what is offered, the most important first."""
        return list(self.action_hints().values())

    def action_hints(self) -> dict[str, Hint]:
        """A hint for each action that is offered, by the action's id."""
        offered = {action.id for action in self.offered()}
        hints = zip(self.actions, super().hints(), strict=True)
        return {action.id: hint for action, hint in hints if action.id in offered}

    @on(CommandGiven)
    def _go(self, event: CommandGiven) -> None:
        self.console.go(event.name)

    @property
    def console(self) -> ConsoleApp:
        """The application."""
        app = self.app
        if not isinstance(app, ConsoleApp):
            raise TypeError("this screen needs the console's application")
        return app

    @property
    def session(self) -> Session:
        """The logged-in person's way to the operations."""
        return self.console.session

    @property
    def is_shown(self) -> bool:
        """Whether the screen is among those that esc goes back through; false once it was left."""
        return self in self.app.screen_stack

    def action_leave(self) -> None:
        """Go back to the screen below; the lowest one stays."""
        stack = self.app.screen_stack
        if len(stack) > 1 and isinstance(stack[-2], PlatformScreen):
            self.app.pop_screen()
        else:
            keys = REGISTRY.label(GO), REGISTRY.keymap.get("app.quit", "ctrl+q")
            self.say(f"There is no screen to go back to. Press {keys[0]} to go to another, {keys[1]} to quit.")

    # Doing

    def run_action_safely(self, run: Callable[[], Awaitable[object]]) -> None:
        """Run what an action does, and tell an error where the person looks.

        It goes on when the person leaves this screen meanwhile: what was begun is done, and told.
        """
        self._begun_at = time.monotonic()
        self.console.run_worker(self._run(run), group="action", exit_on_error=True)

    async def attempt(self, action_id: str) -> bool:
        """Do the action, unless its key came in one burst with another action's: that was meant for its dialog.

        Over a slow link keys arrive together, and all of them reach the list before the first one's dialog is up.
        """
        is_prompt = any(action.id == action_id and action.at_once for action in self.actions)
        if not is_prompt and time.monotonic() - self._begun_at < BURST_SECONDS:
            self.say("The last action has only just begun. Look at what it asks, then press again.", Severity.REFUSED)
            return False
        return await super().attempt(action_id)

    async def _run(self, run: Callable[[], Awaitable[object]]) -> None:
        try:
            await self.guarded(run)
        except PlatformError as error:
            self.tell_error(error)
        finally:
            self._begun_at = -BURST_SECONDS
        if self.is_shown:
            self.refresh_hints()

    async def guarded(self, run: Callable[[], Awaitable[T]]) -> T:
        """What `run` returns. Raises PlatformError only: what nobody expected gets an incident id."""
        try:
            return await run()
        except PlatformError:
            raise
        except Exception as error:
            raise unexpected(error, f"The screen {self.title_text or self.place}") from error

    async def each(
        self, rows: Sequence[T], label: Callable[[T], str], call: Callable[[T], Awaitable[object]], done: str
    ) -> bool:
        """Do something with each row, some at a time, and tell the outcome in one list; True when all went well."""
        gate = asyncio.Semaphore(_AT_ONCE)
        finished = 0

        async def one(row: T) -> ItemResult:
            nonlocal finished
            async with gate:
                try:
                    await call(row)
                except PlatformError as error:
                    if error.kind is ErrorKind.UNAUTHENTICATED:
                        raise
                    return ItemResult(label(row), error.code, error.message)
                finally:
                    finished += 1
                    if len(rows) > _NAMED:
                        self.say(f"{finished:,} of {len(rows):,} {done} …", Severity.BUSY)
            return ItemResult(label(row), _OK, done)

        results = await asyncio.gather(*(one(row) for row in rows))
        self.settled([row for row, result in zip(rows, results, strict=True) if result.ok])
        self.tell_results(done.capitalize(), results)
        self.refresh_data()
        return all(result.ok for result in results)

    def settled(self, rows: Sequence[T]) -> None:
        """An action was done with these rows."""

    # Telling

    def say(self, text: str, severity: Severity = Severity.NOTE, *, detail: str = "") -> None:
        """Show a message where the person looks: on the topmost screen of the frame."""
        screens = [screen for screen in self.app.screen_stack if isinstance(screen, PlatformScreen)]
        top = screens[-1] if screens else self
        if not top.query(MessageLine):
            top.say_first(text, severity, detail=detail)
        else:
            top.query_one(MessageLine).show(text, severity, detail=detail)

    def say_error(self, error: BaseException) -> None:
        """Show an error where the person looks."""
        if not isinstance(error, PlatformError):
            error = unexpected(error, f"The screen {self.title_text or self.place}")
        results = "\n".join(f"{result.name}: {result.message}" for result in error.results)
        self.say(error.message, Severity.ERROR, detail=results)

    def say_first(self, text: str, severity: Severity = Severity.NOTE, *, detail: str = "") -> None:
        """Show a message as soon as this screen is up."""
        self._early = Notice(severity, text, detail)

    def take_over(self, notice: Notice) -> None:
        """Show the message of the screen whose place this one takes."""
        self._early = notice
        if self.is_mounted:
            self._say_early()

    def _say_early(self) -> None:
        if self._early is not None:
            self.query_one(MessageLine).show(self._early.text, self._early.severity, detail=self._early.detail)
            self._early = None

    def hand_over(self, other: PlatformScreen[T]) -> None:
        """Let `other`, which takes this screen's place, show the message that is shown here."""
        line = next(iter(self.query(MessageLine)), None)
        if line is not None and line.notice is not None:
            other.take_over(line.notice)

    def tell_error(self, error: PlatformError) -> None:
        """Show an error where the person looks; one that concerns the whole console goes there."""
        if not self.console.failed(error):
            self.say_error(error)

    def tell_results(self, title: str, results: Iterable[ItemResult]) -> None:
        """Show what became of each item: in the message line when all is well, as one list when it is not."""
        found = list(results)
        failed = [result for result in found if not result.ok]
        if not found:
            return
        detail = "\n".join(f"{result.name}: {result.message}" for result in found) if len(found) > 1 else ""
        if not failed:
            only = found[0].message if len(found) == 1 else ""
            more = f": {only}" if only and only.lower() != title.lower() else ""
            self.say(f"{title}: {listed([result.name for result in found])}{more}.", Severity.DONE, detail=detail)
        elif len(found) == 1:
            only = found[0].message
            self.say(only if found[0].name in only else f"{found[0].name}: {only}", Severity.ERROR)
        else:
            self.say(f"{len(failed):,} of {plural(len(found), 'item')} failed.", Severity.ERROR, detail=detail)
            self.app.push_screen(ResultDialog(title, found))


def listed(names: Sequence[str]) -> str:
    """Names one after the other, the first few of many."""
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED:,} more"
