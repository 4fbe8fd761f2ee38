"""What all clusters look like, asked again and again in the background (decision 22)."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from backend.delivery.worker import Worker
from backend.errors import ErrorKind, PlatformError
from backend.notifier import Topic
from backend.services.connections import Connections
from backend.services.platform import Platform
from backend.services.settings import Settings
from backend.services.sighting import PROBE_SECONDS, Look, Saved, failed_look, look_at, save_look
from backend.store import clusters, work
from backend.store.clusters import Target
from backend.store.database import Transaction

_log = logging.getLogger(__name__)
_AFTER_ERROR_SECONDS = 5.0
_CLUSTERS_PER_WRITE = 32
_JITTER = 0.1
_SETTLE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class InventoryLimits:
    """How many clusters are asked at once, and for how long.

    `concurrency` probes run side by side; one that takes longer than `patience` seconds makes room for another,
    as long as no more than `slow` such are waiting. `probe` is when a probe is given up, in seconds.
    """

    concurrency: int = 8
    patience: float = 0.25
    slow: int = 128
    probe: float = PROBE_SECONDS


@dataclass(frozen=True, slots=True)
class _Arrival:
    cluster_id: int
    look: Look
    saved: asyncio.Future[Saved | None]

    def end(self, outcome: Saved | None) -> None:
        if not self.saved.done():
            self.saved.set_result(outcome)

    def fail(self, error: Exception) -> None:
        if not self.saved.done():
            self.saved.set_exception(error)


_DEFAULT_LIMITS = InventoryLimits()


class Inventory:
    """Keeps the store's figures of clusters and nodes fresh."""

    def __init__(
        self,
        platform: Platform,
        connections: Connections,
        worker: Worker,
        settings: Settings,
        limits: InventoryLimits = _DEFAULT_LIMITS,
    ) -> None:
        self._platform = platform
        self._connections = connections
        self._worker = worker
        self._settings = settings
        self._limits = limits
        self._fast = asyncio.Semaphore(limits.concurrency)
        self._slow = asyncio.Semaphore(limits.slow)
        self._probes: dict[int, asyncio.Task[Look | None]] = {}
        self._due: dict[int, int] = {}
        self._failures: dict[int, int] = {}
        self._interval = 0
        self._ages_told = 0
        self._changed = asyncio.Event()
        self._arrived: list[_Arrival] = []
        self._saver: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Refresh each cluster once in every interval of the settings, until cancelled."""
        stop = self._platform.notifier.listen(self._heed)
        try:
            while True:
                self._changed.clear()
                try:
                    pause = await self._start_due()
                except Exception:  # noqa: BLE001 - logged, and tried again
                    _log.exception("The clusters to refresh cannot be read; trying again.")
                    pause = _AFTER_ERROR_SECONDS
                with suppress(TimeoutError):
                    # Not wait_for: before Python 3.12 it loses a cancellation that comes together with the event.
                    async with asyncio.timeout(pause):
                        await self._changed.wait()
                    # Changes come in bursts.
                    await asyncio.sleep(_SETTLE_SECONDS)
        finally:
            stop()
            await self._cancel(self._probes.values())
            if self._saver is not None:
                await self._saver

    async def refresh_all(self) -> None:
        """Ask every cluster now, and return when all have answered or failed."""
        targets = await self._platform.database.read(clusters.list_targets)
        await self.refresh([target.id for target in targets])

    async def refresh(self, cluster_ids: Sequence[int]) -> dict[int, Look]:
        """Ask these clusters now; returns what was found, without those that are no longer registered."""
        started = set(cluster_ids) - self._probes.keys()
        for cluster_id in started:
            self._start_probe(cluster_id)
        tasks = {cluster_id: self._probes[cluster_id] for cluster_id in cluster_ids}
        try:
            if tasks:
                await asyncio.wait(tasks.values())
        except asyncio.CancelledError:
            await self._cancel(tasks[cluster_id] for cluster_id in started)
            raise
        looks = {cluster_id: task.result() for cluster_id, task in tasks.items()}
        return {cluster_id: look for cluster_id, look in looks.items() if look is not None}

    def _heed(self, topics: frozenset[Topic]) -> None:
        if topics & {Topic.SETTINGS, Topic.CLUSTERS}:
            self._changed.set()

    async def _start_due(self) -> float | None:
        """Start the probes that are due; returns the seconds until another may be, None without clusters."""
        interval = 1000 * (await self._settings.current()).refresh_seconds
        targets = await self._platform.database.read(clusters.list_targets)
        await self._follow(targets, interval)
        now = self._platform.clock.monotonic()
        for target in targets:
            due = self._due.setdefault(target.id, now)
            if due <= now and target.id not in self._probes and not self._probed_by_another(target, now):
                self._start_probe(target.id)
        # A cluster that is being asked now is not due before its shortest interval has passed.
        next_due = [now + round(interval * (1 - _JITTER))]
        next_due += [due for cluster_id, due in self._due.items() if cluster_id not in self._probes]
        return max(min(next_due) - now, 0) / 1000 if targets else None

    async def _follow(self, targets: Sequence[Target], interval: int) -> None:
        ids = {target.id for target in targets}
        if gone := self._due.keys() - ids:
            # Removed, perhaps by another process.
            for cluster_id in gone:
                del self._due[cluster_id]
                self._failures.pop(cluster_id, None)
            await self._connections.drop(gone)
        if self._interval not in {0, interval}:
            self._due.clear()
        self._interval = interval

    def _probed_by_another(self, target: Target, now: int) -> bool:
        """Whether another process has asked this cluster within the last half interval: then it is its turn later."""
        age = 1000 * (self._platform.clock.now() - target.probed_at)
        # A negative age is a clock that was set back: it says nothing.
        if not 0 <= age < self._interval // 2:
            return False
        self._schedule(target.id, now - age, 1)
        return True

    def _schedule(self, cluster_id: int, since: int, intervals: int) -> None:
        self._due[cluster_id] = since + round(intervals * self._interval * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311

    def _start_probe(self, cluster_id: int) -> None:
        task = asyncio.create_task(self._probe_in_turn(cluster_id), name=f"probe cluster {cluster_id}")
        self._probes[cluster_id] = task
        task.add_done_callback(lambda ended: self._ended(cluster_id, ended))

    def _ended(self, cluster_id: int, task: asyncio.Task[Look | None]) -> None:
        del self._probes[cluster_id]
        reachable = False
        if not task.cancelled():
            if error := task.exception():
                _log.error("Refreshing cluster %s failed.", cluster_id, exc_info=error)
            else:
                look = task.result()
                reachable = look is not None and look.sighting.reachable
        self._failures[cluster_id] = 0 if reachable else self._failures.get(cluster_id, 0) + 1
        # A cluster that stays away is asked half as often; the first failure may have been an accident.
        self._schedule(cluster_id, self._platform.clock.monotonic(), 2 if self._failures[cluster_id] > 1 else 1)

    async def _probe_in_turn(self, cluster_id: int) -> Look | None:
        async with self._turn():
            look = await self._look(cluster_id)
        saved = await self._save(cluster_id, look) if look else None
        return look if saved else None

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        await self._fast.acquire()
        held = [self._fast]
        moving = asyncio.create_task(self._make_room(held))
        try:
            yield
        finally:
            moving.cancel()
            held[0].release()

    async def _make_room(self, held: list[asyncio.Semaphore]) -> None:
        await asyncio.sleep(self._limits.patience)
        await self._slow.acquire()
        held[0].release()
        held[0] = self._slow

    async def _look(self, cluster_id: int) -> Look | None:
        try:
            connection = await self._connections.get(cluster_id)
        except PlatformError as error:
            return None if error.kind is ErrorKind.NOT_FOUND else failed_look(error)
        return await look_at(connection, self._limits.probe)

    async def _save(self, cluster_id: int, look: Look) -> Saved | None:
        """Store a look, together with the others that arrive meanwhile."""
        arrival = _Arrival(cluster_id, look, asyncio.get_running_loop().create_future())
        self._arrived.append(arrival)
        if self._saver is None or self._saver.done():
            self._saver = asyncio.create_task(self._save_arrived(), name="save what clusters answered")
        return await arrival.saved

    async def _save_arrived(self) -> None:
        while self._arrived:
            batch, self._arrived = self._arrived[:_CLUSTERS_PER_WRITE], self._arrived[_CLUSTERS_PER_WRITE:]
            await self._save_batch(batch)

    async def _save_batch(self, batch: Sequence[_Arrival]) -> None:
        looks = [(arrival.cluster_id, arrival.look) for arrival in batch]
        try:
            saved = await self._platform.database.write(
                partial(_save_looks, looks=looks, now=self._platform.clock.now())
            )
        except Exception as error:  # noqa: BLE001 - goes to whoever waits for it
            if len(batch) == 1:
                batch[0].fail(error)
            else:
                # What cannot be stored of one cluster must not cost the others theirs.
                for arrival in batch:
                    await self._save_batch([arrival])
            return
        for arrival, outcome in zip(batch, saved, strict=True):
            arrival.end(outcome)
        self._tell([outcome for outcome in saved if outcome is not None])

    def _tell(self, saved: Sequence[Saved]) -> None:
        topics: set[Topic] = set()
        if any(outcome.seen.changed for outcome in saved):
            topics.add(Topic.CLUSTERS)
        if any(outcome.nodes_changed for outcome in saved):
            topics |= {Topic.CLUSTERS, Topic.NODES}
        if any(outcome.seen.came_back for outcome in saved):
            topics |= {Topic.CLUSTERS, Topic.NODES, Topic.WORK}
            self._worker.wake()
        now = self._platform.clock.monotonic()
        # Ages change with every answer: once in an interval is enough to show them.
        if now - self._ages_told >= self._interval > 0:
            topics |= {Topic.CLUSTERS, Topic.NODES}
        if topics:
            if topics >= {Topic.CLUSTERS, Topic.NODES}:
                self._ages_told = now
            self._platform.notifier.publish(*topics)

    @staticmethod
    async def _cancel(tasks: Iterable[asyncio.Task[Look | None]]) -> None:
        stopped = list(tasks)
        for task in stopped:
            task.cancel()
        await asyncio.gather(*stopped, return_exceptions=True)


def _save_looks(transaction: Transaction, looks: Sequence[tuple[int, Look]], now: int) -> list[Saved | None]:
    saved = [save_look(transaction, cluster_id, look, now) for cluster_id, look in looks]
    back = [
        cluster_id
        for (cluster_id, _), outcome in zip(looks, saved, strict=True)
        if outcome is not None and outcome.seen.came_back
    ]
    if back:
        # In the same transaction: its waiting work is due from the moment that it counts as reachable.
        work.retry_now(transaction, back)
    return saved
