"""A worker in a process of its own: `python -m tests.backend.delivery.process STORE LOG SECONDS [LEASE]`.

It delivers two pieces at once; its handler takes SECONDS and appends `start|end PID CLUSTER OBJECT FENCE` to LOG.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from backend.clock import Clock
from backend.delivery.limits import Limits
from backend.delivery.worker import Worker
from backend.notifier import Notifier
from backend.store.claims import Piece
from backend.store.database import Database


async def main(store: Path, log: Path, seconds: float, lease: int) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(what: str, piece: Piece) -> None:
        # One small write to a file opened for appending: lines of several processes never mix.
        os.write(descriptor, f"{what} {os.getpid()} {piece.cluster_name} {piece.object} {piece.fence}\n".encode())

    async def handler(piece: Piece) -> None:
        note("start", piece)
        await asyncio.sleep(seconds)
        note("end", piece)

    limits = Limits(concurrency=2, lease=lease, heartbeat=lease // 3, poll=100)
    worker = Worker(await Database.open(store), Clock(), Notifier(), {"thing": handler}, limits)
    print("ready", flush=True)
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
