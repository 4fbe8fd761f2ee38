"""Listing, auditing and deleting users (operations 5, 7, 8; decisions 15 and 16)."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from backend.errors import ErrorKind
from backend.models.accounts import UserStatus
from backend.operations.accounts import AUDIT_USER, DELETE_USER, GET_USER, LIST_USERS, REGISTER
from backend.operations.businesses import AUDIT_BUSINESS, CREATE_BUSINESS, GET_BUSINESS
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site, is_refusal


async def names(site: Site, user: str = ADMINISTRATOR, /, **parameters: JsonValue) -> list[str]:
    """The names of the users listed under these parameters."""
    return [row.user for row in (await site.call(LIST_USERS, user, **parameters)).data]


async def test_the_list_is_by_id_ten_to_a_page_and_counts_all(site: Site) -> None:
    for number in range(12):
        await site.register(f"user-{11 - number:02}")
    first = await site.call(LIST_USERS, ADMINISTRATOR)
    assert [row.id for row in first.data] == list(range(1, 11))
    assert first.total == 13
    second = await site.call(LIST_USERS, ADMINISTRATOR, page=2)
    assert ([row.id for row in second.data], second.total) == ([11, 12, 13], 13)
    beyond = await site.call(LIST_USERS, ADMINISTRATOR, page=3)
    assert (beyond.data, beyond.total) == ([], 13)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [1, 2, 3, 4]),
        ({"order": "desc"}, [4, 3, 2, 1]),
        ({"orderBy": "id", "order": "asc"}, [1, 2, 3, 4]),
        ({"orderBy": "user_name"}, [3, 4, 2, 1]),
        ({"orderBy": "user_name", "order": "desc"}, [1, 2, 4, 3]),
        ({"pageSize": 3}, [1, 2, 3]),
        ({"pageSize": 3, "page": 2}, [4]),
        ({"pageSize": 0}, [1, 2, 3, 4]),
        ({"pageSize": 0, "page": 7}, [1, 2, 3, 4]),
        ({"pageSize": "2", "page": "2"}, [3, 4]),
    ],
)
async def test_order_and_pages(site: Site, parameters: dict[str, JsonValue], expected: list[int]) -> None:
    for name in ("cyd", "ann", "bob"):
        await site.register(name)
    answer = await site.call(LIST_USERS, ADMINISTRATOR, **parameters)
    assert [row.id for row in answer.data] == expected
    assert answer.total == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", 0),
        ("page", -1),
        ("page", "x"),
        ("page", ""),
        ("page", 1.5),
        ("page", "1.5"),
        ("page", 2**64),
        ("page", "9" * 5000),
        ("page", [1]),
        ("page", {"a": 1}),
        ("page", None),
        ("pageSize", -1),
        ("pageSize", "-10"),
        ("pageSize", 2**63),
        ("pageSize", float("inf")),
        ("orderBy", "phone"),
        ("orderBy", "password_hash"),
        ("orderBy", "id; DROP TABLE user"),
        ("orderBy", ""),
        ("orderBy", "ID"),
        ("order", "up"),
        ("order", "ASC"),
        ("order", "asc, (SELECT 1)"),
        ("status", 4),
        ("status", "x"),
        ("businessId", -1),
        ("name", "a\x00"),
        ("name", "x" * 201),
        ("userName", "bob"),
        ("limit", 5),
    ],
)
async def test_wrong_list_parameters_are_a_422_that_names_them(site: Site, name: str, value: JsonValue) -> None:
    error = await site.refusal(LIST_USERS, ADMINISTRATOR, **{name: value})
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.field == name
    assert error.message.startswith(name)


async def test_a_page_as_large_as_can_be_is_answered(site: Site) -> None:
    answer = await site.call(LIST_USERS, ADMINISTRATOR, page=2**31 - 1, pageSize=2**31 - 1)
    assert (answer.data, answer.total) == ([], 1)


async def test_filters_take_text_as_it_is_without_wildcards(site: Site) -> None:
    await site.register("a_b")
    await site.register("axb")
    await site.call(REGISTER, user="eve", password=PASSWORD, phone="9", isAdmin=True, realName="100% [Eve]")
    assert await names(site, name="a_b") == ["a_b"]
    assert await names(site, name="_") == ["a_b"]
    assert await names(site, name="%") == ["eve"]
    assert await names(site, name="[E") == ["eve"]
    assert await names(site, name="'") == []
    assert await names(site, name="\\") == []
    assert await names(site, name="AXB") == ["axb"]
    assert await names(site, name="") == [ADMINISTRATOR, "a_b", "axb", "eve"]


async def test_filters_narrow_the_total_too(site: Site) -> None:
    business_id = await site.business("bea", "bakery")
    await site.sub_user("bea", "gil")
    await site.register("pat")
    pending = await site.call(LIST_USERS, ADMINISTRATOR, status=0)
    assert ([row.user for row in pending.data], pending.total) == (["pat"], 1)
    assert await names(site, status="1", pageSize=0) == [ADMINISTRATOR, "bea", "gil"]
    assert await names(site, businessId=business_id) == ["bea", "gil"]
    assert await names(site, businessId=999) == []


async def test_a_business_administrator_sees_and_reaches_only_their_own_business(site: Site) -> None:
    await site.business("bea", "bakery")
    other_business = await site.business("cyd", "cinema")
    gil, eve = await site.sub_user("bea", "gil"), await site.sub_user("cyd", "eve")
    await site.register("pat")
    assert await names(site, "bea") == ["bea", "gil"]
    assert await names(site, "bea", businessId=other_business) == ["bea", "gil"]
    assert (await site.call(GET_USER, "bea", userid=gil)).data.user == "gil"
    for foreign in (eve, await site.user_id("pat"), 1, 999):
        error = await site.refusal(GET_USER, "bea", userid=foreign)
        assert is_refusal(error, ErrorKind.NOT_FOUND, "user_unknown")
        error = await site.refusal(DELETE_USER, "bea", userid=foreign)
        assert is_refusal(error, ErrorKind.NOT_FOUND, "user_unknown")
    await site.call(DELETE_USER, "bea", userid=gil)
    assert await names(site, "bea") == ["bea"]


async def test_roles_in_the_list_are_the_derived_ones(site: Site) -> None:
    cast = await site.cast()
    rows = (await site.call(LIST_USERS, ADMINISTRATOR, pageSize=0)).data
    assert {row.user: row.role for row in rows} == {user: int(role) for role, user in cast.items()}
    assert {row.user: row.business_name for row in rows if row.business_name} == {
        "bea-business": "bakery",
        "gil-general": "bakery",
    }


@pytest.mark.parametrize("before", [0, 1, 2, 3])
@pytest.mark.parametrize("after", [0, 1, 2, 3])
async def test_an_audit_sets_any_status_from_any(site: Site, before: int, after: int) -> None:
    await site.register("bob")
    user_id = await site.user_id("bob")
    await site.call(AUDIT_USER, ADMINISTRATOR, userId=user_id, status=before)
    site.clock.time += 5
    await site.call(AUDIT_USER, ADMINISTRATOR, userId=user_id, status=after)
    row = (await site.call(GET_USER, ADMINISTRATOR, userid=user_id)).data
    assert (row.status, row.update_time) == (UserStatus(after), site.clock.now())
    entry = (await site.activity(action="user.audit"))[-1]
    assert (entry.object, entry.before, entry.after) == ("user/bob", {"status": before}, {"status": after})
    assert (entry.user, entry.role) == (ADMINISTRATOR, 4)


@pytest.mark.parametrize("status", [-1, 4, 2**64, 1.0, 1.5, "1", True, None, [1], {}])
async def test_an_audit_takes_only_0_to_3(site: Site, status: JsonValue) -> None:
    await site.register("bob")
    error = await site.refusal(AUDIT_USER, ADMINISTRATOR, userId=2, status=status)
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.field == "status"


@pytest.mark.parametrize("user_id", [0, 999, 2**63 - 1])
async def test_an_unknown_user_is_a_404_that_names_the_id(site: Site, user_id: int) -> None:
    for operation, parameters in (
        (AUDIT_USER, {"userId": user_id, "status": 1}),
        (DELETE_USER, {"userid": user_id}),
        (GET_USER, {"userid": user_id}),
    ):
        error = await site.refusal(operation, ADMINISTRATOR, **parameters)
        assert is_refusal(error, ErrorKind.NOT_FOUND, "user_unknown")
        assert str(user_id) in error.message


@pytest.mark.parametrize("user_id", [-1, 2**63, 2**64, 1.0, "1", True, None])
async def test_what_is_no_id_is_a_422(site: Site, user_id: JsonValue) -> None:
    error = await site.refusal(DELETE_USER, ADMINISTRATOR, userid=user_id)
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.field == "userid"


async def test_nobody_audits_or_deletes_themselves_or_the_built_in_administrator(site: Site) -> None:
    await site.business("bea", "bakery")
    bea = await site.user_id("bea")
    error = await site.refusal(AUDIT_USER, ADMINISTRATOR, userId=1, status=3)
    assert is_refusal(error, ErrorKind.CONFLICT, "user_is_self")
    error = await site.refusal(DELETE_USER, ADMINISTRATOR, userid=1)
    assert is_refusal(error, ErrorKind.CONFLICT, "user_is_self")
    error = await site.refusal(DELETE_USER, "bea", userid=bea)
    assert is_refusal(error, ErrorKind.CONFLICT, "user_is_self")
    # The built-in administrator is outside of every business: for others they are not there.
    error = await site.refusal(DELETE_USER, "bea", userid=1)
    assert is_refusal(error, ErrorKind.NOT_FOUND, "user_unknown")
    assert await names(site) == [ADMINISTRATOR, "bea"]


async def test_deleting_takes_the_user_out_of_the_lists_but_not_out_of_the_log(site: Site) -> None:
    user_id = await site.business("bea", "bakery")
    user_id = await site.user_id("bea")
    await site.call(DELETE_USER, ADMINISTRATOR, userid=user_id)
    assert await names(site) == [ADMINISTRATOR]
    error = await site.refusal(GET_USER, ADMINISTRATOR, userid=user_id)
    assert is_refusal(error, ErrorKind.NOT_FOUND, "user_unknown")
    assert [entry.user for entry in await site.activity(action="business.create")] == ["bea"]
    assert (await site.call(GET_BUSINESS, ADMINISTRATOR, id=1)).data.user_name == "bea"
    entry = (await site.activity(action="user.delete"))[0]
    assert (entry.user, entry.object, entry.before) == (ADMINISTRATOR, "user/bea", {"status": 1})


async def test_what_is_known_of_a_deleted_person_is_forgotten(site: Site) -> None:
    await site.call(REGISTER, user="bob", password=PASSWORD, phone="5550001", isAdmin=True, realName="Robert Secret")
    await site.call(DELETE_USER, ADMINISTRATOR, userid=await site.user_id("bob"))
    left = "\n".join(site.dump())
    assert "5550001" not in left
    assert "Robert Secret" not in left


async def test_deleting_an_applicant_disapproves_what_they_applied_for(site: Site) -> None:
    await site.approved("bea")
    business_id = await site.apply("bea", "bakery")
    await site.call(DELETE_USER, ADMINISTRATOR, userid=await site.user_id("bea"))
    business = (await site.call(GET_BUSINESS, ADMINISTRATOR, id=business_id)).data
    assert (business.status, business.comment) == (2, "The applicant was deleted.")
    entries = await site.activity(object="business/bakery")
    assert (entries[-1].action, entries[-1].user, entries[-1].after["status"]) == ("business.audit", ADMINISTRATOR, 2)
    error = await site.refusal(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="", status=1)
    assert is_refusal(error, ErrorKind.CONFLICT, "business_not_pending")
    await site.approved("cyd")
    await site.call(CREATE_BUSINESS, "cyd", name="bakery", introduce="", objective="", scale="")


async def test_deleting_its_administrator_leaves_an_approved_business_and_its_users(site: Site) -> None:
    business_id = await site.business("bea", "bakery")
    await site.sub_user("bea", "gil")
    await site.call(DELETE_USER, ADMINISTRATOR, userid=await site.user_id("bea"))
    assert (await site.call(GET_BUSINESS, "gil", id=business_id)).data.status == 1


async def test_administrators_of_one_business_may_delete_each_other(site: Site) -> None:
    await site.business("bea", "bakery")
    await site.sub_user("bea", "ben", is_admin=True)
    await site.call(DELETE_USER, "ben", userid=await site.user_id("bea"))
    assert await names(site, "ben") == ["ben"]


async def test_a_refused_audit_of_oneself_is_recorded(site: Site) -> None:
    error = await site.refusal(AUDIT_USER, ADMINISTRATOR, userId=1, status=3)
    entry = (await site.activity(outcome="refused"))[-1]
    assert (entry.user, entry.action, entry.message) == (ADMINISTRATOR, "user.audit", error.message)
