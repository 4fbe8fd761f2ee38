"""Pages of a list of 100,000 users, through the operation table."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import pysqlite3
from pydantic import JsonValue

from backend.engine import STORE_FILE, Engine
from backend.operations.accounts import LIST_USERS
from benchmarks.figures import Figure
from benchmarks.ground import Ground
from otetui.demo_site import ADMINISTRATOR, PASSWORD

_USERS = 100_000
_PAGE = 100
_TIMES = 40
_GOAL = 10
_LISTS: dict[str, dict[str, JsonValue]] = {
    "first page of 100,000 users": {"page": 1},
    "middle page of 100,000 users": {"page": _USERS // _PAGE // 2},
    "last page of 100,000 users": {"page": _USERS // _PAGE},
    "last page by name": {"page": _USERS // _PAGE, "orderBy": "user_name"},
    "search in 100,000 users": {"page": 1, "name": "user-0999"},
}


def _fill(home: Path) -> None:
    connection = pysqlite3.connect(str(home / STORE_FILE))
    with connection:
        connection.executemany(
            "INSERT INTO user (user_name, password_hash, real_name, phone, status, is_admin, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, 1, 1, ?, ?)",
            (
                (f"user-{number:06}", "x" * 97, f"Person {number}", f"+49{number:010}", number, number)
                for number in range(_USERS)
            ),
        )
    connection.close()


async def _measured(home: Path) -> list[Figure]:
    engine = await Engine.open(home)
    try:
        await engine.set_up(ADMINISTRATOR, PASSWORD)
        await asyncio.to_thread(_fill, home)
        session = engine.session()
        await session.login(ADMINISTRATOR, PASSWORD)
        figures: list[Figure] = []
        for name, parameters in _LISTS.items():
            times: list[float] = []
            for _ in range(_TIMES):
                start = time.perf_counter()
                await session.call(LIST_USERS, **parameters, pageSize=_PAGE)
                times.append(1000 * (time.perf_counter() - start))
            figures.append(Figure(name, "ms", times, _GOAL, 95))
    finally:
        await engine.close()
    return figures


def measure(ground: Ground) -> list[Figure]:
    """First, middle and last page, and a search, each many times."""
    return asyncio.run(_measured(Path(tempfile.mkdtemp(dir=ground.folder))))
