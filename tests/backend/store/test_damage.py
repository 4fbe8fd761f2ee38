"""Files that are no store of ours, or no longer: reported, and left exactly as they are."""

from __future__ import annotations

import random
from pathlib import Path

import pysqlite3
import pytest

from backend.store.database import Database
from tests.backend.store.files import fill, opened, outside, refusal, user_names

PAGE = 4096


async def filled(path: Path) -> bytes:
    """Make a store with rows in it; returns its bytes."""
    async with opened(path) as database:
        await database.write(fill)
    return path.read_bytes()


async def assert_reported_and_unchanged(path: Path, reason: str) -> str:
    """Opening `path` must be refused for `reason` twice, and leave its bytes alone; returns the sentence."""
    before = path.read_bytes()
    error = await refusal(path)
    assert error.reason == reason
    assert str(path) in error.message
    assert path.read_bytes() == before
    # A second attempt finds the same: the first has mended or spoilt nothing.
    assert (await refusal(path)).reason == reason
    assert path.read_bytes() == before
    return error.message


def root_pages(path: Path) -> dict[str, int]:
    """The first page of each table and index."""
    connection = outside(path)
    rows = connection.execute("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0").fetchall()
    connection.close()
    return dict(rows)


@pytest.mark.parametrize(
    "content",
    [
        b"not a database at all\n" * 300,
        b"\x00" * 20_000,
        random.Random(1).randbytes(30_000),
        b"x",
        b"x" * 511,
        b"x" * 512,
    ],
    ids=["text", "zeros", "random", "one byte", "half a page", "a page"],
)
async def test_garbage_is_reported_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    sentence = await assert_reported_and_unchanged(path, "store_damaged")
    assert "restore a backup" in sentence


@pytest.mark.parametrize("keep", [PAGE - 1, PAGE, PAGE * 5, -PAGE, -1])
async def test_a_truncated_store_is_reported_and_left_alone(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "store.db"
    whole = await filled(path)
    path.write_bytes(whole[:keep])
    await assert_reported_and_unchanged(path, "store_damaged")


@pytest.mark.parametrize("table", ["user", "business", "activity", "business_name_in_use", "activity_by_object"])
@pytest.mark.parametrize("with_", ["zeros", "noise"])
async def test_an_overwritten_page_in_the_middle_is_reported_and_left_alone(
    tmp_path: Path, table: str, with_: str
) -> None:
    path = tmp_path / "store.db"
    content = bytearray(await filled(path))
    start = (root_pages(path)[table] - 1) * PAGE
    assert 0 < start < len(content) - PAGE
    content[start : start + PAGE] = bytes(PAGE) if with_ == "zeros" else random.Random(2).randbytes(PAGE)
    path.write_bytes(content)
    await assert_reported_and_unchanged(path, "store_damaged")


async def test_a_damaged_header_is_reported_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    content = bytearray(await filled(path))
    content[16:32] = b"\xff" * 16
    path.write_bytes(content)
    await assert_reported_and_unchanged(path, "store_damaged")


async def test_a_damaged_schema_is_reported_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    content = bytearray(await filled(path))
    content[100:PAGE] = random.Random(3).randbytes(PAGE - 100)
    path.write_bytes(content)
    await assert_reported_and_unchanged(path, "store_damaged")


async def test_a_store_that_is_damaged_while_it_is_open_is_reported_when_it_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    await filled(path)
    start = (root_pages(path)["user"] - 1) * PAGE
    async with opened(path) as database:
        with path.open("r+b") as file:
            file.seek(start)
            file.write(b"\xff" * PAGE)
        with pytest.raises(Exception, match="is damaged") as error:
            await database.read(user_names)
        assert getattr(error.value, "reason", "") == "store_damaged"


@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_a_file_of_another_program_is_refused_and_left_alone(tmp_path: Path, journal: str) -> None:
    path = tmp_path / "store.db"
    other = outside(path)
    other.execute(f"PRAGMA journal_mode = {journal}")
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.execute("INSERT INTO bookmarks VALUES ('https://example.org')")
    other.close()
    assert "another program" in await assert_reported_and_unchanged(path, "store_foreign")


async def test_a_file_with_another_programs_mark_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    other = outside(path)
    other.execute("PRAGMA application_id = 12345")
    other.close()
    await assert_reported_and_unchanged(path, "store_foreign")


async def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    # As left by a process that was stopped between making the file and the first table.
    path = tmp_path / "store.db"
    path.touch(mode=0o600)
    async with opened(path) as database:
        assert await database.read(user_names) == []


async def test_a_store_cut_off_before_its_first_table_is_known_as_ours(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    made = outside(path)
    made.execute(f"PRAGMA application_id = {0x6F746574}")
    made.close()
    async with opened(path) as database:
        assert await database.read(user_names) == []


async def test_what_was_committed_before_a_crash_is_there_and_the_rest_is_not(tmp_path: Path) -> None:
    path, copy = tmp_path / "store.db", tmp_path / "crashed.db"
    async with opened(path) as database:
        await database.write(fill)
        # What the disk holds at this moment, without the tidy closing.
        for suffix in ("", "-wal"):
            (tmp_path / f"crashed.db{suffix}").write_bytes((tmp_path / f"store.db{suffix}").read_bytes())
        names = await database.read(user_names)
    with (tmp_path / "crashed.db-wal").open("ab") as log:
        log.write(b"\x00" * 5_000)  # a write cut off half way
    async with opened(copy) as database:
        assert await database.read(user_names) == names
    assert outside(copy).execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_large_store_is_not_checked_at_every_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"
    content = bytearray(await filled(path))
    start = (root_pages(path)["activity_by_object"] - 1) * PAGE
    content[start : start + PAGE] = bytes(PAGE)
    path.write_bytes(content)
    monkeypatch.setattr("backend.store.database._QUICK_CHECK_BYTES", len(content) - 1)
    async with opened(path) as database:
        assert len(await database.read(user_names)) == 201


async def test_closing_twice_and_after_a_failed_opening_is_harmless(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "store.db")
    await database.close()
    await database.close()
    assert isinstance(outside(tmp_path / "store.db"), pysqlite3.Connection)
