"""Durable work: what every cluster must have, one row per cluster, kind and object with its newest wanted state."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backend.models.businesses import BusinessStatus, NamespaceDelivery
from backend.store.businesses import namespace_of
from backend.store.database import SqlValue, Transaction

if TYPE_CHECKING:
    from pydantic import JsonValue

NAMESPACE = "namespace"
"""The kind of work that gives a business its namespace on a cluster (decision 19)."""

# Newly wanted: whatever was tried for the state before says nothing about this one.
_RENEW = (
    " ON CONFLICT (cluster_id, kind, object) DO UPDATE SET wanted = excluded.wanted, generation = generation + 1,"
    " state = 'waiting', attempts = 0, message = '', not_before = 0, boot = '', updated_at = excluded.updated_at"
)
_COLUMNS = "INSERT INTO work (cluster_id, kind, object, wanted, created_at, updated_at)"


def want(
    transaction: Transaction, cluster_id: int, kind: str, object_name: str, wanted: Mapping[str, JsonValue], now: int
) -> None:
    """Make `wanted` the newest state of an object on one cluster, due at once. `now` is in unix seconds."""
    transaction.change(
        f"{_COLUMNS} VALUES (?, ?, ?, ?, ?, ?){_RENEW}", (cluster_id, kind, object_name, json.dumps(wanted), now, now)
    )


def want_for_all_clusters(
    transaction: Transaction, kind: str, object_name: str, wanted: Mapping[str, JsonValue], now: int
) -> int:
    """Like `want`, for every registered cluster; returns how many there are."""
    return transaction.change(
        # "WHERE true" keeps SQLite from reading ON CONFLICT as a join.
        f"{_COLUMNS} SELECT id, ?, ?, ?, ?, ? FROM cluster WHERE true{_RENEW}",
        (kind, object_name, json.dumps(wanted), now, now),
    )


def forget(transaction: Transaction, kind: str, object_name: str, cluster_id: int | None = None) -> int:
    """Drop the work for an object on one cluster or on all; what was delivered stays there. Returns how many rows."""
    return transaction.change(
        "DELETE FROM work WHERE kind = :kind AND object = :object AND (:cluster IS NULL OR cluster_id = :cluster)",
        {"kind": kind, "object": object_name, "cluster": cluster_id},
    )


def want_namespace_everywhere(transaction: Transaction, business_id: int, now: int) -> int:
    """Make a business's namespace wanted on every cluster; returns on how many (decision 19)."""
    return want_for_all_clusters(transaction, NAMESPACE, namespace_of(business_id), _namespace_wanted(business_id), now)


def want_all_namespaces(transaction: Transaction, cluster_id: int, now: int) -> int:
    """Make the namespaces of all approved businesses wanted on one cluster; returns how many (decision 19)."""
    approved = transaction.rows(
        "SELECT id FROM business WHERE status = ? ORDER BY id", (BusinessStatus.APPROVED.value,)
    )
    for row in approved:
        want(transaction, cluster_id, NAMESPACE, namespace_of(row["id"]), _namespace_wanted(row["id"]), now)
    return len(approved)


def forget_namespace_everywhere(transaction: Transaction, business_id: int) -> int:
    """Stop delivering a business's namespace; those that exist stay on their clusters."""
    return forget(transaction, NAMESPACE, namespace_of(business_id))


def _namespace_wanted(business_id: int) -> dict[str, JsonValue]:
    labels: dict[str, JsonValue] = {
        "app.kubernetes.io/managed-by": "otetui",
        "otetui.io/business": str(business_id),
    }
    return {"businessId": business_id, "labels": labels}


def list_namespaces(
    transaction: Transaction, *, business_id: int | None = None, cluster_id: int | None = None
) -> list[NamespaceDelivery]:
    """Where namespaces are, by cluster name and business, of one business or one cluster (or of all)."""
    conditions = ["work.kind = ?"]
    parameters: list[SqlValue] = [NAMESPACE]
    if business_id is not None:
        conditions.append("work.object = ?")
        parameters.append(namespace_of(business_id))
    if cluster_id is not None:
        conditions.append("work.cluster_id = ?")
        parameters.append(cluster_id)
    rows = transaction.rows(
        "SELECT work.*, business.id AS business_id, business.name AS business_name, cluster.name AS cluster_name,"
        # What waits only because its cluster is away says so, tried itself or not.
        " iif(work.state = 'waiting', coalesce(backoff.message, work.message), work.message) AS why"
        " FROM work JOIN cluster ON cluster.id = work.cluster_id"
        " JOIN business ON business.id = work.wanted ->> 'businessId'"
        " LEFT JOIN cluster_backoff AS backoff ON backoff.cluster_id = work.cluster_id"
        f" WHERE {' AND '.join(conditions)} ORDER BY cluster.name, business.id",
        parameters,
    )
    return [
        NamespaceDelivery.model_construct(
            business_id=row["business_id"],
            business_name=row["business_name"],
            cluster_name=row["cluster_name"],
            namespace=row["object"],
            state=row["state"],
            attempts=row["attempts"],
            message=row["why"],
            update_time=row["updated_at"],
        )
        for row in rows
    ]


def count_waiting(transaction: Transaction) -> int:
    """How many pieces of work are not delivered, those in conflict included."""
    return transaction.count("SELECT count(*) FROM work WHERE state <> 'delivered'")


def count_states(transaction: Transaction) -> dict[str, int]:
    """How many pieces of work there are in each state; a state without any is left out."""
    return {row["state"]: row["amount"] for row in transaction.rows(_BY_STATE)}


_BY_STATE = "SELECT state, count(*) AS amount FROM work GROUP BY state"


def retry_now(transaction: Transaction, cluster_ids: Sequence[int]) -> int:
    """Forget the backoff of these clusters and of their work, conflicts included; returns how many pieces are due."""
    chosen = json.dumps(list(cluster_ids))
    transaction.change("DELETE FROM cluster_backoff WHERE cluster_id IN (SELECT value FROM json_each(?))", (chosen,))
    return transaction.change(
        "UPDATE work SET attempts = 0, not_before = 0, boot = ''"
        " WHERE state <> 'delivered' AND cluster_id IN (SELECT value FROM json_each(?))",
        (chosen,),
    )


def delivered_objects(transaction: Transaction, cluster_id: int, kind: str) -> list[str]:
    """The names of the objects of a kind that were delivered to a cluster."""
    found = transaction.rows(
        "SELECT object FROM work WHERE cluster_id = ? AND kind = ? AND state = 'delivered' ORDER BY id",
        (cluster_id, kind),
    )
    return [str(row["object"]) for row in found]
