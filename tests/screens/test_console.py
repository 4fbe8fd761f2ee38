"""The console as a whole: sessions that end, roles that change, errors nobody expected, the palette, quitting."""

from __future__ import annotations

import logging

import pytest
from textual.command import CommandList, CommandPalette

from backend.operations.accounts import AUDIT_USER, LIST_USERS, RESET_PASSWORD
from backend.operations.businesses import AUDIT_BUSINESS, LIST_BUSINESSES, RETIRE_BUSINESS
from backend.services.accounts import Accounts
from backend.session import Session
from screens.detail_screen import DetailScreen
from screens.list_screen import ListScreen
from screens.login import LoginScreen
from tests.backend.sites import ADMINISTRATOR
from tests.screens.driver import Driver, console
from tests.screens.homes import GENERAL, OWNER, PENDING
from widgets.form_dialog import FormDialog

pytestmark = pytest.mark.usefixtures("home")


async def user_id(driver: Driver, name: str) -> int:
    found = await driver.by_other(LIST_USERS, name=name, pageSize=0)
    return int(next(row.id for row in found if row.user == name))


async def disable(driver: Driver, name: str) -> None:
    await driver.by_other(AUDIT_USER, ADMINISTRATOR, userId=await user_id(driver, name), status=3)


async def palette_entries(driver: Driver) -> list[str]:
    listed = driver.screen.query_one(CommandList)
    return [str(listed.get_option_at_index(place).prompt) for place in range(listed.option_count)]


# Sessions


async def test_who_is_disabled_is_sent_to_the_log_in_with_the_reason() -> None:
    async with console(OWNER, place="users") as driver:
        await disable(driver, OWNER)
        await driver.on(LoginScreen)
        await driver.shows("Log in again")
        assert driver.app.session.info is None


async def test_so_is_who_has_a_dialog_open() -> None:
    async with console(OWNER, place="users") as driver:
        await driver.press("n")
        await driver.on(FormDialog)
        await driver.type("half typed")
        await disable(driver, OWNER)
        await driver.on(LoginScreen)
        await driver.shows("Log in again")
        await driver.type(GENERAL)
        await driver.press("tab")
        await driver.type("Passw0rd!")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.screen, ListScreen), "first screen")


async def test_an_expired_session_ends_at_the_next_key_that_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(place="users") as driver:
        driver.app.session._token = "expired.token.here"
        await driver.press("r")
        await driver.on(LoginScreen)
        await driver.shows("Log in again")


async def test_a_password_that_an_administrator_resets_ends_the_session() -> None:
    async with console(GENERAL) as driver:
        await driver.loaded()
        user = await user_id(driver, GENERAL)
        await driver.by_other(RESET_PASSWORD, ADMINISTRATOR, userId=user, password="N3wPassword")
        await driver.on(LoginScreen)


async def test_a_business_that_is_approved_changes_what_is_offered_at_once() -> None:
    async with console("cleo", place="businesses") as driver:
        waiting = (await driver.by_other(LIST_BUSINESSES, name="cold", pageSize=0))[0].id
        await driver.by_other(AUDIT_BUSINESS, ADMINISTRATOR, id=waiting, status=1, comment="")
        await driver.says("Your role has changed: you administer your business.")
        await driver.go("users")
        assert driver.labels == ["cleo"]


async def test_who_loses_the_business_is_taken_to_a_screen_they_may_see() -> None:
    async with console(OWNER, place="users") as driver:
        bakery = (await driver.by_other(LIST_BUSINESSES, name="bakery", pageSize=0))[0].id
        await driver.by_other(RETIRE_BUSINESS, ADMINISTRATOR, id=bakery)
        await driver.says("Your role has changed: you are approved and belong to no business.")
        assert getattr(driver.screen, "place", "") == "businesses"


async def test_logging_out_by_command() -> None:
    async with console(place="users") as driver:
        await driver.press("colon")
        await driver.type("logout")
        await driver.press("enter")
        await driver.on(LoginScreen)
        await driver.shows("You are logged out.")
        await driver.press("ctrl+p")
        assert isinstance(driver.screen, LoginScreen)


# What nobody expected


