"""The worker: brings wanted states to clusters, many clusters side by side, one piece at a time for each."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from backend.clock import Clock
from backend.delivery.handler import ClusterAwayError, DeliveryConflictError, Handler
from backend.delivery.leases import Leases
from backend.delivery.limits import Limits
from backend.errors import PlatformError
from backend.notifier import Notifier, Topic
from backend.store import claims, work
from backend.store.claims import Attempt, Holder, Moment, Piece, Recorded
from backend.store.database import Database

_log = logging.getLogger(__name__)
_BUSY_POLL_SECONDS = 0.1
_AFTER_ERROR_SECONDS = 1.0
_TOPICS = (Topic.WORK, Topic.BUSINESSES, Topic.CLUSTERS)
_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Drained:
    """What `Worker.drain` came to: pieces it delivered, and how many are left waiting and in conflict."""

    delivered: int
    waiting: int
    conflict: int


@dataclass(frozen=True, slots=True)
class _Ended:
    ending: str
    recorded: Recorded


class Worker:
    """Delivers work from the store. Any number of workers, in any number of processes, may share one store.

    `handlers` maps each kind of work to who delivers it.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        notifier: Notifier,
        handlers: Mapping[str, Handler],
        limits: Limits = _DEFAULT_LIMITS,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._clock = clock
        self._notifier = notifier
        self._handlers = handlers
        self._limits = limits
        self._chance = chance
        self._woken = asyncio.Event()
        self._finished = False
        holder = Holder(f"{os.getpid()}-{uuid.uuid4().hex}", limits.lease)
        self._leases: Leases[_Ended] = Leases(database, clock, holder, limits.heartbeat)

    def wake(self) -> None:
        """Say that new work is wanted; call it on the event loop's thread, after the transaction."""
        self._woken.set()

    async def cluster_answered(self, cluster_id: int) -> None:
        """Try a cluster's work at once: it answers again."""
        await self.retry([cluster_id])

    async def retry(self, cluster_ids: Sequence[int]) -> None:
        """Try all undelivered work of these clusters at once, conflicts included."""
        await self._database.write(lambda tx: work.retry_now(tx, cluster_ids))
        self.wake()

    async def run(self) -> None:
        """Deliver until cancelled; then what is under way is broken off and its leases are given up."""
        async with self._leases.kept():
            while True:
                self._woken.clear()
                try:
                    if not await self._start_due():
                        await self._rest()
                except Exception:  # noqa: BLE001 - logged, and tried again
                    _log.exception("The store's work cannot be read; trying again.")
                    await asyncio.sleep(_AFTER_ERROR_SECONDS)
                if self._finished:
                    self._finished = False
                    self._notifier.publish(*_TOPICS)

    async def drain(self) -> Drained:
        """Try every undelivered piece once, whatever its backoff, and return when all have been tried.

        A cluster that does not answer is not asked for its further pieces: they stay waiting.
        """
        plan = await self._database.read(claims.undelivered)
        slots = asyncio.Semaphore(self._limits.concurrency)
        async with self._leases.kept():
            clusters = [asyncio.create_task(self._drain_cluster(slots, ids)) for ids in plan.values()]
            try:
                delivered = sum(await asyncio.gather(*clusters))
            finally:
                for task in clusters:
                    task.cancel()
        states = await self._database.read(work.count_states)
        return Drained(delivered, states.get("waiting", 0), states.get("conflict", 0))

    async def _drain_cluster(self, slots: asyncio.Semaphore, work_ids: Sequence[int]) -> int:
        delivered = 0
        for work_id in work_ids:
            async with slots:
                ending = await self._drain_piece(work_id)
            self._notifier.publish(*_TOPICS)
            delivered += ending == "delivered"
            if ending == "away":
                break
        return delivered

    async def _drain_piece(self, work_id: int) -> str:
        while True:
            claim = partial(
                claims.claim_piece, holder=self._leases.holder, moment=Moment.of(self._clock), work_id=work_id
            )
            piece = await self._database.write(claim)
            if piece is None:
                return ""
            if piece == "busy":
                await asyncio.sleep(_BUSY_POLL_SECONDS)
                continue
            task = self._leases.start(piece, self._deliver(piece))
            await asyncio.wait({task})
            # A lost lease or a newer wanted state: this piece has yet to be tried.
            if task.cancelled() or task.result().recorded is Recorded.SUPERSEDED:
                continue
            return task.result().ending

    async def _start_due(self) -> int:
        """Claim what is due as far as there is room, and start it; returns how many pieces."""
        limit = self._limits.concurrency - len(self._leases)
        moment = Moment.of(self._clock)
        # Asked with a read first: a worker with nothing to do must never write.
        if limit <= 0 or await self._database.read(lambda tx: claims.next_due(tx, moment)) != 0:
            return 0
        away_limit = self._limits.away - self._leases.count_away()
        pieces = await self._database.write(
            lambda tx: claims.claim_due(tx, self._leases.holder, moment, limit=limit, away_limit=away_limit)
        )
        for piece in pieces:
            self._leases.start(piece, self._deliver(piece)).add_done_callback(self._settle)
        return len(pieces)

    async def _rest(self) -> None:
        """Wait until woken, until something is due, or until another process has committed something."""
        seen = await self._database.data_version()
        moment = Moment.of(self._clock)
        due = await self._database.read(lambda tx: claims.next_due(tx, moment))
        ends = moment.monotonic + due if due else None
        while not self._woken.is_set():
            pause = self._limits.poll
            if ends is not None:
                pause = min(pause, ends - self._clock.monotonic())
            if pause <= 0:
                return
            try:
                # Not wait_for: before Python 3.12 it loses a cancellation that comes together with the event.
                async with asyncio.timeout(pause / 1000):
                    await self._woken.wait()
            except TimeoutError:
                # Due already, but all places are taken: look again after each poll.
                if due == 0 or await self._database.data_version() != seen:
                    return

    def _settle(self, task: asyncio.Task[_Ended]) -> None:
        if not task.cancelled() and (error := task.exception()):
            _log.error("The outcome of a delivery could not be recorded; it will be tried again.", exc_info=error)
        self._finished = True
        self._woken.set()

    async def _deliver(self, piece: Piece) -> _Ended:
        attempt = await self._attempt(piece)
        moment = Moment.of(self._clock)
        recorded = await self._database.write(
            lambda tx: claims.finish(tx, piece, attempt, moment, self._delay, self._limits.conflict_wait)
        )
        return _Ended(attempt.ending, recorded)

    def _delay(self, failures: int) -> int:
        return self._limits.backoff(failures, self._chance)

    async def _attempt(self, piece: Piece) -> Attempt:
        handler = self._handlers.get(piece.kind)
        if handler is None:
            return Attempt("broken", f"This otetui does not know how to deliver work of kind {piece.kind}.")
        try:
            async with asyncio.timeout(self._limits.delivery / 1000) as deadline:
                await handler(piece)
        except DeliveryConflictError as conflict:
            return Attempt("conflict", conflict.message)
        except ClusterAwayError as away:
            return Attempt("away", away.message)
        except PlatformError as error:
            return Attempt("failed", error.message)
        except Exception as error:  # noqa: BLE001 - logged with its traceback, and shown on the piece
            if isinstance(error, TimeoutError) and deadline.expired():
                seconds = self._limits.delivery // 1000
                return Attempt("away", f"Cluster {piece.cluster_name} did not finish within {seconds} s.")
            _log.exception("Delivering %s %s to cluster %s failed.", piece.kind, piece.object, piece.cluster_name)
            return Attempt("broken", f"An unexpected error ({type(error).__name__}); the log has the details.")
        return Attempt("delivered")
