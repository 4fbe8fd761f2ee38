"""The console in a test: driven by keys, read as text, waited for with a deadline."""

from __future__ import annotations

import builtins
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from backend.engine import Engine
from backend.operations import Operation
from backend.session import Session
from otetui.app import OtetuiApp
from screens.list_screen import ListScreen
from screens.login import LoginScreen
from tests.backend.sites import ADMINISTRATOR, PASSWORD
from widgets.hints import HintsLine
from widgets.message_line import MessageLine

SECONDS = 30.0
_STEP = 0.02


class _Incidents(logging.Handler):
    """Keeps what was logged as an incident."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@dataclass
class Driver:
    """A running console."""

    app: OtetuiApp
    pilot: Pilot[Any]
    incidents: list[logging.LogRecord] = field(default_factory=list)

    # Acting

    async def press(self, *keys: str) -> None:
        """Press keys by Textual's names."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text into what has the focus."""
        for character in text:
            await self.pilot.press("space" if character == " " else character)

    async def go(self, place: str) -> None:
        """Go to a place by name and wait until it is loaded."""
        await self.press("colon")
        await self.type(place)
        await self.press("enter")
        await self.until(lambda: getattr(self.screen, "place", "") == place, f"the screen {place}")
        if isinstance(self.screen, ListScreen):
            await self.loaded()
        else:
            await self.pilot.pause()

    async def find(self, text: str) -> None:
        """Put the cursor of the list on the row that begins with `text`."""
        table = self.list.table
        await self.press("home")
        for _ in range(table.row_count):
            row = table.cursor_row
            if row is not None and self.list.resource.label(row) == text:
                return
            await self.press("down")
        raise AssertionError(f"no row {text}; the screen:\n{self.text}")

    # Reading

    @property
    def screen(self) -> Screen[Any]:
        """The screen on top."""
        return self.app.screen

    @property
    def list(self) -> ListScreen[Any]:
        """The topmost list, dialogs and details aside."""
        return next(screen for screen in reversed(self.app.screen_stack) if isinstance(screen, ListScreen))

    @property
    def labels(self) -> builtins.list[str]:
        """The labels of the list's rows."""
        table = self.list.table
        rows = [table.row_at(index) for index in range(table.row_count)]
        return [self.list.resource.label(row) for row in rows if row is not None]

    @property
    def marked(self) -> builtins.list[str]:
        """The labels of the rows that an action would work on, if they are marked."""
        return [self.list.resource.label(row) for row in self.list.table.marked_rows()]

    @property
    def text(self) -> str:
        """The screen as text."""
        return "\n".join(strip.text.rstrip() for strip in self.screen._compositor.render_strips())

    @property
    def words(self) -> str:
        """The screen as words, line ends and frames aside: for sentences that wrap."""
        return " ".join(self.text.translate(str.maketrans("│╭╮╰╯─", "      ")).split())

    @property
    def message(self) -> str:
        """The last message, with its severity's word."""
        for screen in reversed(self.app.screen_stack):
            for line in screen.query(MessageLine):
                if line.notice is None:
                    return ""
                word = line.notice.severity.word
                return f"{word}: {line.notice.text}" if word else line.notice.text
        return ""

    @property
    def hints(self) -> dict[str, bool]:
        """The hints of the screen on top: `key title` and whether it works now."""
        return {f"{hint.key} {hint.title}": hint.enabled for hint in self.screen.query_one(HintsLine).hints}

    # Waiting

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until the condition holds."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"no {what} within {SECONDS:g} s; message: {self.message!r}; screen:\n{self.text}")
            await self.pilot.pause(_STEP)
        await self.pilot.pause()

    async def shows(self, text: str) -> None:
        """Wait until the words are on the screen."""
        await self.until(lambda: text in self.words, repr(text))

    async def says(self, text: str) -> None:
        """Wait until the message line says it."""
        await self.until(lambda: text in self.message, f"message {text!r}")

    async def on(self, kind: builtins.type[Screen[Any]]) -> None:
        """Wait until a screen of this kind is on top, and mounted."""
        await self.until(lambda: isinstance(self.screen, kind) and self.screen.is_mounted, kind.__name__)

    async def loaded(self) -> None:
        """Wait until the list, or what stands in its place, is on show."""
        screen = self.list
        await self.until(
            lambda: screen.is_mounted and (screen.table.display or any(p.display for p in screen.query("StatePanel"))),
            "list",
        )

    async def rows(self, *labels: str) -> None:
        """Wait until the list has exactly these rows, in any order."""
        await self.until(lambda: sorted(self.labels) == sorted(labels), f"rows {labels}, but {self.labels}")

    # Other people

    @property
    def engine(self) -> Engine:
        """The console's engine."""
        assert self.app._engine is not None
        return self.app._engine

    async def other(self, user: str = ADMINISTRATOR) -> Session:
        """Someone else's session on the same site."""
        session = self.engine.session()
        await session.login(user, PASSWORD)
        return session

    async def by_other(self, operation: Operation[Any], user: str = ADMINISTRATOR, /, **parameters: Any) -> Any:
        """What an operation answers someone else."""
        return (await (await self.other(user)).call(operation, **parameters)).data


@asynccontextmanager
async def console(
    user: str = ADMINISTRATOR, *, size: tuple[int, int] = (120, 36), place: str = "", incidents: int = 0
) -> AsyncIterator[Driver]:
    """The console on the home folder of this test, with `user` logged in (nobody: empty), at `place`.

    Fails when there were more or fewer unexpected errors than `incidents`.
    """
    heard = _Incidents()
    logger = logging.getLogger("screens.incidents")
    logger.addHandler(heard)
    app = OtetuiApp()
    try:
        async with app.run_test(size=size) as pilot:
            driver = Driver(app, pilot, heard.records)
            await driver.until(lambda: app.is_open, "engine")
            if user:
                await app.session.login(user, PASSWORD)
                app.logged_in()
                await driver.until(lambda: not isinstance(app.screen, LoginScreen), "first screen")
                if place:
                    await driver.go(place)
            yield driver
    finally:
        logger.removeHandler(heard)
    if len(heard.records) != incidents:
        found = "\n".join(str(record.exc_info and record.exc_info[1]) for record in heard.records)
        pytest.fail(f"{len(heard.records)} unexpected errors:\n{found}")
