"""Queries of clusters, their labels, and what was last seen of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backend.models.clusters import RESERVED_LABEL, Cluster, ClusterDetail, ClusterLabel, ListClusters
from backend.store.activity import limit_offset
from backend.store.database import SqlValue, Transaction
from backend.store.work import list_namespaces

if TYPE_CHECKING:
    import pysqlite3 as sqlite3


@dataclass(frozen=True, slots=True)
class StoredCluster:
    """A registration; `kubeconfig` is boxed. `created_at` is in unix seconds."""

    id: int
    name: str
    context: str
    server: str
    kubeconfig: bytes = field(repr=False)
    created_at: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one probe saw of a cluster, but for its nodes.

    `complete` says that all figures come from this probe; without it the node counts, the version and the time of
    the last answer stay as they were.
    """

    reachable: bool
    ready: bool
    message: str
    complete: bool
    version: str = ""
    node_count: int = 0
    ready_node_count: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What saving a sighting came to: whether anything but times changed, and whether the cluster came back."""

    changed: bool
    came_back: bool


@dataclass(frozen=True, slots=True)
class Target:
    """A cluster to probe; `probed_at` is in unix seconds, 0 for never."""

    id: int
    name: str
    reachable: bool
    probed_at: int


def insert(transaction: Transaction, cluster: StoredCluster) -> int:
    """Store a registration (its `id` is ignored); returns the id."""
    return transaction.insert(
        "INSERT INTO cluster (name, context, server, kubeconfig, created_at) VALUES (?, ?, ?, ?, ?)",
        (
            cluster.name,
            cluster.context,
            cluster.server,
            cluster.kubeconfig,
            cluster.created_at,
        ),
    )


def remove(transaction: Transaction, cluster_id: int) -> None:
    """Drop a registration with its labels, figures, nodes and work."""
    transaction.change("DELETE FROM cluster WHERE id = ?", (cluster_id,))


def get(transaction: Transaction, cluster_id: int) -> StoredCluster | None:
    """The registration with this id."""
    row = transaction.row("SELECT * FROM cluster WHERE id = ?", (cluster_id,))
    if row is None:
        return None
    return StoredCluster(
        id=row["id"],
        name=row["name"],
        context=row["context"],
        server=row["server"],
        kubeconfig=row["kubeconfig"],
        created_at=row["created_at"],
    )


def name_in_use(transaction: Transaction, name: str) -> str:
    """The registered name that equals `name` but for upper and lower case, or ""."""
    row = transaction.row("SELECT name FROM cluster WHERE name = ?", (name,))
    return "" if row is None else str(row["name"])


def find(transaction: Transaction, names: Sequence[str]) -> dict[str, int]:
    """The ids of the clusters with exactly these names; unknown names are left out."""
    rows = transaction.rows(
        "SELECT id, name FROM cluster WHERE name COLLATE BINARY IN (SELECT value FROM json_each(?))",
        (json.dumps(list(names)),),
    )
    return {row["name"]: row["id"] for row in rows}


def count(transaction: Transaction) -> tuple[int, int]:
    """How many clusters there are, and how many of them answered when last probed."""
    return (
        transaction.count("SELECT count(*) FROM cluster"),
        transaction.count("SELECT count(*) FROM cluster_state WHERE reachable = 1"),
    )


def list_targets(transaction: Transaction) -> list[Target]:
    """All clusters, for probing them."""
    rows = transaction.rows(
        "SELECT id, name, coalesce(reachable, 1) AS reachable, coalesce(probed_at, 0) AS probed_at"
        " FROM cluster LEFT JOIN cluster_state ON cluster_id = id ORDER BY id"
    )
    return [Target(row["id"], row["name"], bool(row["reachable"]), row["probed_at"]) for row in rows]


_SELECT = """
SELECT cluster.id, cluster.name, cluster.server, cluster.context, cluster.created_at, state.*,
    (SELECT json_group_array(label) FROM (SELECT label FROM cluster_label WHERE cluster_id = cluster.id ORDER BY label))
        AS labels,
    (SELECT count(*) FROM work WHERE cluster_id = cluster.id AND work.state <> 'delivered') AS waiting_work
