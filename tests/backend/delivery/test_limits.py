"""How long the worker waits after failures."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from backend.delivery.limits import Limits


def test_the_bound_doubles_from_one_second_to_five_minutes() -> None:
    bounds = [Limits().longest_backoff(failures) for failures in range(1, 12)]
    assert bounds == [1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000]


@given(st.integers(0, 10**9), st.floats(0, 1))
def test_the_wait_lies_anywhere_up_to_the_bound(failures: int, chance: float) -> None:
    limits = Limits()
    assert 0 <= limits.backoff(failures, lambda: chance) <= limits.longest_backoff(failures) <= 300_000


def test_the_wait_takes_the_whole_width() -> None:
    limits = Limits()
    assert [limits.backoff(4, partial(float, chance)) for chance in (0.0, 0.25, 1.0)] == [0, 2000, 8000]
