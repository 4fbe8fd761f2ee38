"""A store, and workers on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import pytest

from backend.clock import Clock
from backend.delivery.handler import Handler
from backend.delivery.limits import Limits
from backend.delivery.worker import Worker
from backend.notifier import Notifier
from backend.store import work
from backend.store.database import Database, Transaction
from tests.backend.delivery.site import START

Running = Callable[..., AbstractAsyncContextManager[Worker]]
QUICK = Limits(lease=1500, heartbeat=300, poll=50, first_wait=40, longest_wait=400, conflict_wait=400, delivery=5000)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(tmp_path / "store.db")
    yield opened
    await opened.close()


@pytest.fixture
def notifier() -> Notifier:
    return Notifier()


@pytest.fixture
def running(database: Database, notifier: Notifier) -> Running:
    """Runs a worker with a handler for work of kind `thing`."""

    @asynccontextmanager
    async def run(
        handler: Handler, limits: Limits = QUICK, chance: Callable[[], float] = lambda: 1.0
    ) -> AsyncIterator[Worker]:
        worker = Worker(database, Clock(), notifier, {"thing": handler}, limits, chance=chance)
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return run


async def want(database: Database, cluster_id: int, name: str, value: int = 1) -> None:
    await database.write(lambda tx: work.want(tx, cluster_id, "thing", name, {"value": value}, START))


async def want_many(database: Database, cluster_ids: list[int], each: int) -> None:
    def want_all(tx: Transaction) -> None:
        for cluster_id in cluster_ids:
            for number in range(each):
                work.want(tx, cluster_id, "thing", f"object-{number}", {}, START)

    await database.write(want_all)


async def states(database: Database) -> dict[str, int]:
    return await database.read(work.count_states)


async def messages(database: Database) -> list[str]:
    return await database.read(lambda tx: [row["message"] for row in tx.rows("SELECT message FROM work ORDER BY id")])
