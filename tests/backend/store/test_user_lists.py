"""Pages of users and searches among them give what plain comparison gives, whatever the indexes hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.models.accounts import ListUsers
from backend.store import users
from backend.store.database import Database, Transaction
from backend.store.users import NewUser
from tests.backend.store.files import NOW, opened, outside

# Letters that match, quotes and operators of the index' own language, and letters with more than one case.
_LETTERS = "abAB\"'*-: (É鉄é%_"
_NAMES = st.lists(st.text(_LETTERS, min_size=1, max_size=8), min_size=1, max_size=12)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A new store."""
    async with opened(tmp_path / "store.db") as opened_database:
        yield opened_database


def _add(transaction: Transaction, user_name: str, real_name: str) -> int:
    return users.insert(transaction, NewUser(user_name, "hash", real_name, "", 1, is_admin=True), NOW)


def _lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _search(transaction: Transaction, name: str) -> list[str]:
    found, total = users.list_users(transaction, ListUsers(name=name, pageSize=0))
    assert total == len(found)
    return [user.real_name for user in found]


@given(names=_NAMES, wanted=st.text(_LETTERS, min_size=1, max_size=5))
async def test_a_search_finds_what_holds_the_text(
    names: list[str], wanted: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with opened(tmp_path_factory.mktemp("found") / "store.db") as database:

        def work(transaction: Transaction) -> list[str]:
            for number, name in enumerate(names):
                _add(transaction, f"user{number}", name)
            return _search(transaction, wanted)

        found = await database.write(work)
    shown = ListUsers(name=wanted).name
    assert found == [
        name for number, name in enumerate(names) if _lower(shown) in _lower(name) or _lower(shown) in f"user{number}"
    ]


async def test_the_index_follows_changes_and_keeps_nothing_of_the_deleted(database: Database) -> None:
    def work(transaction: Transaction) -> None:
        first, second = _add(transaction, "chen", "Wei Chen"), _add(transaction, "maria", "Maria Silva")
        transaction.change("UPDATE user SET real_name = 'Wei Zhang' WHERE id = ?", (first,))
        assert _search(transaction, "wei chen") == []
        assert _search(transaction, "ZHANG") == ["Wei Zhang"]
        users.delete(transaction, second, NOW)
        assert _search(transaction, "maria") == []

    await database.write(work)
    connection = outside(database.path)
    blocks = b"".join(bytes(row[0]) for row in connection.execute("SELECT block FROM user_text_data"))
    # Raises when the index does not agree with the users.
    connection.execute("INSERT INTO user_text (user_text, rank) VALUES ('integrity-check', 1)")
    connection.close()
    assert b"wei" in blocks
    assert b"sil" not in blocks


@pytest.mark.parametrize("order_by", ["id", "user_name"])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_are_parts_of_one_ordered_list(database: Database, order_by: str, order: str) -> None:
    def fill(transaction: Transaction) -> None:
        for number in range(25):
            _add(transaction, f"user-{number * 7 % 25:02}", "x")
        users.delete(transaction, 3, NOW)

    await database.write(fill)

    async def names(page: int, page_size: int) -> list[tuple[int, str]]:
        request = ListUsers(page=page, pageSize=page_size, orderBy=order_by, order=order)
        found, total = await database.read(lambda tx: users.list_users(tx, request))
        assert total == 24
        return [(user.id, user.user_name) for user in found]

    whole = await names(1, 0)
    assert len(whole) == 24
    assert whole == sorted(whole, key=lambda row: row[order_by == "user_name"], reverse=order == "desc")
    assert [row for page in range(1, 6) for row in await names(page, 5)] == whole
    assert await names(6, 5) == []
