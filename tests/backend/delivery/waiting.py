"""Waiting for something to become true, up to a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 20.0, what: str = "") -> None:
    """Return once `condition` is true; fail after `seconds`."""
    ends = time.monotonic() + seconds
    while True:
        found = condition()
        if found if isinstance(found, bool) else await found:
            return
        assert time.monotonic() < ends, f"not in {seconds} s: {what or condition}"
        await asyncio.sleep(0.01)
