"""Nodes of real clusters and their labels (operations 21-24; decisions 23-26)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import pytest

from backend.errors import ErrorKind
from backend.kube.connection import Connection
from backend.kube.inventory import node_pages
from backend.kube.kubeconfig import read_kubeconfig
from backend.operations.clusters import ADD_CLUSTER_LABEL, LIST_CLUSTERS
from backend.operations.nodes import ADD_NODE_LABEL, DELETE_NODE_LABEL, LIST_NODE_LABELS, LIST_NODES
from tests.backend.sites import ADMINISTRATOR
from tests.live.conftest import Planes
from tests.live.control_plane import ControlPlane
from tests.live.machines import DOWN, Machines
from tests.live.outside import Outside, manager_of
from tests.live.site import Operator

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

GIB = 2**30


def shown_labels(plane: ControlPlane, node: str) -> set[str]:
    """What `kubectl get node --show-labels` prints of a node's labels."""
    line = plane.kubectl("get", "node", node, "--show-labels", "--no-headers").split()
    return set(line[-1].split(","))


async def test_all_documented_fields(
    site: Operator, first: ControlPlane, machines: Machines, beside_first: Outside
) -> None:
    [name] = await machines.make(
        first, "fields", labels={"nvidia.com/gpu.memory": "23034", "nvidia.com/gpu.count": "2"}
    )
    await site.register_planes(first)
    wire = await site.wire("GET", f"/v1/node?nodeName={name}", user=ADMINISTRATOR)
    assert (wire["code"], wire["total"], wire["meta"]) == (200, 1, {"readyNodeCount": 1})
    assert isinstance(wire["data"], list)
    [row] = wire["data"]
    assert isinstance(row, dict)
    addresses = (await beside_first.node(name))["status"]["addresses"]
    documented = {
        "nodeName": name,
        "clusterName": first.name,
        "operatingSystem": "linux",
        "kernelVersion": "6.1.0-21-amd64",
        "ip": next(item["address"] for item in addresses if item["type"] == "InternalIP"),
        "memory": 8 * GIB,
        "cpu": 4,
        "isReady": True,
        "gpu": 2 * 23034 * 2**20,
        "disk": 64 * GIB,
    }
    assert {key: row[key] for key in documented} == documented
    assert (row["kubeletVersion"], row["schedulable"], row["labels"]) == (first.version, True, [])


async def test_nodes_that_are_down_or_cordoned_are_shown_so(
    site: Operator, first: ControlPlane, machines: Machines, beside_first: Outside
) -> None:
    if not first.has_kwok:
        pytest.skip("nodes are ready or down by kwok")
    [up] = await machines.make(first, "state-up")
    [down] = await machines.make(first, "state-down", labels={DOWN: "true"})
    await beside_first.merge(f"/api/v1/nodes/{up}", {"spec": {"unschedulable": True}})
    await site.register_planes(first)
    found = await site.nodes(nodeName="state-")
    assert {name: (node.is_ready, node.ready_reason, node.schedulable) for name, node in found.items()} == {
        up: (True, "KubeletReady", False),
        down: (False, "KubeletNotReady", True),
    }
    assert await site.count_nodes(nodeName="state-") == (2, 1)
    cluster = await site.cluster(first.name)
    assert cluster.ready_node_count < cluster.node_count == len(await beside_first.names("/api/v1/nodes"))


async def test_a_node_that_has_not_reported_or_was_not_heard_of_for_long_is_not_ready(
    site: Operator, first: ControlPlane, machines: Machines, beside_first: Outside
) -> None:
    new, silent = await machines.make_idle(first, "silent", 2)
    lost = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting."}
    await beside_first.merge(f"/api/v1/nodes/{silent}/status", {"status": {"conditions": [lost]}})
    await beside_first.merge(f"/api/v1/nodes/{new}/status", {"status": {"conditions": None, "addresses": None}})
    await site.register_planes(first)
    found = await site.nodes(nodeName="silent-")
    assert {name: (node.is_ready, node.ready_reason, node.ip) for name, node in found.items()} == {
        new: (False, "", ""),
        silent: (False, "NodeStatusUnknown", "10.10.0.1"),
    }
    assert await site.count_nodes(nodeName="silent-") == (2, 0)


