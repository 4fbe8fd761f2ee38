"""The store's file: its modes and pragmas, transactions, snapshots, and several processes at once."""

from __future__ import annotations

import asyncio
import fcntl
import stat
import threading
from pathlib import Path

import pysqlite3
import pytest

from backend.errors import ErrorKind, PlatformError
from backend.store.database import Database, Transaction, store_error
from backend.store.migrations import STEPS
from tests.backend.store.files import add_user, opened, outside, refusal, user_names
from tests.processes import finish, run_python, start_python

OPEN_AND_ADD = """
import asyncio, sys
from pathlib import Path
from backend.store.database import Database
from tests.backend.store.files import add_user

async def main():
    database = await Database.open(Path(sys.argv[1]))
    for number in range(20):
        await database.write(lambda tx: add_user(tx, f"{sys.argv[2]}-{number}"))
    await database.close()

print("ready", flush=True)
sys.stdin.readline()
asyncio.run(main())
"""

OPEN_AND_SAY = """
import asyncio, sys
from pathlib import Path
from backend.errors import PlatformError
from backend.store.database import Database

async def main():
    try:
        database = await Database.open(Path(sys.argv[1]))
    except PlatformError as error:
        print(error.reason, error.message)
    else:
        await database.close()
        print("opened")

asyncio.run(main())
"""


async def test_a_new_file_and_its_companions_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with opened(path) as database:
        await database.write(lambda tx: add_user(tx, "bob"))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes["store.db"] == 0o600
    assert modes["store.db-wal"] == 0o600
    assert set(modes.values()) == {0o600}


async def test_closing_leaves_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with opened(path) as database:
        await database.write(lambda tx: add_user(tx, "bob"))
        assert await database.read(user_names) == ["bob"]
    assert {file.name for file in tmp_path.iterdir()} == {"store.db", "store.db.lock"}
    assert outside(path).execute("SELECT user_name FROM user").fetchall() == [("bob",)]


async def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with opened(path) as database:
        await database.write(lambda tx: add_user(tx, "bob"))
    async with opened(path) as database:
        assert await database.read(user_names) == ["bob"]


async def test_writer_and_readers_are_set_up_to_lose_nothing(tmp_path: Path) -> None:
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "trusted_schema": 0,
        "busy_timeout": 10_000,
        "application_id": 0x6F746574,
    }

    def pragmas(transaction: Transaction) -> dict[str, object]:
        found = {name: transaction.row(f"PRAGMA {name}") for name in wanted}
        return {name: row[0] for name, row in found.items() if row is not None}

    async with opened(tmp_path / "store.db") as database:
        assert await database.write(pragmas) == wanted
        assert await database.read(pragmas) == wanted


