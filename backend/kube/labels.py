"""Labels of nodes, and evicting the pods that were placed by one (decisions 24 and 26)."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from backend.errors import ErrorKind, PlatformError
from backend.kube.connection import Connection
from backend.kube.errors import KubeError
from backend.kube.inventory import LABEL_PREFIX, LABEL_VALUE, NODES
from backend.kube.json_values import JsonObject, mapping, text
from backend.kube.paths import segment, selector_value

_EVICTIONS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class EvictionResult:
    """What became of one pod. `error` says why it stays: stage `throttled` when a disruption budget forbids it now."""

    namespace: str
    pod: str
    error: KubeError | None = None

    @property
    def evicted(self) -> bool:
        """Whether the pod goes, or is gone already."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class _Pod:
    namespace: str
    name: str
    uid: str
    node: str
    node_selector: frozenset[str]


async def add_node_label(connection: Connection, node: str, label: str) -> None:
    """Give a node the label `label` (otetui.io/LABEL=true); one it has is no error. Raises KubeError."""
    await _patch_label(connection, node, label, LABEL_VALUE)


async def remove_node_label(connection: Connection, node: str, label: str) -> None:
    """Take the label `label` from a node; one it does not have is no error. Raises KubeError."""
    await _patch_label(connection, node, label, None)


async def _patch_label(connection: Connection, node: str, label: str, value: str | None) -> None:
    body: JsonObject = {"metadata": {"labels": {LABEL_PREFIX + label: value}}}
    await connection.patch_json(f"{NODES}/{segment(node)}", body, {"fieldManager": "otetui"})


async def evict_pods(connection: Connection, node: str, selector: str, *, placed_by: str = "") -> list[EvictionResult]:
    """Evict the pods on `node` that match the label selector `selector`, and return what became of each.

    With `placed_by`, only pods whose node selector names that label of ours (decision 26).
    Refusals of single pods are results. When the cluster is lost on the way, the pods that are left carry that
    error and are not tried. Raises KubeError when the pods cannot be listed, and PlatformError (INVALID) for an
    empty selector, which would mean every pod of the node.
    """
    if not selector.strip():
        raise PlatformError(ErrorKind.INVALID, "Evicting pods needs a label selector.", field="selector")
    pods = [
        pod
        for pod in await _pods_on(connection, node, selector)
        if not placed_by or LABEL_PREFIX + placed_by in pod.node_selector
    ]
    results: dict[_Pod, EvictionResult] = {}
    left = deque(pods)
    async with asyncio.TaskGroup() as group:
        for _ in range(min(_EVICTIONS_AT_ONCE, len(pods))):
            group.create_task(_evict_each(connection, left, results))
    lost = next((result.error for result in results.values() if result.error and result.error.lost), None)
    return [results.get(pod) or EvictionResult(pod.namespace, pod.name, lost) for pod in pods]


async def _evict_each(connection: Connection, left: deque[_Pod], results: dict[_Pod, EvictionResult]) -> None:
    while left:
        pod = left.popleft()
        error = await _evict(connection, pod)
        results[pod] = EvictionResult(pod.namespace, pod.name, error)
        if error is not None and error.lost:
            left.clear()


async def _evict(connection: Connection, pod: _Pod) -> KubeError | None:
    body: JsonObject = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod.name, "namespace": pod.namespace},
        # A pod made anew under the same name may be elsewhere.
        "deleteOptions": {"preconditions": {"uid": pod.uid}},
    }
    try:
        await connection.post_json(
            f"/api/v1/namespaces/{segment(pod.namespace)}/pods/{segment(pod.name)}/eviction", body
        )
    except KubeError as error:
        # Another pod has the name by now.
        replaced = error.stage == "conflict" and "uid" in error.message.lower()
        return None if replaced or error.stage == "not_found" else error
    return None


async def _pods_on(connection: Connection, node: str, selector: str) -> list[_Pod]:
    wanted = {"fieldSelector": f"spec.nodeName={selector_value(node)}", "labelSelector": selector}
    pods: list[_Pod] = []
    async for page in connection.pages("/api/v1/pods", _narrow_pod, wanted):
        pods += [pod for pod in page.items if pod.node == node]
    return pods


def _narrow_pod(pod: JsonObject) -> _Pod:
    return _Pod(
        namespace=text(pod, "metadata", "namespace"),
        name=text(pod, "metadata", "name"),
        uid=text(pod, "metadata", "uid"),
        node=text(pod, "spec", "nodeName"),
        node_selector=frozenset(mapping(pod, "spec", "nodeSelector")),
    )
