"""How repeated failed log-ins slow down and then lock an account (decision 10)."""

from __future__ import annotations

FREE_FAILURES = 2
LOCK_AFTER_FAILURES = 8
LOCK_SECONDS = 900
FORGET_AFTER_SECONDS = 3600
_FIRST_DELAY_SECONDS = 0.25


def delay_seconds(failures: int) -> float:
    """How long the next attempt waits for its answer after so many failures in a row: 0.25 s, doubled each time."""
    if failures <= FREE_FAILURES:
        return 0.0
    return float(_FIRST_DELAY_SECONDS * 2 ** (min(failures, LOCK_AFTER_FAILURES) - FREE_FAILURES - 1))


def locks(failures: int) -> bool:
    """Whether so many failures in a row lock the account."""
    return failures >= LOCK_AFTER_FAILURES
