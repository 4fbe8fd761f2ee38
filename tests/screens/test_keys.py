"""Remapped keys from the settings file: they work, show everywhere, and conflicts are refused in sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from otetui.app import OtetuiApp
from screens.detail_screen import DetailScreen
from tests.screens.driver import console
from tests.screens.homes import PENDING
from widgets.detail import DetailView
from widgets.help_dialog import HelpDialog


def settings(home: Path, *lines: str) -> None:
    (home / "settings.toml").write_text("\n".join(["[keys]", *lines, ""]))


async def test_a_remapped_key_does_the_action_and_the_old_one_nothing(home: Path) -> None:
    settings(home, '"user.approve" = "A"', '"screen.help" = "h"')
    async with console(place="users", size=(120, 60)) as driver:
        await driver.find(PENDING[0])
        await driver.press("a")
        await driver.pilot.pause()
        assert driver.message == ""
        assert driver.hints["A approve"]
        await driver.press("A")
        await driver.says(f"Approved: {PENDING[0]}")
        await driver.press("h")
        await driver.on(HelpDialog)
        await driver.shows("A Approve")


async def test_a_refused_remapped_key_says_why_too(home: Path) -> None:
    settings(home, '"user.approve" = "A"')
    async with console(place="users") as driver:
        await driver.find("bea-business")
        await driver.press("A")
        await driver.says("Not possible: bea-business is approved already.")


async def test_keys_that_move_in_lists_move_in_details_too(home: Path) -> None:
    settings(home, '"table.down" = "m"', '"screen.leave" = "q"')
    async with console(place="users") as driver:
        await driver.press("home", "m")
        assert driver.list.table.cursor_index == 1
        await driver.press("enter")
        await driver.on(DetailScreen)
        await driver.shows("Real name")
        await driver.press("m")
        assert driver.screen.query_one(DetailView).cursor == 1
        await driver.press("q")
        await driver.until(lambda: driver.screen is driver.list, "list")


async def test_the_palette_and_the_filter_can_be_remapped(home: Path) -> None:
    settings(home, '"app.palette" = "ctrl+k"', '"list.filter" = "f"')
    async with console(place="users") as driver:
        await driver.press("ctrl+k")
        await driver.shows("Search an action or a screen")
        await driver.press("escape", "f")
        await driver.type("pending")
        await driver.rows(*PENDING)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('"user.approve" = "d"', "The key d is both user.approve and user.disapprove on the screen users."),
        ('"user.approve" = "r"', "The key r is both screen.refresh and user.approve on the screen users."),
        ('"user.approve" = "j"', "user.approve on the screen users."),
        ('"user.fly" = "f"', "There is no action user.fly."),
        ('"user.approve" = "hyper+nonsense+q"', "There is no key"),
        ('"user.approve" = ""', "The action user.approve needs a key."),
    ],
)
async def test_keys_that_cannot_be_used_end_the_console_with_the_reason(home: Path, line: str, why: str) -> None:
    settings(home, line)
    app = OtetuiApp()
    async with app.run_test() as pilot:
        for _ in range(1000):
            if not app.is_running:
                break
            await pilot.pause(0.02)
    assert app.return_code == 1
    assert app.fatal.startswith("The keys in the settings cannot be used: ")
    assert why in app.fatal
    assert app.fatal.endswith("Mend them in the settings file.")
