"""How long an event loop does not turn: a task that wants to run every five milliseconds."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

BEAT_SECONDS = 0.005


class Heartbeat:
    """Beats on the loop of the `async with` block; `worst` is the longest that a beat came late, in seconds."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._beat())
        await asyncio.sleep(2 * BEAT_SECONDS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.sleep(2 * BEAT_SECONDS)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            due = time.perf_counter() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            self.worst = max(self.worst, time.perf_counter() - due)


class IdleHeartbeat:
    """The same in a process that does nothing else: how long the machine lets anybody wait, whatever we do."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.heartbeat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self._process.stdout is None or not self._process.stdout.readline():
            raise RuntimeError("the idle heartbeat did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            told, _ = self._process.communicate("")
            self.worst = float(told)


async def _beat_until_told() -> float:
    async with Heartbeat() as heartbeat:
        print("beating", flush=True)
        await asyncio.to_thread(sys.stdin.read)
    return heartbeat.worst


if __name__ == "__main__":
    print(asyncio.run(_beat_until_told()))
