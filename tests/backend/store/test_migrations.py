"""Stores of earlier and of later versions."""

from __future__ import annotations

from pathlib import Path

import pysqlite3
import pytest
from sqlite_utils import Database as SchemaDatabase

from backend.store.database import _APPLICATION_ID
from backend.store.migrations import STEPS, migrations
from tests.backend.store.files import NOW, fill, opened, outside, refusal, user_names


def make_older(path: Path, before: str) -> None:
    """A store as the version before the step `before` left it, with a user in it where there is a place for one."""
    connection = outside(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    migrations.apply(SchemaDatabase(connection), stop_before=before)
    if before != STEPS[0]:
        connection.execute(
            "INSERT INTO user (user_name, password_hash, real_name, phone, status, is_admin, created_at, updated_at)"
            f" VALUES ('bob', 'hash', 'Bob', '1', 1, 1, {NOW}, {NOW})"
        )
    connection.close()


def schema(path: Path) -> list[object]:
    """Every table, index and trigger of a store with its definition."""
    connection = outside(path)
    found = list(connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"))
    connection.close()
    return found


def applied(path: Path) -> list[str]:
    """The names of the steps that a store has."""
    connection = outside(path)
    found = [row[0] for row in connection.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]
    connection.close()
    return found


async def test_a_new_store_has_every_step_in_order(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.db"):
        pass
    assert tuple(applied(tmp_path / "store.db")) == STEPS


def test_the_list_of_steps_is_the_list_of_migrations() -> None:
    connection = SchemaDatabase(memory=True)
    assert tuple(step.name for step in migrations.pending(connection)) == STEPS


@pytest.mark.parametrize("before", STEPS)
async def test_a_store_of_every_earlier_step_is_brought_up_to_date_with_its_rows(tmp_path: Path, before: str) -> None:
    older, newest = tmp_path / "older.db", tmp_path / "newest.db"
    make_older(older, before)
    assert applied(older) == list(STEPS[: STEPS.index(before)])
    async with opened(older) as database:
        await database.write(fill)
        assert len(await database.read(user_names)) == (201 if before == STEPS[0] else 202)
    async with opened(newest):
        pass
    assert schema(older) == schema(newest)
    assert tuple(applied(older)) == STEPS


async def test_opening_an_up_to_date_store_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with opened(path) as database:
        await database.write(fill)
    before = path.read_bytes()
    async with opened(path):
        pass
    assert path.read_bytes() == before


async def test_a_newer_store_is_refused_by_the_step_it_knows_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with opened(path) as database:
        await database.write(fill)
    newer = outside(path)
    newer.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('otetui', 'made_up_step', 'later')"
    )
    newer.close()
    before = path.read_bytes()
    error = await refusal(path)
    assert error.reason == "store_newer"
    assert "made_up_step" in error.message
    assert "Install that version" in error.message
    assert path.read_bytes() == before


async def test_a_newer_store_that_lacks_our_steps_is_not_migrated_either(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    make_older(path, STEPS[-1])
    newer = outside(path)
    newer.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('otetui', 'other', 'x')")
    newer.close()
    assert (await refusal(path)).reason == "store_newer"
    assert applied(path) == [*STEPS[:-1], "other"]


async def test_a_step_that_fails_leaves_nothing_and_is_made_up_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    make_older(path, "delivery_work")
    before = schema(path)
    step = migrations.pending(SchemaDatabase(pysqlite3.connect(str(path), isolation_level=None)))[0]
    assert step.name == "delivery_work"
    whole = step.fn

    def half(database: SchemaDatabase) -> None:
        whole(database)
        raise pysqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(step, "fn", half)
    assert (await refusal(path)).message.startswith("The store")
    assert schema(path) == before
    monkeypatch.undo()
    async with opened(path) as database:
        assert await database.read(user_names) == ["bob"]
    assert tuple(applied(path)) == STEPS
