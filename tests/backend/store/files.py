"""Store files for tests: opening, filling and looking at them from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pysqlite3
import pytest

from backend.errors import PlatformError
from backend.models.businesses import CreateBusiness
from backend.store import activity, businesses, users
from backend.store.activity import Entry
from backend.store.database import Database, Transaction
from backend.store.users import NewUser

NOW = 1_700_000_000
BOB = NewUser("bob", "hash", "Bob", "123", 1, is_admin=True)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Database]:
    """The store at a path, closed afterwards."""
    database = await Database.open(path)
    try:
        yield database
    finally:
        await database.close()


async def refusal(path: Path) -> PlatformError:
    """The refusal to open a store; fails when it opens."""
    with pytest.raises(PlatformError) as error:
        async with opened(path):
            pass
    return error.value


def outside(path: Path) -> pysqlite3.Connection:
    """A connection of our own to a store, as another program would have; autocommits."""
    return pysqlite3.connect(str(path), isolation_level=None, timeout=10)


def add_user(transaction: Transaction, name: str, phone: str = "") -> int:
    """Store an approved user."""
    return users.insert(transaction, NewUser(name, "hash", name.title(), phone, 1, is_admin=True), NOW)


def add_business(transaction: Transaction, name: str, user_id: int) -> int:
    """Store a pending business."""
    request = CreateBusiness(name=name, introduce="i" * 500, objective="o", scale="s")
    return businesses.insert(transaction, request, user_id, NOW)


def fill(transaction: Transaction) -> None:
    """Put enough in for every table to spread over pages."""
    owner = add_user(transaction, "owner")
    for number in range(200):
        add_user(transaction, f"user-{number}", f"+{number}")
        add_business(transaction, f"business-{number}", owner)
        activity.record(
            transaction, Entry(NOW, owner, "owner", 4, "test.fill", f"row/{number}", after={"x": "y" * 300})
        )


def user_names(transaction: Transaction) -> list[str]:
    """The names of all users, by id."""
    return [row["user_name"] for row in transaction.rows("SELECT user_name FROM user ORDER BY id")]
