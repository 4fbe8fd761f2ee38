"""Nodes from the store, and their labels on clusters on loopback."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import JsonValue

from backend.errors import ErrorKind, PlatformError
from backend.models.base import Outcome
from backend.models.nodes import AddNodeLabel, DeleteNodeLabel, ListNodeLabels, ListNodes, Node, NodesMeta
from backend.services.platform import SYSTEM
from tests.backend.kube.clusters import Object
from tests.backend.kube.servers import Raw, Request, Response, refusal, silence
from tests.backend.services.site import Site


async def rows(site: Site, **request: JsonValue) -> list[Node]:
    answer = await site.nodes.list_nodes(SYSTEM, ListNodes.model_validate(request))
    return [row for row in answer.data if isinstance(row, Node)]


async def names(site: Site, **request: JsonValue) -> list[str]:
    return [row.node_name for row in await rows(site, **request)]


def add(*nodes: str, cluster: str = "edge-1", label: str = "gpu") -> AddNodeLabel:
    return AddNodeLabel(nodeName=list(nodes), nodeLabel=label, clusterName=cluster)


def delete(*nodes: str, deploy: bool = False, label: str = "gpu") -> DeleteNodeLabel:
    return DeleteNodeLabel(nodeName=list(nodes), nodeLabel=label, clusterName="edge-1", deleteDeploy=deploy)


async def test_nodes_are_listed_with_their_figures(site: Site) -> None:
    edge = await site.edge("edge-1", nodes=2)
    spec = edge.cluster.nodes[1]["spec"]
    assert isinstance(spec, dict)
    spec["unschedulable"] = True
    edge.labels_of("edge-1-node-0")["otetui.io/gpu"] = "true"
    edge.labels_of("edge-1-node-0")["otetui.io/other"] = "false"
    await site.clusters.add_cluster(SYSTEM, edge.request)
    first, second = await rows(site)
    assert first.model_dump(exclude={"answer_time"}) == {
        "node_name": "edge-1-node-0",
        "cluster_name": "edge-1",
        "operating_system": "linux",
        "kernel_version": "6.1.0",
        "ip": "10.0.0.7",
        "memory": 16 * 2**30,
        "cpu": 4,
        "is_ready": True,
        "gpu": 0,
        "disk": 100 * 10**9,
        "labels": ["gpu"],
        "ready_reason": "KubeletReady",
        "schedulable": True,
        "kubelet_version": "v1.31.2",
        "reachable": True,
    }
    assert first.answer_time > 0
    assert (second.schedulable, second.labels) == (False, [])


async def test_filters_and_counts_cover_the_whole_filtered_set(site: Site) -> None:
    one, two = await site.edge("edge-1", nodes=12), await site.edge("edge-2", nodes=3)
    for number in range(4):
        status = one.cluster.nodes[number]["status"]
        assert isinstance(status, dict)
        status["conditions"] = [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]
    two.labels_of("edge-2-node-2")["otetui.io/gpu"] = "true"
    for edge in (one, two):
        await site.clusters.add_cluster(SYSTEM, edge.request)
    answer = await site.nodes.list_nodes(SYSTEM, ListNodes(clusterName="edge-1", pageSize=5))
    assert (len(answer.data), answer.total) == (5, 12)
    assert isinstance(answer.meta, NodesMeta)
    assert answer.meta.ready_node_count == 8
    assert len(await names(site)) == 10
    assert len(await names(site, pageSize=0)) == 15
    assert await names(site, nodeName="NODE-1", clusterName="edge-1") == [
        "edge-1-node-1",
        "edge-1-node-10",
        "edge-1-node-11",
    ]
    assert await names(site, nodeName="node%") == []
    assert await names(site, nodeName="node_1") == []
    assert await names(site, nodeLabel="gpu") == ["edge-2-node-2"]
    assert await names(site, nodeLabel="gp") == []
    assert (await names(site, orderBy="isReady", order="desc", pageSize=0))[-1] == "edge-1-node-3"
    assert (await names(site, orderBy="clusterName", order="desc"))[0] == "edge-2-node-0"
    for wrong in ("nope", "EDGE-1"):
        with pytest.raises(PlatformError) as caught:
            await site.nodes.list_nodes(SYSTEM, ListNodes(clusterName=wrong))
        assert caught.value.kind is ErrorKind.NOT_FOUND


async def test_field_narrows_rows_to_response_names(site: Site) -> None:
    await site.registered("edge-1", nodes=1)
    answer = await site.nodes.list_nodes(SYSTEM, ListNodes(field="memory, nodeName,memory"))
    assert answer.data == [{"memory": 16 * 2**30, "nodeName": "edge-1-node-0"}]
    for wrong in ("node_name", "nodeName,", "nodeName,secret"):
        with pytest.raises(PlatformError, match="is not a response field") as caught:
            await site.nodes.list_nodes(SYSTEM, ListNodes(field=wrong))
        assert (caught.value.kind, caught.value.field) == (ErrorKind.INVALID, "field")


async def test_a_label_goes_onto_the_cluster_and_into_the_list_at_once(site: Site) -> None:
    edge = await site.registered("edge-1", nodes=3)
    for _ in range(2):
        answer = await site.nodes.add_node_label(SYSTEM, add("edge-1-node-2", "edge-1-node-0", "edge-1-node-2"))
        assert [(result.name, result.ok) for result in answer.results] == [
            ("edge-1-node-2", True),
            ("edge-1-node-0", True),
        ]
    assert edge.labels_of("edge-1-node-0")["otetui.io/gpu"] == "true"
    assert await names(site, nodeLabel="gpu") == ["edge-1-node-0", "edge-1-node-2"]
    labels = await site.nodes.list_node_labels(SYSTEM, ListNodeLabels(clusterName="edge-1"))
    assert (labels.data, labels.total) == (["gpu"], 1)
    entry = (await site.entries())[0]
    assert (entry.action, entry.object, entry.outcome) == ("node.add_label", "cluster/edge-1", Outcome.DONE)
    assert entry.after == {"label": "gpu", "nodes": {"edge-1-node-2": "labelled", "edge-1-node-0": "labelled"}}
    await site.nodes.delete_node_label(SYSTEM, delete("edge-1-node-0"))
    assert "otetui.io/gpu" not in edge.labels_of("edge-1-node-0")
    assert await names(site, nodeLabel="gpu") == ["edge-1-node-2"]
    # The next look finds the same: the cluster is the truth.
    await site.refresh("edge-1")
    assert await names(site, nodeLabel="gpu") == ["edge-1-node-2"]


async def test_an_unknown_cluster_or_node_is_refused_and_nothing_is_done(site: Site) -> None:
    edge = await site.registered("edge-1", nodes=1)
    with pytest.raises(PlatformError, match="Cluster nope is not registered") as caught:
        await site.nodes.add_node_label(SYSTEM, add("edge-1-node-0", cluster="nope"))
    assert caught.value.kind is ErrorKind.NOT_FOUND
    with pytest.raises(PlatformError, match="Nodes x, y are not on cluster edge-1; nothing was done") as caught:
        await site.nodes.add_node_label(SYSTEM, add("edge-1-node-0", "x", "y"))
    assert (caught.value.kind, caught.value.field) == (ErrorKind.NOT_FOUND, "nodeName")
    assert edge.cluster.patches == []
    with pytest.raises(PlatformError):
        await site.nodes.list_node_labels(SYSTEM, ListNodeLabels(clusterName="nope"))


async def test_a_node_that_joined_since_the_last_look_can_be_labelled(site: Site) -> None:
    edge = await site.registered("edge-1", nodes=1)
    other = await site.edge("other", nodes=1)
    edge.cluster.nodes += other.cluster.nodes
    await site.nodes.add_node_label(SYSTEM, add("other-node-0"))
    assert edge.labels_of("other-node-0")["otetui.io/gpu"] == "true"
    await site.refresh("edge-1")
    assert await names(site, nodeLabel="gpu") == ["other-node-0"]


async def test_what_some_nodes_refuse_is_told_node_by_node_and_recorded(site: Site) -> None:
    edge = await site.registered("edge-1", nodes=3)
    answers: dict[str, Response] = {
        "edge-1-node-0": refusal(403, "no", "Forbidden"),
        "edge-1-node-1": refusal(404, "gone", "NotFound"),
    }
    edge.intercept = lambda asked: answers.get(asked.path.rpartition("/")[2]) if asked.method == "PATCH" else None
    with pytest.raises(PlatformError, match="2 of 3 were not labelled") as caught:
        await site.nodes.add_node_label(SYSTEM, add("edge-1-node-2", "edge-1-node-1", "edge-1-node-0"))
    assert [(result.name, result.code) for result in caught.value.results] == [
        ("edge-1-node-2", 200),
        ("edge-1-node-1", 404),
        ("edge-1-node-0", 502),
    ]
    assert await names(site, nodeLabel="gpu") == ["edge-1-node-2"]
    entry = (await site.entries())[0]
    assert (entry.outcome, entry.message) == (Outcome.FAILED, "2 of 3 nodes were not labelled")
    nodes = entry.after["nodes"]
    assert isinstance(nodes, dict)
    assert nodes["edge-1-node-2"] == "labelled"


async def test_a_cluster_that_is_away_is_asked_for_a_few_nodes_only(site: Site) -> None:
    edge = await site.registered("edge-1", nodes=40)
    edge.gone = True
    before = len(edge.server.requests)
    with pytest.raises(PlatformError, match="40 of 40 were not labelled") as caught:
        await site.nodes.add_node_label(SYSTEM, add(*(f"edge-1-node-{number}" for number in range(40))))
    assert caught.value.kind is ErrorKind.REMOTE
    assert len(caught.value.results) == 40
    assert caught.value.results[-1].message.startswith("not tried: Cluster edge-1")
    assert len(edge.server.requests) - before <= 16
    assert await names(site, nodeLabel="gpu") == []
    assert (await site.entries())[0].outcome is Outcome.FAILED


async def test_what_was_done_before_a_cancellation_is_recorded(site: Site) -> None:
    edge = await site.registered("edge-1", nodes=9)
    stuck = asyncio.Event()

    def intercept(asked: Request) -> Raw | None:
        # The last one is asked for only when one of those before has been answered.
        if asked.method == "PATCH" and asked.path.endswith("edge-1-node-8"):
            stuck.set()
            return silence
        return None

    edge.intercept = intercept
    everyone = [f"edge-1-node-{number}" for number in range(9)]
    labelling = asyncio.create_task(site.nodes.add_node_label(SYSTEM, add(*everyone)))
    await stuck.wait()
    labelling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await labelling
    entry = (await site.entries())[0]
    assert entry.outcome is Outcome.FAILED
    recorded = entry.after["nodes"]
    assert isinstance(recorded, dict)
    assert recorded["edge-1-node-8"] == "broken off before the cluster had answered"
    done = [name for name, message in recorded.items() if message == "labelled"]
    assert done
    assert await names(site, nodeLabel="gpu") == sorted(done)


def our_pod(name: str, node: str, selector: dict[str, str], owner: str = "otetui") -> Object:
    return {
        "metadata": {
            "namespace": "ns7",
            "name": name,
            "uid": f"uid-{name}",
            "labels": {"app.kubernetes.io/managed-by": owner},
        },
        "spec": {"nodeName": node, "nodeSelector": selector},
    }


async def test_with_delete_deploy_only_our_pods_that_the_label_placed_are_evicted(site: Site) -> None:
    edge = await site.registered("edge-1", nodes=1)
    gpu = {"otetui.io/gpu": "true"}
    edge.cluster.pods = [
        our_pod("placed", "edge-1-node-0", gpu),
        our_pod("elsewhere", "edge-1-node-0", {"otetui.io/disk": "true"}),
        our_pod("anywhere", "edge-1-node-0", {}),
        our_pod("other-node", "edge-1-node-1", gpu),
    ]
    await site.nodes.add_node_label(SYSTEM, add("edge-1-node-0"))
    kept = await site.nodes.delete_node_label(SYSTEM, delete("edge-1-node-0"))
    assert "stay" in kept.results[0].message
    assert not [asked for asked in edge.server.requests if asked.path.endswith("/eviction")]
    await site.nodes.add_node_label(SYSTEM, add("edge-1-node-0"))
    answer = await site.nodes.delete_node_label(SYSTEM, delete("edge-1-node-0", deploy=True))
    assert answer.results[0].message == "label removed and 1 pod evicted"
    listing, eviction = edge.server.requests[-2:]
    assert listing.query["labelSelector"] == "app.kubernetes.io/managed-by=otetui"
    assert eviction.path == "/api/v1/namespaces/ns7/pods/placed/eviction"


async def test_a_pod_that_may_not_leave_is_told_though_the_label_is_gone(site: Site) -> None:
    edge = await site.registered("edge-1", nodes=1)
    edge.cluster.pods = [our_pod("placed", "edge-1-node-0", {"otetui.io/gpu": "true"})]
    edge.cluster.evictions["placed"] = refusal(429, "disruption budget", "TooManyRequests")
    await site.nodes.add_node_label(SYSTEM, add("edge-1-node-0"))
    with pytest.raises(PlatformError, match=r"1 of 1 pod stays\. Pod ns7/placed: ") as caught:
        await site.nodes.delete_node_label(SYSTEM, delete("edge-1-node-0", deploy=True))
    assert caught.value.kind is ErrorKind.REMOTE
    assert await names(site, nodeLabel="gpu") == []


async def test_a_label_that_is_gone_is_told_so_when_its_pods_could_not_be_looked_for(site: Site) -> None:
    edge = await site.registered("edge-1", nodes=1)
    await site.nodes.add_node_label(SYSTEM, add("edge-1-node-0"))
    edge.intercept = lambda asked: refusal(403, "no", "Forbidden") if asked.path == "/api/v1/pods" else None
    with pytest.raises(PlatformError, match="the label was removed, but its pods were not looked for: Cluster edge-1"):
        await site.nodes.delete_node_label(SYSTEM, delete("edge-1-node-0", deploy=True))
    assert await names(site, nodeLabel="gpu") == []


async def test_a_change_that_was_sent_and_not_answered_is_not_called_undone(site: Site) -> None:
    edge = await site.registered("edge-1", nodes=1)

    def done_but_cut_off(asked: Request) -> Raw | None:
        if asked.method != "PATCH":
            return None
        edge.cluster.handle(asked)
        edge.gone = True

        async def cut(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.transport.abort()

        return cut

    edge.intercept = done_but_cut_off
    with pytest.raises(PlatformError, match="Whether it was done shows when the cluster answers again"):
        await site.nodes.add_node_label(SYSTEM, add("edge-1-node-0"))
    edge.gone, edge.intercept = False, lambda _asked: None
    await site.refresh("edge-1")
    assert await names(site, nodeLabel="gpu") == ["edge-1-node-0"]
