"""Queries of nodes and their labels, as last seen on their clusters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

from backend.models.nodes import ListNodes, Node
from backend.store.activity import limit_offset
from backend.store.database import SqlValue, Transaction


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """What is stored of a node besides its labels: sizes in bytes, cpu in cores."""

    name: str
    operating_system: str
    kernel_version: str
    ip: str
    memory_bytes: int
    cpu_cores: int
    disk_bytes: int
    gpu_memory_bytes: int
    is_ready: bool
    ready_reason: str
    schedulable: bool
    kubelet_version: str


@dataclass(frozen=True, slots=True)
class StoredNode:
    """A node and the platform's labels that it carries."""

    figures: NodeFigures
    labels: frozenset[str]


_COLUMNS = tuple(item.name for item in fields(NodeFigures))
_LISTED = ", ".join(_COLUMNS)
_values = attrgetter(*_COLUMNS)
_UPSERT = (
    f"INSERT INTO node (cluster_id, {_LISTED}) VALUES (?, {', '.join('?' for _ in _COLUMNS)})"
    f" ON CONFLICT DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS)}"
)


def replace_nodes(transaction: Transaction, cluster_id: int, nodes: Sequence[StoredNode]) -> bool:
    """Make these the nodes of a cluster, writing only what differs; returns whether anything did."""
    wanted = {node.figures.name: _values(node.figures) for node in nodes}
    stored = {
        row["name"]: tuple(row)
        for row in transaction.rows(f"SELECT {_LISTED} FROM node WHERE cluster_id = ?", (cluster_id,))
    }
    gone = [(cluster_id, name) for name in stored.keys() - wanted.keys()]
    changed = [(cluster_id, *row) for name, row in wanted.items() if stored.get(name) != row]
    if gone:
        transaction.change_many("DELETE FROM node WHERE cluster_id = ? AND name = ?", gone)
    if changed:
        transaction.change_many(_UPSERT, changed)
    return _replace_labels(transaction, cluster_id, nodes) or bool(gone or changed)


def _replace_labels(transaction: Transaction, cluster_id: int, nodes: Sequence[StoredNode]) -> bool:
    wanted = {(cluster_id, node.figures.name, label) for node in nodes for label in node.labels}
    stored = {tuple(row) for row in transaction.rows("SELECT * FROM node_label WHERE cluster_id = ?", (cluster_id,))}
    if gone := list(stored - wanted):
        transaction.change_many("DELETE FROM node_label WHERE cluster_id = ? AND node_name = ? AND label = ?", gone)
    if added := list(wanted - stored):
        transaction.change_many("INSERT INTO node_label (cluster_id, node_name, label) VALUES (?, ?, ?)", added)
    return bool(gone or added)


_ORDERS = {
    "nodeName": "node.name",
    "clusterName": "cluster.name",
    "memory": "node.memory_bytes",
    "cpu": "node.cpu_cores",
    "isReady": "node.is_ready",
    "ip": "node.ip",
}
_LABELS = (
    "(SELECT json_group_array(label) FROM (SELECT label FROM node_label AS carried"
    " WHERE carried.cluster_id = node.cluster_id AND carried.node_name = node.name ORDER BY label))"
)


def list_nodes(transaction: Transaction, request: ListNodes, cluster_id: int | None) -> tuple[list[Node], int, int]:
    """One page of nodes under the request's filters, how many there are in all, and how many of those are ready.

    `cluster_id` stands for the request's `clusterName`.
    """
    conditions: list[str] = []
    parameters: list[SqlValue] = []
    if cluster_id is not None:
        conditions.append("node.cluster_id = ?")
        parameters.append(cluster_id)
    if request.node_name:
        # instr, not LIKE: what the user typed holds no wildcards.
        conditions.append("instr(lower(node.name), lower(?)) > 0")
        parameters.append(request.node_name)
    if request.node_label:
        conditions.append(
            "EXISTS (SELECT 1 FROM node_label WHERE node_label.cluster_id = node.cluster_id"
            " AND node_label.node_name = node.name AND label = ?)"
        )
        parameters.append(request.node_label)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    counts = transaction.rows(f"SELECT count(*), coalesce(sum(is_ready), 0) FROM node{where}", parameters)[0]
    rows = transaction.rows(
        f"SELECT node.*, cluster.name AS cluster_name, answered_at, reachable, {_LABELS} AS labels"
        " FROM node JOIN cluster ON cluster.id = node.cluster_id"
        f" LEFT JOIN cluster_state AS state ON state.cluster_id = node.cluster_id{where}"
        f" ORDER BY {_ORDERS[request.order_by]} {request.order}, node.name, cluster.name LIMIT ? OFFSET ?",
        [*parameters, *limit_offset(request.page, request.page_size)],
    )
    return (
        [
            Node.model_construct(
                node_name=row["name"],
                cluster_name=row["cluster_name"],
                operating_system=row["operating_system"],
                kernel_version=row["kernel_version"],
                ip=row["ip"],
                memory=row["memory_bytes"],
                cpu=row["cpu_cores"],
                is_ready=bool(row["is_ready"]),
                gpu=row["gpu_memory_bytes"],
                disk=row["disk_bytes"],
                labels=json.loads(row["labels"]),
                ready_reason=row["ready_reason"],
                schedulable=bool(row["schedulable"]),
                kubelet_version=row["kubelet_version"],
                answer_time=row["answered_at"] or 0,
                reachable=bool(row["reachable"]),
            )
            for row in rows
        ],
        counts[0],
        counts[1],
    )


def known_names(transaction: Transaction, cluster_id: int, names: Sequence[str]) -> set[str]:
    """Those of `names` that the cluster had as nodes when last seen."""
    rows = transaction.rows(
        "SELECT name FROM node WHERE cluster_id = ? AND name IN (SELECT value FROM json_each(?))",
        (cluster_id, json.dumps(list(names))),
    )
    return {row["name"] for row in rows}


def note_label(transaction: Transaction, cluster_id: int, node_name: str, label: str, *, present: bool) -> None:
    """Note that a node carries a label now, or no longer; a node that is not stored is left to the next probe."""
    if present:
        transaction.change(
            "INSERT INTO node_label (cluster_id, node_name, label)"
            " SELECT cluster_id, name, ? FROM node WHERE cluster_id = ? AND name = ? ON CONFLICT DO NOTHING",
            (label, cluster_id, node_name),
        )
    else:
        transaction.change(
            "DELETE FROM node_label WHERE cluster_id = ? AND node_name = ? AND label = ?",
            (cluster_id, node_name, label),
        )


def list_labels(transaction: Transaction, cluster_id: int | None) -> list[str]:
    """Every label that some node carries, of one cluster or of all."""
    rows = transaction.rows(
        "SELECT DISTINCT label FROM node_label WHERE :cluster IS NULL OR cluster_id = :cluster ORDER BY label",
        {"cluster": cluster_id},
    )
    return [row["label"] for row in rows]
