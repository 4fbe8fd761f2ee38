"""A screen's keys come from its actions; a refused key says why, and nothing is done silently."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.widgets.hosts import HostApp, ListScreen, people, registry, screen_text
from widgets.error_dialog import ErrorDialog
from widgets.hints import HintsLine
from widgets.message_line import MessageLine, Severity
from widgets.title_line import TitleLine


def _app(count: int = 40, keys: dict[str, str] | None = None) -> tuple[HostApp, ListScreen]:
    screen = ListScreen(people(count), keys)
    return HostApp(first=lambda: screen), screen


def _message(pilot: Pilot[Any]) -> str:
    notice = pilot.app.screen.query_one(MessageLine).notice
    return notice.text if notice else ""


async def test_a_list_screen_shows_19_rows_at_80x24() -> None:
    app, _ = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        lines = screen_text(app)
        assert sum("comment of user" in line for line in lines) == 19
        assert lines[0].startswith(" Plant Munich")
        assert lines[1].startswith(" Users  40")
        assert lines[-1].split() == ["enter", "open", "a", "approve", "ctrl+d", "delete", "n", "new"]


async def test_a_key_does_its_action() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "a")
        assert screen.done == ["user.approve"]
        assert _message(pilot) == "Approve: done."
        assert "Done: Approve: done." in screen_text(app)[-2]


async def test_a_refused_key_says_why_and_without_colour_its_hint_is_in_brackets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a")
        assert screen.done == []
        assert _message(pilot) == "user0 is approved already."
        assert "Not possible: user0 is approved already." in screen_text(app)[-2]
        assert "(a approve)" in screen_text(app)[-1]
        await pilot.press("j")
        await pilot.pause()
        assert _message(pilot) == ""
        assert "(a approve)" not in screen_text(app)[-1]


async def test_the_palette_gets_the_same_refusal() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert not await screen.attempt("user.approve")
        assert _message(pilot) == "user0 is approved already."
        assert await screen.attempt("user.new")
        assert not await screen.attempt("nothing")
        assert screen.done == ["user.new"]


async def test_textual_sees_a_refused_action_as_greyed() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert not screen.active_bindings["a"].enabled
        assert screen.active_bindings["n"].enabled


async def test_remapped_keys_work_with_and_without_textuals_keymap() -> None:
    keys = {"user.approve": "A", "table.down": "z"}
    app, screen = _app(40, keys)
    async with app.run_test(size=(80, 24)) as pilot:
        app.set_keymap(registry(keys).keymap)
        await pilot.press("z", "A")
        assert screen.table.cursor_index == 1
        assert screen.done == ["user.approve"]
        await pilot.press("a")
        assert screen.done == ["user.approve"]
        assert "A approve" in screen_text(app)[-1]
        await pilot.press("home", "A")
        assert _message(pilot) == "user0 is approved already."


async def test_without_rows_every_refused_key_still_answers() -> None:
    app, screen = _app(0)
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("a", "ctrl+d", "enter"):
            await pilot.press("n", key)
            assert _message(pilot) == "There is no user here. Press n to create one.", key
        assert set(screen.done) == {"user.new"}


async def test_errors_stay_and_open_in_full_to_copy() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        screen.say("x" * 100 + " the end", Severity.ERROR, detail="bob[/]: no")
        await pilot.press("j", "k")
        assert screen_text(app)[-2].startswith(" Error: xxx")
        assert screen_text(app)[-2].endswith("ctrl+e all of it")
        await pilot.press("ctrl+e")
        assert isinstance(app.screen, ErrorDialog)
        shown = " ".join(screen_text(app))
        assert "the end" in shown
        assert "bob[/]: no" in shown
        await pilot.press("c")
        assert app.clipboard == "x" * 100 + " the end\n\nbob[/]: no"
        await pilot.press("escape")
        assert not isinstance(app.screen, ErrorDialog)


async def test_without_a_message_ctrl_e_says_so() -> None:
    app, _ = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+e")
        assert _message(pilot) == "There is no message yet."


async def test_marks_and_place_are_told_in_the_title() -> None:
    app, screen = _app(1200)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space", "space", "end")
        await pilot.pause()
        line = screen_text(app)[1]
        assert "1,200" in line
        assert "2 rows marked" in line
        assert line.endswith("1,200/1,200")
        screen.query_one(TitleLine).show_marks(2, 1)
        screen.query_one(TitleLine).show_note("4m old", "warn")
        await pilot.pause()
        assert "2 rows marked, 1 not shown here  4m old" in screen_text(app)[1]


async def test_a_hint_that_is_refused_moves_no_other() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        before = screen_text(app)[-1].index("ctrl+d")
        await pilot.press("j")
        await pilot.pause()
        assert screen_text(app)[-1].index("ctrl+d") == before
        assert all(hint.enabled for hint in screen.query_one(HintsLine).hints)