async def test_filters_pages_and_the_count_of_ready_nodes(
    site: Operator, control_planes: Planes, machines: Machines
) -> None:
    first, second = control_planes
    north = await machines.make(first, *(f"filter-north-{number}" for number in range(4)))
    [down] = await machines.make(first, "filter-north-down", labels={DOWN: "true"})
    south = await machines.make(second, *(f"filter-south-{number}" for number in range(3)))
    await site.register_planes(first, second)
    await site.label(first.name, [*north[:2], down], "camera")
    await site.label(second.name, south[:1], "camera")
    assert set(await site.nodes(nodeName="filter-")) == {*north, down, *south}
    assert set(await site.nodes(nodeName="FILTER-S", clusterName=second.name)) == set(south)
    assert await site.nodes(nodeName="filter-south", clusterName=first.name) == {}
    assert set(await site.nodes(nodeLabel="camera")) == {*north[:2], down, south[0]}
    assert set(await site.nodes(nodeLabel="camera", clusterName=first.name)) == {*north[:2], down}
    assert await site.nodes(nodeLabel="cam", nodeName="filter-") == {}
    # The page holds two, the counts are those of the whole filter.
    page = await site.call(LIST_NODES, ADMINISTRATOR, nodeName="filter-", page=3, pageSize=3, field="nodeName")
    assert page.data == [{"nodeName": name} for name in sorted([*north, down, *south])[6:]]
    assert await site.count_nodes(nodeName="filter-") == (8, 7 if first.has_kwok else 8)
    unknown = await site.refusal(LIST_NODES, ADMINISTRATOR, clusterName="nowhere")
    assert (unknown.kind, unknown.field) == (ErrorKind.NOT_FOUND, "clusterName")


async def test_a_label_comes_and_goes_on_the_cluster_and_nothing_else_changes(
    site: Operator, first: ControlPlane, machines: Machines, beside_first: Outside
) -> None:
    if not first.has_kubectl:
        pytest.skip("labels are checked with kubectl")
    foreign = {"otetui.io/kept": "true", "otetui.io/off": "false", "team": "roads", "app.kubernetes.io/L": "x"}
    one, other = await machines.make(first, "labels-1", "labels-2", labels=foreign)
    await site.register_planes(first)
    before = await asyncio.to_thread(shown_labels, first, one)
    for _ in range(2):
        await site.label(first.name, [one], "L")
        assert await asyncio.to_thread(shown_labels, first, one) == before | {"otetui.io/L=true"}
    assert manager_of(await beside_first.node(one), "metadata", "labels", "otetui.io/L") == {("otetui", "Update")}
    assert (await site.node(one)).labels == ["L", "kept"]
    assert (await site.node(other)).labels == ["kept"]
    assert (await site.call(LIST_NODE_LABELS, ADMINISTRATOR, clusterName=first.name)).data == ["L", "kept"]
    for _ in range(2):
        answer = await site.unlabel(first.name, [one], "L")
        assert [(result.name, result.code) for result in answer.results] == [(one, 200)]
        assert await asyncio.to_thread(shown_labels, first, one) == before
    assert (await site.node(one)).labels == ["kept"]
    assert await asyncio.to_thread(shown_labels, first, other) == {label.replace(one, other) for label in before}


@pytest.mark.parametrize("label", ["A.b-C.9", "x" * 63, "7"], ids=["all-sorts", "longest", "shortest"])
async def test_every_label_that_the_platform_takes_is_one_that_kubernetes_takes(
    site: Operator, first: ControlPlane, machines: Machines, beside_first: Outside, label: str
) -> None:
    [name] = await machines.make(first, "taken")
    await site.register_planes(first)
    await site.label(first.name, [name], label)
    assert (await beside_first.node_labels(name))[f"otetui.io/{label}"] == "true"
    await site.unlabel(first.name, [name], label)
    assert f"otetui.io/{label}" not in await beside_first.node_labels(name)


