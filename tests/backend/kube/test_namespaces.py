from __future__ import annotations

import pytest

from backend.kube.errors import KubeError
from backend.kube.namespaces import NamespaceOutcome, ensure_namespace
from tests.backend.kube.clusters import Cluster, namespace
from tests.backend.kube.conftest import Connect
from tests.backend.kube.servers import Request, Response, refusal, serve

LABELS = {"otetui.io/business": "7"}
OURS = {"app.kubernetes.io/managed-by": "otetui", "otetui.io/business": "7"}


async def test_a_namespace_is_created_and_then_left_alone(connect: Connect) -> None:
    cluster = Cluster()
    async with serve(cluster.handle) as server:
        connection = await connect(server.url)
        first = await ensure_namespace(connection, "ns7", LABELS)
        again = await ensure_namespace(connection, "ns7", LABELS)
    assert first == NamespaceOutcome("ns7", "uid-of-ns7", created=True, adopted=False, changed=True)
    assert again == NamespaceOutcome("ns7", "uid-of-ns7", created=False, adopted=False, changed=False)
    metadata = cluster.namespaces["ns7"]["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["labels"] == OURS
    assert server.requests[1].json == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "ns7", "labels": OURS},
    }


@pytest.mark.parametrize(
    ("labels", "adopted"),
    [
        ({}, True),
        ({"team": "a"}, True),
        ({"otetui.io/business": "7"}, True),
        (OURS, False),
        ({"app.kubernetes.io/managed-by": "otetui"}, False),
    ],
)
async def test_a_namespace_without_another_owner_is_taken_over(
    connect: Connect, labels: dict[str, str], adopted: bool
) -> None:
    cluster = Cluster(namespaces={"ns7": namespace("ns7", **labels)})
    async with serve(cluster.handle) as server:
        outcome = await ensure_namespace(await connect(server.url), "ns7", LABELS)
    assert (outcome.created, outcome.adopted, outcome.changed) == (False, adopted, labels != OURS)
    metadata = cluster.namespaces["ns7"]["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["labels"] == {**labels, **OURS}


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        ({"app.kubernetes.io/managed-by": "Helm"}, "app.kubernetes.io/managed-by=Helm"),
        ({"otetui.io/business": "8"}, "otetui.io/business=8"),
        ({**OURS, "otetui.io/business": "8"}, "otetui.io/business=8"),
    ],
)
async def test_a_namespace_of_another_owner_is_a_conflict_and_stays_as_it_is(
    connect: Connect, labels: dict[str, str], named: str
) -> None:
    cluster = Cluster(namespaces={"ns7": namespace("ns7", **labels)})
    async with serve(cluster.handle) as server:
        with pytest.raises(KubeError) as caught:
            await ensure_namespace(await connect(server.url, name="edge-1"), "ns7", LABELS)
    assert (caught.value.stage, caught.value.retryable) == ("conflict", False)
    assert caught.value.message.startswith("Cluster edge-1 already has a namespace ns7")
    assert named in caught.value.message
    assert [request.method for request in server.requests] == ["GET"]


async def test_a_namespace_with_a_business_is_not_taken_without_naming_it(connect: Connect) -> None:
    cluster = Cluster(namespaces={"ns7": namespace("ns7", **OURS)})
    async with serve(cluster.handle) as server:
        with pytest.raises(KubeError, match="another owner"):
            await ensure_namespace(await connect(server.url), "ns7", {})


async def test_a_namespace_that_is_being_deleted_is_tried_again_later(connect: Connect) -> None:
    cluster = Cluster(namespaces={"ns7": namespace("ns7", "Terminating", **OURS)})
    async with serve(cluster.handle) as server:
        with pytest.raises(KubeError, match="still deleting") as caught:
            await ensure_namespace(await connect(server.url), "ns7", LABELS)
    assert (caught.value.stage, caught.value.retryable) == ("conflict", True)
    assert [request.method for request in server.requests] == ["GET"]


async def test_an_owner_who_comes_between_look_and_apply_wins(connect: Connect) -> None:
    causes = [{"reason": "FieldManagerConflict", "message": 'conflict with "helm"', "field": ".metadata.labels"}]
    conflict = refusal(409, 'Apply failed with 1 conflict: conflict with "helm"', "Conflict", causes=causes)

    def handler(request: Request) -> Response:
        return conflict if request.method == "PATCH" else refusal(404, "not found", "NotFound")

    async with serve(handler) as server:
        with pytest.raises(KubeError, match="helm") as caught:
            await ensure_namespace(await connect(server.url), "ns7", LABELS)
    assert (caught.value.stage, caught.value.retryable) == ("conflict", False)


async def test_a_404_that_is_not_kubernetes_is_no_missing_namespace(connect: Connect) -> None:
    async with serve(lambda _: Response(b"404 page not found", 404)) as server:
        with pytest.raises(KubeError) as caught:
            await ensure_namespace(await connect(server.url), "ns7", LABELS)
    assert caught.value.stage == "not_found"
    assert len(server.requests) == 1
