"""The gateway against the simulated clusters that the demo runs on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import aclosing

import pytest

from backend.kube import probe
from backend.kube.connection import Connection, Timeouts
from backend.kube.errors import KubeError
from backend.kube.inventory import NodeEvent, list_nodes, node_pages, readiness, watch_nodes
from backend.kube.kubeconfig import contexts
from backend.kube.labels import add_node_label, evict_pods, remove_node_label
from backend.kube.namespaces import ensure_namespace
from backend.sandbox.cluster.documents import Document, JsonValue
from backend.sandbox.process import SandboxProcess
from tests.backend.kube.conftest import Connect

FIRST, SECOND = "edge-001", "edge-002"
NODE = "edge-001-node-002"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Generator[SandboxProcess, None, None]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), clusters=2, nodes=5, life=False) as running:
        yield running


@pytest.fixture
def behave(sandbox: SandboxProcess) -> Generator[Callable[[str], None], None, None]:
    """Changes how the second cluster can be reached, until the test ends."""

    def change(behaviour: str) -> None:
        sandbox.set_behaviour(SECOND, behaviour)

    yield change
    sandbox.set_behaviour(SECOND, "normal")


@pytest.fixture
async def first(sandbox: SandboxProcess, connect: Connect) -> Connection:
    return await connect("", text=sandbox.kubeconfig.read_text(), context=FIRST, name=FIRST)


async def test_each_cluster_is_a_context(sandbox: SandboxProcess, connect: Connect) -> None:
    text = sandbox.kubeconfig.read_text()
    assert contexts(text) == [FIRST, SECOND]
    for name in (FIRST, SECOND):
        connection = await connect("", text=text, context=name)
        nodes = [node.name async for page in list_nodes(connection) for node in page]
        assert nodes == [f"{name}-node-00{number}" for number in range(1, 6)]


async def test_readiness_and_probe(first: Connection) -> None:
    found = await readiness(first)
    assert found.ready
    report = await probe.test_connection(first)
    assert report.ok, report
    assert report.version == found.version


async def test_the_probe_of_a_user_who_may_only_read(sandbox: SandboxProcess, connect: Connect) -> None:
    connection = await connect("", text=sandbox.limited_kubeconfig.read_text(), context=FIRST)
    report = await probe.test_connection(connection)
    assert [check.name for check in report.checks if not check.ok] == ["permissions"]
    assert "patch nodes" in report.message
    assert {permission.verb for permission in report.missing} == {"patch", "create"}
    with pytest.raises(KubeError) as caught:
        await add_node_label(connection, NODE, "camera")
    assert caught.value.stage == "forbidden"


async def test_nodes_have_what_we_show(first: Connection) -> None:
    pages = [page async for page in list_nodes(first, page_size=2)]
    assert [len(page) for page in pages] == [2, 2, 1]
    nodes = [node for page in pages for node in page]
    for node in nodes:
        assert node.ip.startswith("10.")
        assert min(node.memory_bytes, node.disk_bytes, node.cpu_cores, node.pod_capacity, node.created_at) > 0
        assert node.kernel_version
        assert node.kubelet_version.startswith("v1.")
        assert node.is_ready
    assert nodes[0].roles == ("control-plane",)
    assert [node.unschedulable for node in nodes] == [False] * 4 + [True]
    assert any(node.gpu_memory_bytes > 2**34 - 1 for node in nodes)


async def test_labels_are_seen_by_a_watch(first: Connection) -> None:
    version = [page async for page in node_pages(first)][-1].resource_version
    events: asyncio.Queue[NodeEvent] = asyncio.Queue()

    async def follow() -> None:
        async with aclosing(watch_nodes(first, version)) as changes:
            async for change in changes:
                events.put_nowait(change)

    watching = asyncio.create_task(follow())
    await add_node_label(first, NODE, "camera")
    change = await asyncio.wait_for(events.get(), 20)
    assert (change.type, change.node.name) == ("MODIFIED", NODE)
    assert change.node.labels == {"camera"}
    await remove_node_label(first, NODE, "camera")
    change = await asyncio.wait_for(events.get(), 20)
    assert change.node.labels == frozenset()
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


async def test_a_watch_from_a_version_that_is_forgotten(sandbox: SandboxProcess, first: Connection) -> None:
    version = [page async for page in node_pages(first)][-1].resource_version
    for _ in range(2):
        await add_node_label(first, NODE, "old")
        await remove_node_label(first, NODE, "old")
    await asyncio.to_thread(sandbox.control, "POST", f"/control/clusters/{FIRST}", {"compact": True})
    with pytest.raises(KubeError) as caught:
        await anext(watch_nodes(first, version))
    assert (caught.value.stage, caught.value.retryable) == ("gone", True)


async def test_namespaces(first: Connection) -> None:
    labels = {"otetui.io/business": "7"}
    made = await ensure_namespace(first, "ns7", labels)
    again = await ensure_namespace(first, "ns7", labels)
    assert (made.created, made.changed, again.created, again.changed) == (True, True, False, False)
    await first.post_json("/api/v1/namespaces", {"metadata": {"name": "free"}})
    adopted = await ensure_namespace(first, "free", labels)
    assert (adopted.created, adopted.adopted, adopted.changed) == (False, True, True)
    owned = {"metadata": {"name": "owned", "labels": {"app.kubernetes.io/managed-by": "Helm"}}}
    await first.post_json("/api/v1/namespaces", owned)
    with pytest.raises(KubeError, match="another owner") as caught:
        await ensure_namespace(first, "owned", labels)
    assert (caught.value.stage, caught.value.retryable) == ("conflict", False)


async def test_pods_are_evicted_unless_a_budget_forbids_it(sandbox: SandboxProcess, first: Connection) -> None:
    def pod(name: str, app: str) -> Document:
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "evicted", "labels": {"app": app}},
            "spec": {"nodeName": NODE, "containers": [{"name": "c", "image": "example.org/a:1"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        }

    budget: Document = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "b", "namespace": "evicted"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "guarded"}}},
    }
    objects: list[JsonValue] = [pod("plain", "a"), pod("guarded", "guarded"), pod("foreign", "other"), budget]
    await asyncio.to_thread(sandbox.add_objects, FIRST, objects)
    results = {result.pod: result for result in await evict_pods(first, NODE, "app in (a,guarded)")}
    assert set(results) == {"plain", "guarded"}
    assert results["plain"].evicted
    error = results["guarded"].error
    assert error is not None
    assert (error.stage, error.retryable) == ("throttled", True)


async def test_a_cluster_that_goes_away_and_comes_back(
    sandbox: SandboxProcess, connect: Connect, behave: Callable[[str], None]
) -> None:
    connection = await connect("", text=sandbox.kubeconfig.read_text(), context=SECOND)
    assert (await readiness(connection)).ready
    await asyncio.to_thread(behave, "offline")
    with pytest.raises(KubeError) as caught:
        await readiness(connection)
    assert caught.value.lost
    await asyncio.to_thread(behave, "normal")
    assert (await readiness(connection)).ready


async def test_a_cluster_that_hangs(sandbox: SandboxProcess, connect: Connect, behave: Callable[[str], None]) -> None:
    hasty = Timeouts(connect=20, read=0.3, total=20)
    connection = await connect("", text=sandbox.kubeconfig.read_text(), context=SECOND, timeouts=hasty)
    await asyncio.to_thread(behave, "hanging")
    with pytest.raises(KubeError) as caught:
        await readiness(connection)
    assert caught.value.stage == "timeout"
