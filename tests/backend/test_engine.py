"""Opening, setting up and closing the platform of a home folder."""

from __future__ import annotations

import asyncio
import base64
import stat
from pathlib import Path

import pytest

from backend.engine import KEY_FILE, STORE_FILE, Engine, KeySource
from backend.errors import ErrorKind, PlatformError
from backend.notifier import Topic
from backend.operations.accounts import GET_AUTHORIZATION, REGISTER
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site
from tests.processes import run_python

pytestmark = pytest.mark.usefixtures("quick_passwords")

OPEN = """
import asyncio, sys
from pathlib import Path
from backend.engine import Engine
from backend.errors import PlatformError

async def main():
    try:
        engine = await Engine.open(Path(sys.argv[1]))
    except PlatformError as error:
        print(error.reason, error.message)
    else:
        await engine.close()
        print("opened")

asyncio.run(main())
"""


async def refusal(home: Path, key: KeySource | None = None) -> PlatformError:
    """The refusal to open a home; fails when it opens."""
    with pytest.raises(PlatformError) as error:
        await (await Engine.open(home, key or KeySource())).close()
    return error.value


async def test_a_new_home_is_made_for_its_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "some" / "home"
    engine = await Engine.open(home)
    assert not await engine.is_set_up()
    await engine.close()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()} == {
        STORE_FILE: 0o600,
        f"{STORE_FILE}.lock": 0o600,
        KEY_FILE: 0o600,
    }


async def test_a_site_is_set_up_once(tmp_path: Path) -> None:
    engine = await Engine.open(tmp_path / "home")
    await engine.set_up("boss", PASSWORD)
    assert await engine.is_set_up()
    with pytest.raises(PlatformError) as error:
        await engine.set_up("other", PASSWORD)
    assert error.value.kind is ErrorKind.CONFLICT
    info = await engine.session().login("boss", PASSWORD)
    assert (info.role, info.display_name, info.is_admin) == (4, "boss", True)
    await engine.close()


async def test_a_name_that_was_registered_before_is_taken(tmp_path: Path) -> None:
    engine = await Engine.open(tmp_path / "home")
    await engine.session().call(REGISTER, user="boss", password=PASSWORD, phone="1", isAdmin=True, realName="B")
    with pytest.raises(PlatformError) as error:
        await engine.set_up("BOSS", PASSWORD)
    assert (error.value.kind, error.value.reason) == (ErrorKind.CONFLICT, "user_name_taken")
    await engine.set_up("root", PASSWORD)
    await engine.close()


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [
        ("boss", "weak", "password"),
        ("boss", "password1", "password"),
        ("boss", "", "password"),
        ("", PASSWORD, "user"),
        ("the boss", PASSWORD, "user"),
        ("\x1b[2J", PASSWORD, "user"),
    ],
)
async def test_the_administrator_keeps_the_rules_of_all_users(
    tmp_path: Path, name: str, password: str, field: str
) -> None:
    engine = await Engine.open(tmp_path / "home")
    with pytest.raises(PlatformError) as error:
        await engine.set_up(name, password)
    assert (error.value.kind, error.value.field) == (ErrorKind.INVALID, field)
    assert not await engine.is_set_up()
    await engine.close()


async def test_setting_up_is_recorded_as_the_platforms_own_doing(site: Site) -> None:
    entry = (await site.activity(action="site.init"))[0]
    assert (entry.user_id, entry.user, entry.object, entry.after) == (
        None,
        "otetui",
        f"user/{ADMINISTRATOR}",
        {"role": 4},
    )


async def test_of_two_that_set_a_site_up_at_once_one_wins(tmp_path: Path) -> None:
    engine = await Engine.open(tmp_path / "home")
    results = await asyncio.gather(
        *(engine.set_up(f"boss-{number}", PASSWORD) for number in range(3)), return_exceptions=True
    )
    assert sum(isinstance(result, PlatformError) for result in results) == 2
    await engine.close()


