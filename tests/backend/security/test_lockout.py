"""How failures slow down and lock (decision 10)."""

from __future__ import annotations

from backend.security import lockout


def test_the_first_failures_are_free_and_then_the_delay_doubles() -> None:
    assert [lockout.delay_seconds(failures) for failures in range(9)] == [0, 0, 0, 0.25, 0.5, 1, 2, 4, 8]


def test_the_delay_stops_growing_where_the_lock_begins() -> None:
    assert lockout.delay_seconds(10**9) == lockout.delay_seconds(lockout.LOCK_AFTER_FAILURES) == 8


def test_the_lock_begins_with_the_eighth_failure() -> None:
    assert [failures for failures in range(12) if lockout.locks(failures)] == [8, 9, 10, 11]


def test_a_lock_is_forgotten_no_sooner_than_it_ends() -> None:
    assert 0 < lockout.LOCK_SECONDS <= lockout.FORGET_AFTER_SECONDS
