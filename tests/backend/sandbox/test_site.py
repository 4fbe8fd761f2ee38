"""The sites there are: the demo's, generated ones, and what their clusters hold."""

from __future__ import annotations

import pytest

from backend.sandbox.cluster.documents import Document, dig, items, mapping
from backend.sandbox.cluster.kinds import DAEMON_SETS, NAMESPACES, NODES, PODS
from backend.sandbox.cluster.lifecycle import is_node_ready
from backend.sandbox.cluster.store import ClusterStore
from backend.sandbox.population import populate
from backend.sandbox.server import Site
from backend.sandbox.site import Behaviour, ClusterSpec, SiteSpec, demo_site, generated_site


def nodes_of(site: SiteSpec) -> list[Document]:
    found: list[Document] = []
    for spec in site.clusters:
        store = ClusterStore()
        populate(store, spec)
        found += [stored.document() for stored in store.objects(NODES)]
    return found


def test_the_demo_is_worth_looking_at() -> None:
    site = demo_site()
    assert len(site.clusters) == 6
    assert all(3 <= len(cluster.nodes) <= 8 for cluster in site.clusters)
    behaviours = [cluster.behaviour for cluster in site.clusters]
    assert (behaviours.count(Behaviour.OFFLINE), behaviours.count(Behaviour.SLOW)) == (1, 1)
    assert [cluster.version for cluster in site.clusters].count("v1.27.16") == 1
    assert (site.life_seconds, demo_site(life=False).life_seconds) == (20.0, 0.0)
    nodes = nodes_of(site)
    assert len({dig(node, "metadata", "name") for node in nodes}) == len(nodes) == 32
    assert sum(not is_node_ready(node) for node in nodes) == 1
    assert sum(dig(node, "spec", "unschedulable") is True for node in nodes) == 1
    for varied in ("osImage", "kernelVersion", "architecture", "operatingSystem"):
        assert len({dig(node, "status", "nodeInfo", varied) for node in nodes}) >= 2, varied
    gpus = [node for node in nodes if dig(node, "metadata", "labels", "nvidia.com/gpu.memory")]
    assert len(gpus) >= 5
    assert {dig(node, "metadata", "labels", "nvidia.com/gpu.count") for node in gpus} == {"1", "2"}


def test_a_cluster_begins_with_what_every_cluster_has() -> None:
    store = ClusterStore()
    spec = demo_site().clusters[0]
    populate(store, spec)
    names = [stored.name for stored in store.objects(NAMESPACES)]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
    placed = [stored.field("spec.nodeName") for stored in store.objects(PODS, "kube-system")]
    assert set(placed) == {node.name for node in spec.nodes}
    for agent in store.objects(DAEMON_SETS):
        owned = store.dependents(agent.uid)
        assert len(owned) == dig(agent.document(), "status", "numberReady") == len(spec.nodes)
    uids = [stored.uid for kind in (NAMESPACES, NODES, PODS) for stored in store.objects(kind)]
    assert len(set(uids)) == len(uids)
    versions = [stored.version for kind in (NODES, PODS) for stored in store.objects(kind)]
    assert len(set(versions)) == len(versions)
    assert max(versions) <= store.version
    for stored in store.objects(NODES) + store.objects(PODS):
        metadata = mapping(stored.document()["metadata"])
        assert (metadata["uid"], metadata["resourceVersion"]) == (stored.uid, str(stored.version))
        assert b"@" not in stored.body


def test_a_silent_node_looks_like_one() -> None:
    silent = next(node for node in nodes_of(demo_site()) if not is_node_ready(node))
    conditions = {mapping(item)["type"]: mapping(item) for item in items(dig(silent, "status", "conditions"))}
    assert conditions["Ready"]["status"] == "Unknown"
    assert conditions["Ready"]["reason"] == "NodeStatusUnknown"
    taints = {(mapping(taint)["key"], mapping(taint)["effect"]) for taint in items(dig(silent, "spec", "taints"))}
    assert ("node.kubernetes.io/unreachable", "NoExecute") in taints


@pytest.mark.parametrize(
    ("clusters", "offline", "slow"), [(1, 0, 0), (4, 0, 0), (5, 1, 1), (49, 1, 1), (50, 1, 1), (120, 2, 1), (200, 4, 1)]
)
def test_generated_sites(clusters: int, offline: int, slow: int) -> None:
    site = generated_site(clusters, 3)
    assert [cluster.name for cluster in site.clusters] == [f"edge-{number:03}" for number in range(1, clusters + 1)]
    assert all(len(cluster.nodes) == 3 for cluster in site.clusters)
    behaviours = [cluster.behaviour for cluster in site.clusters]
    assert (behaviours.count(Behaviour.OFFLINE), behaviours.count(Behaviour.SLOW)) == (offline, slow)
    assert site.life_seconds == 0
    assert generated_site(clusters, 3, life=True).life_seconds > 0


async def test_names_of_clusters_are_unique() -> None:
    with pytest.raises(ValueError, match="same name"):
        Site(SiteSpec((ClusterSpec("a"), ClusterSpec("a"))))
