"""Asking 200 clusters for their 10,000 nodes: how long, and how long the event loop stands still meanwhile."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from backend.engine import STORE_FILE, Engine
from backend.store.clusters import list_targets
from backend.store.database import Database
from benchmarks.figures import Figure
from benchmarks.ground import BenchmarkSite, Ground
from benchmarks.heartbeat import Heartbeat, IdleHeartbeat
from otetui.interpreter import settle, start_quickly

_TIMES = 5
_SECONDS = 3
_STALL = 50
_OFFLINE, _SLOW = "edge-050", "edge-003"


@dataclass(frozen=True, slots=True)
class _Run:
    """One refresh of all clusters: seconds until all, and until the well ones, were saved; longest stalls in ms."""

    seconds: float
    well_seconds: float
    stall: float
    machine_stall: float


async def _cluster_ids(home: Path) -> dict[str, int]:
    database = await Database.open(home / STORE_FILE)
    try:
        return {target.name: target.id for target in await database.read(list_targets)}
    finally:
        await database.close()


async def _refresh(engine: Engine, ill: list[int], well: list[int]) -> _Run:
    with IdleHeartbeat() as idle:
        async with Heartbeat() as heartbeat:
            start = time.perf_counter()
            # The ill ones first, so that they are in everybody's way.
            waiting = asyncio.create_task(engine.inventory.refresh(ill))
            await asyncio.sleep(0)
            await engine.inventory.refresh(well)
            well_seconds = time.perf_counter() - start
            await waiting
            seconds = time.perf_counter() - start
    return _Run(seconds, well_seconds, 1000 * heartbeat.worst, 1000 * idle.worst)


async def _runs(site: BenchmarkSite) -> tuple[_Run, list[_Run], list[_Run]]:
    start_quickly()
    ids = await _cluster_ids(site.home)
    engine = await Engine.open(site.home)
    try:
        ill, well = [ids.pop(_OFFLINE), ids.pop(_SLOW)], list(ids.values())
        first = await _refresh(engine, ill, well)
        settle()
        again = [await _refresh(engine, ill, well) for _ in range(_TIMES)]
        for name, behaviour in ((_OFFLINE, "offline"), (_SLOW, "slow")):
            await asyncio.to_thread(site.sandbox.set_behaviour, name, behaviour)
        with_two_ill = [await _refresh(engine, ill, well) for _ in range(_TIMES)]
    finally:
        site.normal()
        await engine.close()
    return first, again, with_two_ill


def measure(ground: Ground) -> list[Figure]:
    """Refresh with all clusters well, the first time with all connections new; then with one away and one slow."""
    first, again, with_two_ill = asyncio.run(_runs(ground.copy(ground.large_site())))
    machine = max(run.machine_stall for run in [first, *again])
    return [
        Figure("refresh of 200 clusters, 10,000 nodes", "s", [run.seconds for run in again], _SECONDS),
        Figure("the same for the first time", "s", [first.seconds], _SECONDS, note="200 new TLS connections"),
        Figure(
            "longest stall of the event loop meanwhile",
            "ms",
            [run.stall for run in [first, *again]],
            _STALL,
            100,
            note=f"an idle loop in another process: {machine:.0f} ms",
        ),
        Figure(
            "refresh of the others beside an offline and a slow cluster",
            "s",
            [run.well_seconds for run in with_two_ill],
            _SECONDS,
            note=f"all well: {sorted(run.well_seconds for run in again)[_TIMES // 2]:.3g} s",
        ),
    ]
