"""Tokens over their life: renewal, log-out, and what ends all sessions of a user (decision 10)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from backend.errors import ErrorKind, PlatformError
from backend.models.base import Role
from backend.operations.accounts import (
    AUDIT_USER,
    CHANGE_PASSWORD,
    DELETE_USER,
    GET_AUTHORIZATION,
    LIST_USERS,
    LOGOUT,
    RESET_PASSWORD,
    UPDATE_TOKEN,
)
from backend.operations.businesses import AUDIT_BUSINESS, LIST_BUSINESSES, RETIRE_BUSINESS
from backend.operations.clusters import LIST_CLUSTERS
from backend.operations.site import CHANGE_SETTINGS
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site, is_refusal
from tests.errors import error_of_call


async def holds(site: Site, token: str) -> bool:
    """Whether a token is still good."""
    error = await error_of_call(site.with_token(token, GET_AUTHORIZATION))
    assert error is None or is_refusal(error, ErrorKind.UNAUTHENTICATED, "token_invalid")
    return error is None


async def role(site: Site, token: str) -> int:
    """The role that a token has now."""
    return (await site.with_token(token, GET_AUTHORIZATION)).data.role


async def test_an_update_gives_a_new_token_with_a_new_hour_and_revokes_the_old(site: Site) -> None:
    old = await site.login(ADMINISTRATOR)
    site.clock.time += 1800
    answer = await site.with_token(old, UPDATE_TOKEN)
    new = answer.data.token
    assert new != old
    assert answer.data.expire_time == site.clock.now() + 3600
    assert (await holds(site, old), await holds(site, new)) == (False, True)
    site.clock.time += 3599
    assert await holds(site, new)


async def test_an_expired_token_cannot_be_updated(site: Site) -> None:
    token = await site.login(ADMINISTRATOR)
    site.clock.time += 3600
    with pytest.raises(PlatformError) as error:
        await site.with_token(token, UPDATE_TOKEN)
    assert error.value.reason == "token_invalid"


async def test_of_two_updates_of_one_token_one_wins(site: Site) -> None:
    token = await site.login(ADMINISTRATOR)
    answers = await asyncio.gather(*(site.with_token(token, UPDATE_TOKEN) for _ in range(5)), return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, PlatformError)} == {401}


async def test_an_update_leaves_the_users_other_sessions_alone(site: Site) -> None:
    other, token = await site.login(ADMINISTRATOR), await site.login(ADMINISTRATOR)
    await site.with_token(token, UPDATE_TOKEN)
    assert await holds(site, other)


async def test_log_out_ends_this_session_and_no_other(site: Site) -> None:
    token, other = await site.login(ADMINISTRATOR), await site.login(ADMINISTRATOR)
    await site.with_token(token, LOGOUT)
    assert (await holds(site, token), await holds(site, other)) == (False, True)
    with pytest.raises(PlatformError) as error:
        await site.with_token(token, LOGOUT)
    assert error.value.reason == "token_invalid"


async def test_every_step_of_a_session_is_recorded(site: Site) -> None:
    token = await site.login(ADMINISTRATOR)
    token = (await site.with_token(token, UPDATE_TOKEN)).data.token
    await site.with_token(token, LOGOUT)
    entries = [entry for entry in await site.activity(action="session.") if entry.id <= 4]
    assert [(entry.action, entry.user, entry.object) for entry in entries] == [
        (f"session.{step}", ADMINISTRATOR, f"user/{ADMINISTRATOR}") for step in ("login", "update", "logout")
    ]
    assert token not in "\n".join(site.dump())


async def test_expired_sessions_are_cleared_away_by_the_next_log_in(site: Site) -> None:
    for _ in range(3):
        await site.login(ADMINISTRATOR)
    site.clock.time += 3600
    await site.login(ADMINISTRATOR)
    connection = site.outside()
    assert connection.execute("SELECT count(*) FROM session").fetchone() == (1,)
    connection.close()


async def test_the_information_is_the_documents_and_the_extensions(site: Site) -> None:
    business_id = await site.business("bea", "bakery")
    await site.call(CHANGE_SETTINGS, ADMINISTRATOR, enableIngress=True, enableAlert=True, privateProject=False)
    token = await site.login("bea")
    answer = await site.with_token(token, GET_AUTHORIZATION)
    assert answer.data.model_dump(by_alias=True) == {
        "displayName": "bea",
        "hasRepoAccount": False,
        "role": 3,
        "privateProject": False,
        "enableIngress": True,
        "enableAlert": True,
        "enableAdminAutoDeploy": False,
        "userId": await site.user_id("bea"),
        "isAdmin": True,
        "businessId": business_id,
        "businessName": "bakery",
        "expireTime": site.clock.now() + 3600,
    }


ENDINGS: dict[str, Callable[[Site, int], Awaitable[object]]] = {
    "change of the own password": lambda site, _: site.call(
        CHANGE_PASSWORD, "bob", oldPassword=PASSWORD, password="N3wPassword"
    ),
    "reset": lambda site, user: site.call(RESET_PASSWORD, ADMINISTRATOR, userId=user, password="N3wPassword"),
    "reset to the same password": lambda site, user: site.call(
        RESET_PASSWORD, ADMINISTRATOR, userId=user, password=PASSWORD
    ),
    "status pending": lambda site, user: site.call(AUDIT_USER, ADMINISTRATOR, userId=user, status=0),
    "status not approved": lambda site, user: site.call(AUDIT_USER, ADMINISTRATOR, userId=user, status=2),
    "status forbidden": lambda site, user: site.call(AUDIT_USER, ADMINISTRATOR, userId=user, status=3),
    "deletion": lambda site, user: site.call(DELETE_USER, ADMINISTRATOR, userid=user),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
async def test_all_sessions_of_the_user_end_and_nobody_elses(
    site: Site, ending: Callable[[Site, int], Awaitable[object]]
) -> None:
    user_id = await site.approved("bob")
    await site.approved("eve")
    tokens = [await site.login("bob") for _ in range(3)]
    others = [await site.login("eve"), await site.login(ADMINISTRATOR)]
    await ending(site, user_id)
    assert [await holds(site, token) for token in tokens] == [False] * 3
    assert [await holds(site, token) for token in others] == [True] * 2


async def test_approval_ends_no_session_and_raises_the_role_at_once(site: Site) -> None:
    await site.register("bob")
    token = await site.login("bob")
    assert await role(site, token) == Role.PENDING
    await site.call(AUDIT_USER, ADMINISTRATOR, userId=await site.user_id("bob"), status=1)
    assert await role(site, token) == Role.APPROVED


async def test_a_change_of_role_takes_effect_with_the_next_call(site: Site) -> None:
    await site.approved("bea")
    token = await site.login("bea")
    assert await role(site, token) == 1
    business_id = await site.apply("bea", "bakery")
    assert await role(site, token) == 1
    with pytest.raises(PlatformError) as error:
        await site.with_token(token, LIST_CLUSTERS)
    assert error.value.reason == "role_forbidden"
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="", status=1)
    assert await role(site, token) == 3
    await site.with_token(token, LIST_CLUSTERS)
    await site.with_token(token, LIST_USERS)
    await site.call(RETIRE_BUSINESS, ADMINISTRATOR, id=business_id)
    assert await role(site, token) == 1
    with pytest.raises(PlatformError) as error:
        await site.with_token(token, LIST_USERS)
    assert error.value.reason == "role_forbidden"


async def test_a_disapproved_applicant_stays_role_1_and_logged_in(site: Site) -> None:
    await site.approved("bea")
    token = await site.login("bea")
    business_id = await site.apply("bea", "bakery")
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="too large", status=2)
    assert await role(site, token) == 1


async def test_a_pending_user_sees_only_themselves(site: Site) -> None:
    await site.register("pat")
    token = await site.login("pat")
    assert await role(site, token) == 0
    error = await site.refusal(LIST_BUSINESSES, "pat")
    assert is_refusal(error, ErrorKind.FORBIDDEN, "role_forbidden")
    assert "awaiting approval" in error.message
    await site.with_token(token, CHANGE_PASSWORD, oldPassword=PASSWORD, password="N3wPassword")
    assert not await holds(site, token)
    await site.with_token(await site.login("pat", "N3wPassword"), LOGOUT)
