"""The prompt: goes to screens by name, filters as one types, and never moves the list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.pilot import Pilot

from tests.widgets.hosts import COMMANDS, HostApp, ListScreen, people, screen_text
from widgets.bottom_line import BottomLine
from widgets.command_bar import Command, History, completions
from widgets.inputs import QuietInput


async def _until(pilot: Pilot[None], met: Callable[[], bool]) -> None:
    for _ in range(200):
        if met():
            return
        await pilot.pause(0.01)
    raise AssertionError("not met in two seconds")


def _app(count: int = 40) -> tuple[HostApp, ListScreen]:
    screen = ListScreen(people(count))
    return HostApp(first=lambda: screen), screen


def test_completions_begin_with_what_was_typed_then_hold_it() -> None:
    assert [command.name for command in completions(COMMANDS, "us")] == ["user-audits", "users", "businesses"]
    assert completions(COMMANDS, "zzz") == []
    assert len(completions(COMMANDS, "")) == len(COMMANDS)


def test_history_holds_each_entry_once_newest_last() -> None:
    history = History()
    for entry in ("a", "b", "", "a"):
        history.add(entry)
    assert history.entries == ["b", "a"]


async def test_a_command_goes_to_its_screen_and_gives_the_focus_back() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon", *"users", "enter")
        await pilot.pause()
        assert screen.commands == [("users", "")]
        assert app.focused is screen.table
        await pilot.press("colon", *"dep", "space", *"abc", "enter")
        await pilot.pause()
        assert screen.commands[-1] == ("deployments", "abc")


async def test_tab_completes_and_the_offers_stand_beside() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon", "u", "s", "tab")
        await pilot.pause()
        assert screen_text(app)[-2].split() == [":user-audits", "[user-audits]", "users", "businesses"]
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert screen.commands == [("users", "")]


async def test_an_unknown_name_says_so_and_stays() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon", *"[b]x", "enter")
        await pilot.pause()
        assert "No screen begins with '[b]x'." in screen_text(app)[-2]
        assert isinstance(app.focused, QuietInput)
        await pilot.press("ctrl+u", *"user", "enter")
        await pilot.pause()
        assert "Several screens begin with 'user'." in screen_text(app)[-2]
        assert screen.commands == []


async def test_the_filter_follows_typing_after_a_moment_and_enter_keeps_it() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("slash", *"user1")
        await _until(pilot, lambda: screen.filters == ["user1"])
        assert screen.table.row_count == 11
        assert "filter: user1" in screen_text(app)[1]
        await pilot.press("2", "enter")
        await pilot.pause()
        assert screen.filters == ["user1", "user12"]
        assert app.focused is screen.table


async def test_esc_takes_the_filter_back() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("slash", *"user1")
        await _until(pilot, lambda: screen.filters == ["user1"])
        await pilot.press("escape")
        await pilot.pause()
        assert screen.filters == ["user1", ""]
        assert screen.table.row_count == 40
        await pilot.press("slash", "x", "escape")
        await asyncio.sleep(0.2)
        await pilot.pause()
        assert screen.filters == ["user1", ""]


async def test_former_entries_come_back() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        for name in ("users", "nodes"):
            await pilot.press("colon", *name, "enter")
            await pilot.pause()
        await pilot.press("colon", "up", "up", "enter")
        await pilot.pause()
        assert [name for name, _ in screen.commands] == ["users", "nodes", "users"]
        await pilot.press("colon", "up", "down")
        assert screen.query_one(QuietInput).value == ""


async def test_the_prompt_takes_the_message_lines_place() -> None:
    app, _screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        before = screen_text(app)
        await pilot.press("slash")
        await pilot.pause()
        during = screen_text(app)
        assert during[1:3] == before[1:3]
        assert during[4:22] == before[4:22]
        assert during[22].startswith(" /")
        await pilot.press("tab", "escape")
        await pilot.pause()
        assert screen_text(app) == before


async def test_a_prompt_that_loses_the_focus_closes() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon")
        screen.set_focus(screen.table)
        await pilot.pause()
        bottom = screen.query_one(BottomLine)
        assert not bottom.bar.display
        assert bottom.message.display


async def test_hostile_names_are_shown_as_they_are() -> None:
    app, screen = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        screen.query_one(BottomLine).bar.commands = (Command("[red]x\x1b[31m"),)
        await pilot.press("colon")
        await pilot.pause()
        assert "[red]x\\e[31m" in screen_text(app)[22]
