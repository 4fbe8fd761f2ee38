"""The log-in screen: in, refused, registered, and set up for the first time."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.models.base import Role
from screens.account import AccountScreen
from screens.list_screen import ListScreen
from screens.login import LoginScreen
from tests.backend.sites import ADMINISTRATOR, PASSWORD
from tests.screens.driver import Driver, console
from tests.screens.homes import DISABLED
from widgets.form import Form
from widgets.form_dialog import FormDialog


async def enter(driver: Driver, *values: str) -> None:
    for value in values:
        await driver.type(value)
        await driver.press("enter")


@pytest.mark.usefixtures("home")
async def test_logging_in_by_keys() -> None:
    async with console("") as driver:
        await enter(driver, ADMINISTRATOR, PASSWORD)
        await driver.until(lambda: isinstance(driver.screen, ListScreen), "inbox")
        await driver.shows("system admin")
        assert PASSWORD not in driver.text


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("user", "password", "why"),
    [
        (ADMINISTRATOR, "Wr0ngPassword", "The user name or the password is wrong."),
        ("nobody", PASSWORD, "The user name or the password is wrong."),
        (DISABLED, PASSWORD, f"The account {DISABLED} has been disabled."),
    ],
)
async def test_who_may_not_come_in_is_told_why_and_may_try_again(user: str, password: str, why: str) -> None:
    async with console("") as driver:
        await enter(driver, user, password)
        await driver.shows(why)
        assert driver.app.focused is driver.screen.query_one(Form).control_of("password")
        assert not driver.screen.query_one(Form).is_busy


@pytest.mark.usefixtures("home")
async def test_a_password_is_shown_by_its_key_only() -> None:
    async with console("") as driver:
        await driver.press("tab")
        await driver.type("visible")
        assert "visible" not in driver.text
        await driver.press("ctrl+t")
        assert "visible" in driver.text


@pytest.mark.usefixtures("home")
async def test_registering_and_what_comes_next() -> None:
    async with console("") as driver:
        await driver.press("ctrl+n")
        await driver.on(FormDialog)
        for value in ("new.person", "Nora Person", "+4912345", PASSWORD, "0therPassword"):
            await driver.type(value)
            await driver.press("tab")
        await driver.press("y", "ctrl+s")
        await driver.shows("✗ The two passwords differ. Type them again.")
        await driver.press("ctrl+u")
        await driver.type(PASSWORD)
        await driver.press("ctrl+s")
        await driver.on(LoginScreen)
        await driver.shows("You are registered.")
        await enter(driver, "new.person", PASSWORD)
        await driver.on(AccountScreen)
        await driver.shows("Your registration waits for the system administrator.")
        await driver.shows("Role awaiting approval")


@pytest.mark.usefixtures("home")
async def test_what_is_wrong_with_a_registration_is_told_at_its_field() -> None:
    async with console("") as driver:
        await driver.press("ctrl+n")
        await driver.on(FormDialog)
        for value in ("bad name!", "x", "12ab", "weak", "weak"):
            await driver.type(value)
            await driver.press("tab")
        await driver.press("ctrl+s")
        for title in ("✗ User name ", "✗ Phone ", "✗ Password "):
            await driver.shows(title)
        await driver.press("escape", "escape")
        await driver.on(LoginScreen)


async def test_a_new_site_is_set_up_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTETUI_HOME", str(tmp_path / "new"))
    async with console("") as driver:
        await driver.on(FormDialog)
        await driver.shows("This site is new: it needs its system administrator. There is no default password.")
        await driver.press("tab")
        await driver.type(PASSWORD)
        await driver.press("tab")
        await driver.type(PASSWORD)
        await driver.press("enter")
        await driver.on(LoginScreen)
        await driver.shows("The site is ready. Log in as admin.")
        await enter(driver, "admin", PASSWORD)
        await driver.until(lambda: getattr(driver.screen, "place", "") == "clusters", "clusters")
        await driver.shows("No cluster is registered.")
        assert driver.app.session.info is not None
        assert driver.app.session.info.role == Role.SYSTEM_ADMINISTRATOR


async def test_leaving_the_first_set_up_leaves_the_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTETUI_HOME", str(tmp_path / "new"))
    async with console("") as driver:
        await driver.on(FormDialog)
        await driver.press("escape")
        await driver.until(lambda: not driver.app.is_running, "end")
        assert driver.app.return_code == 0


@pytest.mark.usefixtures("home")
async def test_leaving_by_key_from_the_log_in() -> None:
    async with console("") as driver:
        await driver.press("ctrl+q")
        await driver.until(lambda: not driver.app.is_running, "end")
        assert driver.app.return_code == 0
