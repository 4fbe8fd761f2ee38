"""Asking two things over a link that may be slow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

from backend.kube.errors import KubeError

A = TypeVar("A")
B = TypeVar("B")
PATIENCE = 0.25
"""Seconds after which a link counts as slow."""


async def after_or_beside(
    first: Callable[[], Coroutine[None, None, A]], second: Callable[[], Coroutine[None, None, B]]
) -> tuple[A, B | KubeError]:
    """Run two requests one after the other, or side by side once the first takes longer than PATIENCE.

    One after the other they share a connection, side by side they share the waiting. Raises what the first raises;
    the KubeError of the second is returned.
    """
    tasks: list[asyncio.Task[A] | asyncio.Task[B]] = []
    try:
        one = asyncio.create_task(first())
        tasks.append(one)
        await asyncio.wait({one}, timeout=PATIENCE)
        if one.done():
            one.result()
        two = asyncio.create_task(second())
        tasks.append(two)
        found = await one
        try:
            return found, await two
        except KubeError as error:
            return found, error
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
