"""Sub-users (operation 11; decision 14)."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from backend.errors import ErrorKind
from backend.operations.accounts import CREATE_SUB_USER, GET_AUTHORIZATION, GET_USER, LIST_USERS
from backend.operations.businesses import GET_BUSINESS, RETIRE_BUSINESS
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site, is_refusal

GIL: dict[str, JsonValue] = {
    "user": "gil",
    "password": PASSWORD,
    "phone": "777",
    "isAdmin": False,
    "realName": "Gil",
}


@pytest.mark.parametrize(("is_admin", "role"), [(False, 2), (True, 3)])
async def test_a_sub_user_is_active_at_once_in_their_creators_business(site: Site, is_admin: bool, role: int) -> None:
    business_id = await site.business("bea", "bakery")
    await site.call(CREATE_SUB_USER, "bea", **{**GIL, "isAdmin": is_admin})
    info = (await site.call(GET_AUTHORIZATION, "gil")).data
    assert (info.role, info.business_id, info.business_name) == (role, business_id, "bakery")
    entry = (await site.activity(action="user.create"))[0]
    assert (entry.user, entry.object) == ("bea", "user/gil")
    assert entry.after == {"status": 1, "isAdmin": is_admin, "businessId": business_id}


async def test_the_system_administrator_must_name_an_approved_business(site: Site) -> None:
    business_id = await site.business("bea", "bakery")
    error = await site.refusal(CREATE_SUB_USER, ADMINISTRATOR, **GIL)
    assert (error.kind, error.field) == (ErrorKind.INVALID, "businessId")
    error = await site.refusal(CREATE_SUB_USER, ADMINISTRATOR, **GIL, businessId=999)
    assert is_refusal(error, ErrorKind.NOT_FOUND, "business_unknown")
    await site.call(CREATE_SUB_USER, ADMINISTRATOR, **GIL, businessId=business_id)
    assert (await site.call(GET_AUTHORIZATION, "gil")).data.business_id == business_id


@pytest.mark.parametrize("state", ["pending", "retired"])
async def test_a_business_that_is_not_approved_takes_no_users(site: Site, state: str) -> None:
    if state == "pending":
        await site.approved("bea")
        business_id = await site.apply("bea", "bakery")
    else:
        business_id = await site.business("bea", "bakery")
        await site.call(RETIRE_BUSINESS, ADMINISTRATOR, id=business_id)
    error = await site.refusal(CREATE_SUB_USER, ADMINISTRATOR, **GIL, businessId=business_id)
    assert (error.kind, error.field) == (ErrorKind.CONFLICT, "businessId")
    assert "bakery is not approved" in error.message


async def test_a_business_administrator_cannot_reach_into_another_business(site: Site) -> None:
    own = await site.business("bea", "bakery")
    other = await site.business("cyd", "cinema")
    error = await site.refusal(CREATE_SUB_USER, "bea", **GIL, businessId=other)
    assert is_refusal(error, ErrorKind.NOT_FOUND, "business_unknown")
    await site.call(CREATE_SUB_USER, "bea", **GIL, businessId=own)
    assert (await site.call(GET_AUTHORIZATION, "gil")).data.business_id == own


async def test_a_role_1_admin_may_not_create_users(site: Site) -> None:
    await site.approved("una")
    error = await site.refusal(CREATE_SUB_USER, "una", **GIL)
    assert is_refusal(error, ErrorKind.FORBIDDEN, "role_forbidden")
    await site.apply("una", "bakery")
    error = await site.refusal(CREATE_SUB_USER, "una", **GIL)
    assert is_refusal(error, ErrorKind.FORBIDDEN, "role_forbidden")


@pytest.mark.parametrize("taken", ["user", "phone"])
async def test_names_and_phones_are_unique_over_all_businesses(site: Site, taken: str) -> None:
    await site.business("bea", "bakery")
    await site.business("cyd", "cinema")
    await site.call(CREATE_SUB_USER, "bea", **GIL)
    other = {**GIL, "user": "gus", "phone": "888", taken: GIL[taken]}
    error = await site.refusal(CREATE_SUB_USER, "cyd", **other)
    assert is_refusal(error, ErrorKind.CONFLICT, {"user": "user_name_taken", "phone": "phone_taken"}[taken])


@pytest.mark.parametrize(
    ("name", "value"),
    [("password", "password"), ("user", "g g"), ("phone", "x"), ("isAdmin", "no"), ("realName", ""), ("role", 4)],
)
async def test_the_rules_of_registration_hold(site: Site, name: str, value: JsonValue) -> None:
    await site.business("bea", "bakery")
    error = await site.refusal(CREATE_SUB_USER, "bea", **{**GIL, name: value})
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.field == name


@pytest.mark.parametrize("business_id", ["1", 1.0, True, -1, 2**64])
async def test_the_business_is_named_by_a_whole_number(site: Site, business_id: JsonValue) -> None:
    error = await site.refusal(CREATE_SUB_USER, ADMINISTRATOR, **GIL, businessId=business_id)
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.field == "businessId"


async def test_no_way_leads_to_role_4(site: Site) -> None:
    business_id = await site.business("bea", "bakery")
    await site.sub_user("bea", "ben", is_admin=True)
    await site.call(CREATE_SUB_USER, ADMINISTRATOR, **{**GIL, "isAdmin": True}, businessId=business_id)
    rows = (await site.call(LIST_USERS, ADMINISTRATOR, pageSize=0)).data
    assert [row.user for row in rows if row.role == 4] == [ADMINISTRATOR]


async def test_retiring_the_business_takes_its_users_back_to_role_1(site: Site) -> None:
    business_id = await site.business("bea", "bakery")
    gil = await site.sub_user("bea", "gil")
    await site.call(RETIRE_BUSINESS, ADMINISTRATOR, id=business_id)
    info = (await site.call(GET_AUTHORIZATION, "gil")).data
    assert (info.role, info.business_id, info.business_name) == (1, None, "")
    assert (await site.call(GET_USER, ADMINISTRATOR, userid=gil)).data.role == 1
    error = await site.refusal(GET_BUSINESS, "gil", id=business_id)
    assert is_refusal(error, ErrorKind.NOT_FOUND, "business_unknown")
    assert (await site.call(GET_BUSINESS, "bea", id=business_id)).data.status == 3


async def test_an_applicant_has_no_business_yet(site: Site) -> None:
    await site.approved("bea")
    await site.apply("bea", "bakery")
    info = (await site.call(GET_AUTHORIZATION, "bea")).data
    assert (info.role, info.business_id, info.business_name) == (1, None, "")
