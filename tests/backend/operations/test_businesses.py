"""Applying for, listing and looking at businesses (operations 12-14; decisions 17 and 20)."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import JsonValue

from backend.errors import ErrorKind, PlatformError
from backend.operations.accounts import GET_USER
from backend.operations.businesses import (
    AUDIT_BUSINESS,
    CREATE_BUSINESS,
    GET_BUSINESS,
    LIST_BUSINESS_NAMESPACES,
    LIST_BUSINESSES,
    RETIRE_BUSINESS,
)
from tests.backend.sites import ADMINISTRATOR, Site, is_refusal

BAKERY: dict[str, JsonValue] = {
    "name": "bakery",
    "introduce": "We bake.\nA lot.",
    "objective": "Ovens",
    "scale": "3 ovens",
}


async def names(site: Site, user: str = ADMINISTRATOR, /, **parameters: JsonValue) -> list[str]:
    """The names of the businesses listed under these parameters."""
    return [row.name for row in (await site.call(LIST_BUSINESSES, user, **parameters)).data]


async def test_an_application_is_pending_with_what_was_given(site: Site) -> None:
    user_id = await site.approved("bea")
    assert (await site.call(CREATE_BUSINESS, "bea", **BAKERY)).data.model_dump() == {}
    listed = (await site.call(LIST_BUSINESSES, "bea")).data[0].model_dump(by_alias=True, mode="json")
    assert listed == {
        "id": 1,
        "name": "bakery",
        "userId": user_id,
        "comment": "",
        "status": 0,
        "createTime": site.clock.now(),
        "updateTime": site.clock.now(),
        "userName": "bea",
    }
    shown = (await site.call(GET_BUSINESS, "bea", id=1)).data.model_dump(by_alias=True, mode="json")
    assert shown == {**listed, **BAKERY, "namespace": "ns1"}


async def test_an_application_is_recorded(site: Site) -> None:
    await site.approved("bea")
    await site.call(CREATE_BUSINESS, "bea", **BAKERY)
    entry = (await site.activity(action="business.create"))[0]
    assert (entry.user, entry.role, entry.object, entry.after) == ("bea", 1, "business/bakery", {"id": 1, "status": 0})


async def test_who_is_no_administrator_may_not_apply(site: Site) -> None:
    await site.approved("una", is_admin=False)
    error = await site.refusal(CREATE_BUSINESS, "una", **BAKERY)
    assert is_refusal(error, ErrorKind.FORBIDDEN, "not_an_administrator")
    assert "Ask your business administrator" in error.message
    entry = (await site.activity(outcome="refused"))[-1]
    assert (entry.user, entry.object) == ("una", "business/bakery")


async def test_one_business_each_pending_or_approved(site: Site) -> None:
    await site.approved("bea")
    await site.call(CREATE_BUSINESS, "bea", **BAKERY)
    error = await site.refusal(CREATE_BUSINESS, "bea", **{**BAKERY, "name": "second"})
    assert is_refusal(error, ErrorKind.CONFLICT, "business_owned")
    assert "the pending business bakery" in error.message
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=1, comment="", status=1)
    error = await site.refusal(CREATE_BUSINESS, "bea", **{**BAKERY, "name": "second"})
    assert "the approved business bakery" in error.message
    await site.sub_user("bea", "ben", is_admin=True)
    error = await site.refusal(CREATE_BUSINESS, "ben", **{**BAKERY, "name": "second"})
    assert is_refusal(error, ErrorKind.CONFLICT, "business_owned")


async def test_of_several_applications_at_once_one_wins(site: Site) -> None:
    await site.approved("bea")
    token = await site.login("bea")
    answers = await asyncio.gather(
        *(site.with_token(token, CREATE_BUSINESS, **{**BAKERY, "name": f"b-{n}"}) for n in range(6)),
        return_exceptions=True,
    )
    errors = [answer for answer in answers if isinstance(answer, PlatformError)]
    assert {error.reason for error in errors} == {"business_owned"}
    assert len(errors) == 5
    assert len(await names(site)) == 1


async def test_after_a_disapproval_they_may_apply_again_under_the_same_name(site: Site) -> None:
    await site.approved("bea")
    first = await site.apply("bea", "bakery")
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=first, comment="too small", status=2)
    second = await site.apply("bea", "bakery")
    assert second > first
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=second, comment="", status=1)
    user = (await site.call(GET_USER, ADMINISTRATOR, userid=await site.user_id("bea"))).data
    assert (user.role, user.business_id) == (3, second)
    assert [(row.id, row.status) for row in (await site.call(LIST_BUSINESSES, "bea")).data] == [(first, 2), (second, 1)]


async def test_after_a_retirement_they_may_apply_again(site: Site) -> None:
    first = await site.business("bea", "bakery")
    await site.call(RETIRE_BUSINESS, ADMINISTRATOR, id=first)
    second = await site.apply("bea", "bakery")
    assert [(row.id, row.status) for row in (await site.call(LIST_BUSINESSES, "bea")).data] == [(first, 3), (second, 0)]


@pytest.mark.parametrize("state", ["pending", "approved", "disapproved", "retired"])
async def test_a_name_is_taken_while_pending_or_approved(site: Site, state: str) -> None:
    if state in {"approved", "retired"}:
        business_id = await site.business("bea", "bakery")
    else:
        await site.approved("bea")
        business_id = await site.apply("bea", "bakery")
    if state == "disapproved":
        await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="no", status=2)
    if state == "retired":
        await site.call(RETIRE_BUSINESS, ADMINISTRATOR, id=business_id)
    await site.approved("cyd")
    if state in {"disapproved", "retired"}:
        await site.call(CREATE_BUSINESS, "cyd", **BAKERY)
        return
    error = await site.refusal(CREATE_BUSINESS, "cyd", **BAKERY)
    assert is_refusal(error, ErrorKind.CONFLICT, "business_name_taken")
    assert (error.field, error.message) == ("name", "The business name bakery is taken. Choose another.")


@pytest.mark.parametrize("missing", list(BAKERY))
async def test_every_parameter_is_required(site: Site, missing: str) -> None:
    await site.approved("bea")
    parameters = {name: value for name, value in BAKERY.items() if name != missing}
    error = await site.refusal(CREATE_BUSINESS, "bea", **parameters)
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.message == f"{missing} is missing."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("name", " \u00a0 "),
        ("name", "x" * 101),
        ("name", "two\nlines"),
        ("name", "nul\x00"),
        ("name", "\u202eyrekab"),
        ("name", "zero\u200bwidth"),
        ("name", "\ud800"),
        ("name", 5),
        ("name", ["bakery"]),
        ("introduce", "x" * 4001),
        ("introduce", "x" * 5_000_000),
        ("introduce", "\x1b[31m"),
        ("introduce", "nul\x00"),
        ("objective", "\u2066isolate"),
        ("objective", None),
        ("scale", 3),
        ("scale", "\ud800"),
        ("status", 1),
        ("id", 1),
        ("userId", 1),
    ],
)
async def test_wrong_parameters_are_a_422_that_names_them(site: Site, name: str, value: JsonValue) -> None:
    await site.approved("bea")
    error = await site.refusal(CREATE_BUSINESS, "bea", **{**BAKERY, name: value})
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.field == name
    assert error.message.startswith(name)
    assert await names(site) == []


async def test_text_of_any_script_comes_back_as_it_was_given(site: Site) -> None:
    await site.approved("bea")
    given = {
        "name": "北京 Bäckerei 'n' [bold]%_\\",
        "introduce": "line 1\nline 2\ttab\r\n" + "ü" * 100,
        "objective": "",
        "scale": "1400000000",
    }
    await site.call(CREATE_BUSINESS, "bea", **given)
    shown = (await site.call(GET_BUSINESS, "bea", id=1)).data.model_dump(by_alias=True)
    assert {key: shown[key] for key in given} == given


async def test_others_see_only_their_own_and_the_system_administrator_sees_all(site: Site) -> None:
    await site.approved("una")
    bakery = await site.business("bea", "bakery")
    cinema = await site.business("cyd", "cinema")
    await site.sub_user("bea", "gil")
    await site.approved("dan")
    diner = await site.apply("dan", "diner")
    expected = {
        ADMINISTRATOR: ["bakery", "cinema", "diner"],
        "bea": ["bakery"],
        "gil": ["bakery"],
        "cyd": ["cinema"],
        "dan": ["diner"],
        "una": [],
    }
    for user, own in expected.items():
        answer = await site.call(LIST_BUSINESSES, user)
        assert ([row.name for row in answer.data], answer.total) == (own, len(own)), user
        for business_id, name in ((bakery, "bakery"), (cinema, "cinema"), (diner, "diner")):
            for operation in (GET_BUSINESS, LIST_BUSINESS_NAMESPACES):
                if name in own:
                    await site.call(operation, user, id=business_id)
                    continue
                error = await site.refusal(operation, user, id=business_id)
                assert is_refusal(error, ErrorKind.NOT_FOUND, "business_unknown"), user


async def test_a_foreign_business_is_answered_just_like_one_that_is_not_there(site: Site) -> None:
    cinema = await site.business("cyd", "cinema")
    await site.business("bea", "bakery")
    foreign = await site.refusal(GET_BUSINESS, "bea", id=cinema)
    unknown = await site.refusal(GET_BUSINESS, "bea", id=999)
    assert foreign.message.replace(str(cinema), "N") == unknown.message.replace("999", "N")


async def test_pages_order_and_filters(site: Site) -> None:
    for number in range(12):
        await site.approved(f"owner-{number}")
        await site.apply(f"owner-{number}", f"shop_{number}" if number % 2 else f"Shop%{number}")
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=3, comment="", status=1)
    first = await site.call(LIST_BUSINESSES, ADMINISTRATOR)
    assert ([row.id for row in first.data], first.total) == (list(range(1, 11)), 12)
    last = await site.call(LIST_BUSINESSES, ADMINISTRATOR, order="desc", pageSize=5, page=3, orderBy="id")
    assert ([row.id for row in last.data], last.total) == ([2, 1], 12)
    assert len(await names(site, pageSize=0)) == 12
    assert len(await names(site, name="_", pageSize=0)) == 6
    assert len(await names(site, name="%", pageSize=0)) == 6
    assert await names(site, name="SHOP_11") == ["shop_11"]
    assert await names(site, name="' OR 1=1 --") == []
    approved = await site.call(LIST_BUSINESSES, ADMINISTRATOR, status=1)
    assert ([row.id for row in approved.data], approved.total) == ([3], 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", 0),
        ("pageSize", -1),
        ("orderBy", "name"),
        ("order", "sideways"),
        ("status", 4),
        ("name", "\x00"),
        ("owner", "bea"),
    ],
)
async def test_wrong_list_parameters_are_a_422(site: Site, name: str, value: JsonValue) -> None:
    error = await site.refusal(LIST_BUSINESSES, ADMINISTRATOR, **{name: value})
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.field == name