FROM cluster LEFT JOIN cluster_state AS state ON state.cluster_id = cluster.id
"""


def list_clusters(transaction: Transaction, request: ListClusters) -> tuple[list[Cluster], int]:
    """One page of clusters by name, of those with the label or of that name, and how many there are in all."""
    conditions, parameters = list[str](), list[SqlValue]()
    if request.cluster_label not in {"", RESERVED_LABEL}:
        conditions.append(
            "(cluster.name = ? COLLATE BINARY"
            " OR EXISTS (SELECT 1 FROM cluster_label WHERE cluster_id = cluster.id AND label = ?))"
        )
        parameters += [request.cluster_label, request.cluster_label]
    if request.name:
        conditions.append(
            "(instr(lower(cluster.name), lower(?)) > 0 OR EXISTS (SELECT 1 FROM cluster_label"
            " WHERE cluster_id = cluster.id AND instr(lower(label), lower(?)) > 0))"
        )
        parameters += [request.name, request.name]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    total = transaction.count(f"SELECT count(*) FROM cluster{where}", parameters)
    rows = transaction.rows(
        f"{_SELECT}{where} ORDER BY cluster.name LIMIT ? OFFSET ?",
        [*parameters, *limit_offset(request.page, request.page_size)],
    )
    return [Cluster.model_construct(**_fields(row)) for row in rows], total


def get_detail(transaction: Transaction, cluster_id: int, business_id: int | None) -> ClusterDetail:
    """A registered cluster with its registration and its namespaces, of one business or (None) of all."""
    row = transaction.rows(f"{_SELECT} WHERE cluster.id = ?", (cluster_id,))[0]
    return ClusterDetail.model_construct(
        **_fields(row),
        server=row["server"],
        context=row["context"],
        create_time=row["created_at"],
        namespaces=list_namespaces(transaction, cluster_id=row["id"], business_id=business_id),
    )


def _fields(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "cluster_name": row["name"],
        "node_count": row["node_count"] or 0,
        "is_ready": bool(row["ready"]),
        "ready_node_count": row["ready_node_count"] or 0,
        "labels": json.loads(row["labels"]),
        "version": row["version"] or "",
        "probe_time": row["probed_at"] or 0,
        "answer_time": row["answered_at"] or 0,
        "reachable": bool(row["reachable"]),
        "message": row["message"] or "",
        "waiting_work": row["waiting_work"],
    }


def add_label(transaction: Transaction, cluster_id: int, label: str, now: int) -> bool:
    """Label a cluster; returns whether it lacked the label."""
    return bool(
        transaction.change(
            "INSERT INTO cluster_label (cluster_id, label, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (cluster_id, label, now),
        )
    )


def delete_label(transaction: Transaction, cluster_id: int, label: str) -> bool:
    """Take a label from a cluster; returns whether it had it."""
    return bool(transaction.change("DELETE FROM cluster_label WHERE cluster_id = ? AND label = ?", (cluster_id, label)))


def list_labels(transaction: Transaction) -> list[str]:
    """Every label that some cluster carries."""
    return [row["label"] for row in transaction.rows("SELECT DISTINCT label FROM cluster_label ORDER BY label")]


def labels_of(transaction: Transaction, cluster_id: int, page: int, page_size: int) -> tuple[list[ClusterLabel], int]:
    """One page of a cluster's labels, and how many it has."""
    total = transaction.count("SELECT count(*) FROM cluster_label WHERE cluster_id = ?", (cluster_id,))
    rows = transaction.rows(
        "SELECT * FROM cluster_label WHERE cluster_id = ? ORDER BY label LIMIT ? OFFSET ?",
        (cluster_id, *limit_offset(page, page_size)),
    )
    return [
        ClusterLabel.model_construct(cluster_label=row["label"], create_time=row["created_at"]) for row in rows
    ], total


def save_sighting(transaction: Transaction, cluster_id: int, sighting: Sighting, now: int) -> Seen | None:
    """Store what a probe saw at `now` (unix seconds); None when the cluster is no longer registered."""
    if not transaction.count("SELECT count(*) FROM cluster WHERE id = ?", (cluster_id,)):
        return None
    before = transaction.row("SELECT * FROM cluster_state WHERE cluster_id = ?", (cluster_id,))
    kept = None if sighting.complete else before
    shown: dict[str, SqlValue] = {
        "reachable": int(sighting.reachable),
        "ready": int(sighting.ready),
        "message": sighting.message,
        "version": sighting.version if kept is None else kept["version"],
        "node_count": sighting.node_count if kept is None else kept["node_count"],
        "ready_node_count": sighting.ready_node_count if kept is None else kept["ready_node_count"],
    }
    answered_at = now if sighting.complete else (before["answered_at"] if before is not None else 0)
    transaction.change(
        "INSERT OR REPLACE INTO cluster_state (cluster_id, reachable, ready, message, version, node_count,"
        " ready_node_count, probed_at, answered_at) VALUES (:id, :reachable, :ready, :message, :version, :node_count,"
        " :ready_node_count, :probed_at, :answered_at)",
        {**shown, "id": cluster_id, "probed_at": now, "answered_at": answered_at},
    )
    changed = before is None or any(before[column] != value for column, value in shown.items())
    return Seen(changed, came_back=sighting.reachable and before is not None and not before["reachable"])
