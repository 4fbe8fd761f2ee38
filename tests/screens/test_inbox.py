"""The audit inbox: users and businesses together, read and then decided, one or many."""

from __future__ import annotations

import pytest

from backend.operations.accounts import AUDIT_USER, LIST_USERS, REGISTER
from backend.operations.businesses import LIST_BUSINESSES
from screens.detail_screen import DetailScreen
from tests.backend.sites import ADMINISTRATOR
from tests.screens.driver import Driver, console
from tests.screens.homes import PENDING
from widgets.dialogs import ConfirmDialog
from widgets.form_dialog import FormDialog

pytestmark = pytest.mark.usefixtures("home")

USERS = tuple(f"user {user}" for user in PENDING)
BUSINESSES = ("business cold-chain", "business tunnel-watch")


async def statuses(driver: Driver) -> dict[str, int]:
    users = await driver.by_other(LIST_USERS, pageSize=0)
    businesses = await driver.by_other(LIST_BUSINESSES, pageSize=0)
    known = {f"user {row.user}": int(row.status) for row in users}
    known |= {f"business {row.name}": int(row.status) for row in businesses}
    return {name: known[name] for name in (*USERS, *BUSINESSES)}


async def test_the_administrator_begins_with_what_waits() -> None:
    async with console() as driver:
        await driver.loaded()
        assert sorted(driver.labels) == sorted((*USERS, *BUSINESSES))
        await driver.shows("4 to audit")


async def test_everything_is_approved_with_one_comment_and_one_message() -> None:
    async with console(place="inbox") as driver:
        await driver.press("asterisk", "a")
        await driver.on(FormDialog)
        await driver.shows("Approve 4 requests")
        await driver.type("welcome")
        await driver.press("enter")
        await driver.says("Done: Approved: ")
        assert set((await statuses(driver)).values()) == {1}
        await driver.shows("Nothing waits for an audit.")
        await driver.until(lambda: "to audit" not in driver.words, "header without audits")
        # Nothing is left to open, mark or decide.
        assert not any(hint.startswith(("enter", "space")) for hint in driver.hints)
        assert not driver.hints["a approve"]


async def test_users_alone_need_no_comment() -> None:
    async with console(place="inbox") as driver:
        await driver.find(USERS[0])
        await driver.press("a")
        await driver.says(f"Approved: {USERS[0]}.")
        await driver.rows(USERS[1], *BUSINESSES)


async def test_disapproving_a_user_asks_first_and_a_business_for_the_reason() -> None:
    async with console(place="inbox") as driver:
        await driver.find(USERS[0])
        await driver.press("d")
        await driver.on(ConfirmDialog)
        await driver.press("y")
        await driver.says(f"Disapproved: {USERS[0]}.")
        await driver.find(BUSINESSES[0])
        await driver.press("d")
        await driver.on(FormDialog)
        await driver.type("no room")
        await driver.press("enter")
        await driver.says(f"Disapproved: {BUSINESSES[0]}.")
        found = await statuses(driver)
        assert (found[USERS[0]], found[BUSINESSES[0]]) == (2, 2)


async def test_deciding_in_the_detail_moves_on_to_the_next_until_none_is_left() -> None:
    async with console(place="inbox") as driver:
        order = list(driver.labels)
        await driver.press("home", "enter")
        for place, name in enumerate(order):
            kind, title = name.split(" ")
            await driver.shows(f"{kind.capitalize()} {title}")
            await driver.until(lambda: driver.hints.get("a approve", False), "action")
            if place:
                await driver.says(f"Approved: {order[place - 1]}.")
            await driver.press("a")
            if kind == "business":
                await driver.on(FormDialog)
                await driver.press("enter")
        await driver.until(lambda: driver.screen is driver.list, "inbox")
        await driver.says(f"Approved: {order[-1]}.")
        await driver.shows("Nothing waits for an audit.")
        assert set((await statuses(driver)).values()) == {1}


async def test_from_the_last_row_it_moves_to_the_one_before() -> None:
    async with console(place="inbox") as driver:
        order = list(driver.labels)
        await driver.press("end", "enter")
        await driver.on(DetailScreen)
        await driver.press("a")
        if order[-1] in BUSINESSES:
            await driver.on(FormDialog)
            await driver.press("enter")
        await driver.shows(order[-2].split(" ")[1])
        await driver.says(f"Approved: {order[-1]}.")


async def test_what_another_decides_while_it_is_read_is_refused_with_the_reason() -> None:
    async with console(place="inbox") as driver:
        await driver.find(USERS[0])
        await driver.press("enter")
        await driver.shows("Status pending")
        user = next(row.id for row in await driver.by_other(LIST_USERS, name=PENDING[0], pageSize=0))
        await driver.by_other(AUDIT_USER, ADMINISTRATOR, userId=user, status=3)
        await driver.shows("Status disabled")
        await driver.until(lambda: not driver.hints["a approve"], "bracketed action")
        await driver.press("a")
        await driver.says(f"Not possible: {USERS[0]} is no longer in the list.")
        assert (await statuses(driver))[USERS[0]] == 3


async def test_new_requests_appear_by_themselves_and_the_cursor_stays() -> None:
    async with console(place="inbox") as driver:
        await driver.find(BUSINESSES[0])
        session = driver.engine.session()
        await session.call(
            REGISTER, user="late.comer", password="Passw0rd!", phone="+4911111", isAdmin=True, realName="Late"
        )
        await driver.until(lambda: "user late.comer" in driver.labels, "new row")
        assert driver.list.resource.label(driver.list.table.cursor_row) == BUSINESSES[0]
        await driver.shows("5 to audit")


async def test_a_filter_finds_names_and_purposes() -> None:
    async with console(place="inbox") as driver:
        await driver.press("slash")
        await driver.type("tunnel")
        await driver.rows(BUSINESSES[1])
