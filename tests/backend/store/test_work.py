"""Wanted states, claims, fences and backoff, on a real SQLite file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.store import claims, work
from backend.store.claims import Attempt, Holder, Moment, Piece, Recorded
from backend.store.database import Database, Transaction
from tests.backend.delivery.site import START, SetClock, add_clusters, insert_business, insert_cluster, work_row

ANN = Holder("ann", 15_000)
BOB = Holder("bob", 15_000)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(tmp_path / "store.db")
    yield opened
    await opened.close()


def doubled(failures: int) -> int:
    return 1000 << (failures - 1)


def want(transaction: Transaction, cluster_id: int, name: str, value: int = 1) -> None:
    work.want(transaction, cluster_id, "thing", name, {"value": value}, START)


def claim(
    transaction: Transaction, clock: SetClock, holder: Holder = ANN, limit: int = 16, away_limit: int = 8
) -> list[Piece]:
    return claims.claim_due(transaction, holder, Moment.of(clock), limit=limit, away_limit=away_limit)


def finish(transaction: Transaction, piece: Piece, attempt: Attempt, clock: SetClock) -> Recorded:
    return claims.finish(transaction, piece, attempt, Moment.of(clock), doubled, 300_000)


async def test_wanting_again_replaces_the_state_and_forgets_the_backoff(database: Database) -> None:
    clock = SetClock()

    def check(tx: Transaction) -> None:
        cluster = insert_cluster(tx, "edge-1")
        want(tx, cluster, "a", 1)
        [piece] = claim(tx, clock)
        assert finish(tx, piece, Attempt("failed", "no"), clock) is Recorded.RECORDED
        assert claim(tx, clock) == []
        want(tx, cluster, "a", 2)
        row = work_row(tx, piece.id)
        assert (row["generation"], row["attempts"], row["message"], row["not_before"]) == (2, 0, "", 0)
        [again] = claim(tx, clock)
        assert (again.id, again.wanted, again.generation) == (piece.id, {"value": 2}, 2)

    await database.write(check)


async def test_one_piece_at_a_time_for_each_cluster_and_many_clusters_at_once(database: Database) -> None:
    clock = SetClock()
    first, second = await add_clusters(database, "edge-1", "edge-2")

    def check(tx: Transaction) -> None:
        for cluster in (first, second):
            want(tx, cluster, "a")
            want(tx, cluster, "b")
        claimed = claim(tx, clock)
        assert sorted((piece.cluster_id, piece.object) for piece in claimed) == [(first, "a"), (second, "a")]
        assert claim(tx, clock, BOB) == []
        finish(tx, claimed[0], Attempt("delivered"), clock)
        [next_piece] = claim(tx, clock, BOB)
        assert (next_piece.cluster_id, next_piece.object) == (claimed[0].cluster_id, "b")

    await database.write(check)


async def test_a_lease_ends_with_monotonic_time_and_with_the_boot_never_with_the_wall_clock(database: Database) -> None:
    clock = SetClock()
    [cluster] = await add_clusters(database, "edge-1")

    def check(tx: Transaction) -> None:
        want(tx, cluster, "a")
        [piece] = claim(tx, clock)
        for jump in (START + 10**8, 0):
            clock.seconds = jump
            assert claim(tx, clock, BOB) == []
        clock.milliseconds += 14_999
        assert claim(tx, clock, BOB) == []
        clock.milliseconds += 1
        [taken] = claim(tx, clock, BOB)
        assert taken.fence == piece.fence + 1
        # After a start of the machine the monotonic clock counts anew, below all that is stored.
        clock.boot_id, clock.milliseconds = "boot-2", 5
        [after_boot] = claim(tx, clock, ANN)
        assert after_boot.fence == taken.fence + 1

    await database.write(check)


async def test_an_outcome_counts_only_under_its_own_fence(database: Database) -> None:
    clock = SetClock()
    [cluster] = await add_clusters(database, "edge-1")

    def check(tx: Transaction) -> None:
        want(tx, cluster, "a")
        [late] = claim(tx, clock, ANN)
        clock.milliseconds += 20_000
        [current] = claim(tx, clock, BOB)
        assert finish(tx, late, Attempt("delivered"), clock) is Recorded.LOST
        row = work_row(tx, current.id)
        assert (row["state"], row["lease_owner"]) == ("waiting", "bob")
        assert finish(tx, current, Attempt("delivered"), clock) is Recorded.RECORDED
        assert work_row(tx, current.id)["state"] == "delivered"
        assert finish(tx, late, Attempt("failed"), clock) is Recorded.LOST

    await database.write(check)


async def test_a_state_wanted_while_the_older_is_sent_stays_waiting(database: Database) -> None:
    clock = SetClock()
    [cluster] = await add_clusters(database, "edge-1")

    def check(tx: Transaction) -> None:
        want(tx, cluster, "a", 1)
        [piece] = claim(tx, clock)
        want(tx, cluster, "a", 2)
        # It is not sent beside the older one.
        assert claim(tx, clock, BOB) == []
        assert finish(tx, piece, Attempt("delivered"), clock) is Recorded.SUPERSEDED
        assert work_row(tx, piece.id)["state"] == "waiting"
        [newer] = claim(tx, clock, BOB)
        assert newer.wanted == {"value": 2}

    await database.write(check)


async def test_a_failed_piece_waits_and_leaves_the_others_of_its_cluster_alone(database: Database) -> None:
    clock = SetClock()
    [cluster] = await add_clusters(database, "edge-1")

    def check(tx: Transaction) -> None:
        want(tx, cluster, "a")
        want(tx, cluster, "b")
        waits = []
        for _ in range(3):
            [piece] = claim(tx, clock)
            assert piece.object == "a"
            finish(tx, piece, Attempt("failed", "no"), clock)
            [other] = claim(tx, clock)
            assert other.object == "b"
            claims.release_all(tx, ANN)
            row = work_row(tx, piece.id)
            waits.append(int(str(row["not_before"])) - clock.milliseconds)
            clock.milliseconds = int(str(row["not_before"]))
        assert waits == [1000, 2000, 4000]

    await database.write(check)


async def test_a_cluster_that_is_away_makes_all_its_work_wait_until_it_answers(database: Database) -> None:
    clock = SetClock()

    def check(tx: Transaction) -> None:
        cluster = insert_cluster(tx, "edge-1")
        for name in ("one", "two"):
            insert_business(tx, name)
        assert work.want_all_namespaces(tx, cluster, START) == 2
        waits = []
        for _ in range(3):
            [piece] = claim(tx, clock)
            finish(tx, piece, Attempt("away", "edge-1 does not answer"), clock)
            assert claim(tx, clock) == []
            due = claims.next_due(tx, Moment.of(clock))
            assert due is not None
            waits.append(due)
            clock.milliseconds += due
        assert waits == [1000, 2000, 4000]
        shown = work.list_namespaces(tx, cluster_id=cluster)
        assert [(row.namespace, row.state, row.message) for row in shown] == [
            ("ns1", "waiting", "edge-1 does not answer"),
            ("ns2", "waiting", "edge-1 does not answer"),
        ]
        clock.milliseconds -= 2000
        assert claim(tx, clock) == []
        assert work.retry_now(tx, [cluster]) == 2
        [piece] = claim(tx, clock)
        assert (piece.cluster_away, piece.attempts) == (False, 0)
        finish(tx, piece, Attempt("away", "again"), clock)
        assert claims.next_due(tx, Moment.of(clock)) == 1000

    await database.write(check)


async def test_a_backoff_of_an_earlier_boot_is_over(database: Database) -> None:
    clock = SetClock()
    [cluster] = await add_clusters(database, "edge-1")

    def check(tx: Transaction) -> None:
        want(tx, cluster, "a")
        want(tx, cluster, "b")
        [piece] = claim(tx, clock)
        finish(tx, piece, Attempt("failed"), clock)
        [piece] = claim(tx, clock)
        finish(tx, piece, Attempt("away"), clock)
        assert claim(tx, clock) == []
        clock.boot_id, clock.milliseconds = "boot-2", 5
        assert claims.next_due(tx, Moment.of(clock)) == 0
        assert [found.object for found in claim(tx, clock)] == ["a"]

    await database.write(check)


async def test_a_delivery_ends_the_backoff_of_its_cluster(database: Database) -> None:
    clock = SetClock()
    [cluster] = await add_clusters(database, "edge-1")

    def check(tx: Transaction) -> None:
        want(tx, cluster, "a")
        want(tx, cluster, "b")
        [piece] = claim(tx, clock)
        finish(tx, piece, Attempt("away"), clock)
        clock.milliseconds += 1000
        [piece] = claim(tx, clock)
        assert piece.cluster_away
        finish(tx, piece, Attempt("delivered"), clock)
        [piece] = claim(tx, clock)
        assert (piece.object, piece.cluster_away) == ("b", False)

    await database.write(check)


async def test_clusters_that_are_away_never_take_every_place(database: Database) -> None:
    clock = SetClock()
    ids = await add_clusters(database, *(f"edge-{number}" for number in range(12)))

    def check(tx: Transaction) -> None:
        for cluster in ids:
            want(tx, cluster, "a")
        for cluster in ids[:9]:
            tx.change(
                "INSERT INTO cluster_state (cluster_id, reachable, ready, probed_at) VALUES (?, 0, 0, 1)", (cluster,)
            )
        claimed = claim(tx, clock, limit=8, away_limit=2)
        assert sorted(piece.cluster_id for piece in claimed if not piece.cluster_away) == ids[9:]
        assert sum(piece.cluster_away for piece in claimed) == 2

    await database.write(check)


async def test_a_conflict_waits_long_and_can_be_tried_on_demand(database: Database) -> None:
    clock = SetClock()
    [cluster] = await add_clusters(database, "edge-1")

    def check(tx: Transaction) -> None:
        want(tx, cluster, "a")
        [piece] = claim(tx, clock)
        finish(tx, piece, Attempt("conflict", "belongs to bob"), clock)
        row = work_row(tx, piece.id)
        assert (row["state"], row["message"]) == ("conflict", "belongs to bob")
        assert claims.next_due(tx, Moment.of(clock)) == 300_000
        assert work.count_waiting(tx) == 1
        work.retry_now(tx, [cluster])
        assert [found.object for found in claim(tx, clock)] == ["a"]

    await database.write(check)


async def test_the_next_due_time_counts_leases_of_others(database: Database) -> None:
    clock = SetClock()
    [cluster] = await add_clusters(database, "edge-1")

    def check(tx: Transaction) -> None:
        assert claims.next_due(tx, Moment.of(clock)) is None
        want(tx, cluster, "a")
        assert claims.next_due(tx, Moment.of(clock)) == 0
        [piece] = claim(tx, clock, BOB)
        assert claims.next_due(tx, Moment.of(clock)) == 15_000
        clock.milliseconds += 10_000
        assert claims.renew(tx, BOB, Moment.of(clock), [piece]) == {piece.id}
        assert claims.next_due(tx, Moment.of(clock)) == 15_000
        finish(tx, piece, Attempt("delivered"), clock)
        assert claims.next_due(tx, Moment.of(clock)) is None

    await database.write(check)


async def test_a_lease_that_passed_on_is_not_renewed(database: Database) -> None:
    clock = SetClock()
    first, second = await add_clusters(database, "edge-1", "edge-2")

    def check(tx: Transaction) -> None:
        want(tx, first, "a")
        want(tx, second, "a")
        held = claim(tx, clock, ANN)
        clock.milliseconds += 20_000
        [taken] = claim(tx, clock, BOB, limit=1)
        kept = {piece.id for piece in held} - {taken.id}
        # Late, but nobody has taken the other one: it stays ours.
        assert claims.renew(tx, ANN, Moment.of(clock), held) == kept

    await database.write(check)


async def test_work_is_wanted_everywhere_once_and_can_be_forgotten(database: Database) -> None:
    ids = await add_clusters(database, "edge-1", "edge-2")

    def check(tx: Transaction) -> None:
        business = insert_business(tx, "acme")
        insert_business(tx, "pending", status=0)
        assert work.want_namespace_everywhere(tx, business, START) == 2
        assert work.want_namespace_everywhere(tx, business, START) == 2
        shown = work.list_namespaces(tx, business_id=business)
        assert [(row.cluster_name, row.namespace, row.business_name) for row in shown] == [
            ("edge-1", f"ns{business}", "acme"),
            ("edge-2", f"ns{business}", "acme"),
        ]
        row = tx.rows("SELECT wanted ->> '$.labels' AS labels FROM work")[0]
        assert f'"otetui.io/business":"{business}"' in row["labels"]
        late = insert_cluster(tx, "edge-3")
        assert work.want_all_namespaces(tx, late, START) == 1
        assert work.forget(tx, work.NAMESPACE, f"ns{business}", ids[0]) == 1
        assert work.forget_namespace_everywhere(tx, business) == 2
        assert work.count_waiting(tx) == 0

    await database.write(check)


async def test_removing_a_cluster_drops_its_work_and_late_outcomes(database: Database) -> None:
    clock = SetClock()
    [cluster] = await add_clusters(database, "edge-1")

    def check(tx: Transaction) -> None:
        want(tx, cluster, "a")
        [piece] = claim(tx, clock)
        tx.change("DELETE FROM cluster WHERE id = ?", (cluster,))
        assert finish(tx, piece, Attempt("away"), clock) is Recorded.LOST
        assert claims.renew(tx, ANN, Moment.of(clock), [piece]) == set()

    await database.write(check)
