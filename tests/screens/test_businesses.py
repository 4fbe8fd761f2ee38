"""Businesses: applying, reading, deciding, retiring."""

from __future__ import annotations

import pytest

from backend.models.base import Role
from backend.operations.accounts import AUDIT_USER, LIST_USERS
from backend.operations.businesses import GET_BUSINESS, LIST_BUSINESSES
from screens.businesses import decide
from screens.detail_screen import DetailScreen
from tests.backend.sites import ADMINISTRATOR
from tests.screens.driver import Driver, console
from tests.screens.homes import APPLICANT, GENERAL, OWNER, PENDING
from widgets.dialogs import ConfirmDialog
from widgets.form_dialog import FormDialog
from widgets.result_dialog import ResultDialog

pytestmark = pytest.mark.usefixtures("home")

EVERYTHING = ("bakery", "cold-chain", "tunnel-watch", "ad-screens")


async def detail(driver: Driver, name: str) -> tuple[int, str]:
    """Status and comment."""
    found = (await driver.by_other(LIST_BUSINESSES, name=name, order="desc", pageSize=0))[0]
    business = await driver.by_other(GET_BUSINESS, id=found.id)
    return int(business.status), business.comment


async def test_an_approved_administrator_applies() -> None:
    async with console(APPLICANT) as driver:
        await driver.loaded()
        await driver.shows("There are no businesses.")
        await driver.press("n")
        await driver.on(FormDialog)
        for value in ("port-vision", "Cameras", "Count containers", "4 sites"):
            await driver.type(value)
            await driver.press("tab")
        await driver.press("ctrl+s")
        await driver.says("Your application waits for the system administrator.")
        await driver.rows("port-vision")
        await driver.press("n")
        await driver.on(FormDialog)
        for value in ("second", "i", "o", "s"):
            await driver.type(value)
            await driver.press("tab")
        await driver.press("ctrl+s")
        await driver.until(lambda: "✗" in driver.text, "refusal")


async def test_what_is_missing_in_an_application_is_told_at_its_field() -> None:
    async with console(APPLICANT, place="businesses") as driver:
        await driver.press("n")
        await driver.on(FormDialog)
        await driver.press("ctrl+s")
        for title in ("Name", "Introduction", "Objective", "Scale"):
            await driver.shows(f"✗ {title} is missing")
        await driver.press("escape")
        await driver.loaded()
        assert driver.labels == []


@pytest.mark.parametrize(
    ("user", "why"),
    [
        (ADMINISTRATOR, "The system administrator audits businesses and has none."),
        (OWNER, "You belong to a business already."),
        (GENERAL, "You belong to a business already."),
    ],
)
async def test_who_may_not_apply_is_told_why(user: str, why: str) -> None:
    async with console(user, place="businesses") as driver:
        await driver.press("n")
        await driver.says(f"Not possible: {why}")


async def test_a_general_user_without_business_is_told_what_to_do() -> None:
    async with console(PENDING[1]) as driver:
        await driver.shows("Your registration waits for the system administrator.")
        user = next(row.id for row in await driver.by_other(LIST_USERS, name=PENDING[1], pageSize=0))
        await driver.by_other(AUDIT_USER, ADMINISTRATOR, userId=user, status=1)
        await driver.says("Your role has changed: you are approved and belong to no business.")
        await driver.go("businesses")
        await driver.press("n")
        await driver.says("ask a business administrator for a sub-user")


async def test_approving_takes_one_comment_for_all_that_are_marked() -> None:
    async with console(place="businesses") as driver:
        for name in ("cold-chain", "tunnel-watch"):
            await driver.find(name)
            await driver.press("space")
        await driver.press("a")
        await driver.on(FormDialog)
        await driver.shows("Approve 2 requests")
        await driver.shows("cold-chain, tunnel-watch")
        assert driver.hints == {"enter approve": True, "esc leave": True}
        await driver.type("agreed [b]")
        await driver.press("enter")
        await driver.says("Done: Approved: cold-chain, tunnel-watch.")
        assert [await detail(driver, name) for name in ("cold-chain", "tunnel-watch")] == [(1, "agreed [b]")] * 2
        assert driver.app.focused is driver.list.table
        assert driver.list.table.marked_keys == frozenset()


