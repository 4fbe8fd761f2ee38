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
from screens.detail_screen import Detail, DetailScreen
from screens.resource import Query, Resource, RowAction
from screens.words import ago
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
        return cluster.message
    return f"{plural(cluster.waiting_work, 'delivery', 'deliveries')} waiting" if cluster.waiting_work else NOTHING


async def _add(screen: ListScreen[Cluster], _clusters: list[Cluster]) -> None:
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
    if await screen.ask_form("Add a cluster", fields, add, button="Test and add", note=note):
        screen.say("The cluster was added; its nodes are listed and its namespaces are on their way.", Severity.DONE)


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
        if not await screen.ask_confirm("Allow", "command", [error.confirm.split()[0]], lost):
            raise
        await screen.session.call(ADD_CLUSTER, **values, allowExec=error.confirm)


async def _refresh(screen: ListScreen[Cluster], clusters: list[Cluster]) -> None:
    names: list[JsonValue] = [cluster.cluster_name for cluster in clusters]
    answer = await screen.session.call(REFRESH_CLUSTERS, clusterName=names)
    screen.tell_results("Asked now", answer.results)


async def _ask_label(
    screen: ListScreen[Cluster], title: str, clusters: list[Cluster], proposals: list[str]
) -> str | None:
    return await screen.ask_text(
        f"{title}: {plural(len(clusters), 'cluster')}",
        "Label",
        help=", ".join(proposals) or "letters, digits, - and .",
        check=check_label,
        value=proposals[0] if len(proposals) == 1 else "",
    )


async def _add_label(screen: ListScreen[Cluster], clusters: list[Cluster]) -> None:
    label = await _ask_label(screen, "Add a label", clusters, [])
    if label is None:
        return
    names: list[JsonValue] = [cluster.cluster_name for cluster in clusters]
    answer = await screen.session.call(ADD_CLUSTER_LABEL, clusterName=names, clusterLabel=label)
    screen.tell_results(f"Label {label} added", answer.results)


async def _delete_label(screen: ListScreen[Cluster], clusters: list[Cluster]) -> None:
    carried = sorted({label for cluster in clusters for label in cluster.labels})
    if not carried:
        screen.say("None of these clusters has a label.", Severity.REFUSED)
        return
    label = await _ask_label(screen, "Remove a label", clusters, carried)
    if label is None:
        return
    names: list[JsonValue] = [cluster.cluster_name for cluster in clusters]
    answer = await screen.session.call(DELETE_CLUSTER_LABEL, clusterName=names, clusterLabel=label)
    screen.tell_results(f"Label {label} removed", answer.results)


async def _remove(screen: ListScreen[Cluster], clusters: list[Cluster]) -> None:
    lost = [
        "otetui forgets their credentials, labels and nodes; nothing is delivered to them any more.",
        "What was delivered stays on the clusters: namespaces and what runs in them.",
    ]
    names = [cluster.cluster_name for cluster in clusters]
    if not await screen.ask_confirm("Remove", "cluster", names, lost, typed=True):
        return

    async def remove(cluster: Cluster) -> None:
        await screen.session.call(REMOVE_CLUSTERS, clusterName=[cluster.cluster_name])

    await screen.each(clusters, _label, remove, "removed")


async def _show_nodes(screen: ListScreen[Cluster], clusters: list[Cluster]) -> None:
    from screens.nodes import open_nodes_of

    info = screen.session.info
    open_nodes_of(screen.console, info.role if info else 0, clusters[0].cluster_name)


def _open(screen: ListScreen[Cluster], cluster: Cluster) -> None:
    name = cluster.cluster_name

    async def load(session: Session) -> list[Section]:
        return await _sections(session, name)

    topics = frozenset({Topic.CLUSTERS, Topic.NODES, Topic.WORK})
    screen.app.push_screen(DetailScreen(Detail(f"Cluster {name}", load, topics)))


async def _sections(session: Session, name: str) -> list[Section]:
    cluster = (await session.call(GET_CLUSTER, clusterName=name)).data
    delivered = sum(row.state == "delivered" for row in cluster.namespaces)
    title = f"Namespaces: {delivered} of {len(cluster.namespaces)} delivered"
    return [
        Section(
            "Cluster",
            [
                Line("Name", cluster.cluster_name),
                Line("State", state(cluster)),
                Line("Last answer", f"{ago(cluster.answer_time)} ago" if cluster.answer_time else "never"),
                Line("Last asked", f"{ago(cluster.probe_time)} ago" if cluster.probe_time else "never"),
                Line("Message", cluster.message or NOTHING),
                Line("Version", cluster.version or NOTHING),
                Line("Nodes", f"{cluster.ready_node_count} of {cluster.node_count} ready"),
                Line("Labels", ", ".join(cluster.labels) or NOTHING),
                Line("Server", cluster.server),
                Line("Context", cluster.context),
                Line("Added", when(cluster.create_time)),
            ],
        ),
        Section(title, [], namespaces_table(cluster.namespaces, by_business=True)),
    ]


CLUSTERS: Resource[Cluster] = Resource(
    name="clusters",
    title="Clusters",
    operation=LIST_CLUSTERS,
    columns=(
        Column("clusterName", "CLUSTER", _label, weight=2, minimum=14, maximum=36),
        Column("state", "STATE", state, width=13),
        Column("seen", "SEEN", _seen, width=5, align="right"),
        Column("nodes", "NODES", _nodes, width=9, align="right"),
        Column("version", "VERSION", lambda cluster: cluster.version or NOTHING, width=10, priority=3),
        Column(
            "labels", "LABELS", lambda cluster: ", ".join(cluster.labels) or NOTHING, minimum=10, maximum=40, priority=2
        ),
        Column("message", "MESSAGE", _message, weight=3, minimum=14, priority=2),
    ),
    key=lambda cluster: cluster.cluster_name,
    label=_label,
    topics=frozenset({Topic.CLUSTERS, Topic.WORK}),
    empty="No cluster is registered.",
    empty_hint="The system administrator adds one from a kubeconfig with n.",
    parameters=_parameters,
    filter_hint="cluster name or label",
    open=_open,
    actions=(
        RowAction(Action("cluster.add", "Add", "n", Risk.REVERSIBLE, ADD_CLUSTER.id), _add, needs_row=False),
        RowAction(Action("cluster.nodes", "Nodes", "o", Risk.READ), _show_nodes),
        RowAction(
            Action("cluster.add_label", "Label", "l", Risk.REVERSIBLE, ADD_CLUSTER_LABEL.id, bulk=True), _add_label
        ),
        RowAction(
            Action("cluster.delete_label", "Unlabel", "u", Risk.REVERSIBLE, DELETE_CLUSTER_LABEL.id, bulk=True),
            _delete_label,
        ),
        RowAction(Action("cluster.refresh", "Ask now", "t", Risk.READ, REFRESH_CLUSTERS.id, bulk=True), _refresh),
        RowAction(
            Action("cluster.remove", "Remove", "ctrl+d", Risk.DESTRUCTIVE, REMOVE_CLUSTERS.id, bulk=True), _remove
        ),
    ),
)
