"""What happens by itself: heartbeats, and nodes that go and come back."""

from __future__ import annotations

import asyncio

from backend.sandbox.cluster.documents import dig, items, mapping, meta
from backend.sandbox.cluster.kinds import NODES
from backend.sandbox.cluster.lifecycle import is_node_ready
from backend.sandbox.clusters import Cluster
from backend.sandbox.life import Life, heartbeat, turn
from backend.sandbox.server import Site, running_site
from backend.sandbox.site import Behaviour, ClusterSpec, NodeSpec, SiteSpec
from tests.backend.sandbox.clients import eventually

MANY = tuple(NodeSpec(f"node-{number}") for number in range(6))


def cluster_of(nodes: tuple[NodeSpec, ...] = MANY, name: str = "one") -> Cluster:
    return Cluster(ClusterSpec(name, nodes), SiteSpec(()), {}, lambda _cluster, _away: None)


def silent(cluster: Cluster) -> list[str]:
    return [stored.name for stored in cluster.store.objects(NODES) if not is_node_ready(stored.document())]


def heard(cluster: Cluster, name: str) -> set[object]:
    stored = cluster.store.get(NODES, name)
    assert stored is not None
    return {mapping(item)["lastHeartbeatTime"] for item in items(dig(stored.document(), "status", "conditions"))}


def age_heartbeats(cluster: Cluster) -> None:
    for stored in cluster.store.objects(NODES):
        node = stored.document()
        for item in items(dig(node, "status", "conditions")):
            mapping(item)["lastHeartbeatTime"] = "2020-01-01T00:00:00Z"
        cluster.store.put(NODES, node)


def test_a_heartbeat_moves_the_time_of_a_live_node_only() -> None:
    cluster = cluster_of((NodeSpec("live"), NodeSpec("dead", ready=False)))
    age_heartbeats(cluster)
    for name in ("live", "dead", "nobody"):
        heartbeat(cluster, name)
    assert heard(cluster, "live") != {"2020-01-01T00:00:00Z"}
    assert heard(cluster, "dead") == {"2020-01-01T00:00:00Z"}


def test_a_node_falls_silent_and_comes_back() -> None:
    cluster = cluster_of()
    before = cluster.store.get(NODES, "node-1")
    assert before is not None
    turn(cluster, "node-1", ready=False)
    assert silent(cluster) == ["node-1"]
    turn(cluster, "node-1", ready=True)
    after = cluster.store.get(NODES, "node-1")
    assert after is not None
    assert is_node_ready(after.document())
    assert after.document()["spec"] == before.document()["spec"]
    assert meta(after.document())["uid"] == before.uid
    turn(cluster, "nobody", ready=False)


async def test_few_nodes_are_away_at_a_time() -> None:
    clusters = {name: cluster_of(name=name) for name in ("a", "b")}
    life = Life(clusters, SiteSpec((), seed=5))
    states = set()
    for _ in range(60):
        life.change()
        states.add(sum(len(silent(cluster)) for cluster in clusters.values()))
    assert states == {0, 1, 2}


async def test_clusters_that_are_away_do_not_change() -> None:
    clusters = {name: cluster_of(name=name) for name in ("a", "b")}
    clusters["a"].presence.behave(Behaviour.OFFLINE)
    version = clusters["a"].store.version
    life = Life(clusters, SiteSpec((), seed=1))
    for _ in range(20):
        life.change()
    assert clusters["a"].store.version == version
    clusters["b"].presence.behave(Behaviour.OFFLINE)
    Life(clusters, SiteSpec(())).change()


async def test_a_site_lives_when_it_is_told_to() -> None:
    spec = SiteSpec((ClusterSpec("one", MANY),), life_seconds=0.02, heartbeat_seconds=0.05)
    async with running_site(spec) as site:
        cluster = site.clusters["one"]
        age_heartbeats(cluster)

        async def changed() -> bool:
            return bool(silent(cluster))

        async def all_heard() -> bool:
            beaten = [heard(cluster, node.name) != {"2020-01-01T00:00:00Z"} for node in MANY]
            return sum(beaten) >= len(MANY) - 2

        await eventually(changed)
        await eventually(all_heard)


async def test_a_site_stands_still_otherwise(site: Site) -> None:
    store = site.store("one")
    version = store.version
    await asyncio.sleep(0.2)
    assert store.version == version
