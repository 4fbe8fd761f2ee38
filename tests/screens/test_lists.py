"""What all lists do: marks and filters that never surprise, esc in its order, refreshing in place."""

from __future__ import annotations

import pytest

from backend.errors import ErrorKind, PlatformError
from backend.operations.accounts import AUDIT_USER, DELETE_USER, LIST_USERS
from backend.services.accounts import Accounts
from screens.detail_screen import DetailScreen
from tests.backend.sites import ADMINISTRATOR
from tests.screens.driver import Driver, console
from tests.screens.homes import GENERAL, OWNER, PENDING
from widgets.dialogs import ConfirmDialog
from widgets.help_dialog import HelpDialog
from widgets.table import VirtualTable

pytestmark = pytest.mark.usefixtures("home")


async def search(driver: Driver, text: str) -> None:
    await driver.press("slash")
    await driver.type(text)
    await driver.press("enter")
    await driver.until(lambda: f"filter: {text}" in driver.words or not text, "filter")


async def mark(driver: Driver, *labels: str) -> None:
    for label in labels:
        await driver.find(label)
        await driver.press("space")
    assert sorted(driver.marked) == sorted(labels)


async def user_id(driver: Driver, name: str) -> int:
    found = await driver.by_other(LIST_USERS, name=name, pageSize=0)
    return int(next(row.id for row in found if row.user == name))


async def test_marks_that_a_filter_hides_are_counted_and_never_acted_on() -> None:
    async with console(place="users") as driver:
        await mark(driver, GENERAL, OWNER)
        await search(driver, OWNER)
        await driver.rows(OWNER)
        await driver.shows("2 rows marked, 1 not shown here")
        assert driver.marked == [OWNER]
        await driver.press("x")
        await driver.on(ConfirmDialog)
        await driver.shows(f"Disable user {OWNER}?")
        await driver.press("y")
        await driver.says(f"Disabled: {OWNER}.")
        found = await driver.by_other(LIST_USERS, name=GENERAL, pageSize=0)
        assert found[0].status == 1


async def test_with_all_marks_hidden_the_row_under_the_cursor_is_meant() -> None:
    async with console(place="users") as driver:
        await mark(driver, GENERAL)
        await search(driver, PENDING[0])
        await driver.rows(PENDING[0])
        await driver.press("a")
        await driver.says(f"Approved: {PENDING[0]}.")


async def test_a_marked_row_that_leaves_the_list_is_no_longer_acted_on() -> None:
    async with console(place="inbox") as driver:
        await driver.press("asterisk")
        await driver.by_other(AUDIT_USER, ADMINISTRATOR, userId=await user_id(driver, PENDING[0]), status=1)
        await driver.until(lambda: len(driver.labels) == 3, "list without the decided request")
        assert f"user {PENDING[0]}" not in driver.marked
        await driver.shows("4 rows marked, 1 not shown here")


async def test_esc_unmarks_then_lifts_the_filter_then_stays() -> None:
    async with console(place="users") as driver:
        everyone = list(driver.labels)
        await search(driver, "pending")
        await driver.rows(*PENDING)
        await driver.press("space")
        assert "esc unmark" in driver.hints
        await driver.press("escape")
        assert driver.list.table.marked_keys == frozenset()
        await driver.rows(*PENDING)
        assert "esc lift filter" in driver.hints
        await driver.press("escape")
        await driver.rows(*everyone)
        await driver.press("escape")
        await driver.says("There is no screen to go back to. Press : to go to another, ctrl+q to quit.")
        assert driver.labels == everyone


async def test_a_filter_without_matches_says_so_and_the_keys_come_back() -> None:
    async with console(place="users") as driver:
        await search(driver, "nobody at all")
        await driver.shows("Nothing matches nobody at all.")
        await driver.press("a")
        await driver.says("Approve needs a row, and there is none here.")
        await driver.press("escape")
        await driver.until(lambda: bool(driver.labels), "list")
        before = driver.list.table.cursor_index
        await driver.press("down")
        assert driver.list.table.cursor_index == before + 1


async def test_esc_in_the_filter_takes_it_back() -> None:
    async with console(place="users") as driver:
        everyone = list(driver.labels)
        await driver.press("slash")
        await driver.shows("user name or real name")
        await driver.type("pending")
        await driver.rows(*PENDING)
        await driver.press("escape")
        await driver.rows(*everyone)
        assert driver.app.focused is driver.list.table


async def test_a_change_by_another_comes_in_and_cursor_marks_and_filter_stay() -> None:
    async with console(place="users") as driver:
        await search(driver, "-")
        everyone = list(driver.labels)
        await mark(driver, OWNER)
        await driver.find(PENDING[1])
        await driver.by_other(DELETE_USER, ADMINISTRATOR, userid=await user_id(driver, GENERAL))
        await driver.rows(*(label for label in everyone if label != GENERAL))
        assert driver.list.resource.label(driver.list.table.cursor_row) == PENDING[1]
        assert driver.marked == [OWNER]
        await driver.shows("filter: -")