async def test_a_home_is_opened_again_with_its_sessions(tmp_path: Path) -> None:
    first = await Engine.open(tmp_path / "home")
    await first.set_up("boss", PASSWORD)
    session = first.session()
    await session.login("boss", PASSWORD)
    token = session._token
    await first.close()
    second = await Engine.open(tmp_path / "home")
    assert (await second.session(token).call(GET_AUTHORIZATION)).data.display_name == "boss"
    await second.close()


async def test_a_store_without_its_key_is_refused_and_no_new_key_is_made(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await (await Engine.open(home)).close()
    (home / KEY_FILE).unlink()
    error = await refusal(home)
    assert error.reason == "key_missing"
    assert not (home / KEY_FILE).exists()


async def test_an_empty_store_file_counts_as_new(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / STORE_FILE).touch()
    await (await Engine.open(home)).close()
    assert (home / KEY_FILE).exists()


async def test_a_key_from_the_environment_or_a_command_makes_no_key_file(tmp_path: Path) -> None:
    text = base64.b64encode(b"k" * 32).decode()
    for number, source in enumerate((KeySource(value=text), KeySource(command=f"echo {text}"))):
        home = tmp_path / str(number)
        engine = await Engine.open(home, source)
        await engine.set_up("boss", PASSWORD)
        assert (await engine.session().login("boss", PASSWORD)).role == 4
        await engine.close()
        assert not (home / KEY_FILE).exists()


async def test_another_key_is_told_at_log_in(tmp_path: Path) -> None:
    home = tmp_path / "home"
    engine = await Engine.open(home)
    await engine.set_up("boss", PASSWORD)
    await engine.session().login("boss", PASSWORD)
    await engine.close()
    other = await Engine.open(home, KeySource(value=base64.b64encode(b"k" * 32).decode()))
    with pytest.raises(PlatformError) as error:
        await other.session().login("boss", PASSWORD)
    await other.close()
    assert error.value.reason == "key_wrong"


async def test_a_file_in_the_homes_place_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    error = await refusal(tmp_path / "home")
    assert error.kind is ErrorKind.INTERNAL
    assert error.reason == "home_unavailable"
    assert "OTETUI_HOME" in error.message


@pytest.mark.parametrize("mode", [0o500, 0o000])
async def test_a_home_that_cannot_be_used_is_refused_in_a_sentence(tmp_path: Path, mode: int) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(mode)
    try:
        answer = await asyncio.to_thread(run_python, OPEN, home, obey=True)
    finally:
        home.chmod(0o700)
    assert answer.split(" ", 1)[0] in {"key_unavailable", "home_unavailable", "store_unavailable"}
    assert str(home) in answer


async def test_a_home_below_a_folder_that_cannot_be_written_is_refused_in_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        answer = await asyncio.to_thread(run_python, OPEN, tmp_path / "home", obey=True)
    finally:
        tmp_path.chmod(0o700)
    assert answer.startswith("home_unavailable ")


async def test_a_change_by_another_process_is_published_here(site: Site) -> None:
    told: asyncio.Queue[frozenset[Topic]] = asyncio.Queue()
    site.engine.start()
    await asyncio.sleep(0)
    site.engine.notifier.listen(told.put_nowait)
    await site.engine._platform.database.data_version()
    connection = site.outside()
    connection.execute("UPDATE user SET real_name = 'Somebody'")
    connection.close()
    async with asyncio.timeout(10):
        while await told.get() != frozenset(Topic):
            pass


async def test_starting_twice_starts_once_and_closing_stops_all(site: Site) -> None:
    site.engine.start()
    running = list(site.engine._background)
    site.engine.start()
    assert site.engine._background == running
    await asyncio.sleep(0)
    await site.engine.close()
    assert all(task.done() for task in running)
    await site.engine.close()


async def test_a_background_task_that_fails_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise RuntimeError("the worker broke")

    site.engine.worker.run = fail  # type: ignore[method-assign]
    site.engine.start()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert "the background task worker ended" in caplog.text
    assert "the worker broke" in caplog.text


async def test_draining_a_site_without_clusters_has_nothing_to_do(site: Site) -> None:
    drained = await site.engine.drain()
    assert (drained.delivered, drained.waiting, drained.conflict) == (0, 0, 0)
