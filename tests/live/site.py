"""The platform on real clusters, used as its operator uses it: through the table of operations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import cast

from pydantic import JsonValue

from backend.errors import PlatformError
from backend.models.answer import Answer
from backend.models.base import Done
from backend.models.businesses import NamespaceDelivery
from backend.models.clusters import ClusterDetail, ConnectionReport
from backend.models.nodes import Node, NodesMeta
from backend.operations.businesses import AUDIT_BUSINESS, LIST_BUSINESS_NAMESPACES
from backend.operations.clusters import ADD_CLUSTER, GET_CLUSTER, LIST_CLUSTERS, REFRESH_CLUSTERS, TEST_CLUSTER
from backend.operations.nodes import ADD_NODE_LABEL, DELETE_NODE_LABEL, LIST_NODES
from backend.operations.site import CHANGE_SETTINGS
from tests.backend.sites import ADMINISTRATOR, ManualClock, Site
from tests.live.control_plane import ControlPlane

_POLL_SECONDS = 0.05
_business_ids = count(1000, 1000)


class RunningClock(ManualClock):
    """The real time."""

    def now(self) -> int:
        return int(time.time())


class Operator(Site):
    """A site whose clusters are there, and what its system administrator does with them."""

    def begin_businesses_anew(self) -> None:
        """Let the ids of businesses begin where those of no other site have been: sites share the clusters."""
        connection = self.outside()
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('business', ?)", (next(_business_ids),))
        connection.close()

    async def register_cluster(self, name: str, kubeconfig: str, context: str = "") -> None:
        """Register a cluster."""
        await self.call(ADD_CLUSTER, ADMINISTRATOR, clusterName=name, kubeconfig=kubeconfig, context=context)

    async def register_planes(self, *planes: ControlPlane) -> list[str]:
        """Register control planes under their own names; returns those."""
        await asyncio.gather(*(self.register_cluster(plane.name, plane.kubeconfig()) for plane in planes))
        return [plane.name for plane in planes]

    async def refusal_to_register(self, name: str, kubeconfig: str, context: str = "") -> PlatformError:
        """Why a cluster cannot be registered."""
        return await self.refusal(ADD_CLUSTER, ADMINISTRATOR, clusterName=name, kubeconfig=kubeconfig, context=context)

    async def report(self, name: str, kubeconfig: str, context: str = "") -> ConnectionReport:
        """What a test of the connection says."""
        answer = await self.call(TEST_CLUSTER, ADMINISTRATOR, clusterName=name, kubeconfig=kubeconfig, context=context)
        return answer.data

    async def cluster_names(self) -> list[str]:
        """The names of all registered clusters."""
        return [row.cluster_name for row in (await self.call(LIST_CLUSTERS, ADMINISTRATOR)).data]

    async def cluster(self, name: str) -> ClusterDetail:
        """A registered cluster."""
        return (await self.call(GET_CLUSTER, ADMINISTRATOR, clusterName=name)).data

    async def refresh(self, *names: str) -> Answer[Done]:
        """Ask clusters for their figures and retry their work."""
        return await self.call(REFRESH_CLUSTERS, ADMINISTRATOR, clusterName=list(names))

    async def nodes(self, **filters: JsonValue) -> dict[str, Node]:
        """All nodes under these filters, by name."""
        answer = await self.call(LIST_NODES, ADMINISTRATOR, pageSize=0, **filters)
        return {node.node_name: node for node in cast("list[Node]", answer.data)}

    async def node(self, name: str) -> Node:
        """The node of this name."""
        return (await self.nodes(nodeName=name))[name]

    async def count_nodes(self, **filters: JsonValue) -> tuple[int, int]:
        """How many nodes there are under these filters, and how many of them are ready."""
        answer = await self.call(LIST_NODES, ADMINISTRATOR, pageSize=1, **filters)
        assert answer.total is not None
        return answer.total, cast("NodesMeta", answer.meta).ready_node_count

    async def label(self, cluster: str, nodes: Sequence[str], label: str) -> Answer[Done]:
        """Label nodes."""
        return await self.call(
            ADD_NODE_LABEL, ADMINISTRATOR, nodeName=list(nodes), nodeLabel=label, clusterName=cluster
        )

    async def unlabel(
        self, cluster: str, nodes: Sequence[str], label: str, *, delete_deploy: bool = False
    ) -> Answer[Done]:
        """Take a label from nodes."""
        return await self.call(
            DELETE_NODE_LABEL,
            ADMINISTRATOR,
            nodeName=list(nodes),
            nodeLabel=label,
            clusterName=cluster,
            deleteDeploy=delete_deploy,
        )

    async def application(self, name: str) -> int:
        """A business that waits for its audit; returns its id."""
        await self.approved(f"owner-of-{name}")
        return await self.apply(f"owner-of-{name}", name)

    async def approve(self, business: int) -> None:
        """Approve a business."""
        await self.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business, comment="", status=1)

    async def deliveries(self, business: int) -> dict[str, NamespaceDelivery]:
        """Where a business's namespace is, by cluster."""
        rows = (await self.call(LIST_BUSINESS_NAMESPACES, ADMINISTRATOR, id=business)).data
        return {row.cluster_name: row for row in rows}

    async def delivered(self, business: int, *clusters: str, seconds: float = 60) -> None:
        """Wait until a business's namespace is delivered to these clusters."""
        await self.until_deliveries(
            business, lambda found: all(found[name].state == "delivered" for name in clusters), seconds
        )

    async def until_deliveries(
        self, business: int, condition: Callable[[dict[str, NamespaceDelivery]], bool], seconds: float = 60
    ) -> dict[str, NamespaceDelivery]:
        """Wait until the deliveries of a business's namespace meet `condition`; returns them."""
        ends = time.monotonic() + seconds
        while not condition(found := await self.deliveries(business)):
            assert time.monotonic() < ends, f"not within {seconds} s: {found}"
            await asyncio.sleep(_POLL_SECONDS)
        return found

    async def work_in_background(self) -> None:
        """Start the worker and the refreshes, the latter as often as the settings allow."""
        await self.call(CHANGE_SETTINGS, ADMINISTRATOR, refreshSeconds=5)
        self.engine.start()


@contextmanager
def frozen(plane: ControlPlane) -> Iterator[None]:
    """Freeze the API server meanwhile."""
    plane.pause()
    try:
        yield
    finally:
        plane.resume()
