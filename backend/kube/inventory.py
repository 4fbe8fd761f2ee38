"""What a cluster has: whether it is ready, its version, its nodes (decisions 22, 24 and 25)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from backend.kube.answers import Answer, not_json, refusal
from backend.kube.connection import Connection, Page
from backend.kube.errors import KubeError
from backend.kube.json_values import JsonObject, array, boolean, mapping, member, text
from backend.kube.quantities import cores, quantity, whole
from backend.kube.slow_links import after_or_beside
from backend.safe_text import visible

LABEL_PREFIX = "otetui.io/"
LABEL_VALUE = "true"
NODES = "/api/v1/nodes"

_ROLE_PREFIX = "node-role.kubernetes.io/"
_GPU_MEMORY = "nvidia.com/gpu.memory"
_GPU_COUNT = "nvidia.com/gpu.count"
_GPUS = "nvidia.com/gpu"
_MEBIBYTE = 2**20
_LARGEST = 2**63 - 1
_NOT_READY = {500, 503}
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the API server says of itself; `reason` names the checks that fail when it is not ready."""

    ready: bool
    version: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A node as the cluster reports it; `labels` are ours only, without their prefix.

    Sizes are the capacity in bytes; cores are rounded down, but at least 1. `created_at` is in unix seconds.
    `taints` are written key=value:Effect.
    """

    name: str
    operating_system: str
    os_image: str
    architecture: str
    kernel_version: str
    kubelet_version: str
    ip: str
    memory_bytes: int
    cpu_cores: int
    disk_bytes: int
    gpu_memory_bytes: int
    pod_capacity: int
    is_ready: bool
    ready_reason: str
    labels: frozenset[str]
    created_at: int
    unschedulable: bool
    roles: tuple[str, ...]
    taints: tuple[str, ...]
    resource_version: str


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """A node that came (or was there at the start), changed or went."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    node: Node


async def readiness(connection: Connection) -> Readiness:
    """Ask the API server's readiness endpoint and its version (decision 22).

    A server that answers that it is not ready is a result, not an error. Raises KubeError when there is no
    answer, or it is neither yes nor no.
    """
    answer, version = await after_or_beside(lambda: _readyz(connection), lambda: server_version(connection))
    if isinstance(version, KubeError):
        if answer.ok or version.lost:
            raise version
        version = ""
    reason = "" if answer.ok else _failing_checks(answer.body.decode("utf-8", "replace").strip())
    return Readiness(answer.ok, version, reason)


async def _readyz(connection: Connection) -> Answer:
    answer = await connection.ask("GET", "/readyz", accept="text/plain")
    if not answer.ok and answer.status not in _NOT_READY:
        raise refusal(answer, connection.exchange.asked("GET", "/readyz"))
    if answer.ok and answer.body.strip() != b"ok":
        raise not_json(answer, connection.exchange.asked("GET", "/readyz"))
    return answer


async def server_version(connection: Connection) -> str:
    """Return the version of the API server, such as v1.31.2+k3s1. Raises KubeError."""
    version = text(await connection.get_json("/version"), "gitVersion")
    if not version:
        raise KubeError(
            "protocol",
            f"{connection.label} does not tell its version as Kubernetes does; check the server address.",
        )
    return version


async def list_nodes(connection: Connection, page_size: int = 250) -> AsyncGenerator[list[Node], None]:
    """Yield all nodes, page by page. Raises KubeError."""
    async with aclosing(node_pages(connection, page_size)) as pages:
        async for page in pages:
            yield page.items


async def node_pages(connection: Connection, page_size: int = 250) -> AsyncGenerator[Page[Node], None]:
    """Like `list_nodes`, with the resource version from which `watch_nodes` may go on. Raises KubeError."""
    async with aclosing(connection.pages(NODES, narrow_node, page_size=page_size)) as pages:
        async for page in pages:
            yield page


async def watch_nodes(connection: Connection, since: str = "") -> AsyncGenerator[NodeEvent, None]:
    """Yield each change of a node from the resource version `since` on, for ever.

    Without `since`, first an ADDED for each node there is. Raises KubeError: `gone` when `since` is too old (list
    again), otherwise when the cluster is lost. Wrap it in `contextlib.aclosing` when the loop may be left early.
    """
    async with aclosing(connection.follow(NODES, since)) as events:
        async for event in events:
            if event.type in {"ADDED", "MODIFIED", "DELETED"}:
                yield NodeEvent(cast("Literal['ADDED', 'MODIFIED', 'DELETED']", event.type), narrow_node(event.object))


def narrow_node(node: JsonObject) -> Node:
    """Keep of a Kubernetes Node object what we show."""
    metadata, spec, status = mapping(node, "metadata"), mapping(node, "spec"), mapping(node, "status")
    labels, information, capacity = (
        mapping(metadata, "labels"),
        mapping(status, "nodeInfo"),
        mapping(status, "capacity"),
    )
    ready, reason = _ready_condition(status)
    return Node(
        name=text(metadata, "name"),
        operating_system=text(information, "operatingSystem"),
        os_image=text(information, "osImage"),
        architecture=text(information, "architecture"),
        kernel_version=text(information, "kernelVersion"),
        kubelet_version=text(information, "kubeletVersion"),
        ip=_internal_ip(status),
        memory_bytes=whole(capacity.get("memory")),
        cpu_cores=cores(capacity.get("cpu")),
        disk_bytes=whole(capacity.get("ephemeral-storage")),
        gpu_memory_bytes=_gpu_memory(labels, capacity),
        pod_capacity=whole(capacity.get("pods")),
        is_ready=ready,
        ready_reason=reason,
        labels=_our_labels(labels),
        created_at=_seconds(text(metadata, "creationTimestamp")),
        unschedulable=boolean(spec, "unschedulable"),
        roles=_roles(labels),
        taints=tuple(_taint(taint) for taint in array(spec, "taints")),
        resource_version=text(metadata, "resourceVersion"),
    )


def _ready_condition(status: JsonObject) -> tuple[bool, str]:
    for condition in array(status, "conditions"):
        if text(condition, "type") == "Ready":
            return text(condition, "status") == "True", text(condition, "reason")
    return False, ""


def _internal_ip(status: JsonObject) -> str:
    for address in array(status, "addresses"):
        if text(address, "type") == "InternalIP":
            return text(address, "address")
    return ""


def _gpu_memory(labels: JsonObject, capacity: JsonObject) -> int:
    # NVIDIA's feature discovery: MiB of one GPU, times how many there are.
    memory = quantity(text(labels, _GPU_MEMORY))
    count = quantity(text(labels, _GPU_COUNT)) or quantity(member(capacity, _GPUS)) or 1
    return min(int(memory * _MEBIBYTE * count), _LARGEST)


def _our_labels(labels: JsonObject) -> frozenset[str]:
    return frozenset(
        key.removeprefix(LABEL_PREFIX)
        for key, value in labels.items()
        if key.startswith(LABEL_PREFIX) and value == LABEL_VALUE
    )


def _roles(labels: JsonObject) -> tuple[str, ...]:
    return tuple(sorted(key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)))


def _taint(taint: object) -> str:
    key, value, effect = (text(taint, name) for name in ("key", "value", "effect"))
    return f"{key}={value}:{effect}" if value else f"{key}:{effect}"


def _seconds(timestamp: str) -> int:
    try:
        return int(datetime.fromisoformat(timestamp).timestamp())
    except (ValueError, OverflowError):
        return 0


def _failing_checks(body: str) -> str:
    failing = [line[3:].partition(" ")[0] for line in body.splitlines() if line.startswith("[-]")]
    return visible(", ".join(failing) or body, _SHOWN)
