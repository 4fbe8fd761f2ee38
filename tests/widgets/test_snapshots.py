"""How it looks, at the two sizes that count, with colour and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from backend.errors import ErrorKind, ItemResult, PlatformError
from tests.widgets.hosts import HOSTILE, HostApp, ListScreen, Person, people, registry
from tests.widgets.test_detail import SECTIONS
from tests.widgets.test_form import FIELDS
from widgets.bottom_line import BottomLine
from widgets.detail import DetailView
from widgets.dialogs import Choice, ChoiceDialog, ConfirmDialog, PromptDialog
from widgets.error_dialog import ErrorDialog
from widgets.form_dialog import FormDialog
from widgets.help_dialog import HelpDialog, help_groups
from widgets.message_line import Notice, Severity
from widgets.result_dialog import ResultDialog
from widgets.states import StatePanel
from widgets.title_line import TitleLine

SnapCompare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=["80x24", "140x40"])


@pytest.fixture(autouse=True)
def _colour_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLORTERM", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)


def _list(count: int = 1204) -> App[Any]:
    return HostApp(first=lambda: ListScreen(people(count)))


async def _marked(pilot: Pilot[Any]) -> None:
    await pilot.press("j", "space", "space", "j", "a")
    title = pilot.app.screen.query_one(TitleLine)
    title.show_marks(3, 1)
    title.show_note("4m old", "warn")


@SIZES
def test_list(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(_list(), terminal_size=size, press=["j", "j"])


@SIZES
def test_list_marked_and_refused(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(_list(), terminal_size=size, run_before=_marked)


def test_list_marked_without_colour(snap_compare: SnapCompare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(_list(), terminal_size=(80, 24), run_before=_marked)


def test_list_marked_in_16_colours(snap_compare: SnapCompare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    assert snap_compare(_list(), terminal_size=(80, 24), run_before=_marked)


def test_list_narrow(snap_compare: SnapCompare) -> None:
    assert snap_compare(_list(), terminal_size=(50, 16), press=["j"])


def test_list_scrolled_sideways(snap_compare: SnapCompare) -> None:
    assert snap_compare(_list(), terminal_size=(80, 24), press=["j", "right", "right"])


@SIZES
def test_list_empty(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(_list(0), terminal_size=size)


@SIZES
def test_list_error(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def fail(pilot: Pilot[Any]) -> None:
        error = PlatformError(ErrorKind.TIMEOUT, "The cluster munich-2 did not answer within 10 s. Check its link.")
        pilot.app.screen.query_one(StatePanel).show_error(error)
        await pilot.pause()

    assert snap_compare(_list(0), terminal_size=size, run_before=fail)


def test_list_hostile(snap_compare: SnapCompare) -> None:
    rows = [Person(number, text, text) for number, text in enumerate(HOSTILE)]
    assert snap_compare(HostApp(first=lambda: ListScreen(rows)), terminal_size=(80, 24), press=["j"])


def test_list_filter_prompt(snap_compare: SnapCompare) -> None:
    async def type_filter(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *"user12")
        for _ in range(100):
            await pilot.pause(0.02)
            if isinstance(pilot.app.screen, ListScreen) and pilot.app.screen.filters:
                break
        await pilot.pause()

    assert snap_compare(_list(), terminal_size=(80, 24), run_before=type_filter)


def test_list_command_prompt(snap_compare: SnapCompare) -> None:
    async def type_command(pilot: Pilot[Any]) -> None:
        await pilot.press("space")
        pilot.app.screen.query_one(BottomLine).open("command")
        await pilot.press("u", "tab")

    assert snap_compare(_list(), terminal_size=(80, 24), run_before=type_command)


RESULTS = [
    ItemResult("alice", 200, "approved"),
    ItemResult(
        "bob[/]", 409, "User bob[/] is approved already: nothing was done. Refresh the list to see it as it is."
    ),
    ItemResult("日本語ユーザー", 404, "There is no such user."),
    *(ItemResult(f"user{number}", 200, "approved") for number in range(20)),
]


async def _nothing(values: object) -> None:
    del values


DIALOGS: dict[str, Callable[[], Screen[Any]]] = {
    "confirm_name": lambda: ConfirmDialog(
        "Delete 2 users?", ["alice and everything she deployed", "bob[/] and his 3 deployments"], "alice"
    ),
    "confirm_key": lambda: ConfirmDialog("Disapprove alice?", ["She can no longer log in."], verb="Disapprove"),
    "prompt": lambda: PromptDialog(
        "Disapprove 2 users", "Say why: they will read it.", required=True, placeholder="for instance: unknown company"
    ),
    "choice": lambda: ChoiceDialog(
        "Sort by", [Choice(1, "Name", "a to z"), Choice(2, "Created", "newest first"), Choice(3, "Status")], selected=2
    ),
    "results": lambda: ResultDialog("Approve 23 users", RESULTS),
    "help": lambda: HelpDialog("Keys of Users", help_groups(registry(), "Users", _refused)),
    "error": lambda: ErrorDialog.of(
        Notice(Severity.ERROR, "2 of 23 were not approved.", "\n".join(f"{one.name}: {one.message}" for one in RESULTS))
    ),
    "form": lambda: FormDialog("New user", FIELDS, _nothing, verb="Create", about="The user may log in at once."),
}


def _refused(action_id: str) -> str | None:
    return "user0 is approved already." if action_id == "user.approve" else None


@SIZES
@pytest.mark.parametrize("name", DIALOGS)
def test_dialog(snap_compare: SnapCompare, name: str, size: tuple[int, int]) -> None:
    assert snap_compare(HostApp(first=DIALOGS[name]), terminal_size=size)


def _with_mistakes() -> tuple[App[Any], list[str]]:
    return HostApp(first=DIALOGS["form"]), [*"alice", "enter", *"secret", "tab", "space", "escape"]


def test_form_with_mistakes(snap_compare: SnapCompare) -> None:
    app, press = _with_mistakes()
    assert snap_compare(app, terminal_size=(80, 24), press=press)


def test_form_without_colour(snap_compare: SnapCompare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, press = _with_mistakes()
    assert snap_compare(app, terminal_size=(80, 24), press=press)


def test_form_saving(snap_compare: SnapCompare) -> None:
    async def save(pilot: Pilot[Any]) -> None:
        await pilot.press(*"alice")
        pilot.app.screen.query_one("Form").set_busy(busy=True)  # type: ignore[attr-defined]
        await pilot.pause()

    assert snap_compare(HostApp(first=DIALOGS["form"]), terminal_size=(80, 24), run_before=save)


@SIZES
def test_detail(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    view = DetailView()
    view.show(SECTIONS)

    async def move(pilot: Pilot[Any]) -> None:
        view.focus()
        await pilot.press("j")

    assert snap_compare(HostApp(TitleLine("alice"), view), terminal_size=size, run_before=move)
