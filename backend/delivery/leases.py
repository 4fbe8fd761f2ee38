"""The deliveries under way in one worker, and the leases that keep others from delivering the same."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from backend.clock import Clock
from backend.store import claims
from backend.store.claims import Holder, Moment, Piece
from backend.store.database import Database

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Lease(Generic[T]):
    piece: Piece
    task: asyncio.Task[T]
    until: int


class Leases(Generic[T]):
    """Runs deliveries under their leases; a delivery whose lease is lost is cancelled.

    `heartbeat` is how often leases are renewed, in milliseconds.
    """

    def __init__(self, database: Database, clock: Clock, holder: Holder, heartbeat: int) -> None:
        self.holder = holder
        self._database = database
        self._clock = clock
        self._heartbeat = heartbeat
        self._held: dict[int, _Lease[T]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def count_away(self) -> int:
        """How many deliveries under way are to clusters that did not answer when last tried."""
        return sum(lease.piece.cluster_away for lease in self._held.values())

    def start(self, piece: Piece, delivery: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """Run the delivery of a piece just claimed; its lease is renewed until it ends."""
        task = asyncio.create_task(delivery, name=f"deliver {piece.kind} {piece.object} to {piece.cluster_name}")
        self._held[piece.id] = _Lease(piece, task, self._clock.monotonic() + self.holder.lease)
        task.add_done_callback(lambda _: self._held.pop(piece.id, None))
        return task

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renew leases within this context; at its end deliveries are cancelled and all leases given up."""
        heart = asyncio.create_task(self._beat(), name="renew leases")
        try:
            yield
        finally:
            tasks: list[asyncio.Task[T] | asyncio.Task[None]] = [heart]
            tasks += [lease.task for lease in self._held.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._database.write(lambda tx: claims.release_all(tx, self.holder))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat / 1000)
            if self._held:
                await self._renew()

    async def _renew(self) -> None:
        pieces = [lease.piece for lease in self._held.values()]
        moment = Moment.of(self._clock)
        try:
            ours = await self._database.write(lambda tx: claims.renew(tx, self.holder, moment, pieces))
        except Exception:  # noqa: BLE001 - logged, and tried again
            _log.exception("Leases could not be renewed; trying again until they end.")
            ours = set()
            lost = {lease.piece.id for lease in self._held.values() if lease.until <= self._clock.monotonic()}
        else:
            lost = {piece.id for piece in pieces} - ours
        for work_id, lease in tuple(self._held.items()):
            if work_id in ours:
                lease.until = moment.monotonic + self.holder.lease
            elif work_id in lost:
                _log.warning("The lease on %s for cluster %s was lost.", lease.piece.object, lease.piece.cluster_name)
                lease.task.cancel()
