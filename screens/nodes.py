"""Nodes of all clusters or of one: list, detail, labels (operations 21-24)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pydantic import JsonValue

from backend.errors import ItemResult, PlatformError
from backend.models.answer import Answer
from backend.models.base import Done
from backend.models.clusters import check_label
from backend.models.nodes import Node, NodesMeta
from backend.notifier import Topic
from backend.operations import Operation
from backend.operations.nodes import ADD_NODE_LABEL, DELETE_NODE_LABEL, LIST_NODES
from backend.session import Session
from screens.detail_screen import Detail, DetailScreen
from screens.resource import Query, Resource, RowAction
from screens.words import ago, yes_no
from widgets.actions import Action, Risk
from widgets.columns import Cell, Column
from widgets.detail import Line, Section
from widgets.form import Field, FieldValue
from widgets.message_line import Severity
from widgets.text import NOTHING, plural, size

if TYPE_CHECKING:
    from screens.console import ConsoleApp
    from screens.list_screen import ListScreen

_OK = 200


def _label(node: Node) -> str:
    return f"{node.cluster_name}/{node.node_name}"


def _parameters(query: Query) -> dict[str, JsonValue]:
    """`cluster:NAME label:NAME` and a part of a node's name, in any order."""
    parameters: dict[str, JsonValue] = {
        "orderBy": query.order_by or "nodeName",
        "order": "desc" if query.descending else "asc",
    }
    names = {"cluster": "clusterName", "label": "nodeLabel"}
    for word in query.text.split():
        key, colon, value = word.partition(":")
        if colon and key in names:
            if value:
                parameters[names[key]] = value
        else:
            parameters["nodeName"] = word
    return {**parameters, **query.scope}


def _state(node: Node) -> Cell:
    """Three facts in one word: whether the cluster can be reached, and what it last said of the node."""
    said = "ready" if node.is_ready else "not ready"
    if not node.reachable:
        return Cell(f"was {said}", "warn")
    if not node.schedulable:
        return Cell(f"{said}, cordoned", "warn")
    return Cell(said, "good" if node.is_ready else "bad")


def _seen(node: Node) -> Cell:
    return Cell(ago(node.answer_time), "" if node.reachable else "warn")


def _note(answer: Answer[object]) -> str:
    if not isinstance(answer.meta, NodesMeta) or not answer.total:
        return ""
    return f"{answer.meta.ready_node_count:,} of {answer.total:,} ready"


async def _change_labels(
    screen: ListScreen[Node], nodes: list[Node], title: str, operation: Operation[Done], **parameters: JsonValue
) -> None:
    """Change a label on nodes of any clusters: one call per cluster, side by side, one list of results."""
    by_cluster: dict[str, list[JsonValue]] = {}
    for node in nodes:
        by_cluster.setdefault(node.cluster_name, []).append(node.node_name)

    async def call(cluster: str, names: list[JsonValue]) -> list[ItemResult]:
        try:
            answer = await screen.session.call(operation, clusterName=cluster, nodeName=names, **parameters)
        except PlatformError as error:
            return list(error.results) or [ItemResult(str(name), error.code, error.message) for name in names]
        return list(answer.results) or [ItemResult(str(name), _OK, "done") for name in names]

    found = await asyncio.gather(*(call(cluster, names) for cluster, names in by_cluster.items()))
    results = [
        ItemResult(f"{cluster}/{result.name}", result.code, result.message)
        for cluster, answers in zip(by_cluster, found, strict=True)
        for result in answers
    ]
    screen.tell_results(title, results)


async def _add_label(screen: ListScreen[Node], nodes: list[Node]) -> None:
    label = await screen.ask_text(
        f"Add a label: {plural(len(nodes), 'node')}", "Label", help="letters, digits, - and .", check=check_label
    )
    if label is not None:
        await _change_labels(screen, nodes, f"Label {label} added", ADD_NODE_LABEL, nodeLabel=label)


async def _delete_label(screen: ListScreen[Node], nodes: list[Node]) -> None:
    carried = sorted({label for node in nodes for label in node.labels})
    if not carried:
        screen.say("None of these nodes has a label.", Severity.REFUSED)
        return
    wanted: dict[str, JsonValue] = {}

    async def take(values: dict[str, FieldValue]) -> None:
        wanted.update(values)

    fields = [
        Field("nodeLabel", "Label", kind="choice", required=True, choices=[(label, label) for label in carried]),
        Field(
            "deleteDeploy",
            "Delete deployments",
            kind="bool",
            help="evicts what this platform placed there by the label; without it what runs stays, "
            "except that DaemonSets leave",
        ),
    ]
    title = f"Remove a label: {plural(len(nodes), 'node')}"
    if not await screen.ask_form(title, fields, take, button="Remove"):
        return
    label = str(wanted["nodeLabel"])
    if wanted["deleteDeploy"]:
        lost = ["The platform's pods that were placed there by this label are evicted. Other pods are not touched."]
        names = [_label(node) for node in nodes]
        if not await screen.ask_confirm("Remove the label and evict from", "node", names, lost, typed=True, word=label):
            return
    await _change_labels(screen, nodes, f"Label {label} removed", DELETE_NODE_LABEL, **wanted)


