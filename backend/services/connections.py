"""Open connections to registered clusters, one for each, made from the boxed kubeconfig when first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from weakref import WeakValueDictionary

from backend.errors import ErrorKind, PlatformError
from backend.kube.connection import Connection
from backend.services.platform import Platform
from backend.store import clusters


def box_label(cluster_name: str) -> str:
    """The place in the store that a cluster's boxed kubeconfig is tied to."""
    return f"cluster/{cluster_name}"


class Connections:
    """Connections by cluster id. An id is never used again, so a cluster registered anew gets a new connection."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._opened: dict[int, Connection] = {}
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def get(self, cluster_id: int) -> Connection:
        """The connection to a registered cluster; nothing is sent to open it.

        Raises PlatformError: NOT_FOUND when it is no longer registered, INTERNAL when its kubeconfig cannot be unboxed.
        """
        lock = self._locks.setdefault(cluster_id, asyncio.Lock())
        async with lock:
            connection = self._opened.get(cluster_id)
            if connection is None:
                connection = await self._open(cluster_id)
                self._opened[cluster_id] = connection
            return connection

    async def _open(self, cluster_id: int) -> Connection:
        stored = await self._platform.database.read(lambda tx: clusters.get(tx, cluster_id))
        if stored is None:
            raise PlatformError(
                ErrorKind.NOT_FOUND, "The cluster is no longer registered; nothing was sent.", reason="unknown_cluster"
            )
        document = self._platform.box.open(stored.kubeconfig, box_label(stored.name)).decode()
        return await Connection.open(document, stored.context, name=stored.name)

    async def drop(self, cluster_ids: Collection[int]) -> None:
        """Close the connections to these clusters, with whatever is under way on them."""
        dropped = [self._opened.pop(cluster_id) for cluster_id in cluster_ids if cluster_id in self._opened]
        await asyncio.gather(*(connection.close() for connection in dropped))

    async def close(self) -> None:
        """Close all connections."""
        await self.drop(tuple(self._opened))
