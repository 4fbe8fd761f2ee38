"""Small applications for the widgets' tests: a bare one, and one with a whole list screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from widgets.action_host import ActionHost
from widgets.actions import EVERYWHERE, Action, ActionRegistry, Risk
from widgets.bottom_line import BottomLine
from widgets.columns import Cell, Column
from widgets.command_bar import BarClosed, Command, CommandGiven, FilterChanged
from widgets.detail import DetailView
from widgets.form import Form
from widgets.header import SiteHeader
from widgets.hints import HintsLine
from widgets.message_line import Severity
from widgets.rows import RowPage
from widgets.states import StatePanel
from widgets.styles import STYLE_SHEETS
from widgets.table import NAVIGATION, VirtualTable
from widgets.table_messages import LoadFailed, MarksChanged, NeedRows, RowHighlighted, RowSelected, RowsLoaded
from widgets.theme import ThemedApp
from widgets.title_line import TitleLine

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "[bold]x[/]",
    "bob[/]",
    "img[latest]",
    "a\u202egnp.exe",
    "zero\u200bwidth\ufeff",
    "日本語の名前です",
    "e\u0301\u0301\u0301\u0301\u0301\u0301 marks",
    "two\nlines\r\tand tab",
    "long " * 200_000,
    "\x07bell \x9b31m",
    "",
)


@dataclass(frozen=True)
class Person:
    """A row."""

    id: int
    name: str
    status: str = "approved"
    phone: str = "+49 89 1234567"


def people(count: int) -> list[Person]:
    return [
        Person(number, f"user{number}", "pending" if number % 3 == 1 else "approved", f"+49 89 {number:07}")
        for number in range(count)
    ]


TONES = {"approved": "good", "pending": "warn", "refused": "bad"}

COLUMNS: list[Column[Person]] = [
    Column("id", "Id", lambda person: str(person.id), width=6, align="right", priority=4),
    Column("name", "Name", lambda person: person.name, minimum=12, maximum=32),
    Column("status", "Status", lambda person: Cell(person.status, TONES.get(person.status, "")), width=10),  # type: ignore[arg-type]
    Column("phone", "Phone", lambda person: person.phone, width=16, priority=3),
    Column("comment", "Comment", lambda person: f"comment of {person.name}", minimum=20, priority=2, weight=2),
    Column("created", "Created", lambda _: Cell("2031-03-05 14:22", "muted"), width=16, priority=5),
]


def person_table() -> VirtualTable[Person]:
    return VirtualTable(COLUMNS, lambda person: person.id)


class HostApp(ThemedApp[None]):
    """Shows some widgets and remembers the messages they post."""

    CSS_PATH = STYLE_SHEETS

    def __init__(self, *widgets: Widget, first: Callable[[], Screen[Any]] | None = None) -> None:
        super().__init__()
        self._own = widgets
        self._first = first
        self.answers: list[object] = []
        self.seen: list[Message] = []

    def compose(self) -> ComposeResult:
        yield from self._own

    def on_mount(self) -> None:
        if self._first is not None:
            self.push_screen(self._first(), self.answers.append)

    @on(RowHighlighted)
    @on(MarksChanged)
    @on(RowsLoaded)
    @on(RowSelected)
    @on(NeedRows)
    @on(LoadFailed)
    @on(DetailView.Copied)
    @on(Form.Submitted)
    @on(FilterChanged)
    @on(CommandGiven)
    @on(BarClosed)
    def _remember(self, message: Message) -> None:
        self.seen.append(message)

    def of(self, kind: type[Message]) -> list[Any]:
        return [message for message in self.seen if isinstance(message, kind)]


class PageSource:
    """A list that is read in pages, with a gate to hold answers back and an error to raise."""

    def __init__(self, rows: Sequence[Person]) -> None:
        self.all = list(rows)
        self.asked: list[tuple[int, int]] = []
        self.gate: asyncio.Event | None = None
        self.error: Exception | None = None

    async def rows(self, offset: int, limit: int) -> RowPage[Person]:
        self.asked.append((offset, limit))
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return RowPage(self.all[offset : offset + limit], len(self.all))


@dataclass(frozen=True)
class Chosen:
    """The context of the actions: the row under the cursor and the marked ones."""

    row: Person | None
    marked: Sequence[Person] = ()


def _no_row(chosen: Chosen) -> str | None:
    return None if chosen.row else "There is no user here. Press n to create one."


def _approve_refused(chosen: Chosen) -> str | None:
    if chosen.row is not None and chosen.row.status == "approved":
        return f"{chosen.row.name} is approved already."
    return _no_row(chosen)


ACTIONS: list[Action[Chosen]] = [
    Action("user.open", "Open", "enter", refused=_no_row),
    Action("user.approve", "Approve", "a", Risk.REVERSIBLE, "PUT /v1/admin/user/{userId}", _approve_refused, bulk=True),
    Action("user.delete", "Delete", "ctrl+d", Risk.DESTRUCTIVE, refused=_no_row, help="the user and their sessions"),
    Action("user.new", "New", "n", Risk.REVERSIBLE),
]
GLOBAL: list[Action[object]] = [
    Action("filter", "Filter", "slash"),
    Action("command", "Go to", "colon"),
    Action("help", "Help", "question_mark"),
]
COMMANDS = [Command("users"), Command("businesses"), Command("user-audits"), Command("deployments"), Command("nodes")]


def registry(keys: dict[str, str] | None = None) -> ActionRegistry:
    made = ActionRegistry()
    made.add(EVERYWHERE, GLOBAL)
    made.add("Users", ACTIONS)
    made.add_bindings("Table", NAVIGATION)
    if keys:
        made.remap(keys)
    return made


class ListScreen(ActionHost[Chosen, None]):
    """A list screen as the console has them: header, title, table, message, hints."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "open_filter", "Filter"),
        Binding("colon", "open_command", "Go to"),
    ]

    def __init__(self, rows: Sequence[Person], keys: dict[str, str] | None = None) -> None:
        super().__init__(ACTIONS, registry(keys))
        self.rows = rows
        self.done: list[str] = []
        self.filters: list[str] = []
        self.commands: list[tuple[str, str]] = []
        self.table = person_table()

    def compose(self) -> ComposeResult:
        header = SiteHeader()
        header.site, header.user, header.role = "Plant Munich", "alice", "administrator"
        header.clusters_reachable, header.clusters_total, header.pending = 11, 12, 3
        header.link, header.link_tone = "live", "good"
        yield header
        yield TitleLine("Users")
        yield StatePanel()
        yield self.table
        yield BottomLine(COMMANDS)
        yield HintsLine()

    def on_mount(self) -> None:
        self.table.set_rows(self.rows)
        self.table.show_sort("name")
        self.table.focus()
        title = self.query_one(TitleLine)
        title.show_count(len(self.rows))
        self.table.display = bool(self.rows)
        if not self.rows:
            self.query_one(StatePanel).show_empty("There are no users yet.", "Press n to create one.")

    def current_context(self) -> Chosen:
        return Chosen(self.table.cursor_row, self.table.marked_rows())

    async def perform(self, action: Action[Chosen]) -> None:
        self.done.append(action.id)
        self.say(f"{action.title}: done.", Severity.DONE)

    @on(RowHighlighted)
    def _place(self, event: RowHighlighted) -> None:
        self.query_one(TitleLine).show_place(event.index, self.table.row_count)

    @on(MarksChanged)
    def _marks(self, event: MarksChanged) -> None:
        self.query_one(TitleLine).show_marks(event.count, event.hidden)

    @on(FilterChanged)
    def _filter(self, event: FilterChanged) -> None:
        self.filters.append(event.text)
        found = [person for person in self.rows if event.text in person.name]
        self.table.set_rows(found)
        title = self.query_one(TitleLine)
        title.show_filter(event.text)
        title.show_count(len(found), len(self.rows))
        title.show_marks(len(self.table.marked_keys), self.table.hidden_marks)

    @on(CommandGiven)
    def _command(self, event: CommandGiven) -> None:
        self.commands.append((event.name, event.argument))

    def action_open_filter(self) -> None:
        self.query_one(BottomLine).open("filter")

    def action_open_command(self) -> None:
        self.query_one(BottomLine).open("command")


def with_status(person: Person, status: str) -> Person:
    return replace(person, status=status)


def screen_text(app: App[Any]) -> list[str]:
    """What the terminal shows, line by line, without spaces at the ends."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]