async def test_a_defect_of_a_screen_is_shown_with_the_id_that_the_log_has(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from screens import users

    def breaks(*_: object) -> None:
        raise RuntimeError("a defect")

    async with console(place="users", incidents=1) as driver:
        monkeypatch.setattr(users, "_set_status", breaks)
        await driver.find(PENDING[0])
        await driver.press("a")
        await driver.says("Error: The screen Users failed inside otetui (incident ")
        incident = driver.message.partition("(incident ")[2].partition(")")[0]
        assert incident in driver.incidents[0].getMessage()
        await driver.press("down")
        assert driver.labels


async def test_a_defect_behind_a_form_unlocks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(place="users", incidents=1) as driver:
        await driver.find(GENERAL)
        await driver.press("p")
        await driver.on(FormDialog)

        async def breaks(*_: object, **__: object) -> None:
            raise RuntimeError("a defect")

        monkeypatch.setattr(Session, "call", breaks)
        await driver.type("N3wPassword")
        await driver.press("enter")
        await driver.shows("✗ The screen Users failed inside otetui (incident ")
        monkeypatch.undo()
        assert isinstance(driver.screen, FormDialog)
        assert not driver.screen.query_one("#field-password").disabled


async def test_a_defect_of_a_service_is_shown_with_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(place="inbox") as driver:

        async def breaks(*_: object) -> None:
            raise RuntimeError("a defect")

        monkeypatch.setattr(Accounts, "get_user", breaks)
        await driver.find(f"user {PENDING[0]}")
        await driver.press("enter")
        await driver.shows("failed inside otetui (incident ")
        await driver.press("escape")
        assert driver.labels


async def test_a_worker_that_fails_leaves_the_console_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(place="users", incidents=1) as driver:

        async def breaks() -> None:
            raise RuntimeError("a defect")

        driver.app.run_worker(breaks())
        await driver.says("Error: The console failed inside otetui (incident ")
        assert driver.app.is_running


async def test_a_broken_screen_ends_the_console_with_a_sentence_and_without_values(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    secret = "S3cretValue"
    with pytest.raises(RuntimeError, match="a defect"):
        async with console(place="users", incidents=1) as driver:
            app = driver.app

            def breaks() -> None:
                held = secret
                if held:
                    raise RuntimeError("a defect")

            app.screen.call_later(breaks)
            await driver.until(lambda: bool(app.fatal), "end")
    assert "failed inside otetui (incident " in app.fatal
    assert app.return_code == 1
    assert secret not in capsys.readouterr().err
    assert secret not in caplog.text
    assert any(record.levelno == logging.ERROR for record in caplog.records)


# The palette


async def test_the_palette_has_the_actions_with_the_reasons_and_the_places_and_nothing_else() -> None:
    async with console(place="users", size=(140, 40)) as driver:
        await driver.find(ADMINISTRATOR)
        await driver.press("ctrl+p")
        await driver.on(CommandPalette)
        await driver.until(lambda: len(driver.screen.query(CommandList)) > 0, "list")
        await driver.shows("Search an action or a screen")
        await driver.shows(f"Disable x not now: {ADMINISTRATOR} is the built-in administrator.")
        entries = await palette_entries(driver)
        assert any(entry.startswith("Audit inbox") and ":inbox" in entry for entry in entries)
        for foreign in ("Theme", "Screenshot", "Maximize"):
            assert not any(entry.startswith(foreign) for entry in entries)


async def test_the_palette_does_an_action() -> None:
    async with console(place="users") as driver:
        await driver.find(PENDING[0])
        await driver.press("ctrl+p")
        await driver.on(CommandPalette)
        await driver.type("appro")
        await driver.until(lambda: driver.words.count("They may log in") == 1, "match")
        await driver.press("enter")
        await driver.says(f"Approved: {PENDING[0]}")


async def test_the_palette_says_why_an_action_is_refused() -> None:
    async with console(place="users") as driver:
        await driver.find(ADMINISTRATOR)
        await driver.press("ctrl+p")
        await driver.on(CommandPalette)
        await driver.type("disable")
        await driver.shows("not now")
        await driver.press("enter")
        await driver.says(f"Not possible: {ADMINISTRATOR} is the built-in administrator.")


async def test_the_palette_goes_to_a_place() -> None:
    async with console(place="users") as driver:
        await driver.press("ctrl+p")
        await driver.on(CommandPalette)
        await driver.type("audit")
        await driver.shows(":inbox")
        await driver.press("enter")
        await driver.until(lambda: getattr(driver.screen, "place", "") == "inbox", "inbox")


# Moving about


async def test_every_place_can_be_gone_to_and_none_is_left_behind() -> None:
    async with console() as driver:
        await driver.loaded()
        depth = len(driver.app.screen_stack)
        for place in ("clusters", "nodes", "users", "businesses", "activity", "settings", "account", "inbox"):
            await driver.go(place)
            assert len(driver.app.screen_stack) == depth


async def test_going_elsewhere_from_a_detail_leaves_it() -> None:
    async with console(place="users") as driver:
        await driver.press("enter")
        await driver.on(DetailScreen)
        await driver.shows("Real name")
        await driver.go("activity")
        await driver.press("escape")
        await driver.says("There is no screen to go back to.")


@pytest.mark.parametrize(
    ("user", "places"),
    [
        (GENERAL, {"clusters", "nodes", "businesses", "account"}),
        (OWNER, {"clusters", "nodes", "users", "businesses", "account"}),
        (PENDING[0], {"account"}),
    ],
)
async def test_only_places_of_use_are_offered(user: str, places: set[str]) -> None:
    async with console(user) as driver:
        assert set(driver.app.places()) == {*places, "logout", "quit"}


async def test_quitting_by_key_and_by_command() -> None:
    async with console(place="users") as driver:
        await driver.press("colon")
        await driver.type("quit")
        await driver.press("enter")
        await driver.until(lambda: not driver.app.is_running, "end")
        assert driver.app.return_code == 0
    async with console(place="users") as driver:
        await driver.press("ctrl+q")
        await driver.until(lambda: not driver.app.is_running, "end")
        assert driver.app.return_code == 0