async def test_disapproving_needs_a_comment() -> None:
    async with console(place="businesses") as driver:
        await driver.find("cold-chain")
        await driver.press("d")
        await driver.on(FormDialog)
        await driver.press("enter")
        await driver.shows("✗ Comment is missing")
        await driver.type("too cold")
        await driver.press("enter")
        await driver.says("Disapproved: cold-chain")
        assert await detail(driver, "cold-chain") == (2, "too cold")


async def test_leaving_the_comment_decides_nothing() -> None:
    async with console(place="businesses") as driver:
        await driver.find("cold-chain")
        await driver.press("a")
        await driver.on(FormDialog)
        await driver.type("x")
        await driver.press("escape")
        await driver.shows("Press esc again to leave.")
        await driver.press("escape")
        await driver.until(lambda: driver.screen is driver.list, "list")
        assert await detail(driver, "cold-chain") == (0, "")


@pytest.mark.parametrize(("key", "name", "why"), [("a", "bakery", "approved"), ("d", "ad-screens", "disapproved")])
async def test_what_is_decided_is_refused(key: str, name: str, why: str) -> None:
    async with console(place="businesses") as driver:
        await driver.find(name)
        await driver.press(key)
        await driver.says(f"Not possible: {name} is {why} already.")


async def test_what_another_has_decided_meanwhile_is_one_result_among_others() -> None:
    async with console(place="businesses") as driver:
        for name in ("cold-chain", "tunnel-watch"):
            await driver.find(name)
            await driver.press("space")
        await driver.press("a")
        await driver.on(FormDialog)
        other = await driver.other()
        waiting = next(row.id for row in await driver.by_other(LIST_BUSINESSES, name="cold", pageSize=0))
        await decide(other, waiting, approved=False, comment="I was first")
        await driver.press("enter")
        await driver.on(ResultDialog)
        await driver.shows("1 item done, 1 failed.")
        assert await detail(driver, "cold-chain") == (2, "I was first")
        assert (await detail(driver, "tunnel-watch"))[0] == 1
        await driver.press("escape")
        await driver.says("Error: 1 of 2 items failed.")
        await driver.press("ctrl+e")
        await driver.shows("tunnel-watch: approved")


async def test_retiring_asks_for_the_name() -> None:
    async with console(place="businesses") as driver:
        await driver.find("cold-chain")
        await driver.press("ctrl+d")
        await driver.says("Not possible: cold-chain is not approved.")
        await driver.find("bakery")
        await driver.press("ctrl+d")
        await driver.on(ConfirmDialog)
        await driver.shows("Its users keep their accounts but lose the business")
        await driver.press("y", "enter")
        assert await detail(driver, "bakery") == (1, "")
        await driver.press("backspace")
        await driver.type("bakery")
        await driver.press("enter")
        await driver.says("Retired: bakery")
        assert (await detail(driver, "bakery"))[0] == 3


async def test_the_detail_says_who_asks_what_for_and_what_an_approval_does() -> None:
    async with console(place="businesses") as driver:
        await driver.find("cold-chain")
        await driver.press("enter")
        await driver.on(DetailScreen)
        await driver.shows("Asked for by cleo (Cleo, +49")
        await driver.shows("Objective o")
        await driver.shows("is made on every cluster; cleo administers it.")
        assert next(iter(driver.hints)) == "esc back"


async def test_owners_see_their_own_business_only() -> None:
    async with console(OWNER, place="businesses") as driver:
        await driver.rows("bakery")
        await driver.press("a")
        await driver.says("Not possible: Approve is for the system administrator.")
        await driver.press("enter")
        await driver.shows("Asked for by bea-business")
        assert driver.app.session.info is not None
        assert driver.app.session.info.role == Role.BUSINESS_ADMINISTRATOR
