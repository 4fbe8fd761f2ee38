from __future__ import annotations

import asyncio

import pytest

from backend.errors import ErrorKind, PlatformError
from backend.kube.errors import KubeError
from backend.kube.inventory import narrow_node
from backend.kube.labels import add_node_label, evict_pods, remove_node_label
from tests.backend.kube.clusters import Cluster, node, pod
from tests.backend.kube.conftest import Connect
from tests.backend.kube.servers import Raw, Request, Response, refusal, serve

SELECTOR = "app.kubernetes.io/managed-by=otetui,otetui.io/deployment in (a,b)"


async def test_labels_are_added_and_removed_and_both_may_be_repeated(connect: Connect) -> None:
    cluster = Cluster(nodes=[node("edge-1")])
    async with serve(cluster.handle) as server:
        connection = await connect(server.url)
        for _ in range(2):
            await add_node_label(connection, "edge-1", "camera")
            assert narrow_node(cluster.nodes[0]).labels == {"camera"}
        for _ in range(2):
            await remove_node_label(connection, "edge-1", "camera")
            assert narrow_node(cluster.nodes[0]).labels == frozenset()
    assert cluster.patches[0] == ("edge-1", {"metadata": {"labels": {"otetui.io/camera": "true"}}})
    assert cluster.patches[-1] == ("edge-1", {"metadata": {"labels": {"otetui.io/camera": None}}})


async def test_a_node_that_is_not_there(connect: Connect) -> None:
    async with serve(Cluster().handle) as server:
        connection = await connect(server.url)
        with pytest.raises(KubeError, match="edge-9") as caught:
            await remove_node_label(connection, "edge-9", "camera")
    assert caught.value.stage == "not_found"


async def test_a_node_name_cannot_reach_another_path(connect: Connect) -> None:
    async with serve(Cluster().handle) as server:
        connection = await connect(server.url)
        for name in ("", ".."):
            with pytest.raises(PlatformError):
                await add_node_label(connection, name, "camera")
        assert server.requests == []
        with pytest.raises(KubeError):
            await add_node_label(connection, "../namespaces/kube-system", "camera")
    assert server.requests[0].path.startswith("/api/v1/nodes/")


async def test_pods_on_the_node_are_evicted_with_their_uid(connect: Connect) -> None:
    cluster = Cluster(pods=[pod("a"), pod("b"), pod("elsewhere", on="edge-2")])
    async with serve(cluster.handle) as server:
        results = await evict_pods(await connect(server.url), "edge-1", SELECTOR)
    assert [(result.namespace, result.pod, result.evicted) for result in results] == [
        ("ns7", "a", True),
        ("ns7", "b", True),
    ]
    listed, *evictions = server.requests
    assert listed.query["fieldSelector"] == "spec.nodeName=edge-1"
    assert listed.query["labelSelector"] == SELECTOR
    assert {request.path for request in evictions} == {
        "/api/v1/namespaces/ns7/pods/a/eviction",
        "/api/v1/namespaces/ns7/pods/b/eviction",
    }
    body = next(request.json for request in evictions if "/a/" in request.path)
    assert body == {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "a", "namespace": "ns7"},
        "deleteOptions": {"preconditions": {"uid": "uid-a"}},
    }


async def test_each_refusal_is_its_pods_result(connect: Connect) -> None:
    budget = refusal(429, "Cannot evict pod as it would violate the pod's disruption budget.", "TooManyRequests")
    cluster = Cluster(
        pods=[pod(name) for name in ("fine", "guarded", "gone", "renewed", "forbidden")],
        evictions={
            "guarded": Response(budget.body, 429, {"Retry-After": "10"}),
            "gone": refusal(404, 'pods "gone" not found', "NotFound"),
            "renewed": refusal(409, "Precondition failed: UID in precondition: a, UID in object meta: b", "Conflict"),
            "forbidden": refusal(403, "no", "Forbidden"),
        },
    )
    async with serve(cluster.handle) as server:
        results = {result.pod: result for result in await evict_pods(await connect(server.url), "edge-1", SELECTOR)}
    assert {name for name, result in results.items() if result.evicted} == {"fine", "gone", "renewed"}
    guarded = results["guarded"].error
    assert guarded is not None
    assert (guarded.stage, guarded.retry_after, guarded.retryable) == ("throttled", 10.0, True)
    assert "disruption budget" in guarded.message
    forbidden = results["forbidden"].error
    assert forbidden is not None
    assert forbidden.stage == "forbidden"


async def test_a_cluster_lost_on_the_way_leaves_the_rest_untried(connect: Connect) -> None:
    cluster = Cluster(pods=[pod(f"pod-{number}") for number in range(50)])

    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    def handler(request: Request) -> Response | Raw:
        return drop if request.path.endswith("/eviction") else cluster.handle(request)

    async with serve(handler) as server:
        results = await evict_pods(await connect(server.url), "edge-1", SELECTOR)
    assert len(results) == 50
    assert all(result.error is not None and result.error.stage == "tcp" for result in results)
    assert len(server.requests) < 10


async def test_no_pods_is_no_error(connect: Connect) -> None:
    async with serve(Cluster().handle) as server:
        assert await evict_pods(await connect(server.url), "edge-1", SELECTOR) == []


@pytest.mark.parametrize("selector", ["", "  "])
async def test_an_empty_selector_would_mean_every_pod(connect: Connect, selector: str) -> None:
    async with serve(Cluster(pods=[pod("a")]).handle) as server:
        with pytest.raises(PlatformError) as caught:
            await evict_pods(await connect(server.url), "edge-1", selector)
    assert caught.value.kind is ErrorKind.INVALID
    assert server.requests == []


async def test_listing_the_pods_may_fail(connect: Connect) -> None:
    async with serve(lambda _: refusal(403, "no")) as server:
        with pytest.raises(KubeError, match="list pods"):
            await evict_pods(await connect(server.url), "edge-1", SELECTOR)
