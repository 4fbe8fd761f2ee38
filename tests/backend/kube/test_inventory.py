from __future__ import annotations

import pytest

from backend.kube.errors import KubeError
from backend.kube.inventory import Readiness, list_nodes, narrow_node, node_pages, readiness
from tests.backend.kube.clusters import Cluster, node
from tests.backend.kube.conftest import Connect
from tests.backend.kube.servers import Response, refusal, serve


async def test_a_ready_cluster(connect: Connect) -> None:
    async with serve(Cluster().handle) as server:
        found = await readiness(await connect(server.url))
    assert found == Readiness(ready=True, version="v1.31.2+k3s1")


async def test_a_cluster_that_says_it_is_not_ready(connect: Connect) -> None:
    body = (
        b"[+]ping ok\n[-]etcd failed: reason withheld\n[-]informer-sync failed: reason withheld\nreadyz check failed\n"
    )
    async with serve(Cluster(ready=Response(body, 500)).handle) as server:
        found = await readiness(await connect(server.url))
    assert found == Readiness(ready=False, version="v1.31.2+k3s1", reason="etcd, informer-sync")


async def test_a_cluster_that_is_not_ready_and_tells_no_version(connect: Connect) -> None:
    async with serve(lambda _: Response(b"starting", 503)) as server:
        assert await readiness(await connect(server.url)) == Readiness(ready=False, version="", reason="starting")


@pytest.mark.parametrize(
    ("answer", "stage"),
    [
        (refusal(401, "Unauthorized"), "unauthorized"),
        (refusal(403, "no"), "forbidden"),
        (Response(b"404 page not found", 404), "not_found"),
        (Response(b"<html>Welcome</html>"), "protocol"),
    ],
    ids=["401", "403", "404", "html"],
)
async def test_what_is_neither_yes_nor_no_is_an_error(connect: Connect, answer: Response, stage: str) -> None:
    async with serve(Cluster(ready=answer).handle) as server:
        with pytest.raises(KubeError) as caught:
            await readiness(await connect(server.url))
    assert caught.value.stage == stage


async def test_a_version_that_is_none(connect: Connect) -> None:
    async with serve(Cluster(version="").handle) as server:
        with pytest.raises(KubeError, match="version") as caught:
            await readiness(await connect(server.url))
    assert caught.value.stage == "protocol"


def test_a_node_is_narrowed_to_what_we_show() -> None:
    found = narrow_node(
        node(
            "edge-1",
            **{
                "otetui.io/camera": "true",
                "otetui.io/a.b-c": "true",
                "otetui.io/business": "7",
                "other.io/x": "true",
                "node-role.kubernetes.io/worker": "",
                "node-role.kubernetes.io/edge": "",
            },
        )
    )
    assert found.name == "edge-1"
    assert found.labels == {"camera", "a.b-c"}
    assert found.roles == ("edge", "worker")
    assert (found.cpu_cores, found.memory_bytes, found.disk_bytes) == (4, 16 * 2**30, 100 * 10**9)
    assert (found.pod_capacity, found.gpu_memory_bytes) == (110, 0)
    assert (found.operating_system, found.os_image, found.architecture) == ("linux", "Debian GNU/Linux 12", "arm64")
    assert (found.kernel_version, found.kubelet_version, found.ip) == ("6.1.0", "v1.31.2", "10.0.0.7")
    assert (found.is_ready, found.ready_reason) == (True, "KubeletReady")
    assert found.created_at == 1714557600
    assert not found.unschedulable
    assert found.taints == ()


@pytest.mark.parametrize(("status", "ready"), [("True", True), ("False", False), ("Unknown", False)])
def test_ready_is_the_ready_condition(status: str, ready: bool) -> None:
    body = node("a")
    body["status"] = {"conditions": [{"type": "Ready", "status": status, "reason": "Why"}]}
    found = narrow_node(body)
    assert (found.is_ready, found.ready_reason) == (ready, "Why")


def test_cordoned_and_tainted() -> None:
    body = node("a")
    body["spec"] = {
        "unschedulable": True,
        "taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}, {"key": "x", "effect": "NoExecute"}],
    }
    found = narrow_node(body)
    assert found.unschedulable
    assert found.taints == ("k=v:NoSchedule", "x:NoExecute")


@pytest.mark.parametrize(
    ("labels", "gpus", "memory"),
    [
        ({"nvidia.com/gpu.memory": "16384"}, None, 16384 * 2**20),
        ({"nvidia.com/gpu.memory": "16384", "nvidia.com/gpu.count": "2"}, "8", 2 * 16384 * 2**20),
        ({"nvidia.com/gpu.memory": "16384"}, "4", 4 * 16384 * 2**20),
        ({"nvidia.com/gpu.memory": "lots"}, "4", 0),
        ({"nvidia.com/gpu.memory": "9" * 25}, "9" * 25, 2**63 - 1),
        ({}, "4", 0),
    ],
)
def test_gpu_memory_comes_from_the_feature_labels(labels: dict[str, str], gpus: str | None, memory: int) -> None:
    body = node("a", **labels)
    status = body["status"]
    assert isinstance(status, dict)
    if gpus:
        status["capacity"]["nvidia.com/gpu"] = gpus
    assert narrow_node(body).gpu_memory_bytes == memory


@pytest.mark.parametrize("body", [{}, {"metadata": None, "spec": [], "status": "x"}, {"status": {"conditions": [1]}}])
def test_a_node_that_holds_nothing_is_still_a_row(body: dict[str, object]) -> None:
    found = narrow_node(body)
    assert (found.name, found.cpu_cores, found.is_ready, found.created_at) == ("", 0, False, 0)


async def test_all_nodes_are_listed_in_pages(connect: Connect) -> None:
    cluster = Cluster(nodes=[node(f"edge-{number}") for number in range(7)])
    async with serve(cluster.handle) as server:
        connection = await connect(server.url)
        pages = [page async for page in list_nodes(connection, page_size=3)]
        versions = [page.resource_version async for page in node_pages(connection)]
    assert [[found.name for found in page] for page in pages] == [
        ["edge-0", "edge-1", "edge-2"],
        ["edge-3", "edge-4", "edge-5"],
        ["edge-6"],
    ]
    assert versions == ["77"]
    assert [request.query["limit"] for request in server.requests] == ["3", "3", "3", "250"]
