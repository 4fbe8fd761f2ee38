"""Looking at a cluster: is it ready, which version, which nodes (decisions 22, 24 and 25)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from backend.errors import ErrorKind, PlatformError
from backend.kube import inventory as kube
from backend.kube.connection import Connection
from backend.kube.errors import KubeError
from backend.kube.slow_links import after_or_beside
from backend.store import clusters, nodes
from backend.store.clusters import Seen, Sighting
from backend.store.database import Transaction
from backend.store.nodes import NodeFigures, StoredNode


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a cluster found. `nodes` is None when they could not be listed; `error` says what failed."""

    sighting: Sighting
    nodes: tuple[StoredNode, ...] | None = None
    error: PlatformError | None = None


PROBE_SECONDS = 20.0
"""When a look at a cluster is given up."""


async def look_at(connection: Connection, seconds: float = PROBE_SECONDS) -> Look:
    """Look at a cluster for at most `seconds`; a cluster that fails is a result, not an error."""
    try:
        async with asyncio.timeout(seconds):
            return await _look_at(connection)
    except KubeError as error:
        return failed_look(error)
    except TimeoutError:
        sentence = f"{connection.label} did not give all its figures within {seconds:g} s; the link may be too slow."
        return failed_look(PlatformError(ErrorKind.TIMEOUT, sentence, reason="cluster_timeout"))


def failed_look(error: PlatformError) -> Look:
    """The look at a cluster that could not be asked, or did not answer."""
    return Look(Sighting(reachable=False, ready=False, message=error.message, complete=False), error=error)


async def _look_at(connection: Connection) -> Look:
    ready, found = await after_or_beside(lambda: kube.readiness(connection), lambda: list_stored_nodes(connection))
    why = "" if ready.ready else f"{connection.label} says that it is not ready: {ready.reason}."
    if isinstance(found, KubeError):
        if found.lost:
            raise found
        # The cluster answers, but its node figures are as old as they were.
        return Look(
            Sighting(reachable=True, ready=ready.ready, message=why or found.message, complete=False), error=found
        )
    seen = Sighting(
        reachable=True,
        ready=ready.ready,
        message=why,
        complete=True,
        version=ready.version,
        node_count=len(found),
        ready_node_count=sum(node.figures.is_ready for node in found),
    )
    return Look(seen, found)


async def list_stored_nodes(connection: Connection) -> tuple[StoredNode, ...]:
    """The cluster's nodes as they are now. Raises KubeError."""
    by_name: dict[str, StoredNode] = {}
    async for page in kube.list_nodes(connection):
        # A list read in pages may name a node twice.
        by_name.update((node.name, _stored(node)) for node in page if node.name)
    return tuple(by_name.values())


def _stored(node: kube.Node) -> StoredNode:
    figures = NodeFigures(
        name=node.name,
        operating_system=node.operating_system,
        kernel_version=node.kernel_version,
        ip=node.ip,
        memory_bytes=node.memory_bytes,
        cpu_cores=node.cpu_cores,
        disk_bytes=node.disk_bytes,
        gpu_memory_bytes=node.gpu_memory_bytes,
        is_ready=node.is_ready,
        ready_reason=node.ready_reason,
        schedulable=not node.unschedulable,
        kubelet_version=node.kubelet_version,
    )
    return StoredNode(figures, node.labels)


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving a look changed in the store, for those who watch."""

    seen: Seen
    nodes_changed: bool


def save_look(transaction: Transaction, cluster_id: int, look: Look, now: int) -> Saved | None:
    """Store a look; None when the cluster is no longer registered."""
    seen = clusters.save_sighting(transaction, cluster_id, look.sighting, now)
    if seen is None:
        return None
    changed = look.nodes is not None and nodes.replace_nodes(transaction, cluster_id, look.nodes)
    return Saved(seen, changed)
