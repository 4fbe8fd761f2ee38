"""Nodes and their labels: operations 21-24."""

from __future__ import annotations

from backend.models import nodes
from backend.operations.operation import MEMBERS, SYSTEM_ONLY, Operation

LIST_NODES = Operation(
    "node.list",
    21,
    "List nodes",
    "GET",
    "/v1/node",
    MEMBERS,
    nodes.ListNodes,
    lambda services: services.nodes.list_nodes,
    changes=False,
)

ADD_NODE_LABEL = Operation(
    "node.add_label",
    22,
    "Add a label to nodes",
    "POST",
    "/v1/node/label",
    SYSTEM_ONLY,
    nodes.AddNodeLabel,
    lambda services: services.nodes.add_node_label,
)

DELETE_NODE_LABEL = Operation(
    "node.delete_label",
    23,
    "Delete a label from nodes",
    "DELETE",
    "/v1/node/label",
    SYSTEM_ONLY,
    nodes.DeleteNodeLabel,
    lambda services: services.nodes.delete_node_label,
)

LIST_NODE_LABELS = Operation(
    "node.labels",
    24,
    "List node labels",
    "GET",
    "/v1/node/label",
    MEMBERS,
    nodes.ListNodeLabels,
    lambda services: services.nodes.list_node_labels,
    changes=False,
)

NODES_OPERATIONS = (
    LIST_NODES,
    ADD_NODE_LABEL,
    DELETE_NODE_LABEL,
    LIST_NODE_LABELS,
)
