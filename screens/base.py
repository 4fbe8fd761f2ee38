"""What all screens of the console share: the frame, the session, asking, telling, and refreshing on changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from backend.errors import ErrorKind, ItemResult, PlatformError
from backend.notifier import Topic
from backend.session import Session
from screens.console import ConsoleApp
from screens.keys import COMMAND_HISTORY, FRAME_ACTIONS, GO, HELP, REFRESH, REGISTRY
from widgets.action_host import ActionHost
from widgets.actions import Action
from widgets.bottom_line import BottomLine
from widgets.command_bar import Command, CommandGiven
from widgets.dialogs import ConfirmDialog
from widgets.form import Field, FieldValue
from widgets.form_dialog import FormDialog
from widgets.header import SiteHeader
from widgets.help_dialog import HelpDialog, help_groups
from widgets.hints import HintsLine
from widgets.message_line import Severity
from widgets.result_dialog import ResultDialog
from widgets.text import plural

ContextT = TypeVar("ContextT")
T = TypeVar("T")
_AT_ONCE = 8
_OK = 200
_NAMED = 5


class PlatformScreen(ActionHost[ContextT, None], Generic[ContextT]):
    """A screen within the frame: header above, message and hints below, its own body between them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back", show=False, id="screen.leave")]
    place = "detail"
    """The name under which the screen's actions are registered."""
    topics: frozenset[Topic] = frozenset()
    """What this screen shows; it is refreshed when something of it changes."""

    def __init__(self, actions: Sequence[Action[ContextT]] = ()) -> None:
        super().__init__([*actions, *FRAME_ACTIONS], REGISTRY)

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

    def refresh_data(self) -> None:
        """Load again what is shown, in place."""

    def on_screen_resume(self) -> None:
        """Something may have changed while another screen was on top."""
        self.console.show_header()
        self.refresh_data()

    async def perform(self, action: Action[ContextT]) -> None:
        """Do one of the frame's actions; screens do their own and leave these to it."""
        if action.id == GO.id:
            self.query_one(BottomLine).open("command")
        elif action.id == HELP.id:
            self.app.push_screen(self._help())
        elif action.id == REFRESH.id:
            self.refresh_data()
            self.say("Loaded again.")

    def _help(self) -> HelpDialog:
        by_id = {action.id: action for action in self.actions}

        def refused(action_id: str) -> str | None:
            action = by_id.get(action_id)
            return None if action is None else self.refusal(action)

        groups = help_groups(self.registry, self.place, refused)
        return HelpDialog(f"Keys: {self.place}", groups)

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

    def action_leave(self) -> None:
        """Go back to the screen below; the lowest one stays."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    @work(group="action", exclusive=True)
    async def run_action_safely(self, run: Callable[[], Awaitable[None]]) -> None:
        """Run what an action does, and tell an error where the person looks."""
        try:
            await run()
        except PlatformError as error:
            self.tell_error(error)
        self.refresh_hints()

    # Telling

    def tell_error(self, error: PlatformError) -> None:
        """Show an error where the person looks; one that concerns the whole console goes there."""
        if not self.console.failed(error):
            self.say_error(error)

    def tell_results(self, title: str, results: Iterable[ItemResult]) -> None:
        """Show what became of each item: one in the message line, several as a list."""
        found = list(results)
        if len(found) == 1:
            only = found[0]
            said = f"{title}: {only.name}: {only.message}." if only.ok else f"{only.name}: {only.message}"
            self.say(said, Severity.DONE if only.ok else Severity.ERROR)
        elif found and all(result.ok for result in found):
            self.say(f"{title}: {plural(len(found), 'item')}, all done.", Severity.DONE)
        elif found:
            self.app.push_screen(ResultDialog(title, found))

    async def each(
        self, rows: Sequence[T], label: Callable[[T], str], call: Callable[[T], Awaitable[None]], done: str
    ) -> bool:
        """Do something with each row, some at a time, and tell the outcome in one list; True when all went well."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(row: T) -> ItemResult:
            async with gate:
                try:
                    await call(row)
                except PlatformError as error:
                    if error.kind is ErrorKind.UNAUTHENTICATED:
                        raise
                    return ItemResult(label(row), error.code, error.message)
            return ItemResult(label(row), _OK, done)

        results = await asyncio.gather(*(one(row) for row in rows))
        if len(results) == 1 and results[0].ok:
            self.say(f"{results[0].name[:1].upper()}{results[0].name[1:]} was {done}.", Severity.DONE)
        else:
            self.tell_results(done.capitalize(), results)
        return all(result.ok for result in results)

    # Asking

    async def ask_confirm(
        self,
        verb: str,
        noun: str,
        names: Sequence[str],
        lost: Sequence[str],
        *,
        typed: bool = False,
        word: str = "",
    ) -> bool:
        """Ask before something is lost. `typed`: the name must be typed (the count, for several), or `word`."""
        what = f"{noun} {names[0]}" if len(names) == 1 else plural(len(names), noun)
        listed = [] if len(names) == 1 else [_list(names)]
        confirm = (word or (names[0] if len(names) == 1 else str(len(names)))) if typed else ""
        answer = await self.app.push_screen_wait(ConfirmDialog(f"{verb} {what}?", [*listed, *lost], confirm, verb=verb))
        return bool(answer)

    async def ask_form(
        self,
        title: str,
        fields: Sequence[Field],
        submit: Callable[[dict[str, FieldValue]], Awaitable[None]],
        *,
        button: str = "Save",
        note: str = "",
    ) -> bool:
        """Ask for several values and hand them to `submit` until it takes them; False when the person left."""
        dialog = FormDialog(title, fields, submit, verb=button, about=note)
        answer = await self.app.push_screen_wait(dialog)
        if dialog.error is not None:
            raise dialog.error
        return bool(answer)

    async def ask_text(
        self,
        title: str,
        name: str,
        *,
        help: str = "",  # noqa: A002 - a form field's name
        check: Callable[[str], object] | None = None,
        value: str = "",
        required: bool = True,
    ) -> str | None:
        """Ask for one line; None when the person left."""
        given: list[str] = []

        async def take(values: dict[str, FieldValue]) -> None:
            given.append(str(values["text"]))

        field = Field("text", name, required=required, help=help, check=check, value=value)
        return given[0] if await self.ask_form(title, [field], take, button="OK") else None

    async def ask_comment(self, verb: str, names: Sequence[str], *, required: bool) -> str | None:
        """Ask for the comment of a decision on these; None when the person left."""
        what = names[0] if len(names) == 1 else f"{len(names)} requests"
        note = "" if len(names) == 1 else _list(names)
        given: list[str] = []

        async def take(values: dict[str, FieldValue]) -> None:
            given.append(str(values["comment"]))

        why = "they read why" if required else "may stay empty"
        field = Field("comment", "Comment", required=required, help=why, maximum=1000)
        return given[0] if await self.ask_form(f"{verb} {what}", [field], take, button=verb, note=note) else None


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
