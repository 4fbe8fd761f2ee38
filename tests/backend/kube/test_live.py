"""The gateway against a real kube-apiserver."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from contextlib import aclosing

import pytest
import yaml

from backend.kube import probe
from backend.kube.connection import APPLY_PATCH, Connection
from backend.kube.errors import KubeError
from backend.kube.inventory import NodeEvent, list_nodes, node_pages, readiness, watch_nodes
from backend.kube.labels import add_node_label, evict_pods, remove_node_label
from backend.kube.namespaces import ensure_namespace
from tests.backend.kube.clusters import node
from tests.backend.kube.conftest import Connect
from tests.backend.kube.servers import authority, encoded
from tests.live.control_plane import AssetsMissingError, ControlPlane, find_assets

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Generator[ControlPlane, None, None]:
    """An API server without controllers, which would finish what these tests look at half done."""
    try:
        found = find_assets()
    except AssetsMissingError as error:
        pytest.skip(str(error))
    if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1:
        pytest.skip("every xdist worker would start its own control plane; run the live tests with -n0")
    assets = tmp_path_factory.mktemp("assets")
    for name in ("etcd", "kube-apiserver"):
        (assets / name).symlink_to(found / name)
    with ControlPlane(assets, "gateway") as running:
        yield running


@pytest.fixture
async def admin(plane: ControlPlane, connect: Connect) -> Connection:
    return await connect("", text=plane.kubeconfig())


def signing_in_with(plane: ControlPlane, user: dict[str, object]) -> str:
    """A kubeconfig for the plane with other credentials."""
    document = yaml.safe_load(plane.kubeconfig())
    document["users"][0]["user"] = user
    return yaml.safe_dump(document)


async def make_node(connection: Connection, name: str) -> None:
    body = node(name)
    metadata = body["metadata"]
    assert isinstance(metadata, dict)
    body["metadata"] = {"name": name, "labels": metadata["labels"]}
    await connection.post_json("/api/v1/nodes", body)


async def test_ready_and_version(admin: Connection) -> None:
    found = await readiness(admin)
    assert found.ready
    assert found.version.startswith("v1.")


async def test_the_probe_of_an_administrator_and_of_a_stranger(
    admin: Connection, plane: ControlPlane, connect: Connect
) -> None:
    report = await probe.test_connection(admin)
    assert report.ok, report
    report = await probe.test_connection(await connect("", text=plane.kubeconfig_with_token("limited")))
    assert [check.ok for check in report.checks] == [True] * 5 + [False]
    assert report.missing == probe.NEEDED
    assert "list, watch, get and patch nodes" in report.message


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"token": "wrong"}, "did not accept the credentials of user"),
        ({}, "system:anonymous"),
        ({"username": "ann", "password": "b"}, "system:anonymous"),
    ],
    ids=["wrong-token", "nothing", "basic"],
)
async def test_the_probe_of_nobody(plane: ControlPlane, connect: Connect, user: dict[str, object], words: str) -> None:
    report = await probe.test_connection(await connect("", text=signing_in_with(plane, user)))
    assert [check.ok for check in report.checks[:4]] == [True, True, True, False]
    assert words in report.message


async def test_an_expired_client_certificate(plane: ControlPlane, connect: Connect) -> None:
    pair = authority().issue("client", expired=True)
    user: dict[str, object] = {
        "client-certificate-data": encoded(pair.certificate),
        "client-key-data": encoded(pair.key),
    }
    connection = await connect("", text=signing_in_with(plane, user))
    with pytest.raises(KubeError, match="expired on") as caught:
        await connection.get_json("/api/v1/nodes")
    assert caught.value.stage in {"unauthorized", "tls"}


async def test_forbidden_names_user_verb_and_resource(plane: ControlPlane, connect: Connect) -> None:
    connection = await connect("", text=plane.kubeconfig_with_token("limited"))
    with pytest.raises(KubeError) as caught:
        _ = [page async for page in list_nodes(connection)]
    assert caught.value.stage == "forbidden"
    assert 'User "limited" cannot list resource "nodes"' in caught.value.message


async def test_nodes_are_listed_labelled_and_watched(admin: Connection) -> None:
    for number in range(5):
        await make_node(admin, f"listed-{number}")
    pages = [page async for page in node_pages(admin, page_size=2)]
    found = {entry.name: entry for page in pages for entry in page.items}
    assert {f"listed-{number}" for number in range(5)} <= set(found)
    assert all(len(page.items) <= 2 for page in pages)
    assert (found["listed-0"].memory_bytes, found["listed-0"].is_ready) == (16 * 2**30, True)

    events: asyncio.Queue[NodeEvent] = asyncio.Queue()

    async def follow() -> None:
        async with aclosing(watch_nodes(admin, pages[-1].resource_version)) as changes:
            async for change in changes:
                events.put_nowait(change)

    watching = asyncio.create_task(follow())
    for _ in range(2):
        await add_node_label(admin, "listed-1", "camera")
    changed = await asyncio.wait_for(events.get(), 20)
    assert (changed.type, changed.node.name) == ("MODIFIED", "listed-1")
    assert changed.node.labels == {"camera"}
    for _ in range(2):
        await remove_node_label(admin, "listed-1", "camera")
    changed = await asyncio.wait_for(events.get(), 20)
    assert (changed.node.name, changed.node.labels) == ("listed-1", frozenset())
    await admin.delete_json("/api/v1/nodes/listed-2")
    changed = await asyncio.wait_for(events.get(), 20)
    assert (changed.type, changed.node.name) == ("DELETED", "listed-2")
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


async def test_watching_from_the_start_gives_what_is_there(admin: Connection) -> None:
    await make_node(admin, "there")
    names: set[str] = set()
    async with asyncio.timeout(20), aclosing(watch_nodes(admin)) as changes:
        async for change in changes:
            assert change.type == "ADDED"
            names.add(change.node.name)
            if "there" in names:
                break


async def test_a_label_that_kubernetes_refuses(admin: Connection) -> None:
    await make_node(admin, "labelled")
    with pytest.raises(KubeError) as caught:
        await add_node_label(admin, "labelled", "not a label")
    assert (caught.value.stage, caught.value.status) == ("invalid", 422)


async def test_a_namespace_is_made_kept_and_adopted(admin: Connection) -> None:
    labels = {"otetui.io/business": "7"}
    first = await ensure_namespace(admin, "ns7", labels)
    again = await ensure_namespace(admin, "ns7", labels)
    assert (first.created, first.changed, again.created, again.changed) == (True, True, False, False)
    assert first.uid == again.uid != ""
    await admin.post_json("/api/v1/namespaces", {"metadata": {"name": "free", "labels": {"team": "a"}}})
    adopted = await ensure_namespace(admin, "free", labels)
    assert (adopted.created, adopted.adopted) == (False, True)
    found = await admin.get_json("/api/v1/namespaces/free")
    metadata = found["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["labels"].items() >= {"team": "a", "app.kubernetes.io/managed-by": "otetui", **labels}.items()


async def test_a_namespace_of_another_owner_or_on_its_way_out(admin: Connection) -> None:
    owned = {"metadata": {"name": "owned", "labels": {"app.kubernetes.io/managed-by": "Helm"}}}
    await admin.post_json("/api/v1/namespaces", owned)
    with pytest.raises(KubeError, match="another owner"):
        await ensure_namespace(admin, "owned", {})
    await ensure_namespace(admin, "going", {})
    await admin.delete_json("/api/v1/namespaces/going")
    with pytest.raises(KubeError) as caught:
        await ensure_namespace(admin, "going", {})
    assert (caught.value.stage, caught.value.retryable) == ("conflict", True)


async def test_apply_does_not_take_fields_of_another_manager(admin: Connection) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared", "labels": {"tier": "gold"}}}
    await admin.patch_json("/api/v1/namespaces/shared", body, {"fieldManager": "another"}, content_type=APPLY_PATCH)
    with pytest.raises(KubeError) as caught:
        await ensure_namespace(admin, "shared", {"tier": "tin"})
    assert (caught.value.stage, caught.value.retryable) == ("conflict", False)
    assert "another" in caught.value.message


async def test_eviction_keeps_to_the_selector_and_the_budget(admin: Connection) -> None:
    await ensure_namespace(admin, "evicted", {})
    pods = "/api/v1/namespaces/evicted/pods"
    for name, app in (("plain", "a"), ("guarded", "guarded"), ("foreign", "other")):
        await admin.post_json(
            pods,
            {
                "metadata": {"name": name, "labels": {"app": app}},
                "spec": {"nodeName": "evicting", "containers": [{"name": "c", "image": "example.org/a:1"}]},
            },
        )
        running = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
        await admin.patch_json(f"{pods}/{name}/status", running)
    budget = {"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "guarded"}}}}
    await admin.post_json("/apis/policy/v1/namespaces/evicted/poddisruptionbudgets", budget)
    results = {result.pod: result for result in await evict_pods(admin, "evicting", "app in (a,guarded)")}
    assert set(results) == {"plain", "guarded"}
    assert results["plain"].evicted
    error = results["guarded"].error
    assert error is not None
    assert (error.stage, error.retryable) == ("throttled", True)
    assert await admin.get_json(f"{pods}/foreign")
    assert await evict_pods(admin, "elsewhere", "app in (a,guarded)") == []
