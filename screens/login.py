"""The first screen: log in, register, or set a new site up. It is painted before the engine is there."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static

from backend.errors import PlatformError
from screens.console import ConsoleApp
from widgets.form import Field, FieldValue, Form
from widgets.hints import Hint, HintsLine
from widgets.text import safe
from widgets.theme import Tone

_FIELDS = (
    Field("user", "User name", required=True, maximum=200),
    Field("password", "Password", kind="password", required=True, maximum=1024),
)


class LoginScreen(Screen[None]):
    """Asks who is there. `hint` is a line below the form, `reason` says why the person is here again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "register", "Register", show=False, id="login.register"),
    ]

    def __init__(self, hint: str = "", reason: str = "") -> None:
        super().__init__()
        self._hint = hint
        self._reason = reason
        self._waiting: dict[str, FieldValue] | None = None

    def compose(self) -> ComposeResult:
        """The name, what is going on, the form, the hint, the keys."""
        with Vertical(id="login-box"):
            yield Static("otetui", id="login-name")
            yield Static("edge sites: who may use them, what runs on them", id="login-about")
            yield Form(_FIELDS)
            yield Static(safe(self._reason), id="login-state")
            yield Static(safe(self._hint), id="login-hint")
        yield HintsLine()

    def on_mount(self) -> None:
        """Show the keys."""
        self.query_one(HintsLine).show([Hint("enter", "log in"), Hint("ctrl+n", "register"), Hint("ctrl+q", "quit")])

    @property
    def console(self) -> ConsoleApp:
        """The application."""
        app = self.app
        if not isinstance(app, ConsoleApp):
            raise TypeError("this screen needs the console's application")
        return app

    def _tell(self, text: str, tone: Tone = "muted") -> None:
        state = self.query_one("#login-state", Static)
        state.set_classes(f"tone--{tone}")
        state.update(safe(text))

    def ready(self, *, is_set_up: bool) -> None:
        """The engine is there: log in with what was typed meanwhile, or set the new site up."""
        if not is_set_up:
            self._set_up()
        elif self._waiting is not None:
            self._log_in(self._waiting)

    @on(Form.Submitted)
    def _submitted(self, event: Form.Submitted) -> None:
        event.stop()
        event.form.set_busy(busy=True)
        if self.console.is_open:
            self._log_in(event.values)
        else:
            self._waiting = event.values
            self._tell("Opening the site …")

    @work(group="login", exclusive=True)
    async def _log_in(self, values: dict[str, FieldValue]) -> None:
        self._waiting = None
        self._tell("Logging in …")
        try:
            await self.console.session.login(str(values["user"]).strip(), str(values["password"]))
        except PlatformError as error:
            self.show_error(error)
            return
        self.console.logged_in()

    def show_error(self, error: PlatformError) -> None:
        """Say why nobody is logged in, and let the person try again."""
        form = self.query_one(Form)
        form.set_busy(busy=False)
        self._tell(error.message, "bad")
        form.focus_field("password")

    @work(group="login", exclusive=True)
    async def action_register(self) -> None:
        """Ask for a registration, which the system administrator approves."""
        if not self.console.is_open:
            self._tell("Opening the site …")
            return
        from screens.register import register

        if await register(self.console):
            self._tell("You are registered. You can log in; the system administrator approves you.", "good")

    @work(group="login", exclusive=True)
    async def _set_up(self) -> None:
        """A new site needs its system administrator first: leaving that ends the console (decision 7)."""
        from screens.register import set_up

        name = await set_up(self.console)
        if not name:
            self.console.go("quit")
            return
        self._tell(f"The site is ready. Log in as {name}.", "good")
        self.query_one(Form).focus_field("user")