async def test_the_cluster_is_the_truth(
    site: Operator, first: ControlPlane, machines: Machines, beside_first: Outside
) -> None:
    [name] = await machines.make(first, "truth")
    await site.register_planes(first)
    await site.label(first.name, [name], "ours")
    changed: Mapping[str, object] = {"metadata": {"labels": {"otetui.io/ours": None, "otetui.io/theirs": "true"}}}
    await beside_first.merge(f"/api/v1/nodes/{name}", changed)
    assert (await site.node(name)).labels == ["ours"]
    await site.refresh(first.name)
    assert (await site.node(name)).labels == ["theirs"]
    # A node that came after the last look can be labelled at once; one that went is a result of its own.
    [late] = await machines.make(first, "truth-late")
    await site.label(first.name, [late], "ours")
    assert "otetui.io/ours" in await beside_first.node_labels(late)
    await beside_first.delete(f"/api/v1/nodes/{name}")
    error = await site.refusal(
        ADD_NODE_LABEL, ADMINISTRATOR, nodeName=[late, name], nodeLabel="more", clusterName=first.name
    )
    assert [(result.name, result.code) for result in error.results] == [(late, 200), (name, 404)]
    assert "otetui.io/more" in await beside_first.node_labels(late)


async def test_an_unknown_node_or_cluster_is_404_and_nothing_is_done(
    site: Operator, first: ControlPlane, machines: Machines, beside_first: Outside
) -> None:
    [name] = await machines.make(first, "known")
    await site.register_planes(first)
    before = await beside_first.node(name)
    for operation in (ADD_NODE_LABEL, DELETE_NODE_LABEL):
        error = await site.refusal(
            operation, ADMINISTRATOR, nodeName=[name, "nobody"], nodeLabel="camera", clusterName=first.name
        )
        assert (error.kind, error.reason, error.field) == (ErrorKind.NOT_FOUND, "unknown_node", "nodeName")
        assert "Node nobody is not on cluster live-1; nothing was done" in error.message
        elsewhere = await site.refusal(
            operation, ADMINISTRATOR, nodeName=[name], nodeLabel="camera", clusterName="nowhere"
        )
        assert (elsewhere.kind, elsewhere.field) == (ErrorKind.NOT_FOUND, "clusterName")
    assert (await beside_first.node_labels(name)) == before["metadata"]["labels"]


async def test_labels_of_both_clusters_and_of_nodes_in_both(
    site: Operator,
    control_planes: Planes,
    machines: Machines,
    beside_first: Outside,
    beside_second: Outside,
) -> None:
    first, second = control_planes
    # Two machines in two places may have one name.
    [name] = await machines.make(first, "twin")
    await machines.make(second, "twin")
    names = await site.register_planes(first, second)
    await site.call(ADD_CLUSTER_LABEL, ADMINISTRATOR, clusterName=[*names], clusterLabel="roads")
    labelled = await site.call(LIST_CLUSTERS, ADMINISTRATOR, clusterLabel="roads")
    assert [row.cluster_name for row in labelled.data] == names
    await site.label(first.name, [name], "camera")
    assert "otetui.io/camera" not in await beside_second.node_labels(name)
    await site.label(second.name, [name], "camera")
    for beside in (beside_first, beside_second):
        assert (await beside.node_labels(name))["otetui.io/camera"] == "true"
    assert await site.count_nodes(nodeLabel="camera") == (2, 2)
    await site.unlabel(first.name, [name], "camera")
    assert "otetui.io/camera" not in await beside_first.node_labels(name)
    assert (await beside_second.node_labels(name))["otetui.io/camera"] == "true"


async def test_six_hundred_nodes_are_read_in_pages(
    site: Operator, second: ControlPlane, machines: Machines, beside_second: Outside
) -> None:
    made = await machines.make_idle(second, "crowd", 600)
    everywhere = await beside_second.names("/api/v1/nodes")
    started = time.monotonic()
    await site.register_planes(second)
    took = time.monotonic() - started
    assert (await site.cluster(second.name)).node_count == len(everywhere) >= 600
    assert set(await site.nodes(clusterName=second.name)) == everywhere
    assert await site.count_nodes(nodeName="crowd-") == (600, 600)
    assert took < 15
    document = read_kubeconfig(second.kubeconfig())
    async with await Connection.open(document.document) as connection:
        pages = [page async for page in node_pages(connection)]
    sizes = [len(page.items) for page in pages]
    assert sizes == [250, 250, len(everywhere) - 500]
    assert [page.remaining for page in pages] == [len(everywhere) - 250, len(everywhere) - 500, 0]
    # All pages are of one moment.
    assert len({page.resource_version for page in pages}) == 1
    await site.label(second.name, sorted(made)[:100], "crowded")
    assert await beside_second.names("/api/v1/nodes", "otetui.io/crowded=true") == set(sorted(made)[:100])
