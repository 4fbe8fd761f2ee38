"""A store with users, businesses and clusters in it, for tests of what is delivered."""

from __future__ import annotations

from backend.clock import Clock
from backend.store import clusters
from backend.store.clusters import StoredCluster
from backend.store.database import Database, SqlValue, Transaction

START = 1_700_000_000


class SetClock(Clock):
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.seconds = START
        self.milliseconds = 1_000_000
        self.boot_id = "boot-1"

    def now(self) -> int:
        return self.seconds

    def monotonic(self) -> int:
        return self.milliseconds

    def boot(self) -> str:
        return self.boot_id


def insert_user(transaction: Transaction, name: str = "ann") -> int:
    return transaction.insert(
        "INSERT INTO user (user_name, password_hash, real_name, phone, status, is_admin, created_at, updated_at)"
        " VALUES (?, '', '', '', 1, 1, 1, 1)",
        (name,),
    )


def insert_business(transaction: Transaction, name: str, status: int = 1) -> int:
    owner = transaction.count("SELECT max(id) FROM user") or insert_user(transaction)
    return transaction.insert(
        "INSERT INTO business (name, user_id, introduce, objective, scale, status, created_at, updated_at)"
        " VALUES (?, ?, '', '', '', ?, 1, 1)",
        (name, owner, status),
    )


def insert_cluster(transaction: Transaction, name: str) -> int:
    return clusters.insert(transaction, StoredCluster(0, name, "context", "https://127.0.0.1:1", b"boxed", START))


def work_row(transaction: Transaction, work_id: int) -> dict[str, SqlValue]:
    row = transaction.row("SELECT * FROM work WHERE id = ?", (work_id,))
    assert row is not None
    return dict(row)


async def add_clusters(database: Database, *names: str) -> list[int]:
    return await database.write(lambda tx: [insert_cluster(tx, name) for name in names])
