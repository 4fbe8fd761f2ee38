"""My account, the settings and the activity log."""

from __future__ import annotations

import pytest

from backend.operations.site import GET_SETTINGS
from screens.detail_screen import DetailScreen
from screens.login import LoginScreen
from screens.settings import check_seconds
from tests.backend.sites import ADMINISTRATOR, PASSWORD
from tests.screens.driver import console
from tests.screens.homes import DISABLED, GENERAL, OWNER
from widgets.form_dialog import FormDialog

pytestmark = pytest.mark.usefixtures("home")


async def test_the_account_says_who_i_am() -> None:
    async with console(OWNER, place="account") as driver:
        await driver.shows("User name bea-business Role business admin")
        await driver.shows("Business bakery")


async def test_changing_the_password_ends_the_session_with_the_reason() -> None:
    async with console(GENERAL, place="account") as driver:
        await driver.shows("Role")
        await driver.press("p")
        await driver.on(FormDialog)
        await driver.shows("All your sessions end")
        for value in ("Wr0ngPassword", "N3wPassword", "N3wPassword"):
            await driver.type(value)
            await driver.press("tab")
        await driver.press("ctrl+s")
        await driver.shows("✗ The old password is wrong, so the password was not changed.")
        await driver.press("ctrl+u")
        await driver.type(PASSWORD)
        await driver.press("ctrl+s")
        await driver.on(LoginScreen)
        await driver.shows("Your password was changed. Log in with the new one.")
        for value in (GENERAL, "N3wPassword"):
            await driver.type(value)
            await driver.press("enter")
        await driver.until(lambda: getattr(driver.screen, "place", "") == "clusters", "clusters")


async def test_two_new_passwords_that_differ_are_asked_again() -> None:
    async with console(GENERAL, place="account") as driver:
        await driver.shows("Role")
        await driver.press("p")
        await driver.on(FormDialog)
        for value in (PASSWORD, "N3wPassword", "N3wPasswort"):
            await driver.type(value)
            await driver.press("tab")
        await driver.press("ctrl+s")
        await driver.shows("✗ The two passwords differ.")


async def test_logging_out() -> None:
    async with console(GENERAL, place="account") as driver:
        await driver.shows("Role")
        await driver.press("o")
        await driver.on(LoginScreen)
        await driver.shows("You are logged out.")


async def test_settings_are_edited_and_hold_at_once() -> None:
    async with console(place="settings") as driver:
        await driver.shows("Four eyes no: people may approve their own requests")
        await driver.press("e")
        await driver.on(FormDialog)
        await driver.press("ctrl+u")
        await driver.type("North site")
        await driver.press("tab", "ctrl+u")
        await driver.type("2")
        await driver.press("ctrl+s")
        await driver.shows("✗ Ask clusters every takes 5 to 3600 seconds")
        await driver.press("ctrl+u")
        await driver.type("90")
        await driver.press("tab", "tab", "tab", "tab", "tab", "y", "ctrl+s")
        await driver.says("Done: The settings were saved.")
        await driver.shows("Four eyes yes: nobody approves their own request")
        await driver.until(lambda: driver.text.lstrip().startswith("North site"), "header")
        settings = await driver.by_other(GET_SETTINGS)
        assert (settings.site_name, settings.refresh_seconds, settings.four_eyes) == ("North site", 90, True)


@pytest.mark.parametrize("text", ["4", "3601", "-5", "5.0", "٥٥", "9" * 5000, ""])
def test_seconds_are_checked_before_they_are_sent(text: str) -> None:
    with pytest.raises(ValueError, match="takes 5 to 3600 seconds"):
        check_seconds(text)


async def test_the_activity_log_is_newest_first_and_filtered_by_what_was_done() -> None:
    async with console(place="activity", size=(140, 36)) as driver:
        await driver.shows("WHEN↓")
        newest = driver.list.table.row_at(0)
        rows = [driver.list.table.row_at(index) for index in range(driver.list.table.row_count)]
        assert newest is not None
        assert newest.id == max(row.id for row in rows if row is not None)
        await driver.press("slash")
        await driver.type(f"user:{ADMINISTRATOR} action:user.audit user/{DISABLED}")
        await driver.until(lambda: driver.list.table.row_count == 2, "two entries")
        await driver.press("enter", "home", "enter")
        await driver.on(DetailScreen)
        await driver.shows(f"Object user/{DISABLED}")
        await driver.shows("Before")
        await driver.shows("After")


async def test_refusals_are_found_by_their_outcome() -> None:
    async with console(place="activity", size=(140, 36)) as driver:
        session = driver.engine.session()
        with pytest.raises(Exception, match="wrong"):
            await session.login(GENERAL, "Wr0ngPassword")
        await driver.press("slash")
        # A word that is half typed does not empty the list.
        await driver.type("outcome:refu")
        assert driver.labels
        await driver.type("sed")
        await driver.until(
            lambda: driver.labels != [] and driver.words.count(" done ") == 0 and "refused" in driver.words, "refusals"
        )
