"""From a key to what it paints, with 10,000 nodes listed."""

from __future__ import annotations

from benchmarks.figures import Figure
from benchmarks.ground import Ground, console_at
from tests.terminal import Terminal

_MOVES = 200
_PAGES = 50
_GOAL = 30
_QUIET = 0.1
_FILTERS = ("edge-1", "gw-0", "node-04", "e-117-", "050", "edge-200-node-0")


def _times(terminal: Terminal, key: str, count: int) -> list[float]:
    found: list[float] = []
    for _ in range(count):
        terminal.settle(_QUIET)
        found.append(1000 * terminal.repaint(key, _QUIET).last_seconds)
    return found


def _filter(terminal: Terminal, text: str) -> tuple[list[float], float]:
    """Type a filter, one key when the one before is painted: times of the keys, and from the last to the new list."""
    terminal.press("/")
    terminal.wait_for("enter keeps the filter")
    terminal.settle()
    keys = [1000 * terminal.repaint(key, _QUIET).last_seconds for key in text[:-1]]
    terminal.press(text[-1])
    pressed = terminal.pressed
    listed = 1000 * (terminal.painted(0.5) - pressed)
    terminal.press("escape")
    terminal.wait_without("enter keeps the filter")
    terminal.settle(0.4)
    return keys, listed


def measure(ground: Ground) -> list[Figure]:
    """Cursor, pages and filter on the list of all nodes at 120x40; clusters are not asked meanwhile."""
    site = ground.copy(ground.large_site())
    with console_at(site, "nodes", "of 10,000 ready") as terminal:
        pages = _times(terminal, "pagedown", _PAGES)
        terminal.press("home")
        moves = _times(terminal, "down", _MOVES)
        typed = [_filter(terminal, text) for text in _FILTERS]
    return [
        Figure("cursor down to repaint", "ms", moves, _GOAL, 95, note="10,000 nodes"),
        Figure("page down to repaint", "ms", pages, _GOAL, 95, note="10,000 nodes"),
        Figure("letter of a filter to repaint", "ms", [key for keys, _ in typed for key in keys], _GOAL, 95),
        Figure(
            "last letter of a filter to new list",
            "ms",
            [listed for _, listed in typed],
            note="150 ms of it wait for the next letter",
        ),
    ]
