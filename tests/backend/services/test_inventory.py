"""Refreshing clusters in the background: what is stored, what is told, and what one bad cluster costs the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from backend.errors import ErrorKind, PlatformError
from backend.models.clusters import NameClusters
from backend.models.nodes import ListNodes, Node
from backend.models.settings import ChangeSettings
from backend.notifier import Topic
from backend.services.platform import SYSTEM
from backend.store import nodes
from backend.store.database import SqlValue, Transaction
from tests.backend.delivery.site import START, SetClock
from tests.backend.delivery.waiting import until
from tests.backend.kube.clusters import node
from tests.backend.kube.servers import refusal
from tests.backend.services.site import Edge, Site

LISTING = ("GET", "/api/v1/nodes")


class MovableClock(SetClock):
    """Runs like the real one from where it is set."""

    def monotonic(self) -> int:
        return self.milliseconds + time.monotonic_ns() // 1_000_000


@asynccontextmanager
async def refreshing(site: Site) -> AsyncIterator[None]:
    task = asyncio.create_task(site.inventory.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def node_rows(site: Site) -> list[Node]:
    answer = await site.nodes.list_nodes(SYSTEM, ListNodes(pageSize=0))
    return [row for row in answer.data if isinstance(row, Node)]


async def test_figures_of_a_cluster_that_went_away_stay_with_their_age(tmp_path: Path) -> None:
    clock = SetClock()
    async with Site.open(tmp_path / "store.db", clock) as site:
        edge = await site.registered("edge-1", nodes=3)
        clock.seconds += 100
        edge.gone = True
        await site.inventory.refresh_all()
        row = await site.row("edge-1")
        assert (row.reachable, row.is_ready, row.node_count, row.version) == (False, False, 3, "v1.31.2+k3s1")
        assert (row.answer_time, row.probe_time) == (START, START + 100)
        assert row.message.startswith("Cluster edge-1 ")
        seen = await node_rows(site)
        assert [(found.answer_time, found.reachable, found.is_ready) for found in seen] == [(START, False, True)] * 3
        clock.seconds += 100
        edge.gone = False
        edge.cluster.nodes.pop()
        await site.inventory.refresh_all()
        row = await site.row("edge-1")
        assert (row.reachable, row.message, row.node_count, row.answer_time) == (True, "", 2, START + 200)
        assert [found.node_name for found in await node_rows(site)] == ["edge-1-node-0", "edge-1-node-1"]


async def test_a_cluster_that_answers_but_does_not_list_nodes_keeps_them_with_their_age(tmp_path: Path) -> None:
    clock = SetClock()
    async with Site.open(tmp_path / "store.db", clock) as site:
        edge = await site.registered("edge-1", nodes=2)
        clock.seconds += 100
        edge.intercept = lambda asked: refusal(403, "no", "Forbidden") if asked.path == LISTING[1] else None
        await site.inventory.refresh_all()
        row = await site.row("edge-1")
        assert (row.reachable, row.is_ready, row.node_count, row.answer_time) == (True, True, 2, START)
        assert "does not allow us to list nodes" in row.message
        assert len(await node_rows(site)) == 2


async def test_a_silent_cluster_delays_no_other_and_is_given_up(site: Site) -> None:
    edges = [await site.registered(f"edge-{number}", nodes=1) for number in range(40)]
    for edge in edges[:30]:
        edge.silent = True
    for edge in edges[30:]:
        edge.cluster.nodes.append(node("new"))
    refresh = asyncio.create_task(site.inventory.refresh_all())

    async def the_others_are_done() -> bool:
        return [(await site.row(edge.name)).node_count for edge in edges[30:]] == [2] * 10

    await until(the_others_are_done)
    # There are more silent clusters than places, and none has been given up yet: they made room.
    assert (await site.row("edge-0")).reachable
    await refresh
    row = await site.row("edge-0")
    assert (row.reachable, row.message) == (
        False,
        "Cluster edge-0 did not give all its figures within 4 s; the link may be too slow.",
    )


async def test_only_what_changed_is_written_and_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    edge = await site.registered("edge-1", nodes=50)
    written: list[int] = []
    change_many = Transaction.change_many

    def counting(transaction: Transaction, sql: str, parameters: Sequence[Sequence[SqlValue]]) -> None:
        written.append(len(parameters))
        change_many(transaction, sql, parameters)

    monkeypatch.setattr(Transaction, "change_many", counting)
    site.told.clear()
    await site.inventory.refresh_all()
    assert (written, site.told) == ([], [])
    edge.labels_of("edge-1-node-7")["otetui.io/gpu"] = "true"
    status = edge.cluster.nodes[8]["status"]
    assert isinstance(status, dict)
    status["conditions"] = []
    await site.inventory.refresh_all()
    assert written == [1, 1]
    assert site.told == [{Topic.CLUSTERS, Topic.NODES}]
    assert (await site.row("edge-1")).ready_node_count == 49


async def test_one_clusters_nonsense_costs_no_other_its_figures(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = await site.registered("edge-1", nodes=1), await site.registered("edge-2", nodes=1)
    good.cluster.nodes.append(node("new"))
    replace_nodes = nodes.replace_nodes
    [bad_id] = await site.platform.database.read(
        lambda tx: [row["id"] for row in tx.rows("SELECT id FROM cluster WHERE name = 'edge-2'")]
    )

    def failing(transaction: Transaction, cluster_id: int, found: Sequence[nodes.StoredNode]) -> bool:
        if cluster_id == bad_id:
            raise OverflowError("too large for SQLite")
        return replace_nodes(transaction, cluster_id, found)

    monkeypatch.setattr(nodes, "replace_nodes", failing)
    bad.cluster.nodes.append(node("new"))
    with pytest.raises(OverflowError):
        await site.inventory.refresh_all()
    assert (await site.row("edge-1")).node_count == 2
    assert (await site.row("edge-2")).node_count == 1


async def test_a_key_that_does_not_open_the_kubeconfig_is_said_on_the_cluster(site: Site) -> None:
    await site.registered("edge-1")
    await site.connections.close()
    await site.platform.database.write(lambda tx: tx.change("UPDATE cluster SET kubeconfig = x'010203'"))
    await site.inventory.refresh_all()
    row = await site.row("edge-1")
    assert not row.reachable
    assert "cannot be opened: the key is not the one" in row.message


async def test_the_background_refreshes_each_cluster_once_an_interval(tmp_path: Path) -> None:
    clock = MovableClock()
    async with Site.open(tmp_path / "store.db", clock) as site:
        edges = [await site.registered(f"edge-{number}", nodes=1) for number in range(3)]
        asked = [edge.asked(*LISTING) for edge in edges]

        def rounds() -> list[int]:
            return [edge.asked(*LISTING) - before for edge, before in zip(edges, asked, strict=True)]

        async with refreshing(site):
            # Looked at when they were registered, a moment ago.
            await asyncio.sleep(0.3)
            assert rounds() == [0, 0, 0]
            for expected in (1, 2):
                clock.seconds += 34
                clock.milliseconds += 34_000
                site.platform.notifier.publish(Topic.CLUSTERS)
                await until(partial(lambda wanted: rounds() == [wanted] * 3, expected))
                await until(lambda: not site.inventory._probes)


async def test_a_shorter_interval_takes_effect_at_once(tmp_path: Path) -> None:
    clock = MovableClock()
    async with Site.open(tmp_path / "store.db", clock) as site:
        edge = await site.registered("edge-1", nodes=1)
        asked = edge.asked(*LISTING)
        async with refreshing(site):
            clock.seconds += 10
            clock.milliseconds += 10_000
            await asyncio.sleep(0.2)
            assert edge.asked(*LISTING) == asked
            await site.settings.change_settings(SYSTEM, ChangeSettings(refreshSeconds=5))
            await until(lambda: edge.asked(*LISTING) == asked + 1)


async def test_two_processes_take_turns_instead_of_asking_twice(tmp_path: Path) -> None:
    clock = MovableClock()
    path = tmp_path / "store.db"
    async with Site.open(path, clock) as first, Site.open(path, clock) as second:
        edge = await first.registered("edge-1", nodes=1)
        asked = edge.asked(*LISTING)
        clock.seconds += 100
        clock.milliseconds += 100_000
        async with refreshing(first):
            await until(lambda: edge.asked(*LISTING) == asked + 1 and not first.inventory._probes)
            async with refreshing(second):
                await asyncio.sleep(0.5)
                assert edge.asked(*LISTING) == asked + 1
                # A wall clock set back must not keep it from ever asking again.
                clock.seconds -= 10_000
                clock.milliseconds += 40_000
                for site in (first, second):
                    site.platform.notifier.publish(Topic.CLUSTERS)
                await until(lambda: edge.asked(*LISTING) >= asked + 2)


async def test_a_cluster_removed_by_another_process_is_let_go(tmp_path: Path) -> None:
    clock = MovableClock()
    async with Site.open(tmp_path / "store.db", clock) as site:
        edge: Edge = await site.registered("edge-1", nodes=1)
        [cluster_id] = await site.platform.database.read(
            lambda tx: [row["id"] for row in tx.rows("SELECT id FROM cluster")]
        )
        async with refreshing(site):
            clock.seconds += 100
            clock.milliseconds += 100_000
            site.platform.notifier.publish(Topic.CLUSTERS)
            await until(lambda: edge.asked(*LISTING) > 1)
            await site.platform.database.write(lambda tx: tx.change("DELETE FROM cluster"))
            site.platform.notifier.publish(Topic.CLUSTERS)
            await until(lambda: cluster_id not in site.connections._opened)
        with pytest.raises(PlatformError) as caught:
            await site.connections.get(cluster_id)
        assert caught.value.kind is ErrorKind.NOT_FOUND
        assert await site.inventory.refresh([cluster_id]) == {}


async def test_a_cluster_removed_while_it_is_asked_is_no_error(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    edge = await site.registered("edge-1", nodes=1)
    asked = len(edge.server.requests)
    edge.silent = True
    refresh = asyncio.create_task(site.inventory.refresh_all())
    await until(lambda: len(edge.server.requests) > asked)
    await site.clusters.remove_clusters(SYSTEM, NameClusters(clusterName=["edge-1"]))
    await refresh
    assert caplog.records == []
    assert await node_rows(site) == []