def _open(screen: ListScreen[Node], node: Node) -> None:
    async def load(session: Session) -> list[Section]:
        parameters: dict[str, JsonValue] = {"clusterName": node.cluster_name, "nodeName": node.node_name}
        answer = await session.call(LIST_NODES, **parameters, pageSize=0)
        found = next((row for row in answer.data if isinstance(row, Node) and row.node_name == node.node_name), None)
        return _sections(found) if found else [Section("Node", [Line("", "This node is gone from its cluster.")])]

    topics = frozenset({Topic.NODES, Topic.CLUSTERS})
    screen.app.push_screen(DetailScreen(Detail(f"Node {_label(node)}", load, topics)))


def _sections(node: Node) -> list[Section]:
    return [
        Section(
            "Node",
            [
                Line("Name", node.node_name),
                Line("Cluster", node.cluster_name),
                Line("State", _state(node)),
                Line("Reason", node.ready_reason or NOTHING),
                Line("Schedulable", yes_no(node.schedulable)),
                Line("Seen", f"{ago(node.answer_time)} ago" if node.answer_time else "never"),
                Line("Cluster reachable", yes_no(node.reachable)),
                Line("Labels", ", ".join(node.labels) or NOTHING),
            ],
        ),
        Section(
            "System",
            [
                Line("Operating system", node.operating_system),
                Line("Kernel", node.kernel_version),
                Line("Kubelet", node.kubelet_version or NOTHING),
                Line("Address", node.ip or NOTHING),
            ],
        ),
        Section(
            "Capacity",
            [
                Line("CPU", plural(node.cpu, "core")),
                Line("Memory", size(node.memory)),
                Line("Disk", size(node.disk)),
                Line("GPU memory", size(node.gpu) if node.gpu else NOTHING),
            ],
        ),
    ]


NODES: Resource[Node] = Resource(
    name="nodes",
    title="Nodes",
    operation=LIST_NODES,
    columns=(
        Column("nodeName", "NODE", lambda node: node.node_name, weight=2, minimum=14, maximum=36),
        Column("clusterName", "CLUSTER", lambda node: node.cluster_name, minimum=10, maximum=24),
        Column("isReady", "STATE", _state, width=15),
        Column("seen", "SEEN", _seen, width=5, align="right"),
        Column("labels", "LABELS", lambda node: ", ".join(node.labels) or NOTHING, weight=2, minimum=10, priority=2),
        Column("cpu", "CPU", lambda node: str(node.cpu), width=4, align="right", priority=2),
        Column("memory", "MEMORY", lambda node: size(node.memory), width=9, align="right", priority=2),
        Column("gpu", "GPU", lambda node: size(node.gpu) if node.gpu else NOTHING, width=8, align="right", priority=3),
        Column("disk", "DISK", lambda node: size(node.disk), width=9, align="right", priority=4),
        Column("ip", "ADDRESS", lambda node: node.ip or NOTHING, width=15, priority=3),
        Column("kernel", "KERNEL", lambda node: node.kernel_version, minimum=10, maximum=26, priority=5),
    ),
    key=lambda node: (node.cluster_name, node.node_name),
    label=_label,
    topics=frozenset({Topic.NODES, Topic.CLUSTERS}),
    empty="No node is known.",
    empty_hint="Nodes appear once a cluster has been added and has answered.",
    parameters=_parameters,
    filter_hint="part of a node's name, cluster:NAME, label:NAME",
    orders=(
        ("nodeName", "nodeName"),
        ("clusterName", "clusterName"),
        ("isReady", "isReady"),
        ("memory", "memory"),
        ("cpu", "cpu"),
    ),
    open=_open,
    note=_note,
    actions=(
        RowAction(Action("node.add_label", "Label", "l", Risk.REVERSIBLE, ADD_NODE_LABEL.id, bulk=True), _add_label),
        RowAction(
            Action("node.delete_label", "Unlabel", "u", Risk.REVERSIBLE, DELETE_NODE_LABEL.id, bulk=True), _delete_label
        ),
    ),
)


def open_nodes_of(console: ConsoleApp, role: int, cluster: str) -> None:
    """Show the nodes of one cluster."""
    from screens.list_screen import ListScreen

    console.push_screen(ListScreen(NODES, role, scope={"clusterName": cluster}, scope_title=f"of {cluster}"))
