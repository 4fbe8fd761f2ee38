"""Nodes of all clusters or of one: list, detail, labels (operations 21-24)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import JsonValue

from backend.errors import ErrorKind, ItemResult, PlatformError
from backend.models.answer import Answer
from backend.models.base import Done
from backend.models.clusters import check_label
from backend.models.nodes import Node, NodesMeta
from backend.notifier import Topic
from backend.operations import Operation
from backend.operations.nodes import ADD_NODE_LABEL, DELETE_NODE_LABEL, LIST_NODES
from backend.session import Session
from screens.resource import Detail, Query, Resource, RowAction
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
    return f"{answer.meta.ready_node_count:,} of {answer.total:,} ready when last seen"


async def _change_labels(
    screen: ListScreen[Node], nodes: list[Node], title: str, operation: Operation[Done], **parameters: JsonValue
) -> bool:
    """Change a label on nodes of any clusters: one call per cluster, side by side, one list of results."""
    by_cluster: dict[str, list[JsonValue]] = {}
    for node in nodes:
        by_cluster.setdefault(node.cluster_name, []).append(node.node_name)

    async def call(cluster: str, names: list[JsonValue]) -> list[ItemResult]:
        try:
            answer = await screen.session.call(operation, clusterName=cluster, nodeName=names, **parameters)
        except PlatformError as error:
            if error.kind is ErrorKind.UNAUTHENTICATED:
                raise
            return list(error.results) or [ItemResult(str(name), error.code, error.message) for name in names]
        return list(answer.results) or [ItemResult(str(name), _OK, "done") for name in names]

    screen.say(f"Changing {plural(len(nodes), 'node')} on {plural(len(by_cluster), 'cluster')} …", Severity.BUSY)
    found = await asyncio.gather(*(call(cluster, names) for cluster, names in by_cluster.items()))
    results = [
        ItemResult(f"{cluster}/{result.name}", result.code, result.message)
        for cluster, answers in zip(by_cluster, found, strict=True)
        for result in answers
    ]
    screen.tell_results(title, results)
    screen.refresh_data()
    return all(result.ok for result in results)


def _named(nodes: list[Node]) -> str:
    return _label(nodes[0]) if len(nodes) == 1 else plural(len(nodes), "node")


def _refuse_no_labels(node: Node) -> str:
    return "" if node.labels else f"{_label(node)} has no label"


async def _add_label(screen: ListScreen[Node], nodes: list[Node]) -> bool:
    label = await screen.ask_text(
        f"Label {_named(nodes)}",
        "Label",
        button="Label",
        help="letters, digits, - and .; deployments choose nodes by it",
        check=check_label,
    )
    if label is None:
        return False
    return await _change_labels(screen, nodes, f"Label {label} added", ADD_NODE_LABEL, nodeLabel=label)


async def _delete_label(screen: ListScreen[Node], nodes: list[Node]) -> bool:
    carried = sorted({label for node in nodes for label in node.labels})
    wanted: dict[str, JsonValue] = {}

    async def take(values: dict[str, FieldValue]) -> None:
        wanted.update(values)

    fields = [
        Field("nodeLabel", "Label", kind="choice", required=True, choices=[(label, label) for label in carried]),
        Field(
            "deleteDeploy",
            "Delete deployments",
            kind="bool",
            help="yes: evict what this platform placed there by the label. no: what runs stays, but DaemonSets leave",
        ),
    ]
    if not await screen.ask_form(f"Unlabel {_named(nodes)}", fields, take, button="Remove"):
        return False
    label = str(wanted["nodeLabel"])
    if wanted["deleteDeploy"]:
        lost = [
            f"The platform's pods that were placed there by the label {label} are evicted; other pods are not touched.",
            "The label goes too: nothing is placed there by it any more.",
        ]
        names = [_label(node) for node in nodes]
        verb = "Remove the label and evict from"
        if not await screen.ask_confirm(verb, "node", names, lost, typed=True, word=label, key_title="evict"):
            return False
    return await _change_labels(screen, nodes, f"Label {label} removed", DELETE_NODE_LABEL, **wanted)


def _detail(node: Node) -> Detail:
    async def load(session: Session) -> list[Section]:
        parameters: dict[str, JsonValue] = {"clusterName": node.cluster_name, "nodeName": node.node_name}
        answer = await session.call(LIST_NODES, **parameters, pageSize=0)
        found = next((row for row in answer.data if isinstance(row, Node) and row.node_name == node.node_name), None)
        if found is None:
            gone = f"The node {_label(node)} is gone: its cluster no longer lists it. esc goes back."
            raise PlatformError(ErrorKind.NOT_FOUND, gone)
        return _sections(found)

    return Detail(f"Node {_label(node)}", load, frozenset({Topic.NODES, Topic.CLUSTERS}))


def _sections(node: Node) -> list[Section]:
    return [
        Section(
            "Node",
            [
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


_CLUSTER: Column[Node] = Column("clusterName", "CLUSTER", lambda node: node.cluster_name, minimum=20, maximum=30)

NODES: Resource[Node] = Resource(
    name="nodes",
    title="Nodes",
    operation=LIST_NODES,
    columns=(
        Column("nodeName", "NODE", lambda node: node.node_name, weight=2, minimum=16, maximum=36),
        _CLUSTER,
        Column("isReady", "STATE", _state, width=15),
        Column("seen", "SEEN", _seen, width=4, align="right"),
        Column("labels", "LABELS", lambda node: ", ".join(node.labels) or NOTHING, weight=2, minimum=10, priority=2),
        Column("cpu", "CPU", lambda node: str(node.cpu), width=4, align="right", priority=3),
        Column("memory", "MEMORY", lambda node: size(node.memory), width=9, align="right", priority=3),
        Column("gpu", "GPU", lambda node: size(node.gpu) if node.gpu else NOTHING, width=8, align="right", priority=4),
        Column("disk", "DISK", lambda node: size(node.disk), width=9, align="right", priority=5),
        Column("ip", "ADDRESS", lambda node: node.ip or NOTHING, width=15, priority=4),
        Column("kernel", "KERNEL", lambda node: node.kernel_version, minimum=18, maximum=26, priority=6),
    ),
    key=lambda node: (node.cluster_name, node.node_name),
    label=_label,
    topics=frozenset({Topic.NODES, Topic.CLUSTERS}),
    empty="No node is known.",
    empty_hint="Nodes appear once a cluster has been added and has answered.",
    parameters=_parameters,
    filter_hint="part of a name, cluster:NAME, label:NAME",
    orders=(
        ("nodeName", "nodeName"),
        ("clusterName", "clusterName"),
        ("isReady", "isReady"),
        ("memory", "memory"),
        ("cpu", "cpu"),
    ),
    detail=_detail,
    note=_note,
    actions=(
        RowAction(Action("node.add_label", "Label", "l", Risk.REVERSIBLE, ADD_NODE_LABEL.id, bulk=True), _add_label),
        RowAction(
            Action(
                "node.delete_label",
                "Unlabel",
                "u",
                Risk.REVERSIBLE,
                DELETE_NODE_LABEL.id,
                bulk=True,
                help="With or without what was placed there by the label.",
            ),
            _delete_label,
            _refuse_no_labels,
        ),
    ),
)


def open_nodes_of(console: ConsoleApp, role: int, cluster: str) -> None:
    """Show the nodes of one cluster, which then needs no column."""
    from screens.list_screen import ListScreen

    own = replace(
        NODES,
        columns=[column for column in NODES.columns if column is not _CLUSTER],
        orders=[order for order in NODES.orders if order[0] != _CLUSTER.key],
        filter_hint="part of a name, label:NAME",
    )
    console.push_screen(ListScreen(own, role, scope={"clusterName": cluster}, scope_title=f"of {cluster}"))
