"""Log-in: the same answer for every failure, delays, the lock and what lifts it (decisions 9 and 10)."""

from __future__ import annotations

import asyncio
import gc
import time

import argon2
import jwt
import pytest
from pydantic import JsonValue

from backend.errors import ErrorKind, PlatformError
from backend.models.base import Outcome, Role
from backend.operations.accounts import AUDIT_USER, DELETE_USER, GET_AUTHORIZATION, LOGIN, REGISTER, RESET_PASSWORD
from backend.security import lockout, passwords
from backend.security.box import SecretBox
from backend.services import sessions
from backend.services.platform import Platform
from backend.services.sessions import Sessions
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site, is_refusal

WRONG = "Wr0ngOne"


@pytest.fixture
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let failures follow each other at once."""
    monkeypatch.setattr(lockout, "_FIRST_DELAY_SECONDS", 0)


async def fail(site: Site, user: str, times: int = 1) -> list[str]:
    """Log in with a wrong password so often; returns the reasons given."""
    return [(await site.refusal(LOGIN, user=user, password=WRONG)).reason for _ in range(times)]


async def test_the_token_holds_the_user_and_an_expiry_in_one_hour(site: Site) -> None:
    answer = await site.call(LOGIN, user=ADMINISTRATOR, password=PASSWORD)
    shown = jwt.decode(answer.data.token, options={"verify_signature": False})
    assert (shown["user"], shown["role"]) == (ADMINISTRATOR, 4)
    assert shown["exp"] == answer.data.expire_time == site.clock.now() + 3600


async def test_every_log_in_opens_a_session_of_its_own(site: Site) -> None:
    first, second = await site.login(ADMINISTRATOR), await site.login(ADMINISTRATOR)
    assert first != second
    for token in (first, second):
        assert (await site.with_token(token, GET_AUTHORIZATION)).data.role == Role.SYSTEM_ADMINISTRATOR


@pytest.mark.parametrize(
    ("user", "password"),
    [
        (ADMINISTRATOR, WRONG),
        (ADMINISTRATOR, PASSWORD.lower()),
        (ADMINISTRATOR, PASSWORD + " "),
        (ADMINISTRATOR, ""),
        ("nobody", PASSWORD),
        ("nobody", ""),
        (ADMINISTRATOR.upper(), PASSWORD),
        (ADMINISTRATOR + "\x00", PASSWORD),
        ("root-admin' OR '1'='1", PASSWORD),
        ("%", PASSWORD),
        ("\x1b[2J", PASSWORD),
        (" ", PASSWORD),
    ],
)
async def test_every_failed_log_in_gets_the_same_answer(site: Site, user: str, password: str) -> None:
    error = await site.refusal(LOGIN, user=user, password=password)
    assert is_refusal(error, ErrorKind.UNAUTHENTICATED, "login_failed")
    assert (error.message, error.field) == ("The user name or the password is wrong.", "")


@pytest.mark.parametrize("user", [ADMINISTRATOR, "nobody"])
async def test_unknown_and_known_users_cost_one_verification_and_no_hash(
    site: Site, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    verified: list[str] = []
    real = passwords.verify_password

    def count(stored: str, password: str) -> bool:
        verified.append(stored)
        return real(stored, password)

    def refuse(*_arguments: object) -> str:
        raise AssertionError("a hash was made")

    monkeypatch.setattr(sessions, "verify_password", count)
    monkeypatch.setattr(argon2.PasswordHasher, "hash", refuse)
    await fail(site, user)
    assert len(verified) == 1
    costs = argon2.extract_parameters(verified[0])
    assert costs == argon2.extract_parameters(passwords.hash_of_nobody())


@pytest.mark.parametrize(
    "change",
    ["password_hash = 'another'", "status = 2", "status = 3", "deleted_at = 1"],
    ids=lambda change: change.split()[0],
)
async def test_what_ends_all_sessions_during_a_log_in_ends_that_log_in_too(
    site: Site, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    await site.register("bob")
    real = passwords.verify_password

    def verify_slowly(stored: str, password: str) -> bool:
        connection = site.outside()
        connection.execute(f"UPDATE user SET {change} WHERE user_name = 'bob'")
        connection.close()
        return real(stored, password)

    monkeypatch.setattr(sessions, "verify_password", verify_slowly)
    error = await site.refusal(LOGIN, user="bob", password=PASSWORD)
    assert is_refusal(error, ErrorKind.UNAUTHENTICATED, "login_failed")
    connection = site.outside()
    assert connection.execute("SELECT count(*) FROM session WHERE user_id = 2").fetchone() == (0,)
    connection.close()


async def test_an_unknown_user_takes_as_long_as_a_known_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # Costly enough for the verification to outweigh all else.
    monkeypatch.setattr(passwords, "_HASHER", argon2.PasswordHasher(time_cost=2, memory_cost=16 * 1024, parallelism=1))
    monkeypatch.setattr(lockout, "_FIRST_DELAY_SECONDS", 0)
    await site.register("known")

    async def fastest(names: list[str]) -> float:
        times = []
        for name in names:
            started = time.perf_counter()
            await fail(site, name)
            times.append(time.perf_counter() - started)
        return min(times)

    known = await fastest(["known"] * 4)
    unknown = await fastest([f"unknown-{number}" for number in range(4)])
    assert known / 2 < unknown < known * 2


@pytest.mark.parametrize(
    ("status", "says"), [(2, "was not approved"), (3, "has been disabled")], ids=["not approved", "forbidden"]
)
async def test_a_refused_account_is_told_why_but_only_with_its_password(site: Site, status: int, says: str) -> None:
    await site.register("bob")
    await site.call(AUDIT_USER, ADMINISTRATOR, userId=await site.user_id("bob"), status=status)
    error = await site.refusal(LOGIN, user="bob", password=PASSWORD)
    assert is_refusal(error, ErrorKind.FORBIDDEN, "account_refused")
    assert f"bob {says}" in error.message
    entry = (await site.activity(action="session.login"))[-1]
    assert (entry.object, entry.outcome, entry.message) == ("user/bob", Outcome.REFUSED, error.message)
    assert await fail(site, "bob") == ["login_failed"]


async def test_a_pending_user_may_log_in_and_has_role_0(site: Site) -> None:
    await site.register("pat")
    answer = await site.call(GET_AUTHORIZATION, "pat")
    assert (answer.data.display_name, answer.data.role) == ("pat", 0)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"user": ADMINISTRATOR},
        {"password": PASSWORD},
        {"user": "", "password": PASSWORD},
        {"user": "x" * 201, "password": PASSWORD},
        {"user": ADMINISTRATOR, "password": "x" * 1025},
        {"user": ADMINISTRATOR, "password": None},
        {"user": [ADMINISTRATOR], "password": PASSWORD},
        {"user": 1, "password": PASSWORD},
        {"user": ADMINISTRATOR, "password": PASSWORD, "otp": "123"},
        {"user": "\ud800", "password": PASSWORD},
        {"user": ADMINISTRATOR, "password": "\ud800"},
    ],
)
async def test_a_malformed_log_in_is_a_422(site: Site, parameters: dict[str, JsonValue]) -> None:
    error = await site.refusal(LOGIN, **parameters)
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert PASSWORD not in error.message


@pytest.mark.usefixtures("no_delay")
@pytest.mark.parametrize("user", [ADMINISTRATOR, "nobody"])
async def test_the_eighth_failure_locks_known_and_unknown_names_alike(site: Site, user: str) -> None:
    assert await fail(site, user, 9) == ["login_failed"] * 8 + ["login_locked"]
    error = await site.refusal(LOGIN, user=user, password=PASSWORD)
    assert is_refusal(error, ErrorKind.UNAUTHENTICATED, "login_locked")
    assert "Try again in 15 min, or have an administrator reset the password" in error.message


@pytest.mark.usefixtures("no_delay")
async def test_a_lock_ends_after_its_time(site: Site) -> None:
    await fail(site, ADMINISTRATOR, 8)
    site.clock.time += lockout.LOCK_SECONDS - 1
    assert "Try again in 1 min" in (await site.refusal(LOGIN, user=ADMINISTRATOR, password=PASSWORD)).message
    site.clock.time += 1
    assert await site.login(ADMINISTRATOR)


@pytest.mark.usefixtures("no_delay")
async def test_a_single_failure_after_the_lock_locks_again(site: Site) -> None:
    await fail(site, ADMINISTRATOR, 8)
    site.clock.time += lockout.LOCK_SECONDS
    assert await fail(site, ADMINISTRATOR, 2) == ["login_failed", "login_locked"]


@pytest.mark.usefixtures("no_delay")
async def test_the_right_password_forgets_the_failures(site: Site) -> None:
    await fail(site, ADMINISTRATOR, 7)
    await site.login(ADMINISTRATOR)
    assert await fail(site, ADMINISTRATOR, 8) == ["login_failed"] * 8
    assert await fail(site, ADMINISTRATOR) == ["login_locked"]


@pytest.mark.usefixtures("no_delay")
async def test_failures_are_forgotten_after_an_hour(site: Site) -> None:
    await fail(site, ADMINISTRATOR, 7)
    site.clock.time += lockout.FORGET_AFTER_SECONDS + 1
    assert await fail(site, ADMINISTRATOR, 8) == ["login_failed"] * 8
    assert await fail(site, ADMINISTRATOR) == ["login_locked"]


@pytest.mark.usefixtures("no_delay")
async def test_forgotten_names_are_cleared_from_the_store(site: Site) -> None:
    for number in range(5):
        await fail(site, f"nobody-{number}")
    site.clock.time += lockout.FORGET_AFTER_SECONDS + 1
    await fail(site, "another")
    connection = site.outside()
    assert connection.execute("SELECT user_name FROM login_failure").fetchall() == [("another",)]
    connection.close()


@pytest.mark.usefixtures("no_delay")
async def test_a_clock_that_was_put_back_does_not_lock_for_ever(site: Site) -> None:
    await fail(site, ADMINISTRATOR, 8)
    site.clock.time -= 10 * 24 * 3600
    assert await site.login(ADMINISTRATOR)


@pytest.mark.usefixtures("no_delay")
async def test_one_locked_name_locks_nobody_else(site: Site) -> None:
    await site.register("bob")
    await fail(site, "bob", 9)
    assert await site.login(ADMINISTRATOR)


@pytest.mark.usefixtures("no_delay")
async def test_a_reset_by_an_administrator_lifts_the_lock(site: Site) -> None:
    await site.register("bob")
    await fail(site, "bob", 9)
    await site.call(RESET_PASSWORD, ADMINISTRATOR, userId=await site.user_id("bob"), password="N3wPassword")
    assert await site.login("bob", "N3wPassword")


async def test_each_failure_after_the_second_waits_longer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def remember(failures: int) -> float:
        asked.append(failures)
        return 0.0

    monkeypatch.setattr(lockout, "delay_seconds", remember)
    await fail(site, ADMINISTRATOR, 5)
    await fail(site, "nobody", 2)
    assert asked == [0, 1, 2, 3, 4, 0, 1]


async def test_the_delay_is_really_waited_for_the_right_password_too(site: Site) -> None:
    await fail(site, ADMINISTRATOR, 3)
    started = time.monotonic()
    await site.login(ADMINISTRATOR)
    assert time.monotonic() - started >= lockout.delay_seconds(3) == 0.25


async def test_attempts_side_by_side_do_not_escape_the_count(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def remember(failures: int) -> float:
        asked.append(failures)
        return 0.0

    monkeypatch.setattr(lockout, "delay_seconds", remember)
    reasons = await asyncio.gather(*(site.refusal(LOGIN, user=ADMINISTRATOR, password=WRONG) for _ in range(20)))
    assert sorted(error.reason for error in reasons) == ["login_failed"] * 8 + ["login_locked"] * 12
    assert asked == list(range(8))


async def test_attempts_at_different_names_do_not_wait_for_each_other(site: Site) -> None:
    await fail(site, "nobody", 5)
    waiting = asyncio.create_task(site.refusal(LOGIN, user="nobody", password=WRONG))  # waits a second and more
    await asyncio.sleep(0)
    await asyncio.wait_for(site.login(ADMINISTRATOR), 0.9)
    assert not waiting.done()
    assert (await waiting).reason == "login_failed"


async def test_no_lock_per_name_is_kept_for_ever(site: Site) -> None:
    for number in range(10):
        await fail(site, f"nobody-{number}")
    gc.collect()
    assert len(site.engine.services.sessions._attempts) == 0


@pytest.mark.usefixtures("no_delay")
async def test_failures_and_the_lock_are_recorded_without_the_password(site: Site) -> None:
    await site.register("bob")
    await fail(site, "bob", 8)
    entries = await site.activity(action="session.login", outcome="refused")
    assert [(entry.object, entry.after["failures"], entry.after["locked"]) for entry in entries] == [
        ("user/bob", count, count == 8) for count in range(1, 9)
    ]
    assert {(entry.user_id, entry.user, entry.role, entry.outcome) for entry in entries} == {
        (None, "", 0, Outcome.REFUSED)
    }
    assert WRONG not in "\n".join(site.dump())


@pytest.mark.usefixtures("no_delay")
async def test_a_password_typed_into_the_wrong_field_does_not_reach_the_log(site: Site) -> None:
    for typed in ("My S3cret phrase!", "MyS3cret"):
        await site.refusal(LOGIN, user=typed, password="x")
    refused = await site.activity(action="session.login", outcome="refused")
    assert [entry.object for entry in refused] == ["user/(no such user)"] * 2
    # What could be a user's name is kept for the hour that failures are counted, and nowhere else.
    assert [line.partition(":")[0] for line in site.dump() if "MyS3cret" in line] == ["login_failure"]
    assert not any("phrase" in line for line in site.dump())


@pytest.mark.usefixtures("no_delay")
async def test_names_that_no_user_can_have_are_counted_together(site: Site) -> None:
    for number in range(8):
        await fail(site, f"no user {number}")
    assert await fail(site, "no user at all") == ["login_locked"]
    connection = site.outside()
    assert connection.execute("SELECT user_name, failures FROM login_failure").fetchall() == [("(not a user name)", 8)]
    connection.close()
    assert await site.login(ADMINISTRATOR)


async def test_a_log_in_is_recorded_with_the_user_and_their_role(site: Site) -> None:
    await site.login(ADMINISTRATOR)
    entry = (await site.activity(action="session.login"))[-1]
    assert (entry.user, entry.user_id, entry.role, entry.object) == (ADMINISTRATOR, 1, 4, f"user/{ADMINISTRATOR}")
    assert (entry.time, entry.outcome) == (site.clock.now(), Outcome.DONE)


async def test_a_hash_of_weaker_parameters_is_renewed_at_log_in(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def stored() -> str:
        connection = site.outside()
        found = connection.execute("SELECT password_hash FROM user WHERE id = 1").fetchone()
        connection.close()
        return str(found[0])

    weak = stored()
    monkeypatch.setattr(passwords, "_HASHER", argon2.PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    await fail(site, ADMINISTRATOR)
    assert stored() == weak
    await site.login(ADMINISTRATOR)
    assert argon2.extract_parameters(stored()).time_cost == 2
    assert await site.login(ADMINISTRATOR)


async def test_a_renewed_hash_does_not_undo_a_reset_made_meanwhile(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    real = passwords.verify_password

    def verify_slowly(stored: str, password: str) -> bool:
        connection = site.outside()
        connection.execute("UPDATE user SET password_hash = 'reset'")
        connection.close()
        return real(stored, password)

    monkeypatch.setattr(passwords, "_HASHER", argon2.PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    monkeypatch.setattr(sessions, "verify_password", verify_slowly)
    assert (await site.refusal(LOGIN, user=ADMINISTRATOR, password=PASSWORD)).reason == "login_failed"
    connection = site.outside()
    assert connection.execute("SELECT password_hash FROM user").fetchone() == ("reset",)
    connection.close()


async def test_the_signing_key_is_kept_boxed_and_shared_by_all_engines_of_a_site(site: Site) -> None:
    token = await site.login(ADMINISTRATOR)
    other = Sessions(site.engine._platform, site.engine.settings)
    assert (await other.identify(token)).user == ADMINISTRATOR
    connection = site.outside()
    boxed = bytes(connection.execute("SELECT boxed FROM secret WHERE name = 'signing-key'").fetchone()[0])
    connection.close()
    key = await site.engine.services.sessions._signing_key()
    assert len(key) == 32
    assert key not in boxed


async def test_another_box_key_is_told_at_log_in(site: Site) -> None:
    old = site.engine._platform
    await site.login(ADMINISTRATOR)
    platform = Platform(old.database, SecretBox(b"x" * 32), old.clock, old.notifier)
    with pytest.raises(PlatformError) as error:
        await Sessions(platform, site.engine.settings).identify("a.b.c")
    assert error.value.reason == "key_wrong"
    assert "Put the right key back" in error.value.message


async def test_a_deleted_users_name_is_an_unknown_name(site: Site) -> None:
    await site.register("bob")
    await site.call(DELETE_USER, ADMINISTRATOR, userid=await site.user_id("bob"))
    assert await fail(site, "bob") == ["login_failed"]
    error = await site.refusal(LOGIN, user="bob", password=PASSWORD)
    assert error.reason == "login_failed"


async def test_a_new_user_of_a_name_that_failed_before_can_log_in(site: Site) -> None:
    await fail(site, "later", 2)
    await site.call(REGISTER, user="later", password=PASSWORD, phone="1", isAdmin=True, realName="L")
    assert await site.login("later")
