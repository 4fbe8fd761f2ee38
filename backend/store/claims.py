"""Who delivers which work: claims with a lease and a fence, and what became of a delivery.

A lease ends at a time of the machine's monotonic clock under a boot id (see `backend.clock`), so a wall clock that
jumps changes nothing, and a lease of an earlier boot has ended. Each claim raises the row's fence; an outcome counts
only under the fence it was claimed with, and only for the generation that was sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

from backend.clock import Clock
from backend.store.database import SqlValue, Transaction

if TYPE_CHECKING:
    import pysqlite3 as sqlite3
    from pydantic import JsonValue

_LONGEST_MESSAGE = 1000

_DUE = "(w.not_before <= :now OR w.boot <> :boot)"
_LEASED = "l.lease_owner <> '' AND l.lease_boot = :boot AND l.lease_until > :now"
_CLUSTER_BUSY = f"EXISTS (SELECT 1 FROM work l WHERE l.cluster_id = c.id AND {_LEASED})"
_CLUSTERS = (
    "cluster c LEFT JOIN cluster_backoff b ON b.cluster_id = c.id LEFT JOIN cluster_state s ON s.cluster_id = c.id"
)
_AWAY = "(b.cluster_id IS NOT NULL OR coalesce(s.reachable, 1) = 0)"


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant: wall clock in unix seconds, monotonic clock in milliseconds, and the boot that this counts from."""

    now: int
    monotonic: int
    boot: str

    @classmethod
    def of(cls, clock: Clock) -> Moment:
        """The clock's present."""
        return cls(clock.now(), clock.monotonic(), clock.boot())


