"""A platform with its cluster services, and small clusters on loopback that can go away and come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from backend.clock import Clock
from backend.delivery.limits import Limits
from backend.delivery.worker import Worker
from backend.models.activity import ActivityEntry, ListActivity
from backend.models.clusters import AddCluster, ListClusters, NameClusters
from backend.models.clusters import Cluster as ClusterRow
from backend.notifier import Notifier, Topic
from backend.security.box import SecretBox
from backend.services.businesses import Businesses
from backend.services.clusters import Clusters
from backend.services.connections import Connections
from backend.services.delivery import handlers
from backend.services.inventory import Inventory, InventoryLimits
from backend.services.nodes import Nodes
from backend.services.platform import SYSTEM, Platform
from backend.services.settings import Settings
from backend.store import activity
from backend.store.database import Database
from tests.backend.kube.clusters import Cluster, node
from tests.backend.kube.servers import Raw, Request, Response, Server, kubeconfig, serve, silence

KEY = bytes(range(32))
QUICK = Limits(poll=50, first_wait=50, longest_wait=500, conflict_wait=60_000)
"""Retries within half a second; leases and heartbeats as they are."""


@dataclass
class Edge:
    """A small cluster behind its own server. `gone` cuts every request off, `silent` lets it wait for ever.

    `intercept` may answer instead of the cluster.
    """

    name: str
    cluster: Cluster
    gone: bool = False
    silent: bool = False
    intercept: Callable[[Request], Response | Raw | None] = lambda _request: None
    _server: list[Server] = field(default_factory=list)

    @property
    def server(self) -> Server:
        return self._server[0]

    @property
    def kubeconfig(self) -> str:
        return kubeconfig(self.server.url)

    @property
    def request(self) -> AddCluster:
        return AddCluster(clusterName=self.name, kubeconfig=self.kubeconfig)

    def handle(self, request: Request) -> Response | Raw:
        if self.gone:
            return _cut
        if self.silent:
            return silence
        return self.intercept(request) or self.cluster.handle(request)

    def asked(self, method: str, path: str) -> int:
        return sum(request.method == method and request.path == path for request in self.server.requests)

    def labels_of(self, name: str) -> dict[str, str]:
        for found in self.cluster.nodes:
            metadata = found["metadata"]
            assert isinstance(metadata, dict)
            if metadata["name"] == name:
                labels: dict[str, str] = metadata["labels"]
                return labels
        raise AssertionError(name)


async def _cut(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


class Site:
    """The services of one process on one store."""

    def __init__(self, database: Database, *, clock: Clock | None = None, limits: Limits = QUICK) -> None:
        self.platform = Platform(database, SecretBox(KEY), clock or Clock(), Notifier())
        self.connections = Connections(self.platform)
        self.worker = Worker(
            database,
            self.platform.clock,
            self.platform.notifier,
            handlers(self.connections),
            limits,
            chance=lambda: 1.0,
        )
        self.settings = Settings(self.platform)
        self.inventory = Inventory(
            self.platform,
            self.connections,
            self.worker,
            self.settings,
            InventoryLimits(patience=0.2, probe=4),
        )
        self.clusters = Clusters(self.platform, self.connections, self.inventory, self.worker)
        self.nodes = Nodes(self.platform, self.connections)
        self.businesses = Businesses(self.platform, self.worker.wake)
        self.told: list[frozenset[Topic]] = []
        self.platform.notifier.listen(self.told.append)
        self._edges = AsyncExitStack()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, clock: Clock | None = None) -> AsyncIterator[Site]:
        """The services on the store at `path`, closed at the end."""
        site = cls(await Database.open(path), clock=clock)
        try:
            yield site
        finally:
            await site.connections.close()
            await site._edges.aclose()
            await site.platform.database.close()

    async def edge(self, name: str, nodes: int = 2) -> Edge:
        """Start a cluster; it is not registered yet."""
        edge = Edge(name, Cluster(nodes=[node(f"{name}-node-{number}") for number in range(nodes)]))
        edge._server.append(await self._edges.enter_async_context(serve(edge.handle)))
        return edge

    async def registered(self, name: str, nodes: int = 2) -> Edge:
        """Start a cluster and register it."""
        edge = await self.edge(name, nodes)
        await self.clusters.add_cluster(SYSTEM, edge.request)
        return edge

    async def row(self, name: str) -> ClusterRow:
        """The cluster as the list shows it."""
        answer = await self.clusters.list_clusters(SYSTEM, ListClusters(clusterLabel=name))
        [row] = answer.data
        return row

    async def refresh(self, *names: str) -> None:
        await self.clusters.refresh_clusters(SYSTEM, NameClusters(clusterName=list(names)))

    async def entries(self) -> list[ActivityEntry]:
        """The activity log, newest first."""
        request = ListActivity(pageSize=0)
        found, _ = await self.platform.database.read(lambda tx: activity.list_entries(tx, request))
        return found

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Run the worker meanwhile."""
        task = asyncio.create_task(self.worker.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
