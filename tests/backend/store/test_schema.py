"""What the schema itself refuses, whatever the code above it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.errors import PlatformError
from backend.store import activity, businesses, users
from backend.store.activity import Entry
from backend.store.database import Database, SqlValue, Transaction
from tests.backend.store.files import NOW, add_business, add_user, opened

USER = (
    "INSERT INTO user (user_name, password_hash, real_name, phone, status, is_admin, built_in, created_at, updated_at)"
)
CLUSTER = "INSERT INTO cluster (name, context, server, kubeconfig, created_at)"
NODE = (
    "INSERT INTO node (cluster_id, name, operating_system, kernel_version, ip, memory_bytes, cpu_cores, disk_bytes,"
    " gpu_memory_bytes, is_ready, schedulable) VALUES (?, ?, '', '', '', 0, 0, 0, 0, 1, 1)"
)
WORK = "INSERT INTO work (cluster_id, kind, object, wanted, created_at, updated_at)"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A new store."""
    async with opened(tmp_path / "store.db") as opened_database:
        yield opened_database


async def refused(database: Database, sql: str, *parameters: SqlValue) -> str:
    """What the store says to a statement that it must refuse."""
    with pytest.raises(PlatformError) as error:
        await database.write(lambda tx: tx.change(sql, parameters))
    assert error.value.reason == "store_error"
    return error.value.message


async def add_cluster(database: Database, name: str) -> int:
    """Store a cluster; returns the id."""
    return await database.write(lambda tx: tx.insert(f"{CLUSTER} VALUES (?, 'c', 'https://s', x'00', ?)", (name, NOW)))


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("status", 4, "CHECK"),
        ("status", -1, "CHECK"),
        ("status", "one", "cannot store TEXT"),
        ("status", None, "NOT NULL"),
        ("is_admin", 2, "CHECK"),
        ("built_in", 2, "CHECK"),
        ("user_name", "", "CHECK"),
        ("user_name", "x" * 51, "CHECK"),
        ("user_name", None, "NOT NULL"),
        ("user_name", b"bob", "cannot store BLOB"),
        ("created_at", 1.5, "cannot store REAL"),
        ("business_id", 99, "FOREIGN KEY"),
        ("user_name", "BOB", "UNIQUE"),
        ("phone", "1", "UNIQUE"),
    ],
)
async def test_the_user_table_refuses(database: Database, column: str, value: SqlValue, constraint: str) -> None:
    await database.write(lambda tx: (add_user(tx, "bob", "1"), add_user(tx, "eve", "2")))
    assert constraint in await refused(database, f"UPDATE user SET {column} = ? WHERE user_name = 'eve'", value)


async def test_there_is_one_built_in_user(database: Database) -> None:
    row = (NOW, NOW)
    await database.write(lambda tx: tx.insert(f"{USER} VALUES ('root', 'h', 'r', '', 1, 1, 1, ?, ?)", row))
    assert "UNIQUE" in await refused(database, f"{USER} VALUES ('toor', 'h', 'r', '', 1, 1, 1, ?, ?)", *row)


async def test_name_and_phone_of_a_deleted_user_are_free_again_but_the_id_is_not(database: Database) -> None:
    first = await database.write(lambda tx: add_user(tx, "bob", "1"))
    await database.write(lambda tx: users.delete(tx, first, NOW))
    second = await database.write(lambda tx: add_user(tx, "bob", "1"))
    assert second > first


async def test_ids_are_never_reused(database: Database) -> None:
    owner = await database.write(lambda tx: add_user(tx, "owner"))
    first = await database.write(lambda tx: add_business(tx, "one", owner))
    await database.write(lambda tx: tx.change("DELETE FROM business WHERE id = ?", (first,)))
    assert await database.write(lambda tx: add_business(tx, "two", owner)) == first + 1


async def test_a_phone_may_be_missing_more_than_once(database: Database) -> None:
    await database.write(lambda tx: (add_user(tx, "bob"), add_user(tx, "eve")))
    assert await database.read(lambda tx: tx.count("SELECT count(*) FROM user WHERE phone = ''")) == 2


@pytest.mark.parametrize(("status", "taken"), [(0, True), (1, True), (2, False), (3, False)])
async def test_a_business_name_is_taken_while_pending_or_approved(database: Database, status: int, taken: bool) -> None:
    def prepare(transaction: Transaction) -> int:
        owner = add_user(transaction, "owner")
        businesses.set_status(transaction, add_business(transaction, "shop", owner), status, "", NOW)
        return owner

    owner = await database.write(prepare)
    sql = (
        "INSERT INTO business (name, user_id, introduce, objective, scale, created_at, updated_at)"
        " VALUES ('shop', ?, 'i', 'o', 's', 1, 1)"
    )
    if taken:
        assert "UNIQUE" in await refused(database, sql, owner)
    else:
        assert await database.write(lambda tx: tx.change(sql, (owner,))) == 1


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("UPDATE business SET status = 4", "CHECK"),
        ("UPDATE business SET name = ''", "CHECK"),
        ("UPDATE business SET user_id = 99", "FOREIGN KEY"),
        ("INSERT INTO session VALUES ('t', 99, 1, 1)", "FOREIGN KEY"),
        ("INSERT INTO session VALUES ('t', 1, 'now', 1)", "cannot store TEXT"),
        ("INSERT INTO setting VALUES ('siteName', 'not json', 1)", "CHECK"),
        ("INSERT INTO secret VALUES ('signing-key', 'text')", "cannot store TEXT"),
        ("DELETE FROM user WHERE id = 1", "FOREIGN KEY"),
    ],
)
async def test_the_other_account_tables_refuse(database: Database, sql: str, constraint: str) -> None:
    await database.write(lambda tx: add_business(tx, "shop", add_user(tx, "owner")))
    assert constraint in await refused(database, sql)


