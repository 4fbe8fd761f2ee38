"""From a command to a log-in screen, and from a password to the first list."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence

from benchmarks.bare import BareApp
from benchmarks.figures import Figure
from benchmarks.ground import Ground, console, program, type_log_in
from tests.terminal import Terminal

_TIMES = 10
_GOAL = 1.67
"""400 ms where bare Textual takes 240 ms."""
_READING_SECONDS = 1.0
_LAST_KEY = "ctrl+q quit"
_LAST_ROW = "tunnel-watch"


def _painted(command: Sequence[str], environment: Mapping[str, str], last: str) -> float:
    """Milliseconds to the screen that ends with `last`."""
    with Terminal(command, environment=environment) as terminal:
        return 1000 * (terminal.wait_for(last) - terminal.started)


def _listed(environment: Mapping[str, str]) -> float:
    with console(environment) as terminal:
        type_log_in(terminal)
        # Whoever reads the log-in screen and types takes longer than the engine takes to open.
        terminal.settle(_READING_SECONDS)
        terminal.press("enter")
        start = terminal.pressed
        return 1000 * (terminal.wait_for(_LAST_ROW) - start)


def measure(ground: Ground) -> list[Figure]:
    """Cold starts with a warm disk cache, each beside one of a bare Textual application; and log-ins."""
    environment = ground.demo_site().environment
    bare: list[float] = []
    ours: list[float] = []
    # Turn and turn about, so that both see the same load; the first turn warms the disk cache.
    for _ in range(1 + _TIMES):
        bare.append(_painted([sys.executable, "-m", "benchmarks.bare"], environment, BareApp.TEXT))
        ours.append(_painted(program(), environment, _LAST_KEY))
    bare, ours = bare[1:], ours[1:]
    ratio = statistics.median(ours) / statistics.median(bare)
    return [
        Figure("start to log-in screen", "ms", ours, bare=statistics.median(bare), note="new process, warm disk cache"),
        Figure("start to log-in screen, beside bare Textual", "times", [ratio], _GOAL),
        Figure(
            "password to first list",
            "ms",
            [_listed(environment) for _ in range(_TIMES)],
            note="checking a password is slow on purpose",
        ),
    ]
