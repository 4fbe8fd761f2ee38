"""Changing and resetting passwords (operations 4 and 6; decisions 8 and 10)."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import JsonValue

from backend.errors import ErrorKind, PlatformError
from backend.operations.accounts import CHANGE_PASSWORD, LOGIN, RESET_PASSWORD
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site, is_refusal
from tests.errors import error_of_call

NEW = "N3wPassword"
BREAKING = ["", "short1A", "x" * 21, "password1", "PASSWORD1", "Password", "Passw0rd" * 3]


async def works(site: Site, user: str, password: str) -> bool:
    """Whether a user can log in with this password."""
    error = await error_of_call(site.login(user, password))
    assert error is None or error.reason == "login_failed"
    return error is None


@pytest.mark.parametrize("user", ["pat-pending", "una-approved", "gil-general", "bea-business", ADMINISTRATOR])
async def test_every_role_may_change_their_own_password(site: Site, user: str) -> None:
    await site.cast()
    await site.call(CHANGE_PASSWORD, user, oldPassword=PASSWORD, password=NEW)
    assert (await works(site, user, PASSWORD), await works(site, user, NEW)) == (False, True)


async def test_a_wrong_old_password_changes_nothing(site: Site) -> None:
    token = await site.login(ADMINISTRATOR)
    with pytest.raises(PlatformError) as error:
        await site.with_token(token, CHANGE_PASSWORD, oldPassword="Wr0ngOne", password=NEW)
    assert is_refusal(error.value, ErrorKind.FORBIDDEN, "old_password_wrong")
    assert error.value.field == "oldPassword"
    assert (await works(site, ADMINISTRATOR, PASSWORD), await works(site, ADMINISTRATOR, NEW)) == (True, False)
    entry = (await site.activity(action="user.change_password"))[-1]
    assert (entry.outcome, entry.user) == ("refused", ADMINISTRATOR)


@pytest.mark.parametrize("password", BREAKING)
async def test_a_new_password_keeps_the_rule(site: Site, password: str) -> None:
    await site.register("bob")
    before = site.dump()
    for operation, parameters in (
        (CHANGE_PASSWORD, {"oldPassword": PASSWORD, "password": password}),
        (RESET_PASSWORD, {"userId": 2, "password": password}),
    ):
        with pytest.raises(PlatformError) as error:
            await site.with_token(await site.token(ADMINISTRATOR), operation, **parameters)
        assert is_refusal(error.value, ErrorKind.INVALID, "invalid_parameter")
        assert error.value.field == "password"
    assert [row for row in site.dump() if row.startswith("user:")] == [row for row in before if row.startswith("user:")]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"password": NEW},
        {"oldPassword": PASSWORD},
        {"oldPassword": None, "password": NEW},
        {"oldPassword": "x" * 1025, "password": NEW},
        {"oldPassword": PASSWORD, "password": NEW, "userId": 1},
    ],
)
async def test_a_malformed_change_is_a_422(site: Site, parameters: dict[str, JsonValue]) -> None:
    assert is_refusal(
        await site.refusal(CHANGE_PASSWORD, ADMINISTRATOR, **parameters), ErrorKind.INVALID, "invalid_parameter"
    )


async def test_of_two_changes_at_once_one_wins(site: Site) -> None:
    token = await site.login(ADMINISTRATOR)
    wanted = [f"N3wPassword{number}" for number in range(4)]
    answers = await asyncio.gather(
        *(site.with_token(token, CHANGE_PASSWORD, oldPassword=PASSWORD, password=new) for new in wanted),
        return_exceptions=True,
    )
    errors = [answer for answer in answers if isinstance(answer, PlatformError)]
    assert len(errors) == 3
    # Too late by a moment: the password was another by then, or the session had ended with it.
    assert {error.kind for error in errors} <= {ErrorKind.CONFLICT, ErrorKind.UNAUTHENTICATED, ErrorKind.FORBIDDEN}
    assert [await works(site, ADMINISTRATOR, new) for new in wanted].count(True) == 1


async def test_a_reset_is_for_ones_own_business_or_for_all(site: Site) -> None:
    await site.business("bea", "bakery")
    await site.business("cyd", "cinema")
    gil, eve = await site.sub_user("bea", "gil"), await site.sub_user("cyd", "eve")
    await site.call(RESET_PASSWORD, "bea", userId=gil, password=NEW)
    assert await works(site, "gil", NEW)
    for foreign in (eve, 1, 999):
        error = await site.refusal(RESET_PASSWORD, "bea", userId=foreign, password=NEW)
        assert is_refusal(error, ErrorKind.NOT_FOUND, "user_unknown")
    assert await works(site, "eve", PASSWORD)
    await site.call(RESET_PASSWORD, ADMINISTRATOR, userId=eve, password=NEW)
    assert await works(site, "eve", NEW)


async def test_an_administrator_may_reset_their_own_password(site: Site) -> None:
    await site.call(RESET_PASSWORD, ADMINISTRATOR, userId=1, password=NEW)
    assert await works(site, ADMINISTRATOR, NEW)


async def test_no_password_and_no_hash_is_recorded(site: Site) -> None:
    await site.register("bob")
    await site.call(RESET_PASSWORD, ADMINISTRATOR, userId=2, password=NEW)
    await site.call(CHANGE_PASSWORD, ADMINISTRATOR, oldPassword=PASSWORD, password=NEW)
    await site.refusal(LOGIN, user="bob", password="S3cretTyped")
    rows = [row for row in site.dump() if row.startswith("activity:")]
    assert len(rows) > 3
    for secret in (PASSWORD, NEW, "S3cretTyped", "$argon2id$"):
        assert not any(secret in row for row in rows)
    connection = site.outside()
    entries = connection.execute(
        "SELECT action, user_name, object, before, after FROM activity WHERE action LIKE 'user.%password' ORDER BY id"
    ).fetchall()
    connection.close()
    assert entries == [
        ("user.reset_password", ADMINISTRATOR, "user/bob", "{}", "{}"),
        ("user.change_password", ADMINISTRATOR, f"user/{ADMINISTRATOR}", "{}", "{}"),
    ]
