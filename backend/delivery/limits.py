"""How much the worker does at once, and how long it waits."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

_LARGEST_EXPONENT = 40


@dataclass(frozen=True, slots=True)
class Limits:
    """The worker's limits; times in milliseconds.

    `concurrency`: deliveries at once over all clusters (one at a time per cluster), of which `away` may be to
    clusters that did not answer when last tried. `lease`: for how long a claim holds without a heartbeat.
    `first_wait`, `longest_wait`: the bounds of the backoff. `conflict_wait`: until a conflict is tried again.
    `poll`: how often to look for what other processes have changed. `delivery`: when a delivery is given up.
    """

    concurrency: int = 16
    away: int = 8
    lease: int = 15_000
    heartbeat: int = 5_000
    first_wait: int = 1_000
    longest_wait: int = 300_000
    conflict_wait: int = 300_000
    poll: int = 1_000
    delivery: int = 60_000

    def longest_backoff(self, failures: int) -> int:
        """The upper bound of the wait after this many failures in a row: doubling from the first to the longest."""
        return min(self.longest_wait, self.first_wait << min(max(failures - 1, 0), _LARGEST_EXPONENT))

    def backoff(self, failures: int, chance: Callable[[], float] = random.random) -> int:
        """How long to wait after this many failures in a row: anywhere up to the bound ("full jitter").

        Clusters that failed together are so not tried again together. `chance` returns 0 to 1.
        """
        return round(chance() * self.longest_backoff(failures))