async def test_cluster_names_differ_in_more_than_case(database: Database) -> None:
    await add_cluster(database, "BeiJing")
    assert "UNIQUE" in await refused(database, f"{CLUSTER} VALUES ('beijing', 'c', 's', x'00', 1)")


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("INSERT INTO cluster_label VALUES (99, 'edge', 1)", "FOREIGN KEY"),
        ("INSERT INTO cluster_state (cluster_id, reachable, ready, probed_at) VALUES (1, 2, 0, 1)", "CHECK"),
        ("INSERT INTO cluster_state (cluster_id, reachable, ready, probed_at) VALUES (1, 0, 2, 1)", "CHECK"),
        ("INSERT INTO node_label VALUES (1, 'nobody', 'edge')", "FOREIGN KEY"),
        (f"{WORK} VALUES (1, 'namespace', 'ns1', 'not json', 1, 1)", "CHECK"),
        (f"{WORK} VALUES (99, 'namespace', 'ns1', '{{}}', 1, 1)", "FOREIGN KEY"),
        ("INSERT INTO cluster_backoff VALUES (1, 0, 1, 'boot', '')", "CHECK"),
    ],
)
async def test_the_cluster_tables_refuse(database: Database, sql: str, constraint: str) -> None:
    assert await add_cluster(database, "site") == 1
    assert constraint in await refused(database, sql)


async def test_work_has_one_row_per_cluster_kind_and_object_in_a_known_state(database: Database) -> None:
    cluster = await add_cluster(database, "site")
    sql = f"{WORK} VALUES (?, 'namespace', 'ns1', '{{}}', 1, 1)"
    await database.write(lambda tx: tx.change(sql, (cluster,)))
    assert "UNIQUE" in await refused(database, sql, cluster)
    assert "CHECK" in await refused(database, "UPDATE work SET state = 'lost'")


async def test_removing_a_cluster_takes_all_that_hangs_on_it(database: Database) -> None:
    cluster = await add_cluster(database, "site")

    def add_all(transaction: Transaction) -> None:
        transaction.change("INSERT INTO cluster_label VALUES (?, 'edge', 1)", (cluster,))
        transaction.change(
            "INSERT INTO cluster_state (cluster_id, reachable, ready, probed_at) VALUES (?, 1, 1, 1)", (cluster,)
        )
        transaction.change(NODE, (cluster, "node-1"))
        transaction.change("INSERT INTO node_label VALUES (?, 'node-1', 'gpu')", (cluster,))
        transaction.change(f"{WORK} VALUES (?, 'namespace', 'ns1', '{{}}', 1, 1)", (cluster,))
        transaction.change("INSERT INTO cluster_backoff VALUES (?, 1, 1, 'boot', '')", (cluster,))

    tables = ("cluster_label", "cluster_state", "node", "node_label", "work", "cluster_backoff")

    def counts(transaction: Transaction) -> list[int]:
        return [transaction.count(f"SELECT count(*) FROM {table}") for table in tables]

    await database.write(add_all)
    assert await database.read(counts) == [1] * len(tables)
    await database.write(lambda tx: tx.change("DELETE FROM cluster WHERE id = ?", (cluster,)))
    assert await database.read(counts) == [0] * len(tables)


async def test_every_table_of_ours_is_strict(database: Database) -> None:
    def loose(transaction: Transaction) -> list[str]:
        rows = transaction.rows("SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0")
        return [row["name"] for row in rows if not row["name"].startswith(("sqlite_", "_sqlite_"))]

    assert await database.read(loose) == []


async def test_the_activity_log_only_grows(database: Database) -> None:
    await database.write(lambda tx: activity.record(tx, Entry(NOW, 1, "bob", 4, "test", "x/y")))
    for sql in (
        "UPDATE activity SET message = 'nothing happened'",
        "UPDATE activity SET id = 7",
        "DELETE FROM activity",
        "DELETE FROM activity WHERE id = 1",
        "REPLACE INTO activity SELECT * FROM activity",
    ):
        assert "append-only" in await refused(database, sql), sql
    assert await database.read(lambda tx: tx.count("SELECT count(*) FROM activity WHERE user_name = 'bob'")) == 1


@pytest.mark.parametrize(
    ("column", "value"), [("outcome", "'lost'"), ("before", "'not json'"), ("after", "'{'"), ("role", "'admin'")]
)
async def test_the_activity_log_refuses_malformed_entries(database: Database, column: str, value: str) -> None:
    row = {
        "at": "1",
        "user_name": "'bob'",
        "role": "4",
        "action": "'a'",
        "object": "'o'",
        "before": "'{}'",
        "after": "'{}'",
        "outcome": "'done'",
    } | {column: value}
    message = await refused(database, f"INSERT INTO activity ({', '.join(row)}) VALUES ({', '.join(row.values())})")
    assert "CHECK" in message or "cannot store" in message


async def test_an_entry_outlives_the_user_it_names(database: Database) -> None:
    user = await database.write(lambda tx: add_user(tx, "bob"))
    await database.write(lambda tx: activity.record(tx, Entry(NOW, user, "bob", 1, "test", "x/y")))
    await database.write(lambda tx: users.delete(tx, user, NOW))
    assert await database.read(lambda tx: tx.count("SELECT count(*) FROM activity WHERE user_name = 'bob'")) == 1
