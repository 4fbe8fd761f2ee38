"""Users: every action by its key, what is refused, and what is asked before."""

from __future__ import annotations

import pytest

from backend.models.base import Role
from backend.operations.accounts import LIST_USERS
from screens.detail_screen import DetailScreen
from tests.backend.sites import ADMINISTRATOR
from tests.screens.driver import Driver, console
from tests.screens.homes import APPLICANT, DISABLED, GENERAL, OWNER, PENDING
from widgets.dialogs import ConfirmDialog
from widgets.form_dialog import FormDialog

pytestmark = pytest.mark.usefixtures("home")


async def status(driver: Driver, user: str) -> int:
    found = await driver.by_other(LIST_USERS, name=user, pageSize=0)
    return next((int(row.status) for row in found if row.user == user), -1)


async def test_the_list_shows_everyone_by_name() -> None:
    async with console(place="users") as driver:
        assert driver.labels == sorted(driver.labels)
        assert {ADMINISTRATOR, OWNER, GENERAL, DISABLED, *PENDING} <= set(driver.labels)
        assert f"Users {len(driver.labels)}" in driver.words


async def test_a_pending_user_is_approved_by_one_key() -> None:
    async with console(place="users") as driver:
        await driver.find(PENDING[0])
        await driver.press("a")
        await driver.says(f"Done: Approved: {PENDING[0]}.")
        assert await status(driver, PENDING[0]) == 1


async def test_approving_who_was_disabled_is_asked_about() -> None:
    async with console(place="users") as driver:
        await driver.find(DISABLED)
        await driver.press("a")
        await driver.on(ConfirmDialog)
        await driver.shows(f"Disapproved or disabled before: {DISABLED}.")
        await driver.press("escape")
        assert await status(driver, DISABLED) == 3
        await driver.press("a")
        await driver.on(ConfirmDialog)
        await driver.press("y")
        await driver.says(f"Approved: {DISABLED}")
        assert await status(driver, DISABLED) == 1


async def test_several_are_approved_after_one_question_and_those_that_cannot_be_are_named() -> None:
    async with console(place="users") as driver:
        for user in (*PENDING, OWNER):
            await driver.find(user)
            await driver.press("space")
        assert driver.hints["a approve 3"]
        await driver.press("a")
        await driver.on(ConfirmDialog)
        await driver.shows("Approve 2 users?")
        await driver.shows(f"Left out: 1 marked row; {OWNER} is approved already.")
        await driver.press("y")
        await driver.says("Left out: 1 marked row")
        assert [await status(driver, user) for user in PENDING] == [1, 1]
        assert driver.marked == [OWNER]


@pytest.mark.parametrize(("key", "wanted", "word"), [("d", 2, "disapproved"), ("x", 3, "disabled")])
async def test_taking_someone_out_asks_first(key: str, wanted: int, word: str) -> None:
    async with console(place="users") as driver:
        await driver.find(GENERAL)
        await driver.press(key)
        await driver.on(ConfirmDialog)
        await driver.shows("logged out at once")
        await driver.press("escape")
        assert await status(driver, GENERAL) == 1
        await driver.press(key, "y")
        await driver.says(f"{word.capitalize()}: {GENERAL}")
        assert await status(driver, GENERAL) == wanted


async def test_the_key_that_opened_a_question_does_not_confirm_it() -> None:
    async with console(place="users") as driver:
        await driver.find(GENERAL)
        await driver.press("x", "x", "enter", "d", "space")
        assert isinstance(driver.screen, ConfirmDialog)
        assert await status(driver, GENERAL) == 1


@pytest.mark.parametrize(
    ("user", "key", "why"),
    [
        (ADMINISTRATOR, "d", "is the built-in administrator"),
        (ADMINISTRATOR, "x", "is the built-in administrator"),
        (ADMINISTRATOR, "ctrl+d", "is the built-in administrator"),
        (OWNER, "a", "is approved already"),
        (DISABLED, "x", "is disabled already"),
    ],
)
async def test_refused_keys_say_why_and_are_bracketed(user: str, key: str, why: str) -> None:
    async with console(place="users") as driver:
        await driver.find(user)
        assert not any(works for hint, works in driver.hints.items() if hint.startswith(f"{key} "))
        await driver.press(key)
        await driver.says(f"Not possible: {user} {why}.")


