"""From a command to a log-in screen, and from a password to the first list."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence

from benchmarks.figures import Figure
from benchmarks.ground import Ground, console, program, type_log_in
from tests.terminal import Terminal

_TIMES = 10
_QUIET = 0.5
_MOST_TIMES_BARE = 1.67


def _painted(command: Sequence[str], environment: Mapping[str, str]) -> float:
    with Terminal(command, environment=environment) as terminal:
        return 1000 * (terminal.painted(_QUIET) - terminal.started)


def _listed(environment: Mapping[str, str]) -> float:
    with console(environment) as terminal:
        type_log_in(terminal)
        # Whoever reads the log-in screen and types takes longer than the engine takes to open.
        terminal.settle(_QUIET)
        terminal.press("enter")
        start = terminal.pressed
        return 1000 * (terminal.painted(_QUIET) - start)


def measure(ground: Ground) -> list[Figure]:
    """Cold starts with a warm disk cache, each beside one of a bare Textual application; and log-ins."""
    environment = ground.demo_site().environment
    bare_command = [sys.executable, "-m", "benchmarks.bare"]
    for command in (bare_command, program()):
        _painted(command, environment)
    # Turn and turn about, so that both see the same load.
    pairs = [(_painted(bare_command, environment), _painted(program(), environment)) for _ in range(_TIMES)]
    bare, ours = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    ratio = statistics.median(ours) / statistics.median(bare)
    return [
        Figure("start to log-in screen", "ms", ours, bare=statistics.median(bare), note="new process, warm disk cache"),
        Figure("the same, times bare Textual", "×", [ratio], _MOST_TIMES_BARE),
        Figure(
            "password to first list",
            "ms",
            [_listed(environment) for _ in range(_TIMES)],
            note="checking a password is slow on purpose",
        ),
    ]
