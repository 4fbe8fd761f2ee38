"""Queries of the append-only activity log (decision 47)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.models.activity import ActivityEntry, ListActivity
from backend.models.base import Outcome
from backend.store.database import SqlValue, Transaction

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded. `object` is written kind/name, e.g. `user/bob`; never put a secret in."""

    at: int
    user_id: int | None
    user: str
    role: int
    action: str
    object: str
    before: Values = field(default_factory=dict)
    after: Values = field(default_factory=dict)
    outcome: Outcome = Outcome.DONE
    message: str = ""


def record(transaction: Transaction, entry: Entry) -> int:
    """Append an entry; returns its id."""
    return transaction.insert(
        "INSERT INTO activity (at, user_id, user_name, role, action, object, before, after, outcome, message)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.at,
            entry.user_id,
            entry.user,
            entry.role,
            entry.action,
            entry.object,
            json.dumps(entry.before, sort_keys=True),
            json.dumps(entry.after, sort_keys=True),
            entry.outcome.value,
            entry.message,
        ),
    )


def list_entries(transaction: Transaction, request: ListActivity) -> tuple[list[ActivityEntry], int]:
    """One page of entries under the request's filters, and how many there are in all."""
    conditions: list[str] = []
    parameters: list[SqlValue] = []
    for column, wanted in (("user_name", request.user), ("action", request.action), ("object", request.object)):
        if wanted:
            # instr, not LIKE: what the user typed holds no wildcards.
            conditions.append(f"instr(lower({column}), lower(?)) > 0")
            parameters.append(wanted)
    if request.outcome is not None:
        conditions.append("outcome = ?")
        parameters.append(request.outcome.value)
    for comparison, moment in ((">=", request.since), ("<=", request.until)):
        if moment is not None:
            conditions.append(f"at {comparison} ?")
            parameters.append(moment)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    total = transaction.count(f"SELECT count(*) FROM activity{where}", parameters)
    rows = transaction.rows(
        f"SELECT * FROM activity{where} ORDER BY id {request.order} LIMIT ? OFFSET ?",
        [*parameters, *limit_offset(request.page, request.page_size)],
    )
    return [
        ActivityEntry.model_construct(
            id=row["id"],
            time=row["at"],
            user_id=row["user_id"],
            user=row["user_name"],
            role=row["role"],
            action=row["action"],
            object=row["object"],
            before=json.loads(row["before"]),
            after=json.loads(row["after"]),
            outcome=Outcome(row["outcome"]),
            message=row["message"],
        )
        for row in rows
    ], total


def limit_offset(page: int, page_size: int) -> tuple[int, int]:
    """SQL's LIMIT and OFFSET for a page; a size of 0 means no limit (decision 5)."""
    return (page_size, (page - 1) * page_size) if page_size else (-1, 0)
