"""Clusters: list, detail, registration from a kubeconfig, labels, removal (operations 16-20)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from backend.errors import PlatformError
from backend.kubeconfig_file import read_kubeconfig_file
from backend.models.clusters import Cluster, check_cluster_name, check_label
from backend.notifier import Topic
from backend.operations.clusters import (
    ADD_CLUSTER,
    ADD_CLUSTER_LABEL,
    DELETE_CLUSTER_LABEL,
    GET_CLUSTER,
    LIST_CLUSTERS,
    REFRESH_CLUSTERS,
    REMOVE_CLUSTERS,
)
from backend.session import Session
from screens.businesses import namespaces_table
from screens.resource import Detail, Query, Resource, RowAction
from screens.words import ago, said_by
from widgets.actions import Action, Risk
from widgets.columns import Cell, Column
from widgets.detail import Line, Section
from widgets.form import Field, FieldValue
from widgets.message_line import Severity
from widgets.text import NOTHING, plural, when

if TYPE_CHECKING:
    from screens.list_screen import ListScreen


def _label(cluster: Cluster) -> str:
    return cluster.cluster_name


def _parameters(query: Query) -> dict[str, JsonValue]:
    return {"name": query.text, **query.scope}


def state(cluster: Cluster) -> Cell:
    """What is known of a cluster, in one word: ready, not ready, away, or not yet asked."""
    if not cluster.probe_time:
        return Cell("not asked yet", "muted")
    if not cluster.reachable:
        return Cell("away", "bad")
    return Cell("ready", "good") if cluster.is_ready else Cell("not ready", "warn")


def _nodes(cluster: Cluster) -> Cell:
    some_missing = cluster.ready_node_count < cluster.node_count
    return Cell(f"{cluster.ready_node_count}/{cluster.node_count}", "warn" if some_missing else "")


def _seen(cluster: Cluster) -> Cell:
    return Cell(ago(cluster.answer_time), "" if cluster.reachable else "warn")


def _message(cluster: Cluster) -> str:
    if cluster.message:
        return said_by(cluster.cluster_name, cluster.message)
    return f"{plural(cluster.waiting_work, 'delivery', 'deliveries')} waiting" if cluster.waiting_work else NOTHING


async def _add(screen: ListScreen[Cluster], _clusters: list[Cluster]) -> bool:
    fields = [
        Field("clusterName", "Name", required=True, help="letters, digits, - and .", check=check_cluster_name),
        Field(
            "kubeconfig",
            "Kubeconfig file",
            kind="path",
            required=True,
            value=str(Path("~/.kube/config")),
            help="its certificates and keys are stored encrypted",
        ),
        Field("context", "Context", help="empty: the file's current context"),
    ]

    async def add(values: dict[str, FieldValue]) -> None:
        text = await read_kubeconfig_file(str(values["kubeconfig"]), str(values["context"]))
        await _register(screen, {**values, "kubeconfig": text})

    note = "The connection is tested first; nothing is saved if the test fails."
    if not await screen.ask_form("Add a cluster", fields, add, button="Test and add", note=note):
        return False
    screen.say("The cluster was added; its nodes are listed and its namespaces are on their way.", Severity.DONE)
    screen.refresh_data()
    return True


async def _register(screen: ListScreen[Cluster], values: dict[str, FieldValue]) -> None:
    """Register; an exec plug-in runs only after the operator has confirmed its exact command (decision 21)."""
    try:
        await screen.session.call(ADD_CLUSTER, **values)
    except PlatformError as error:
        if not error.confirm:
            raise
        lost = [
            "This kubeconfig signs in by running this command, as you, whenever the cluster is asked:",
            error.confirm,
        ]
        if not await screen.ask_confirm("Allow", "the command", ["of this kubeconfig"], lost):
            raise
        await screen.session.call(ADD_CLUSTER, **values, allowExec=error.confirm)


async def _refresh(screen: ListScreen[Cluster], clusters: list[Cluster]) -> bool:
    names: list[JsonValue] = [cluster.cluster_name for cluster in clusters]
    screen.say(f"Asking {plural(len(names), 'cluster')} …", Severity.BUSY)
    answer = await screen.session.call(REFRESH_CLUSTERS, clusterName=names)
    screen.tell_results("Answered", answer.results)
    return True


async def _add_label(screen: ListScreen[Cluster], clusters: list[Cluster]) -> bool:
    label = await screen.ask_text(
        f"Label {_named(clusters)}",
        "Label",
        button="Label",
        help="letters, digits, - and .; deployments choose clusters by it",
        check=check_label,
    )
    if label is None:
        return False
    names: list[JsonValue] = [cluster.cluster_name for cluster in clusters]
    answer = await screen.session.call(ADD_CLUSTER_LABEL, clusterName=names, clusterLabel=label)
    screen.tell_results(f"Label {label} added", answer.results)
    return True


async def _delete_label(screen: ListScreen[Cluster], clusters: list[Cluster]) -> bool:
    carried = sorted({label for cluster in clusters for label in cluster.labels})
    label = await screen.ask_choice(
        f"Unlabel {_named(clusters)}",
        "Label",
        carried,
        button="Remove",
        note="What was deployed by the label stays where it is.",
    )
    if label is None:
        return False
    names: list[JsonValue] = [cluster.cluster_name for cluster in clusters]
    answer = await screen.session.call(DELETE_CLUSTER_LABEL, clusterName=names, clusterLabel=label)
    screen.tell_results(f"Label {label} removed", answer.results)
    return True


def _named(clusters: list[Cluster]) -> str:
    return clusters[0].cluster_name if len(clusters) == 1 else plural(len(clusters), "cluster")


def _refuse_no_labels(cluster: Cluster) -> str:
    return "" if cluster.labels else f"{cluster.cluster_name} has no label"


async def _remove(screen: ListScreen[Cluster], clusters: list[Cluster]) -> bool:
    lost = [
        "otetui forgets their credentials, labels and nodes; nothing is delivered to them any more.",
        "What was delivered stays on the clusters: namespaces and what runs in them.",
    ]
    names = [cluster.cluster_name for cluster in clusters]
    if not await screen.ask_confirm("Remove", "cluster", names, lost, typed=True):
        return False

    async def remove(cluster: Cluster) -> None:
        await screen.session.call(REMOVE_CLUSTERS, clusterName=[cluster.cluster_name])

    return await screen.each(clusters, _label, remove, "removed")


async def _show_nodes(screen: ListScreen[Cluster], clusters: list[Cluster]) -> bool:
    from screens.nodes import open_nodes_of

    info = screen.session.info
    open_nodes_of(screen.console, info.role if info else 0, clusters[0].cluster_name)
    return True


def _detail(cluster: Cluster) -> Detail:
    name = cluster.cluster_name
    topics = frozenset({Topic.CLUSTERS, Topic.NODES, Topic.WORK})
    return Detail(f"Cluster {name}", lambda session: _sections(session, name), topics)


async def _sections(session: Session, name: str) -> list[Section]:
    cluster = (await session.call(GET_CLUSTER, clusterName=name)).data
    delivered = sum(row.state == "delivered" for row in cluster.namespaces)
    title = f"Namespaces: {delivered:,} of {len(cluster.namespaces):,} delivered"
    return [
        Section(
            "Cluster",
            [
                Line("State", state(cluster)),
                Line("Message", cluster.message or NOTHING),
                Line("Last answer", f"{ago(cluster.answer_time)} ago" if cluster.answer_time else "never"),
                Line("Last asked", f"{ago(cluster.probe_time)} ago" if cluster.probe_time else "never"),
                Line("Nodes", _nodes_line(cluster)),
                Line("Labels", ", ".join(cluster.labels) or NOTHING),
                Line("Version", cluster.version or NOTHING),
                Line("Server", cluster.server),
                Line("Context", cluster.context),
                Line("Added", when(cluster.create_time)),
            ],
        ),
        Section(title, [], namespaces_table(cluster.namespaces, by_business=True)),
    ]


def _nodes_line(cluster: Cluster) -> str:
    counted = f"{cluster.ready_node_count:,} of {cluster.node_count:,} ready"
    return counted if cluster.reachable else f"{counted} when it last answered"


CLUSTERS: Resource[Cluster] = Resource(
    name="clusters",
    title="Clusters",
    operation=LIST_CLUSTERS,
    columns=(
        Column("clusterName", "CLUSTER", _label, weight=2, minimum=20, maximum=36),
        Column("state", "STATE", state, width=13),
        Column("seen", "SEEN", _seen, width=4, align="right"),
        Column("nodes", "NODES", _nodes, width=7, align="right"),
        Column("message", "MESSAGE", _message, weight=3, minimum=14, priority=2),
        Column(
            "labels", "LABELS", lambda cluster: ", ".join(cluster.labels) or NOTHING, minimum=18, maximum=40, priority=3
        ),
        Column("version", "VERSION", lambda cluster: cluster.version or NOTHING, width=10, priority=4),
    ),
    key=lambda cluster: cluster.cluster_name,
    label=_label,
    topics=frozenset({Topic.CLUSTERS, Topic.WORK}),
    empty="No cluster is registered.",
    empty_hint="The system administrator adds one from a kubeconfig with n.",
    parameters=_parameters,
    filter_hint="cluster name or label",
    detail=_detail,
    actions=(
        RowAction(
            Action("cluster.nodes", "Nodes", "o", Risk.READ, help="The nodes of this cluster."),
            _show_nodes,
        ),
        RowAction(
            Action("cluster.add_label", "Label", "l", Risk.REVERSIBLE, ADD_CLUSTER_LABEL.id, bulk=True), _add_label
        ),
        RowAction(
            Action("cluster.delete_label", "Unlabel", "u", Risk.REVERSIBLE, DELETE_CLUSTER_LABEL.id, bulk=True),
            _delete_label,
            _refuse_no_labels,
        ),
        RowAction(
            Action(
                "cluster.refresh",
                "Ask now",
                "t",
                Risk.READ,
                REFRESH_CLUSTERS.id,
                bulk=True,
                help="Try what waits for it, too.",
            ),
            _refresh,
        ),
        RowAction(
            Action("cluster.add", "Add", "n", Risk.REVERSIBLE, ADD_CLUSTER.id, help="From a kubeconfig, tested first."),
            _add,
            needs_row=False,
        ),
        RowAction(
            Action(
                "cluster.remove",
                "Remove",
                "ctrl+d",
                Risk.DESTRUCTIVE,
                REMOVE_CLUSTERS.id,
                bulk=True,
                help="Nothing is deleted on the cluster.",
            ),
            _remove,
            then="back",
        ),
    ),
)
