"""How much memory the console takes."""

from __future__ import annotations

import sys

import psutil

from benchmarks.bare import BareApp
from benchmarks.figures import Figure
from benchmarks.ground import Ground, console_at
from tests.terminal import Terminal

_GOAL = 200
_IDLE_SECONDS = 25
"""Long enough for every cluster to have been asked twice."""
_MEBIBYTE = 2**20


def _resident(terminal: Terminal) -> float:
    return float(psutil.Process(terminal.process_id).memory_info().rss) / _MEBIBYTE


def measure(ground: Ground) -> list[Figure]:
    """Resident memory after a walk through the list of all nodes and a refresh of all clusters."""
    site = ground.copy(ground.large_site(), refresh_seconds=10)
    with console_at(site, "nodes", "of 10,000 ready") as terminal:
        for key in ("end", "home", *["pagedown"] * 100):
            terminal.press(key)
            terminal.settle(0.05)
        terminal.idle(_IDLE_SECONDS)
        ours = _resident(terminal)
    with Terminal([sys.executable, "-m", "benchmarks.bare"]) as bare:
        bare.wait_for(BareApp.TEXT)
        return [Figure("memory with 10,000 nodes listed", "MiB", [ours], _GOAL, bare=_resident(bare))]
