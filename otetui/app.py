"""The application: paints the log-in screen first, then opens the engine, and composes what the screens need."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, work
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.worker import WorkerFailed

from backend.errors import ErrorKind, PlatformError
from screens.console import ConsoleApp
from screens.incidents import unexpected
from screens.login import LoginScreen
from widgets.header import SiteHeader
from widgets.styles import STYLE_SHEETS

if TYPE_CHECKING:
    from backend.engine import Engine
    from backend.models.accounts import AuthorizationInfo
    from backend.notifier import Topic
    from screens.base import PlatformScreen

_SCREEN_SHEETS = sorted((Path(__file__).parent.parent / "screens").glob("*.tcss"))
_REFRESH_DELAY_SECONDS = 0.25
_ACTIVE_SECONDS = 600
_KEEP_ALIVE_SECONDS = 60
_AGES_SECONDS = 10
_SETTLED_SECONDS = 30
"""Until then all that lasts has been imported, and every cluster has a connection."""
_LOWEST = 2
"""Screens on the stack when nothing is open over the place that was gone to: Textual's own below it."""


class OtetuiApp(ConsoleApp):
    """The console. `hint` is a line for the log-in screen, such as the demo's password.

    `when_settled` is called once, some time after the site was opened.
    """

    TITLE = "otetui"
    CSS_PATH: ClassVar[list[str | PurePath]] = [*STYLE_SHEETS, *_SCREEN_SHEETS]
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, id="app.quit", priority=True),
        Binding("ctrl+p", "palette", "Command palette", show=False, id="app.palette", priority=True),
    ]

    def __init__(self, hint: str = "", when_settled: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.fatal = ""
        self._hint = hint
        self._when_settled = when_settled
        self._engine: Engine | None = None
        self._stale: set[Topic] = set()
        self._last_key = time.monotonic()
        self._refresh_due = False

    def on_mount(self) -> None:
        """Paint the log-in screen; everything else follows while it is up."""
        self.push_screen(LoginScreen(self._hint))
        self.call_after_refresh(self._open_engine)

    @work(group="engine", exclusive=True)
    async def _open_engine(self) -> None:
        # Imported in a thread: it takes longer than a frame, and the person is reading the log-in screen.
        module = await asyncio.to_thread(importlib.import_module, "otetui.opening")
        try:
            engine: Engine = await module.open_engine(self)
        except PlatformError as error:
            self.fatal = error.message
            self.exit(1, return_code=1)
            return
        self.session = engine.session()
        engine.notifier.listen(self._heard)
        engine.start()
        is_set_up = await engine.is_set_up()
        self._engine = engine
        for screen in self.screen_stack:
            if isinstance(screen, LoginScreen):
                screen.ready(is_set_up=is_set_up)
        self.set_interval(_KEEP_ALIVE_SECONDS, self._keep_alive)
        self.set_interval(_AGES_SECONDS, self._repaint_ages)
        if self._when_settled is not None:
            self.set_timer(_SETTLED_SECONDS, self._when_settled)

    async def on_unmount(self) -> None:
        """Stop what runs in the background and close the store."""
        if self._engine is not None:
            await self._engine.close()

    # Going places

    @property
    def is_open(self) -> bool:
        """Whether the engine is there."""
        return self._engine is not None

    async def set_up(self, user: str, password: str) -> None:
        """Create the system administrator of a new site."""
        if self._engine is not None:
            await self._engine.set_up(user, password)

    def places(self) -> Mapping[str, str]:
        """The screens that this person may go to."""
        from screens.places import places_for

        info = self.session.info
        titles = {name: place.title for name, place in places_for(info.role if info else 0).items()}
        return {**titles, "logout": "Log out", "quit": "Quit"}

    def go(self, place: str) -> None:
        """Show the screen with this name, alone."""
        from screens.places import PLACES

        if place == "quit":
            self.exit(0)
        elif place == "logout":
            self._log_out()
        else:
            info = self.session.info
            self._show_alone(PLACES[place].make(info.role if info else 0))

    @work(group="navigation", exclusive=True)
    async def _show_alone(self, screen: PlatformScreen[Any]) -> None:
        while len(self.screen_stack) > _LOWEST:
            await self.pop_screen()
        await self.switch_screen(screen)

    def action_palette(self) -> None:
        """Search every action and place; on top of a screen of the frame only, not of a dialog."""
        from screens.base import PlatformScreen
        from screens.palette import QuietPalette

        if isinstance(self.screen, PlatformScreen):
            self.push_screen(QuietPalette())

    @work(group="navigation", exclusive=True)
    async def _log_out(self) -> None:
        try:
            await self.session.logout()
        except PlatformError as error:
            self.logged_out(f"You are logged out here. {error.message}")
        else:
            self.logged_out("You are logged out.")

    def logged_in(self) -> None:
        """Show the first screen for the person who has just logged in."""
        self._go_first()

    @work(group="navigation", exclusive=True)
    async def _go_first(self) -> None:
        from backend.operations.site import GET_SUMMARY
        from screens.places import first_place

        try:
            summary = (await self.session.call(GET_SUMMARY)).data
            info = self.session.info or await self.session.look()
        except PlatformError as error:
            self.tell(error)
            return
        self.go(first_place(info.role, summary.pending_audits))

    def logged_out(self, reason: str) -> None:
        """Show the log-in screen, with the sentence `reason` on it."""
        self._go_back_to_login(reason)

    @work(group="navigation", exclusive=True)
    async def _go_back_to_login(self, reason: str) -> None:
        # What still waits for an answer to a dialog would wait for ever.
        self.workers.cancel_group(self, "action")
        if self._engine is not None:
            self.session = self._engine.session()
        while len(self.screen_stack) > _LOWEST:
            await self.pop_screen()
        await self.switch_screen(LoginScreen(self._hint, reason))

    def failed(self, error: PlatformError) -> bool:
        """An ended session sends its person to the log-in screen; other errors are for the screen to show."""
        if error.kind is not ErrorKind.UNAUTHENTICATED:
            return False
        # A call of the session before may end after that person has gone: the log-in screen says why already.
        if self.session.logged_in:
            self.logged_out(error.message)
        return True

    def tell(self, error: PlatformError) -> None:
        """Show an error on the screen that the person looks at, unless it concerns the whole console."""
        from screens.base import PlatformScreen

        if self.failed(error):
            return
        for screen in reversed(self.screen_stack):
            if isinstance(screen, PlatformScreen):
                screen.say_error(error)
                return
            if isinstance(screen, LoginScreen):
                screen.show_error(error)
                return

    def _handle_exception(self, error: Exception) -> None:
        """Textual's way of telling what nobody caught: logged under an id, and shown with it.

        Textual itself would print the values of local variables, passwords among them. A worker's failure leaves the
        console usable; any other has broken a widget, and ends it.
        """
        if isinstance(error, WorkerFailed):
            cause = error.error
            self.tell(cause if isinstance(cause, PlatformError) else unexpected(cause, "The console"))
            return
        self.fatal = unexpected(error, "The console").message
        self._return_code = 1
        # Textual's tests raise what is kept here.
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    # Keeping fresh

    def _heard(self, topics: frozenset[Topic]) -> None:
        """Something changed: refresh a moment later, so that many changes at once cost one refresh."""
        self._stale.update(topics)
        if not self._refresh_due:
            self._refresh_due = True
            self.set_timer(_REFRESH_DELAY_SECONDS, self._refresh_stale)

    def _refresh_stale(self) -> None:
        from screens.base import PlatformScreen

        self._refresh_due = False
        stale, self._stale = frozenset(self._stale), set()
        screen = next((held for held in reversed(self.screen_stack) if isinstance(held, PlatformScreen)), None)
        if screen is None or not self.session.logged_in:
            return
        self.show_header()
        if screen.topics & stale:
            screen.refresh_data()

    def _repaint_ages(self) -> None:
        """Ages grow: repaint what shows them; lines that stay the same are not sent."""
        from widgets.table import VirtualTable

        for table in self.screen.query(VirtualTable):
            table.repaint_rows()

    def show_header(self) -> None:
        """Ask for the site's figures and show them in the header of the screen on top."""
        if self.session.logged_in:
            self._load_header()

    @work(group="header", exclusive=True)
    async def _load_header(self) -> None:
        from backend.operations.site import GET_SUMMARY
        from screens.words import ROLES

        before = self.session.info
        try:
            summary = (await self.session.call(GET_SUMMARY)).data
            info = await self.session.look()
        except PlatformError as error:
            self.tell(error)
            return
        if before is not None and before.role != info.role:
            self._role_changed(info)
        for screen in self.screen_stack:
            try:
                header = screen.query_one(SiteHeader)
            except NoMatches:
                continue
            header.site = summary.site_name
            header.user = info.display_name
            header.role = ROLES[info.role]
            header.clusters_total = summary.clusters
            header.clusters_reachable = summary.reachable_clusters
            header.pending = summary.pending_audits

    def _role_changed(self, info: AuthorizationInfo) -> None:
        """What a person may do has changed while they look: the screen is made anew for it."""
        from screens.base import PlatformScreen
        from screens.places import PLACES, first_place, places_for
        from screens.words import YOU_ARE

        shown = next((screen.place for screen in self.screen_stack if isinstance(screen, PlatformScreen)), "")
        place = shown if shown in places_for(info.role) else first_place(info.role, 0)
        screen = PLACES[place].make(info.role)
        screen.say_first(f"Your role has changed: {YOU_ARE[info.role]}.")
        self._show_alone(screen)

    async def on_event(self, event: events.Event) -> None:
        """Take note of keys, which keep the session alive, before they go their way."""
        if isinstance(event, events.Key):
            self._last_key = time.monotonic()
        await super().on_event(event)

    @work(group="keep-alive", exclusive=True)
    async def _keep_alive(self) -> None:
        if not self.session.logged_in or time.monotonic() - self._last_key > _ACTIVE_SECONDS:
            return
        try:
            await self.session.keep_alive()
        except PlatformError as error:
            self.tell(error)
