"""How many bytes the console sends to the terminal."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Mapping

from benchmarks.figures import Figure
from benchmarks.ground import BenchmarkSite, Ground, console_at, program
from otetui.demo_site import ADMINISTRATOR, PASSWORD

_MOVES = 100
_MOVE_GOAL = 1024
_CHANGES = 6
_CHANGE_GOAL = 512
_HEARD_SECONDS = 3.0
_IDLE_SECONDS = 20
_IDLE_GOAL = 100
_PERSON = "guest-crew"
_STATUSES = (3, 2)
"""Disabled, not approved: neither waits for an audit, so the header stays as it is."""


def measure(ground: Ground) -> list[Figure]:
    """Bytes at 120x40 for a move of the cursor, for a row that changed, and while nobody does anything."""
    return [*_moves(ground), _change(ground), *_idle(ground)]


def _moves(ground: Ground) -> list[Figure]:
    with console_at(ground.copy(ground.large_site()), "nodes", "of 10,000 ready") as terminal:
        sent = [terminal.repaint("down").bytes for _ in range(_MOVES)]
    return [
        Figure("cursor move", "B", sent, _MOVE_GOAL, note="10,000 nodes"),
        Figure("cursor move, scrolling shared out", "B", [statistics.mean(sent)]),
    ]


def _change(ground: Ground) -> Figure:
    """Another process changes one user's status; that row is all that changes on the screen."""
    site = ground.copy(ground.demo_site())
    token = str(_call(site.environment, "POST", "/v1/authorization", user=ADMINISTRATOR, password=PASSWORD)["token"])
    environment = {**site.environment, "OTETUI_TOKEN": token}
    found = _call(environment, "GET", f"/v1/admin/user?name={_PERSON}")["data"]
    path = f"/v1/admin/user/{found[0]['id']}"
    sent: list[int] = []
    with console_at(site, "users", _PERSON) as terminal:
        for change in range(_CHANGES):
            terminal.settle(1.0)
            _call(environment, "PUT", path, status=_STATUSES[change % 2])
            sent.append(terminal.idle(_HEARD_SECONDS))
    return Figure("a row that another process changed", "B", sent, _CHANGE_GOAL, note="list of users")


def _call(environment: Mapping[str, str], method: str, path: str, **body: str | int) -> dict[str, list[dict[str, int]]]:
    command = program("api", method, path, *(["-d", json.dumps(body)] if body else []))
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    answer: dict[str, list[dict[str, int]]] = json.loads(done.stdout)
    return answer


def _idle(ground: Ground) -> list[Figure]:
    figures: list[Figure] = []
    for words, site, place, title in (
        ("demo's nodes", ground.demo_site(), "nodes", "of 32 ready"),
        ("demo's nodes, which come and go", ground.demo_site(life=True), "nodes", "of 32 ready"),
        ("10,000 nodes", ground.large_site(), "nodes", "of 10,000 ready"),
    ):
        figures.append(_idle_at(ground.copy(site, refresh_seconds=15), words, place, title))
    return figures


def _idle_at(site: BenchmarkSite, words: str, place: str, title: str) -> Figure:
    with console_at(site, place, title) as terminal:
        # The first look at all clusters is over.
        terminal.idle(5)
        sent = terminal.idle(_IDLE_SECONDS) / _IDLE_SECONDS
    return Figure(f"nobody does anything: {words}", "B/s", [sent], _IDLE_GOAL, note="asked every 15 s, over 20 s")
