"""The worker on a real store: what it delivers, in which order, and what it makes of failures."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from backend.clock import Clock
from backend.delivery.handler import ClusterAwayError, DeliveryConflictError, Handler
from backend.delivery.limits import Limits
from backend.delivery.worker import Drained, Worker
from backend.errors import ErrorKind, PlatformError
from backend.notifier import Notifier, Topic
from backend.store import work
from backend.store.claims import Piece
from backend.store.database import Database, Transaction
from tests.backend.delivery.conftest import QUICK, Running, messages, states, want, want_many
from tests.backend.delivery.site import add_clusters
from tests.backend.delivery.waiting import until


async def all_delivered(database: Database) -> bool:
    return set(await states(database)) == {"delivered"}


async def test_it_serves_clusters_side_by_side_and_each_one_piece_at_a_time(
    database: Database, running: Running
) -> None:
    ids = await add_clusters(database, *(f"edge-{number}" for number in range(6)))
    for cluster in ids:
        for name in ("a", "b", "c"):
            await want(database, cluster, name)
    under_way: Counter[int] = Counter()
    most, order = 0, []

    async def handler(piece: Piece) -> None:
        nonlocal most
        under_way[piece.cluster_id] += 1
        assert under_way[piece.cluster_id] == 1
        most = max(most, under_way.total())
        order.append((piece.cluster_id, piece.object))
        await asyncio.sleep(0.02)
        under_way[piece.cluster_id] -= 1

    async with running(handler, replace(QUICK, concurrency=4)):
        await until(lambda: all_delivered(database))
    assert most == 4
    assert Counter(order) == Counter((cluster, name) for cluster in ids for name in "abc")
    assert [name for cluster, name in order if cluster == ids[0]] == ["a", "b", "c"]


async def test_new_work_is_delivered_at_once_when_woken(database: Database, running: Running) -> None:
    [cluster] = await add_clusters(database, "edge-1")
    delivered = asyncio.Event()

    async def handler(piece: Piece) -> None:
        delivered.set()

    async with running(handler, replace(QUICK, poll=60_000)) as worker:
        await asyncio.sleep(0.1)
        await want(database, cluster, "a")
        worker.wake()
        await asyncio.wait_for(delivered.wait(), 5)


async def test_a_newer_state_that_arrives_while_sending_is_sent_next(database: Database, running: Running) -> None:
    [cluster] = await add_clusters(database, "edge-1")
    await want(database, cluster, "a", 1)
    sent: list[object] = []
    sending, go_on = asyncio.Event(), asyncio.Event()

    async def handler(piece: Piece) -> None:
        sent.append(piece.wanted["value"])
        sending.set()
        await go_on.wait()

    async with running(handler) as worker:
        await sending.wait()
        await want(database, cluster, "a", 2)
        await want(database, cluster, "a", 3)
        worker.wake()
        assert await states(database) == {"waiting": 1}
        go_on.set()
        await until(lambda: all_delivered(database))
    # Only the newest of the two that came meanwhile.
    assert sent == [1, 3]


async def test_every_failure_is_recorded_on_its_piece_and_stops_nothing_else(
    database: Database, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    ids = await add_clusters(database, "edge-1", "edge-2", "edge-3", "edge-4", "edge-5")
    for cluster in ids:
        await want(database, cluster, "a")
    failures: dict[int, Exception] = {
        ids[0]: PlatformError(ErrorKind.REMOTE, "edge-1 refuses"),
        ids[1]: DeliveryConflictError("edge-2 has another's"),
        ids[2]: ClusterAwayError("edge-3 is away"),
        ids[3]: ZeroDivisionError("secret detail"),
    }
    tries: Counter[int] = Counter()

    async def handler(piece: Piece) -> None:
        tries[piece.cluster_id] += 1
        if piece.cluster_id in failures:
            raise failures[piece.cluster_id]

    with caplog.at_level(logging.ERROR):
        async with running(handler):
            await until(lambda: all(tries[cluster] >= 3 for cluster in ids[:4]), what="each is tried again")
    assert await states(database) == {"waiting": 3, "conflict": 1, "delivered": 1}
    assert await messages(database) == [
        "edge-1 refuses",
        "edge-2 has another's",
        "edge-3 is away",
        "An unexpected error (ZeroDivisionError); the log has the details.",
        "",
    ]
    assert tries[ids[4]] == 1
    logged = [record for record in caplog.records if record.exc_info and record.exc_info[0] is ZeroDivisionError]
    assert len(logged) == tries[ids[3]]


async def test_work_of_a_kind_nobody_delivers_waits_and_says_so(database: Database, running: Running) -> None:
    [cluster] = await add_clusters(database, "edge-1")
    await database.write(lambda tx: work.want(tx, cluster, "chart", "a", {}, 1))

    async def handler(piece: Piece) -> None:
        raise AssertionError

    async def said() -> bool:
        return await messages(database) == ["This otetui does not know how to deliver work of kind chart."]

    async with running(handler):
        await until(said)
    assert await states(database) == {"waiting": 1}


async def test_a_delivery_that_never_ends_is_given_up(database: Database, running: Running) -> None:
    first, second = await add_clusters(database, "edge-1", "edge-2")
    await want(database, first, "a")
    await want(database, second, "a")

    async def handler(piece: Piece) -> None:
        if piece.cluster_id == first:
            await asyncio.Event().wait()

    async def given_up() -> bool:
        return (await messages(database))[0] == "Cluster edge-1 did not finish within 1 s."

    async with running(handler, replace(QUICK, concurrency=1, delivery=1000)):
        await until(given_up)
        await until(lambda: _delivered(database, 1))


async def _delivered(database: Database, amount: int) -> bool:
    return (await states(database)).get("delivered", 0) == amount


async def test_a_cluster_that_answers_again_is_served_at_once(database: Database, running: Running) -> None:
    [cluster] = await add_clusters(database, "edge-1")
    for name in ("a", "b", "c"):
        await want(database, cluster, name)
    away = True
    tries = 0

    async def handler(piece: Piece) -> None:
        nonlocal tries
        tries += 1
        if away:
            raise ClusterAwayError("away")

    async with running(handler, replace(QUICK, first_wait=60_000, longest_wait=60_000)) as worker:
        await until(lambda: tries == 1)
        await asyncio.sleep(0.3)
        # The breaker is open: neither this piece nor its neighbours are tried.
        assert tries == 1
        away = False
        await worker.cluster_answered(cluster)
        await until(lambda: all_delivered(database))
    assert tries == 4


async def test_a_long_delivery_keeps_its_lease(database: Database, running: Running) -> None:
    [cluster] = await add_clusters(database, "edge-1")
    await want(database, cluster, "a")
    starts = []

    async def handler(piece: Piece) -> None:
        starts.append(piece.fence)
        await asyncio.sleep(1.2)

    limits = replace(QUICK, lease=400, heartbeat=100)
    async with running(handler, limits), running(handler, limits):
        await until(lambda: all_delivered(database))
    assert starts == [1]


async def test_a_delivery_that_lost_its_lease_is_cancelled_and_writes_nothing(
    database: Database, running: Running
) -> None:
    [cluster] = await add_clusters(database, "edge-1")
    await want(database, cluster, "a")
    sending, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(piece: Piece) -> None:
        sending.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def take_over(tx: Transaction) -> None:
        tx.change(
            "UPDATE work SET fence = fence + 1, lease_owner = 'another', lease_until = ?, lease_boot = ?",
            (Clock().monotonic() + 60_000, Clock().boot()),
        )

    async with running(handler):
        await sending.wait()
        await database.write(take_over)
        await asyncio.wait_for(cancelled.wait(), 5)
    row = await database.read(lambda tx: tx.rows("SELECT * FROM work")[0])
    assert (row["lease_owner"], row["state"], row["attempts"]) == ("another", "waiting", 0)


async def test_stopping_gives_leases_up_at_once(database: Database, running: Running) -> None:
    [cluster] = await add_clusters(database, "edge-1")
    await want(database, cluster, "a")
    sending = asyncio.Event()

    async def stuck(piece: Piece) -> None:
        sending.set()
        await asyncio.Event().wait()

    async with running(stuck, replace(QUICK, lease=60_000)):
        await sending.wait()

    async def handler(piece: Piece) -> None:
        return

    async with running(handler):
        await until(lambda: all_delivered(database), seconds=5)


async def test_it_says_what_changed(database: Database, running: Running, notifier: Notifier) -> None:
    [cluster] = await add_clusters(database, "edge-1")
    await want(database, cluster, "a")
    told: list[frozenset[Topic]] = []
    notifier.listen(told.append)

    async def handler(piece: Piece) -> None:
        return

    async with running(handler):
        await until(lambda: bool(told))
    assert told == [{Topic.WORK, Topic.BUSINESSES, Topic.CLUSTERS}]


async def test_an_idle_worker_never_writes(database: Database, running: Running) -> None:
    [cluster] = await add_clusters(database, "edge-1")
    await want(database, cluster, "a")

    async def handler(piece: Piece) -> None:
        raise DeliveryConflictError("not yet")

    async with running(handler, replace(QUICK, conflict_wait=60_000)):

        async def tried() -> bool:
            return await states(database) == {"conflict": 1}

        await until(tried)
        await asyncio.sleep(0.2)
        before = await database.write(_changes)
        await asyncio.sleep(0.6)
        assert await database.write(_changes) == before


def _changes(tx: Transaction) -> int:
    return tx.count("SELECT total_changes()")


async def test_a_store_that_fails_for_a_while_does_not_end_the_worker(
    database: Database, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    [cluster] = await add_clusters(database, "edge-1")
    failing = True
    read = database.read

    async def sometimes(function: Callable[[Transaction], object]) -> object:
        if failing:
            raise PlatformError(ErrorKind.INTERNAL, "The store is busy.", reason="store_busy")
        return await read(function)

    async def handler(piece: Piece) -> None:
        return

    monkeypatch.setattr(database, "read", sometimes)
    async with running(handler):
        await want(database, cluster, "a")
        await asyncio.sleep(0.1)
        failing = False
        await until(lambda: all_delivered(database))


def drainer(database: Database, handler: Handler, limits: Limits = QUICK) -> Worker:
    return Worker(database, Clock(), Notifier(), {"thing": handler}, limits, chance=lambda: 1.0)


async def test_draining_tries_everything_once_whatever_its_backoff(database: Database) -> None:
    first, second, third = await add_clusters(database, "edge-1", "edge-2", "edge-3")
    for cluster in (first, second, third):
        for name in ("a", "b", "c"):
            await want(database, cluster, name)
    tries: Counter[tuple[int, str]] = Counter()

    async def handler(piece: Piece) -> None:
        tries[piece.cluster_id, piece.object] += 1
        if piece.cluster_id == first:
            raise ClusterAwayError("away")
        if piece.cluster_id == second and piece.object == "a":
            raise DeliveryConflictError("another's")
        if piece.cluster_id == second and piece.object == "b":
            raise PlatformError(ErrorKind.REMOTE, "not yet")

    limits = replace(QUICK, first_wait=60_000, longest_wait=60_000, conflict_wait=60_000)
    worker = drainer(database, handler, limits)
    assert await worker.drain() == Drained(delivered=4, waiting=4, conflict=1)
    assert tries == Counter(
        {(first, "a"): 1, **{(second, name): 1 for name in "abc"}, **{(third, name): 1 for name in "abc"}}
    )
    # All of it is in backoff now: the next drain tries it nevertheless.
    assert await worker.drain() == Drained(delivered=0, waiting=4, conflict=1)
    assert (tries[first, "a"], tries[second, "a"], tries[second, "b"], tries[third, "a"]) == (2, 2, 2, 1)


async def test_draining_waits_for_what_another_worker_is_delivering(database: Database, running: Running) -> None:
    [cluster] = await add_clusters(database, "edge-1")
    await want(database, cluster, "a")
    await want(database, cluster, "b")
    sending, go_on = asyncio.Event(), asyncio.Event()
    sent = []

    async def slow(piece: Piece) -> None:
        sent.append(piece.object)
        sending.set()
        await go_on.wait()

    async with running(slow):
        await sending.wait()
        drained = asyncio.create_task(drainer(database, slow).drain())
        await asyncio.sleep(0.3)
        assert not drained.done()
        go_on.set()
        result = await drained
    assert (result.waiting, result.conflict) == (0, 0)
    assert sorted(sent) == ["a", "b"]


async def test_a_thousand_pieces_are_delivered_once_each(database: Database, running: Running) -> None:
    ids = await add_clusters(database, *(f"edge-{number}" for number in range(100)))
    await want_many(database, ids, 10)
    sent: Counter[int] = Counter()

    async def handler(piece: Piece) -> None:
        sent[piece.id] += 1

    async with running(handler):
        await until(lambda: all_delivered(database), seconds=60)
    assert len(sent) == 1000
    assert set(sent.values()) == {1}
