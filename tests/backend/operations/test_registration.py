"""Registration (operation 3; decisions 8 and 11)."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from backend.errors import ErrorKind, PlatformError
from backend.models.base import Outcome
from backend.operations.accounts import DELETE_USER, GET_AUTHORIZATION, LIST_USERS, REGISTER
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site, is_refusal
from tests.errors import error_of_call

BOB: dict[str, JsonValue] = {
    "user": "bob",
    "password": PASSWORD,
    "phone": "12345678910",
    "isAdmin": True,
    "realName": "Bob B.",
}


async def test_a_registered_user_is_pending_with_what_was_given(site: Site) -> None:
    answer = await site.call(REGISTER, **BOB)
    assert answer.data.model_dump() == {}
    users = (await site.call(LIST_USERS, ADMINISTRATOR)).data
    assert users[-1].model_dump(by_alias=True, mode="json") == {
        "id": 2,
        "user": "bob",
        "status": 0,
        "realName": "Bob B.",
        "phone": "12345678910",
        "createTime": site.clock.now(),
        "updateTime": site.clock.now(),
        "isAdmin": True,
        "role": 0,
        "businessId": None,
        "businessName": "",
        "builtIn": False,
    }


async def test_the_password_is_stored_only_as_a_hash(site: Site) -> None:
    await site.call(REGISTER, **BOB)
    assert not any(PASSWORD in row for row in site.dump())
    assert (await site.call(GET_AUTHORIZATION, "bob")).data.role == 0


async def test_a_registration_is_recorded_without_password_and_phone(site: Site) -> None:
    await site.call(REGISTER, **BOB)
    entry = (await site.activity(action="user.register"))[0]
    assert (entry.user_id, entry.user, entry.role, entry.object, entry.outcome) == (
        None,
        "",
        0,
        "user/bob",
        Outcome.DONE,
    )
    assert entry.after == {"status": 0, "isAdmin": True, "businessId": None}
    assert "12345678910" not in repr(entry)


@pytest.mark.parametrize("missing", list(BOB))
async def test_every_parameter_is_required(site: Site, missing: str) -> None:
    error = await site.refusal(REGISTER, **{name: value for name, value in BOB.items() if name != missing})
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert (error.field, error.message) == (missing, f"{missing} is missing.")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("user", "", "user takes 1 to 50 letters, digits, '.', '_' or '-'."),
        ("user", "x" * 51, "user takes 1 to 50 letters"),
        ("user", "bob smith", "user takes 1 to 50 letters"),
        ("user", "bob\n", "user takes 1 to 50 letters"),
        ("user", "bob/../eve", "user takes 1 to 50 letters"),
        ("user", "böb", "user takes 1 to 50 letters"),
        ("user", "bob[/]", "user takes 1 to 50 letters"),
        ("user", "\u202ebob", "user takes 1 to 50 letters"),
        ("user", "bob\x00", "user takes 1 to 50 letters"),
        ("user", "\ud800", "user "),
        ("user", 5, "user must be a text."),
        ("user", None, "user must be a text."),
        ("user", ["bob"], "user must be a text."),
        ("password", "short1A", "password needs 8 to 20 characters."),
        ("password", "Passw0rd" * 3, "password needs 8 to 20 characters."),
        ("password", "password1", "password needs an upper-case letter."),
        ("password", 12345678, "password must be a text."),
        ("password", "Passw0rd\ud800", "password holds half a character."),
        ("phone", "", "phone takes 1 to 15 digits after an optional +."),
        ("phone", "+", "phone takes"),
        ("phone", "1" * 16, "phone takes"),
        ("phone", "12 34", "phone takes"),
        ("phone", "12-34", "phone takes"),
        ("phone", "1+2", "phone takes"),
        ("phone", "\u0661\u0662", "phone takes"),
        ("phone", 12345, "phone must be a text."),
        ("isAdmin", "true", "isAdmin must be true or false."),
        ("isAdmin", 1, "isAdmin must be true or false."),
        ("isAdmin", None, "isAdmin must be true or false."),
        ("realName", "", "realName takes at least 1 character(s)."),
        ("realName", "   ", "realName must not be blank."),
        ("realName", "x" * 101, "realName takes at most 100 characters."),
        ("realName", "x" * 10_000_000, "realName takes at most 100 characters."),
        ("realName", "a\nb", "realName must not contain the control or invisible character U+000A."),
        ("realName", "a\x00b", "U+0000"),
        ("realName", "a\x1b[31mb", "U+001B"),
        ("realName", "a\u202eb", "U+202E"),
        ("realName", "a\u200bb", "U+200B"),
        ("realName", "a\ud800b", "realName holds half a character."),
    ],
)
async def test_a_wrong_parameter_is_refused_in_a_sentence_that_names_it(
    site: Site, name: str, value: JsonValue, sentence: str
) -> None:
    error = await site.refusal(REGISTER, **{**BOB, name: value})
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.field == name
    assert sentence in error.message
    assert (await site.call(LIST_USERS, ADMINISTRATOR)).total == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user", "x"),
        ("user", "x" * 50),
        ("user", "A.b_c-9"),
        ("user", "..."),
        ("phone", "0"),
        ("phone", "+123456789012345"),
        ("realName", "Zoë 北京 [bold]x[/] %_'\"; DROP TABLE user"),
        ("realName", "x" * 100),
        ("password", "Aa1!Aa1!"),
        ("password", "Aa1" + "漢" * 17),
    ],
)
async def test_what_keeps_the_rules_is_taken_and_given_back_unchanged(site: Site, name: str, value: str) -> None:
    await site.call(REGISTER, **{**BOB, name: value})
    row = (await site.call(LIST_USERS, ADMINISTRATOR)).data[-1].model_dump(by_alias=True)
    expected = {**BOB, name: value}
    assert {key: row[key] for key in ("user", "phone", "realName")} == {
        key: expected[key] for key in ("user", "phone", "realName")
    }
    assert await site.login(str(expected["user"]), str(expected["password"]))


@pytest.mark.parametrize(
    "extra", ["status", "role", "builtIn", "businessId", "id", "is_admin", "real_name", "__class__"]
)
async def test_nothing_else_can_be_given(site: Site, extra: str) -> None:
    error = await site.refusal(REGISTER, **{**BOB, extra: 1})
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.field == extra
    assert f"{extra} is not a parameter of this operation, which takes user, password, phone, isAdmin, realName" in (
        error.message
    )


@pytest.mark.parametrize("user", ["bob", "BOB", "Bob", ADMINISTRATOR, ADMINISTRATOR.upper()])
async def test_a_taken_name_is_a_409_in_whatever_case(site: Site, user: str) -> None:
    await site.call(REGISTER, **BOB)
    error = await site.refusal(REGISTER, **{**BOB, "user": user, "phone": "2"})
    assert is_refusal(error, ErrorKind.CONFLICT, "user_name_taken")
    assert (error.field, error.message) == ("user", f"The user name {user} is taken. Choose another.")


async def test_a_taken_phone_number_is_a_409(site: Site) -> None:
    await site.call(REGISTER, **BOB)
    error = await site.refusal(REGISTER, **{**BOB, "user": "eve"})
    assert is_refusal(error, ErrorKind.CONFLICT, "phone_taken")
    assert error.field == "phone"


async def test_name_and_phone_of_a_deleted_user_may_be_taken_by_another_with_a_new_id(site: Site) -> None:
    await site.call(REGISTER, **BOB)
    first = await site.user_id("bob")
    await site.call(DELETE_USER, ADMINISTRATOR, userid=first)
    await site.call(REGISTER, **BOB)
    assert await site.user_id("bob") > first


async def test_of_twenty_registrations_of_a_name_at_once_one_wins(site: Site) -> None:
    answers = await asyncio.gather(
        *(site.call(REGISTER, **{**BOB, "phone": str(number)}) for number in range(20)), return_exceptions=True
    )
    errors = [answer for answer in answers if isinstance(answer, PlatformError)]
    assert len(errors) == 19
    assert {error.reason for error in errors} == {"user_name_taken"}
    assert (await site.call(LIST_USERS, ADMINISTRATOR)).total == 2
    assert len(await site.activity(action="user.register")) == 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    user=st.from_regex(r"[A-Za-z0-9._-]{1,50}", fullmatch=True) | st.text(max_size=60),
    name=st.text(max_size=120),
    phone=st.from_regex(r"\+?[0-9]{1,15}", fullmatch=True) | st.text(max_size=20),
    password=st.just(PASSWORD) | st.text(max_size=25),
)
async def test_hostile_texts_are_taken_or_refused_but_never_break_anything(
    site: Site, user: str, name: str, phone: str, password: str
) -> None:
    error = await error_of_call(
        site.call(REGISTER, user=user, password=password, phone=phone, isAdmin=False, realName=name)
    )
    if error is not None:
        assert error.kind in {ErrorKind.INVALID, ErrorKind.CONFLICT}
        assert_plain(error.message)


def assert_plain(text: str) -> None:
    """Fail when a sentence holds what a terminal obeys or cannot show."""
    text.encode()
    assert "\x1b" not in text
    assert "\x00" not in text