async def test_deleting_asks_for_the_name_to_be_typed() -> None:
    async with console(place="users") as driver:
        await driver.find(GENERAL)
        await driver.press("ctrl+d")
        await driver.on(ConfirmDialog)
        await driver.shows("gone for good")
        await driver.type("gil")
        await driver.press("enter")
        await driver.shows("Nothing was done")
        assert await status(driver, GENERAL) == 1
        await driver.type("-general")
        await driver.press("enter")
        await driver.says(f"Deleted: {GENERAL}")
        await driver.until(lambda: GENERAL not in driver.labels, "list without the user")
        assert await status(driver, GENERAL) == -1


async def test_deleting_several_asks_for_their_number() -> None:
    async with console(place="users") as driver:
        for user in PENDING:
            await driver.find(user)
            await driver.press("space")
        await driver.press("ctrl+d")
        await driver.on(ConfirmDialog)
        await driver.shows("Delete 2 users?")
        await driver.shows(", ".join(PENDING))
        await driver.type("2")
        await driver.press("enter")
        await driver.says("Deleted: ")
        assert [await status(driver, user) for user in PENDING] == [-1, -1]
        assert driver.list.table.marked_keys == frozenset()


async def test_resetting_a_password() -> None:
    async with console(place="users") as driver:
        await driver.find(GENERAL)
        await driver.press("p")
        await driver.on(FormDialog)
        assert "enter reset" in driver.hints
        await driver.type("weak")
        await driver.press("enter")
        await driver.shows("✗ New password needs")
        await driver.press("ctrl+u")
        await driver.type("N3wPassword")
        await driver.press("enter")
        await driver.says(f"The password of {GENERAL} was reset.")
        session = driver.engine.session()
        assert (await session.login(GENERAL, "N3wPassword")).role == Role.GENERAL_USER


async def fill_sub_user(driver: Driver, name: str) -> None:
    for value in (name, "Nora New", "+4900001", "Passw0rd!"):
        await driver.type(value)
        await driver.press("tab")


async def test_a_business_administrator_makes_a_sub_user_and_may_not_audit() -> None:
    async with console(OWNER, place="users") as driver:
        await driver.rows(OWNER, GENERAL)
        await driver.find(GENERAL)
        assert not any("approve" in hint for hint in driver.hints)
        await driver.press("a")
        await driver.says("Not possible: Approve is for the system administrator.")
        await driver.press("n")
        await driver.on(FormDialog)
        await fill_sub_user(driver, "nora.new")
        await driver.press("ctrl+s")
        await driver.says("may log in at once")
        await driver.rows(OWNER, GENERAL, "nora.new")


async def test_the_system_administrator_chooses_the_business_of_a_sub_user() -> None:
    async with console(place="users") as driver:
        await driver.press("n")
        await driver.on(FormDialog)
        await driver.shows("◂ bakery ▸")
        await driver.press("tab")
        await fill_sub_user(driver, "nora.new")
        await driver.press("y", "ctrl+s")
        await driver.says("may log in at once")
        await driver.find("nora.new")
        row = driver.list.table.cursor_row
        assert row is not None
        assert row.role == Role.BUSINESS_ADMINISTRATOR


async def test_a_name_that_is_taken_is_told_at_its_field_and_nothing_typed_is_lost() -> None:
    async with console(OWNER, place="users") as driver:
        await driver.press("n")
        await driver.on(FormDialog)
        await fill_sub_user(driver, APPLICANT)
        await driver.press("ctrl+s")
        await driver.until(lambda: "✗" in driver.text, "problem")
        await driver.shows("Nora New")
        assert isinstance(driver.screen, FormDialog)


async def test_a_search_finds_user_names_and_real_names() -> None:
    async with console(place="users") as driver:
        await driver.press("slash")
        await driver.type("PENDING")
        await driver.press("enter")
        await driver.rows(*PENDING)
        await driver.shows("filter: PENDING")


async def test_the_detail_offers_the_same_actions_and_goes_back_when_the_user_is_gone() -> None:
    async with console(place="users") as driver:
        await driver.find(PENDING[1])
        await driver.press("enter")
        await driver.on(DetailScreen)
        await driver.shows("If approved They belong to no business")
        await driver.press("a")
        await driver.says(f"Approved: {PENDING[1]}")
        await driver.shows("Status approved")
        await driver.press("a")
        await driver.says(f"Not possible: {PENDING[1]} is approved already.")
        await driver.press("ctrl+d")
        await driver.on(ConfirmDialog)
        await driver.type(PENDING[1])
        await driver.press("enter")
        await driver.until(lambda: driver.screen is driver.list, "list")
        await driver.says(f"Deleted: {PENDING[1]}")
        await driver.until(lambda: PENDING[1] not in driver.labels, "list without the user")
