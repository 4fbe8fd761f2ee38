"""Several real processes on one store: never the same work twice at once, and takeover from a killed one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.store.database import Database
from tests.backend.delivery.conftest import states, want, want_many
from tests.backend.delivery.site import add_clusters
from tests.backend.delivery.waiting import until

ROOT = Path(__file__).parents[3]


@contextmanager
def worker_process(store: Path, log: Path, seconds: float, lease: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.backend.delivery.process", str(store), str(log), str(seconds), str(lease)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def lines(log: Path) -> list[list[str]]:
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


async def test_two_processes_share_the_work_and_never_serve_a_cluster_at_once(
    database: Database, tmp_path: Path
) -> None:
    ids = await add_clusters(database, *(f"edge-{number}" for number in range(5)))
    log = tmp_path / "log"

    async def all_delivered() -> bool:
        return await states(database) == {"delivered": 40}

    with worker_process(database.path, log, 0.02, 15_000), worker_process(database.path, log, 0.02, 15_000):
        await want_many(database, ids, 8)
        await until(all_delivered, seconds=60)
    serving: dict[str, str] = {}
    for what, process, cluster, thing, _ in lines(log):
        if what == "start":
            assert cluster not in serving, f"{cluster} was served twice at once"
            serving[cluster] = process + thing
        else:
            assert serving.pop(cluster) == process + thing
    starts = [(cluster, thing) for what, _, cluster, thing, _ in lines(log) if what == "start"]
    assert len(starts) == len(set(starts)) == 40
    assert len({process for _, process, *_ in lines(log)}) == 2


async def test_the_work_of_a_killed_process_passes_on_within_seconds(database: Database, tmp_path: Path) -> None:
    [cluster] = await add_clusters(database, "edge-1")
    await want(database, cluster, "a")
    dead, alive = tmp_path / "dead", tmp_path / "alive"

    async def delivered() -> bool:
        return await states(database) == {"delivered": 1}

    with worker_process(database.path, dead, 3600, 2000) as holder:
        await until(lambda: bool(lines(dead)))
        with worker_process(database.path, alive, 0, 2000):
            # As long as the holder lives and renews its lease, nobody else starts.
            await asyncio.sleep(2.5)
            assert lines(alive) == []
            holder.kill()
            holder.wait()
            killed = time.monotonic()
            await until(delivered)
            assert time.monotonic() - killed < 5
    assert [line[0] for line in lines(dead)] == ["start"]
    assert [(line[0], line[4]) for line in lines(alive)] == [("start", "2"), ("end", "2")]