@dataclass(frozen=True, slots=True)
class Piece:
    """A claimed piece of work. `cluster_away` says that the cluster failed or was unreachable when last tried."""

    id: int
    cluster_id: int
    cluster_name: str
    kind: str
    object: str
    wanted: dict[str, JsonValue]
    generation: int
    attempts: int
    fence: int
    cluster_away: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """Who claims: a name that no other process or worker has, and for how long a claim holds (milliseconds)."""

    owner: str
    lease: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a delivery ended.

    `delivered`: the cluster reported it done. `conflict`: it cannot be done until somebody changes something.
    `failed`: it is to be tried again. `away`: so is everything else of the cluster, which did not answer.
    `broken`: like `failed`, but whether the cluster answered is not known.
    """

    ending: Literal["delivered", "conflict", "failed", "away", "broken"]
    message: str = ""


class Recorded(Enum):
    """What recording an attempt came to."""

    RECORDED = "recorded"
    SUPERSEDED = "superseded"
    """A newer state was wanted meanwhile: the work waits again."""
    LOST = "lost"
    """The lease had passed to somebody else, or the work was dropped: nothing was written."""


def claim_due(transaction: Transaction, holder: Holder, moment: Moment, *, limit: int, away_limit: int) -> list[Piece]:
    """Claim up to `limit` due pieces, at most one per cluster and none of a cluster that one is being delivered to.

    Clusters that answered when last tried come first; at most `away_limit` pieces are of others, so that the slow
    failures of clusters that are away never take every place.
    """
    candidates = transaction.rows(
        "SELECT * FROM (SELECT "
        f"(SELECT w.id FROM work w WHERE w.cluster_id = c.id AND w.state <> 'delivered' AND {_DUE}"
        f" ORDER BY w.id LIMIT 1) AS work_id, {_AWAY} AS away FROM {_CLUSTERS}"
        " WHERE (b.cluster_id IS NULL OR b.not_before <= :now OR b.boot <> :boot)"
        f" AND NOT {_CLUSTER_BUSY}) WHERE work_id IS NOT NULL ORDER BY away, random() LIMIT :limit",
        {"now": moment.monotonic, "boot": moment.boot, "limit": limit},
    )
    healthy = [row["work_id"] for row in candidates if not row["away"]]
    away = [row["work_id"] for row in candidates if row["away"]]
    return [_claim(transaction, holder, moment, work_id) for work_id in healthy + away[: max(away_limit, 0)]]


def claim_piece(
    transaction: Transaction, holder: Holder, moment: Moment, work_id: int
) -> Piece | Literal["busy"] | None:
    """Claim one piece whatever its backoff; None when it is delivered or gone, "busy" while its cluster is served."""
    row = transaction.row(
        f"SELECT {_CLUSTER_BUSY} AS busy FROM work w JOIN cluster c ON c.id = w.cluster_id"
        " WHERE w.id = :id AND w.state <> 'delivered'",
        {"id": work_id, "now": moment.monotonic, "boot": moment.boot},
    )
    if row is None:
        return None
    return "busy" if row["busy"] else _claim(transaction, holder, moment, work_id)


def _claim(transaction: Transaction, holder: Holder, moment: Moment, work_id: int) -> Piece:
    transaction.change(
        "UPDATE work SET lease_owner = ?, lease_until = ?, lease_boot = ?, fence = fence + 1 WHERE id = ?",
        (holder.owner, moment.monotonic + holder.lease, moment.boot, work_id),
    )
    rows = transaction.rows(
        f"SELECT w.*, c.name AS cluster_name, {_AWAY} AS away"
        f" FROM {_CLUSTERS} JOIN work w ON w.cluster_id = c.id WHERE w.id = ?",
        (work_id,),
    )
    return _piece(rows[0])


def _piece(row: sqlite3.Row) -> Piece:
    return Piece(
        id=row["id"],
        cluster_id=row["cluster_id"],
        cluster_name=row["cluster_name"],
        kind=row["kind"],
        object=row["object"],
        wanted=json.loads(row["wanted"]),
        generation=row["generation"],
        attempts=row["attempts"],
        fence=row["fence"],
        cluster_away=bool(row["away"]),
    )


def renew(transaction: Transaction, holder: Holder, moment: Moment, pieces: Iterable[Piece]) -> set[int]:
    """Prolong the leases of these pieces; returns the ids of those that are still ours."""
    until = moment.monotonic + holder.lease
    return {
        piece.id
        for piece in pieces
        if transaction.change(
            "UPDATE work SET lease_until = ?, lease_boot = ? WHERE id = ? AND fence = ? AND lease_owner = ?",
            (until, moment.boot, piece.id, piece.fence, holder.owner),
        )
    }


def release_all(transaction: Transaction, holder: Holder) -> int:
    """Give up every lease of this holder, so that others need not wait for it to end; returns how many."""
    return transaction.change(
        "UPDATE work SET lease_owner = '', lease_until = 0, lease_boot = '' WHERE lease_owner = ?", (holder.owner,)
    )


def finish(
    transaction: Transaction, piece: Piece, attempt: Attempt, moment: Moment, delay: Callable[[int], int], conflict: int
) -> Recorded:
    """Record how the delivery of a claimed piece ended, and end its lease.

    `delay(n)` is how long to wait (milliseconds) after the n-th failure in a row, `conflict` after a conflict.
    """
    freed: dict[str, SqlValue] = {"id": piece.id, "fence": piece.fence}
    if not transaction.change(
        "UPDATE work SET lease_owner = '', lease_until = 0, lease_boot = '' WHERE id = :id AND fence = :fence", freed
    ):
        return Recorded.LOST
    _note_cluster(transaction, piece.cluster_id, attempt, moment, delay)
    waits = {"conflict": conflict, "failed": delay(piece.attempts + 1), "broken": delay(piece.attempts + 1)}
    changed = transaction.change(
        "UPDATE work SET state = :state, message = :message, attempts = attempts + 1, not_before = :not_before,"
        " boot = :boot, updated_at = :at WHERE id = :id AND fence = :fence AND generation = :generation",
        {
            **freed,
            "generation": piece.generation,
            "state": attempt.ending if attempt.ending in {"delivered", "conflict"} else "waiting",
            "message": attempt.message[:_LONGEST_MESSAGE],
            "not_before": moment.monotonic + waits.get(attempt.ending, 0),
            "boot": moment.boot,
            "at": moment.now,
        },
    )
    return Recorded.RECORDED if changed else Recorded.SUPERSEDED


def _note_cluster(
    transaction: Transaction, cluster_id: int, attempt: Attempt, moment: Moment, delay: Callable[[int], int]
) -> None:
    if attempt.ending == "broken":
        return
    if attempt.ending != "away":
        transaction.change("DELETE FROM cluster_backoff WHERE cluster_id = ?", (cluster_id,))
        return
    failures = 1 + transaction.count("SELECT failures FROM cluster_backoff WHERE cluster_id = ?", (cluster_id,))
    transaction.change(
        "INSERT INTO cluster_backoff (cluster_id, failures, not_before, boot, message) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (cluster_id) DO UPDATE SET failures = excluded.failures, not_before = excluded.not_before,"
        " boot = excluded.boot, message = excluded.message",
        (
            cluster_id,
            failures,
            moment.monotonic + delay(failures),
            moment.boot,
            attempt.message[:_LONGEST_MESSAGE],
        ),
    )


def next_due(transaction: Transaction, moment: Moment) -> int | None:
    """In how many milliseconds the next piece can be claimed: 0 for now, None when nothing waits."""
    row = transaction.row(
        "SELECT min(max("
        "(SELECT min(iif(w.boot = :boot, w.not_before, 0)) FROM work w"
        " WHERE w.cluster_id = c.id AND w.state <> 'delivered'),"
        " coalesce(iif(b.boot = :boot, b.not_before, 0), 0),"
        f" coalesce((SELECT max(l.lease_until) FROM work l WHERE l.cluster_id = c.id AND {_LEASED}), 0)"
        f")) AS due FROM {_CLUSTERS}",
        {"now": moment.monotonic, "boot": moment.boot},
    )
    if row is None or row["due"] is None:
        return None
    return max(int(row["due"]) - moment.monotonic, 0)


def undelivered(transaction: Transaction) -> dict[int, list[int]]:
    """The ids of all undelivered work by cluster id, oldest first."""
    found: dict[int, list[int]] = {}
    for row in transaction.rows("SELECT id, cluster_id FROM work WHERE state <> 'delivered' ORDER BY cluster_id, id"):
        found.setdefault(row["cluster_id"], []).append(row["id"])
    return found
