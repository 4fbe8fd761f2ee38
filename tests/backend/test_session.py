"""One person's way to the operations."""

from __future__ import annotations

import pytest

from backend.errors import ErrorKind, PlatformError
from backend.operations.accounts import AUDIT_USER, GET_AUTHORIZATION, LIST_USERS, LOGOUT, REGISTER
from backend.session import REFRESH_BEFORE_SECONDS, Session
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site


@pytest.fixture
def session(site: Site) -> Session:
    """A session that nobody has logged in to."""
    return site.engine.session()


async def test_logging_in_says_who_one_is(session: Session) -> None:
    info = await session.login(ADMINISTRATOR, PASSWORD)
    assert (info.display_name, info.role) == (ADMINISTRATOR, 4)
    assert session.info == info
    assert (await session.call(LIST_USERS, page=1)).total == 1


async def test_a_failed_log_in_leaves_nobody_logged_in(session: Session) -> None:
    with pytest.raises(PlatformError) as error:
        await session.login(ADMINISTRATOR, "wrong")
    assert error.value.kind is ErrorKind.UNAUTHENTICATED
    assert not session.logged_in
    assert session.info is None


async def test_without_a_token_only_what_needs_none_works(session: Session) -> None:
    await session.call(REGISTER, user="bob", password=PASSWORD, phone="1", isAdmin=True, realName="Bob")
    with pytest.raises(PlatformError) as error:
        await session.call(LIST_USERS)
    assert error.value.reason == "token_invalid"


async def test_a_token_from_elsewhere_is_used(site: Site) -> None:
    session = site.engine.session(await site.login(ADMINISTRATOR))
    assert session.logged_in
    assert (await session.look()).display_name == ADMINISTRATOR


async def test_looking_again_shows_a_changed_role(site: Site) -> None:
    await site.register("bob")
    session = site.engine.session()
    assert (await session.login("bob", PASSWORD)).role == 0
    await site.call(AUDIT_USER, ADMINISTRATOR, userId=2, status=1)
    assert (await session.look()).role == 1
    assert session.info is not None
    assert session.info.role == 1


async def test_a_token_is_renewed_once_a_quarter_of_its_hour_is_gone(site: Site, session: Session) -> None:
    first = (await session.login(ADMINISTRATOR, PASSWORD)).expire_time
    site.clock.time += 3600 - REFRESH_BEFORE_SECONDS - 1
    await session.keep_alive()
    assert session.info is not None
    assert session.info.expire_time == first
    site.clock.time += 1
    await session.keep_alive()
    assert session.info.expire_time == site.clock.now() + 3600
    connection = site.outside()
    assert connection.execute("SELECT count(*) FROM session").fetchone() == (1,)
    connection.close()


async def test_a_session_that_is_used_now_and_then_lasts(site: Site, session: Session) -> None:
    await session.login(ADMINISTRATOR, PASSWORD)
    for _ in range(20):
        site.clock.time += 1800
        await session.keep_alive()
        await session.call(GET_AUTHORIZATION)


async def test_keeping_alive_without_a_log_in_does_nothing(session: Session) -> None:
    await session.keep_alive()
    assert not session.logged_in


async def test_logging_out_revokes_and_forgets(site: Site) -> None:
    token = await site.login(ADMINISTRATOR)
    session = site.engine.session(token)
    await session.look()
    await session.logout()
    assert not session.logged_in
    assert session.info is None
    with pytest.raises(PlatformError):
        await site.with_token(token, GET_AUTHORIZATION)
    await session.logout()


async def test_logging_out_of_a_session_that_has_ended_is_no_error(site: Site) -> None:
    token = await site.login(ADMINISTRATOR)
    session = site.engine.session(token)
    await site.with_token(token, LOGOUT)
    await session.logout()
    assert not session.logged_in


async def test_logging_out_forgets_even_when_the_store_fails(site: Site) -> None:
    session = site.engine.session(await site.login(ADMINISTRATOR))
    site.refuse_activity("session.logout")
    with pytest.raises(PlatformError) as error:
        await session.logout()
    assert error.value.reason == "store_error"
    assert not session.logged_in
