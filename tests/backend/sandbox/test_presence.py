"""Clusters that are away, slow, hanging or flapping: as the site begins, and changed while it runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from backend.sandbox.server import Site, running_site
from backend.sandbox.site import Behaviour, ClusterSpec, SiteSpec
from tests.backend.sandbox.clients import CONFIG_MAPS, SECONDS, Caller, config_map, eventually, trusting

SPECS = (
    ClusterSpec("normal"),
    ClusterSpec("offline", behaviour=Behaviour.OFFLINE),
    ClusterSpec("slow", behaviour=Behaviour.SLOW, delay=0.3),
    ClusterSpec("hanging", behaviour=Behaviour.HANGING),
    ClusterSpec("flapping", behaviour=Behaviour.FLAPPING, away_seconds=0.4, period_seconds=0.8),
    ClusterSpec("own", own_port=True),
)


@pytest.fixture
async def links() -> AsyncIterator[Site]:
    async with running_site(SiteSpec(SPECS)) as running:
        yield running


@pytest.fixture
async def callers(links: Site) -> AsyncIterator[dict[str, Caller]]:
    async with httpx.AsyncClient(verify=trusting(links), timeout=SECONDS) as client:
        yield {name: Caller(client, cluster, cluster.tokens["admin"]) for name, cluster in links.clusters.items()}


async def is_up(caller: Caller) -> bool:
    try:
        return (await caller.get("/readyz")).code == 200
    except httpx.TransportError:
        return False


async def is_down(caller: Caller) -> bool:
    return not await is_up(caller)


def change(links: Site, name: str, behaviour: Behaviour) -> None:
    links.clusters[name].presence.behave(behaviour)


async def test_normal_clusters_share_a_port(links: Site) -> None:
    ports = {name: cluster.port for name, cluster in links.clusters.items()}
    shared = {name for name, port in ports.items() if port == links.port}
    assert shared == {"normal", "slow", "hanging", "flapping"}
    assert len(set(ports.values())) == 3


async def test_an_offline_cluster_refuses_connections(links: Site, callers: dict[str, Caller]) -> None:
    with pytest.raises(httpx.ConnectError):
        await callers["offline"].get("/readyz")
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection("127.0.0.1", links.clusters["offline"].port)
    change(links, "offline", Behaviour.NORMAL)
    await eventually(lambda: is_up(callers["offline"]))
    assert (await callers["offline"].get("/version")).code == 200
    change(links, "offline", Behaviour.OFFLINE)
    await eventually(lambda: is_down(callers["offline"]))
    with pytest.raises(httpx.ConnectError):
        await callers["offline"].get("/readyz")
    change(links, "offline", Behaviour.NORMAL)
    await eventually(lambda: is_up(callers["offline"]))


async def test_only_the_last_wish_counts(links: Site, callers: dict[str, Caller]) -> None:
    for _ in range(5):
        change(links, "own", Behaviour.OFFLINE)
        change(links, "own", Behaviour.NORMAL)
        change(links, "offline", Behaviour.NORMAL)
        change(links, "offline", Behaviour.OFFLINE)
    await eventually(lambda: is_up(callers["own"]))
    await eventually(lambda: is_down(callers["offline"]))
    change(links, "own", Behaviour.OFFLINE)
    change(links, "offline", Behaviour.NORMAL)
    await eventually(lambda: is_up(callers["offline"]))
    await eventually(lambda: is_down(callers["own"]))


async def test_a_cluster_with_its_own_port_can_be_taken_away(links: Site, callers: dict[str, Caller]) -> None:
    assert await is_up(callers["own"])
    async with callers["own"].watch("/api/v1/nodes", resourceVersion=str(callers["own"].store.version)) as watch:
        change(links, "own", Behaviour.OFFLINE)
        with pytest.raises(httpx.TransportError):
            await watch.next()
    with pytest.raises(httpx.ConnectError):
        await callers["own"].get("/readyz")
    assert await is_up(callers["normal"])


async def test_a_cluster_on_the_shared_port_is_cut_off(links: Site, callers: dict[str, Caller]) -> None:
    caller = callers["normal"]
    async with caller.watch("/api/v1/nodes", resourceVersion=str(caller.store.version)) as watch:
        change(links, "normal", Behaviour.OFFLINE)
        with pytest.raises(httpx.TransportError):
            await watch.next()
    with pytest.raises(httpx.TransportError):
        await caller.post(CONFIG_MAPS, config_map("lost"))
    assert await is_up(callers["own"])
    change(links, "normal", Behaviour.NORMAL)
    assert await is_up(caller)
    assert (await caller.get(f"{CONFIG_MAPS}/lost")).code == 404


async def test_a_slow_cluster_answers_late(links: Site, callers: dict[str, Caller]) -> None:
    began = time.monotonic()
    assert await is_up(callers["slow"])
    assert time.monotonic() - began >= 0.3
    both = time.monotonic()
    assert all(await asyncio.gather(is_up(callers["slow"]), is_up(callers["normal"])))
    assert time.monotonic() - both < 5
    change(links, "slow", Behaviour.NORMAL)
    assert links.clusters["slow"].presence.delay == 0.3


async def test_a_hanging_cluster_takes_the_request_and_says_nothing(links: Site, callers: dict[str, Caller]) -> None:
    waiting = asyncio.create_task(callers["hanging"].get("/readyz"))
    journal = links.clusters["hanging"].journal

    async def asked() -> bool:
        return journal.total == 1

    await eventually(asked)
    done, _ = await asyncio.wait([waiting], timeout=0.3)
    assert not done
    # Brought back, it answers what it was asked meanwhile.
    change(links, "hanging", Behaviour.NORMAL)
    assert (await waiting).text == "ok"


async def test_a_hanging_cluster_that_goes_away_cuts_its_callers_off(links: Site, callers: dict[str, Caller]) -> None:
    waiting = asyncio.create_task(callers["hanging"].get("/readyz"))
    journal = links.clusters["hanging"].journal

    async def asked() -> bool:
        return journal.total == 1

    await eventually(asked)
    change(links, "hanging", Behaviour.OFFLINE)
    with pytest.raises(httpx.TransportError):
        await waiting


async def test_a_flapping_cluster_comes_and_goes(callers: dict[str, Caller]) -> None:
    for _ in range(2):
        await eventually(lambda: is_down(callers["flapping"]))
        await eventually(lambda: is_up(callers["flapping"]))


async def test_the_site_stops_quickly_whatever_goes_on() -> None:
    async with running_site(SiteSpec(SPECS)) as running, httpx.AsyncClient(verify=trusting(running)) as client:
        cluster = running.clusters["normal"]
        caller = Caller(client, cluster, cluster.tokens["admin"])
        hanging = running.clusters["hanging"]
        stuck = asyncio.create_task(Caller(client, hanging, hanging.tokens["admin"]).get("/readyz"))
        async with caller.watch("/api/v1/nodes", resourceVersion=str(cluster.store.version)) as watch:
            began = time.monotonic()
            await running.stop()
            assert time.monotonic() - began < 2
            with pytest.raises(httpx.TransportError):
                await watch.next()
        with pytest.raises(httpx.TransportError):
            await stuck
        with pytest.raises(httpx.ConnectError):
            await caller.get("/readyz")
