"""How many rows of data an 80x24 terminal shows beside header, status and key hints."""

from __future__ import annotations

from benchmarks.figures import Figure
from benchmarks.ground import Ground, console_at

_GOAL = 18


def measure(ground: Ground) -> list[Figure]:
    """Count the nodes on the screen, and look that status and hints are there."""
    site = ground.copy(ground.large_site())
    with console_at(site, "nodes", "of 10,000 ready", columns=80, lines=24) as terminal:
        lines = terminal.text.split("\n")
    if "200 clusters" not in lines[0] or "? help" not in lines[-1]:
        raise RuntimeError("status or key hints are not on the screen:\n" + "\n".join(lines))
    count = sum("-node-" in line for line in lines)
    return [Figure("rows of data at 80x24", "rows", [count], _GOAL, is_floor=True, note="with status and key hints")]
