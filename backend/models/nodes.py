"""Nodes and their labels (operations 21-24)."""

from __future__ import annotations

from typing import Literal

from backend.models.base import Line, Order, Paged, Request, Wire
from backend.models.clusters import Label, Names

NodeOrder = Literal["nodeName", "clusterName", "memory", "cpu", "isReady", "ip"]


class ListNodes(Paged):
    """Operation 21; `orderBy` and `order` are extensions."""

    field: Line = ""
    node_label: Line = ""
    cluster_name: Line = ""
    node_name: Line = ""
    order_by: NodeOrder = "nodeName"
    order: Order = "asc"


class AddNodeLabel(Request):
    """Operation 22."""

    node_name: Names
    node_label: Label
    cluster_name: Line


class DeleteNodeLabel(AddNodeLabel):
    """Operation 23."""

    delete_deploy: bool = False


class ListNodeLabels(Request):
    """Operation 24."""

    cluster_name: Line = ""


class Node(Wire):
    """A row of operation 21; sizes in bytes, cpu in cores; what follows `disk` are extensions."""

    node_name: str
    cluster_name: str
    operating_system: str
    kernel_version: str
    ip: str
    memory: int
    cpu: int
    is_ready: bool
    gpu: int
    disk: int
    labels: list[str]
    ready_reason: str
    schedulable: bool
    kubelet_version: str
    answer_time: int
    reachable: bool


class NodesMeta(Wire):
    """`readyNodeCount` counts over the whole filtered set, not the page (decision 3)."""

    ready_node_count: int
