"""How each kind of work is delivered to its cluster."""

from __future__ import annotations

from collections.abc import Mapping

from backend.delivery.handler import ClusterAwayError, DeliveryConflictError, Handler
from backend.kube.errors import KubeError
from backend.kube.namespaces import ensure_namespace
from backend.services.connections import Connections
from backend.store import work
from backend.store.claims import Piece

# What says something about the whole cluster, not about the one object.
_AWAY = frozenset({"unauthorized", "throttled", "server", "protocol"})


def handlers(connections: Connections) -> Mapping[str, Handler]:
    """The handlers of all kinds of work, for the worker."""

    async def deliver_namespace(piece: Piece) -> None:
        labels = piece.wanted.get("labels")
        wanted = {name: str(value) for name, value in labels.items()} if isinstance(labels, dict) else {}
        connection = await connections.get(piece.cluster_id)
        try:
            await ensure_namespace(connection, piece.object, wanted)
        except KubeError as error:
            raise _translated(error) from error

    return {work.NAMESPACE: deliver_namespace}


def _translated(error: KubeError) -> KubeError | ClusterAwayError | DeliveryConflictError:
    if error.stage == "conflict" and not error.retryable:
        return DeliveryConflictError(error.message)
    if error.lost or error.stage in _AWAY:
        return ClusterAwayError(error.message)
    return error