async def test_sorting_goes_through_the_columns_and_turns_round() -> None:
    async with console(place="users", size=(140, 30)) as driver:
        by_name = list(driver.labels)
        await driver.shows("USER↑")
        await driver.press("S")
        await driver.until(lambda: driver.labels == by_name[::-1], "order turned round")
        await driver.shows("USER↓")
        await driver.press("S", "s")
        await driver.until(lambda: driver.labels[0] == ADMINISTRATOR, "order by age")
        # The first to come is the oldest: ages fall from there.
        await driver.shows("AGE↓")


async def test_an_action_on_one_row_is_refused_while_several_are_marked() -> None:
    async with console(place="users") as driver:
        await mark(driver, *PENDING)
        await driver.press("p")
        await driver.says(
            "Not possible: Reset password works on one row, and 2 are marked. Unmark them with esc first."
        )


async def test_when_all_marked_rows_are_refused_the_reason_is_told_once() -> None:
    async with console(place="users") as driver:
        await mark(driver, GENERAL, OWNER)
        await driver.press("a")
        await driver.says(f"{GENERAL} is approved already; the same goes for the other 1 marked row.")


async def test_a_list_that_cannot_be_loaded_says_so_and_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    works = Accounts.list_users

    async def fails(*_: object) -> None:
        raise PlatformError(ErrorKind.INTERNAL, "The store is full. Make room on the disk.")

    async with console(place="inbox") as driver:
        monkeypatch.setattr(Accounts, "list_users", fails)
        await driver.press("colon")
        await driver.type("users")
        await driver.press("enter")
        await driver.shows("Error: The store is full. Make room on the disk. Press r to try again.")
        monkeypatch.setattr(Accounts, "list_users", works)
        await driver.press("r")
        await driver.until(lambda: OWNER in driver.labels, "list")
        monkeypatch.setattr(Accounts, "list_users", fails)
        await driver.press("r")
        await driver.says("Error: The store is full.")
        await driver.shows("not up to date")
        assert OWNER in driver.labels
        await driver.press("down")
        await driver.says("Error: The store is full.")
        await driver.press("ctrl+e")
        await driver.shows("Make room on the disk.")


async def test_a_detail_of_what_has_vanished_says_so() -> None:
    async with console(place="users") as driver:
        await driver.find(GENERAL)
        await driver.press("enter")
        await driver.shows("Real name Gil-General")
        await driver.by_other(DELETE_USER, ADMINISTRATOR, userid=await user_id(driver, GENERAL))
        await driver.until(lambda: "Real name" not in driver.words, "detail without its text")
        await driver.shows("Error: ")
        await driver.press("x")
        await driver.says(f"Not possible: {GENERAL} is no longer in the list.")
        await driver.press("escape")
        await driver.until(lambda: driver.screen is driver.list, "list")


async def test_values_of_a_detail_are_copied() -> None:
    async with console(place="users") as driver:
        await driver.find(GENERAL)
        await driver.press("enter")
        await driver.on(DetailScreen)
        await driver.shows("Real name")
        await driver.press("down", "c")
        await driver.says("Done: Copied 11 characters")
        assert driver.app.clipboard == "Gil-General"


async def test_the_help_lists_every_key_of_the_list_with_the_reasons_for_refusals() -> None:
    async with console(place="users", size=(120, 60)) as driver:
        await driver.find(ADMINISTRATOR)
        await driver.press("question_mark")
        await driver.on(HelpDialog)
        words = driver.words
        for part in ("Keys: Users", "Reset password", "Mark or unmark all rows", "Sort by the next column", "Go to"):
            assert part in words
        assert f"Not now: {ADMINISTRATOR} is the built-in administrator." in words
        for key in ("ctrl+d", "ctrl+p", "ctrl+e", "ctrl+q", "esc", "enter", "space", "/"):
            assert key in words


async def test_the_help_of_a_detail_has_its_own_keys_only() -> None:
    async with console(place="settings", size=(120, 60)) as driver:
        await driver.press("question_mark")
        await driver.on(HelpDialog)
        assert "Copy the value" in driver.words
        assert "Narrow the list" not in driver.words
        assert "Mark the row" not in driver.words


async def test_an_unknown_screen_is_named() -> None:
    async with console(place="users") as driver:
        await driver.press("colon")
        await driver.type("nonsense")
        await driver.press("enter")
        await driver.shows("No screen begins with 'nonsense'.")
        await driver.press("escape")
        assert isinstance(driver.app.focused, VirtualTable)
