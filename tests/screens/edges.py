"""Clusters on loopback for the screens' tests, which can go away and come back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from backend.operations.clusters import ADD_CLUSTER
from tests.backend.kube.clusters import Cluster, node
from tests.backend.kube.servers import serve
from tests.backend.services.site import Edge
from tests.screens.driver import Driver

NODES = 3


@asynccontextmanager
async def edges(*names: str, nodes: int = NODES) -> AsyncIterator[list[Edge]]:
    """Clusters with `nodes` nodes each, named after their cluster; none of them is registered."""
    async with AsyncExitStack() as stack:
        found = [Edge(name, Cluster(nodes=[node(f"{name}-{number}") for number in range(nodes)])) for name in names]
        for edge in found:
            edge._server.append(await stack.enter_async_context(serve(edge.handle)))
        yield found


async def register(driver: Driver, *found: Edge) -> None:
    """Let someone else register these clusters, and wait until the list shows them."""
    for edge in found:
        await driver.by_other(ADD_CLUSTER, clusterName=edge.name, kubeconfig=edge.kubeconfig)


def kubeconfig_file(edge: Edge, folder: Path) -> Path:
    """The file to type in the console."""
    path = folder / f"{edge.name}.yaml"
    path.write_text(edge.kubeconfig)
    return path