async def test_a_reader_cannot_write(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.db") as database:
        with pytest.raises(PlatformError):
            await database.read(lambda tx: add_user(tx, "bob"))
        assert await database.write(user_names) == []


async def test_a_transaction_that_raises_leaves_nothing(tmp_path: Path) -> None:
    def work(transaction: Transaction) -> None:
        add_user(transaction, "bob")
        assert user_names(transaction) == ["bob"]
        raise PlatformError(ErrorKind.CONFLICT, "no")

    async with opened(tmp_path / "store.db") as database:
        with pytest.raises(PlatformError, match="no"):
            await database.write(work)
        assert await database.read(user_names) == []
        await database.write(lambda tx: add_user(tx, "alice"))
        assert await database.read(user_names) == ["alice"]


async def test_a_statement_that_fails_takes_the_whole_transaction_with_it(tmp_path: Path) -> None:
    def work(transaction: Transaction) -> None:
        add_user(transaction, "bob", "1")
        add_user(transaction, "eve", "1")

    async with opened(tmp_path / "store.db") as database:
        with pytest.raises(PlatformError) as error:
            await database.write(work)
        assert error.value.reason == "store_error"
        assert await database.read(user_names) == []


async def test_a_statement_may_be_run_once_for_each_of_many_rows(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.db") as database:
        await database.write(
            lambda tx: tx.change_many("INSERT INTO setting VALUES (?, ?, 1)", [("a", "1"), ("b", "2"), ("c", "3")])
        )
        assert await database.read(lambda tx: tx.count("SELECT sum(value) FROM setting")) == 6


async def test_a_count_of_nothing_is_0(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.db") as database:
        assert await database.read(lambda tx: tx.count("SELECT max(id) FROM user")) == 0
        assert await database.read(lambda tx: tx.count("SELECT id FROM user")) == 0
        assert await database.read(lambda tx: tx.row("SELECT id FROM user")) is None


async def test_any_exception_rolls_back_and_comes_through(tmp_path: Path) -> None:
    def work(transaction: Transaction) -> None:
        add_user(transaction, "bob")
        raise KeyError("mine")

    async with opened(tmp_path / "store.db") as database:
        with pytest.raises(KeyError, match="mine"):
            await database.write(work)
        assert await database.read(user_names) == []


async def test_a_reader_sees_one_state_throughout(tmp_path: Path) -> None:
    reading, written = threading.Event(), threading.Event()

    def look(transaction: Transaction) -> tuple[list[str], list[str]]:
        before = user_names(transaction)
        reading.set()
        assert written.wait(10)
        return before, user_names(transaction)

    async with opened(tmp_path / "store.db") as database:
        await database.write(lambda tx: add_user(tx, "bob"))
        looking = asyncio.create_task(database.read(look))
        assert await asyncio.to_thread(reading.wait, 10)
        await database.write(lambda tx: add_user(tx, "alice"))
        written.set()
        assert await looking == (["bob"], ["bob"])
        assert await database.read(user_names) == ["bob", "alice"]


async def test_writes_of_one_process_are_made_one_after_the_other(tmp_path: Path) -> None:
    def add_numbered(transaction: Transaction) -> None:
        add_user(transaction, f"user-{transaction.count('SELECT count(*) FROM user')}")

    async with opened(tmp_path / "store.db") as database:
        await asyncio.gather(*(database.write(add_numbered) for _ in range(50)))
        assert await database.read(user_names) == [f"user-{number}" for number in range(50)]


async def test_the_loop_is_not_blocked_while_the_store_works(tmp_path: Path) -> None:
    started, go_on = threading.Semaphore(0), threading.Event()

    def wait(transaction: Transaction) -> int:
        started.release()
        assert go_on.wait(10)
        return transaction.count("SELECT 5")

    async with opened(tmp_path / "store.db") as database:
        working = [asyncio.create_task(database.write(wait)), asyncio.create_task(database.read(wait))]
        for _ in working:
            assert await asyncio.to_thread(started.acquire, timeout=5)
        go_on.set()  # reached in time only because neither of them holds the loop
        assert await asyncio.gather(*working) == [5, 5]


async def test_the_data_version_changes_only_by_other_processes(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with opened(path) as database:
        first = await database.data_version()
        await database.write(lambda tx: add_user(tx, "bob"))
        await database.read(user_names)
        assert await database.data_version() == first
        other = outside(path)
        other.execute("SELECT count(*) FROM user").fetchall()
        assert await database.data_version() == first
        other.execute("UPDATE user SET real_name = 'Robert'")
        other.close()
        second = await database.data_version()
        assert second != first
        await database.write(lambda tx: add_user(tx, "alice"))
        assert await database.data_version() == second


def test_processes_that_open_a_new_store_at_once_all_get_the_same(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    starting = [start_python(OPEN_AND_ADD, path, name) for name in ("a", "b", "c")]
    for process in starting:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in starting:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in starting:
        finish(process)
    connection = outside(path)
    assert connection.execute("SELECT count(*), count(DISTINCT user_name) FROM user").fetchone() == (60, 60)
    applied = connection.execute("SELECT name FROM _sqlite_migrations ORDER BY id").fetchall()
    assert applied == [(step,) for step in STEPS]
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_store_is_opened_by_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with (tmp_path / "store.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        opening = asyncio.create_task(Database.open(path))
        await asyncio.wait([opening], timeout=0.5)
        assert not opening.done()
        assert outside(path).execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    await (await asyncio.wait_for(opening, 10)).close()
    assert outside(path).execute("SELECT count(*) FROM user").fetchone() == (0,)


async def test_a_store_that_stays_locked_is_reported_as_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.store.database.BUSY_TIMEOUT_MILLISECONDS", 50)
    path = tmp_path / "store.db"
    async with opened(path) as database:
        other = outside(path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(PlatformError) as error:
            await database.write(lambda tx: add_user(tx, "bob"))
        assert error.value.reason == "store_busy"
        assert "try again" in error.value.message
        assert await database.read(user_names) == []
        other.execute("ROLLBACK")
        await database.write(lambda tx: add_user(tx, "bob"))
        assert await database.read(user_names) == ["bob"]
        other.close()


def test_a_folder_that_cannot_be_written_is_refused_in_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        answer = run_python(OPEN_AND_SAY, tmp_path / "store.db", obey=True)
    finally:
        tmp_path.chmod(0o700)
    assert answer.startswith("store_unavailable ")
    assert str(tmp_path / "store.db") in answer
    assert list(tmp_path.iterdir()) == []


async def test_a_store_in_a_folder_turned_read_only_is_refused_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with opened(path):
        pass
    before = path.read_bytes()
    tmp_path.chmod(0o500)
    path.chmod(0o400)
    try:
        answer = await asyncio.to_thread(run_python, OPEN_AND_SAY, path, obey=True)
    finally:
        tmp_path.chmod(0o700)
    assert answer.startswith("store_unavailable ")
    assert path.read_bytes() == before


async def test_a_folder_that_is_not_there_is_refused_in_a_sentence(tmp_path: Path) -> None:
    error = await refusal(tmp_path / "none" / "store.db")
    assert error.reason == "store_unavailable"
    assert "No such file" in error.message


async def test_a_folder_in_the_stores_place_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "store.db").mkdir()
    assert (await refusal(tmp_path / "store.db")).reason == "store_unavailable"


def test_a_full_disk_is_reported_and_nothing_is_saved(tmp_path: Path) -> None:
    async def fill_up() -> tuple[PlatformError, list[str]]:
        def work(transaction: Transaction) -> None:
            # The engine's own limit on the file's size answers just as a full disk does.
            transaction.row(f"PRAGMA max_page_count = {transaction.count('PRAGMA page_count')}")
            for number in range(2_000):
                add_user(transaction, f"user-{number}")

        database = await Database.open(tmp_path / "store.db")
        try:
            with pytest.raises(PlatformError) as error:
                await database.write(work)
            return error.value, await database.read(user_names)
        finally:
            await database.close()

    error, names = asyncio.run(fill_up())
    assert error.reason == "store_full"
    assert "Free some space" in error.message
    assert names == []


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("database disk image is malformed", "SQLITE_CORRUPT_INDEX", "store_damaged"),
        ("file is not a database", "SQLITE_NOTADB", "store_damaged"),
        ("database or disk is full", "SQLITE_FULL", "store_full"),
        ("attempt to write a readonly database", "SQLITE_READONLY_DBMOVED", "store_unavailable"),
        ("disk I/O error", "SQLITE_IOERR_WRITE", "store_unavailable"),
        ("unable to open database file", "SQLITE_CANTOPEN", "store_unavailable"),
        ("database is locked", "SQLITE_BUSY_SNAPSHOT", "store_busy"),
        ("UNIQUE constraint failed: user.phone", "SQLITE_CONSTRAINT_UNIQUE", "store_error"),
        ("anything", "", "store_error"),
    ],
)
def test_errors_of_sqlite_become_sentences_that_name_the_file(text: str, name: str, reason: str) -> None:
    error = pysqlite3.OperationalError(text)
    error.sqlite_errorname = name
    told = store_error(error, Path("/a/store.db"))
    assert (told.kind, told.reason) == (ErrorKind.INTERNAL, reason)
    assert text in told.message or reason in {"store_full", "store_busy"}
