"""Taking a label away with what it placed (operation 23, `deleteDeploy`; decision 26)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.errors import ErrorKind
from backend.operations.nodes import DELETE_NODE_LABEL
from tests.backend.delivery.waiting import until
from tests.backend.sites import ADMINISTRATOR
from tests.live.control_plane import ControlPlane
from tests.live.machines import Machines
from tests.live.outside import Outside
from tests.live.pods import OURS, Pods
from tests.live.site import Operator

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]


@pytest.fixture
async def pods(first: ControlPlane, beside_first: Outside) -> AsyncIterator[Pods]:
    if not (first.has_controllers and first.has_kwok):
        pytest.skip("pods need the service account controller and kwok to run")
    async with Pods.open(beside_first) as opened:
        yield opened


async def test_only_our_pods_that_the_label_placed_on_the_node_are_evicted(
    site: Operator, first: ControlPlane, machines: Machines, beside_first: Outside, pods: Pods
) -> None:
    node, other = await machines.make(first, "evict", "evict-other")
    await site.register_planes(first)
    await site.label(first.name, [node, other], "camera")
    for name in ("ours-1", "ours-2"):
        await pods.make(name, node, OURS, placed_by="camera")
    stays = {"ours-by-another-label", "ours-anywhere", "flux", "nobodys", "ours-elsewhere"}
    await pods.make("ours-by-another-label", node, OURS, placed_by="gateway")
    await pods.make("ours-anywhere", node, OURS)
    await pods.make("flux", node, {"app.kubernetes.io/managed-by": "flux"}, placed_by="camera")
    await pods.make("nobodys", node, {"app": "nobodys"}, placed_by="camera")
    await pods.make("ours-elsewhere", other, OURS, placed_by="camera")
    await pods.running(7)

    # Without deleteDeploy the label alone goes.
    [result] = (await site.unlabel(first.name, [node], "camera")).results
    assert "pods that it placed stay" in result.message
    assert "otetui.io/camera" not in await beside_first.node_labels(node)
    assert await pods.there() == stays | {"ours-1", "ours-2"}

    await site.label(first.name, [node], "camera")
    answer = await site.unlabel(first.name, [node], "camera", delete_deploy=True)
    assert [(result.name, result.code, result.message) for result in answer.results] == [
        (node, 200, "label removed and 2 pods evicted")
    ]
    assert "otetui.io/camera" not in await beside_first.node_labels(node)
    assert "otetui.io/camera" in await beside_first.node_labels(other)
    await until(lambda: _are(pods, stays), 30)
    # Once more is no error: there is nothing left to evict.
    [result] = (await site.unlabel(first.name, [node], "camera", delete_deploy=True)).results
    assert (result.code, result.message) == (200, "label removed and 0 pods evicted")
    assert await pods.there() == stays


async def test_a_disruption_budget_is_kept_and_each_pod_that_stays_is_named(
    site: Operator, first: ControlPlane, machines: Machines, beside_first: Outside, pods: Pods
) -> None:
    node, other = await machines.make(first, "guarded", "unguarded")
    await site.register_planes(first)
    await site.label(first.name, [node, other], "camera")
    guarded = {**OURS, "guard": "yes"}
    for name in ("kept-1", "kept-2"):
        await pods.make(name, node, guarded, placed_by="camera")
    await pods.make("free", node, OURS, placed_by="camera")
    await pods.make("free-too", other, OURS, placed_by="camera")
    await pods.running(4)
    await pods.guard("budget", {"guard": "yes"}, least=2)

    error = await site.refusal(
        DELETE_NODE_LABEL,
        ADMINISTRATOR,
        nodeName=[node, other],
        nodeLabel="camera",
        clusterName=first.name,
        deleteDeploy=True,
    )
    assert error.kind is ErrorKind.REMOTE
    results = {result.name: result for result in error.results}
    assert (results[other].code, results[other].message) == (200, "label removed and 1 pod evicted")
    message = results[node].message
    assert results[node].code == ErrorKind.REMOTE.value
    assert message.startswith("the label was removed, but 2 of 3 pods stay. Pods ")
    for name in ("kept-1", "kept-2"):
        assert f"{pods.namespace}/{name}" in message
    assert "The disruption budget budget needs 2 healthy pods and has 2 currently; add healthy pods" in message
    for name in (node, other):
        assert "otetui.io/camera" not in await beside_first.node_labels(name)
    await until(lambda: _are(pods, {"kept-1", "kept-2"}), 30)
    entry = (await site.activity(action="node.delete_label"))[-1]
    assert entry.outcome == "failed"
    assert f"{pods.namespace}/kept-1" in str(entry.after)

    # With the budget gone the same request brings it to an end.
    await beside_first.delete(f"/apis/policy/v1/namespaces/{pods.namespace}/poddisruptionbudgets/budget")
    answer = await site.unlabel(first.name, [node], "camera", delete_deploy=True)
    assert answer.results[0].message == "label removed and 2 pods evicted"
    await until(lambda: _are(pods, set()), 30)


async def _are(pods: Pods, wanted: set[str]) -> bool:
    return await pods.there() == wanted
