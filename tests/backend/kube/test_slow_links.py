"""Two requests over a link: one after the other when it is quick, side by side when it is slow."""

from __future__ import annotations

import asyncio

import pytest

from backend.kube import slow_links
from backend.kube.errors import KubeError
from backend.kube.slow_links import after_or_beside

REFUSED = KubeError("forbidden", "no")


async def test_a_quick_first_request_ends_before_the_second_begins() -> None:
    order: list[str] = []

    async def first() -> int:
        order.append("first")
        await asyncio.sleep(0)
        order.append("first done")
        return 1

    async def second() -> str:
        order.append("second")
        return "two"

    assert await after_or_beside(first, second) == (1, "two")
    assert order == ["first", "first done", "second"]


async def test_a_slow_first_request_is_joined_by_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_links, "PATIENCE", 0.01)
    begun = asyncio.Event()

    async def first() -> int:
        # Ends only because the second has begun.
        await begun.wait()
        return 1

    async def second() -> str:
        begun.set()
        return "two"

    assert await asyncio.wait_for(after_or_beside(first, second), 10) == (1, "two")


async def test_the_firsts_error_is_raised_and_the_second_is_not_begun_or_broken_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = asyncio.Event()
    cancelled = False

    async def refused() -> int:
        raise REFUSED

    async def second() -> None:
        nonlocal cancelled
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled = True
            raise

    with pytest.raises(KubeError, match="no"):
        await after_or_beside(refused, second)
    assert not begun.is_set()
    monkeypatch.setattr(slow_links, "PATIENCE", 0)

    async def refused_late() -> int:
        await begun.wait()
        raise REFUSED

    with pytest.raises(KubeError, match="no"):
        await after_or_beside(refused_late, second)
    assert cancelled


async def test_the_seconds_error_is_returned() -> None:
    async def first() -> int:
        return 1

    async def second() -> int:
        raise REFUSED

    assert await after_or_beside(first, second) == (1, REFUSED)


async def test_cancelling_ends_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_links, "PATIENCE", 0)
    under_way = 0
    both = asyncio.Event()

    async def wait() -> None:
        nonlocal under_way
        under_way += 1
        if under_way == 2:
            both.set()
        try:
            await asyncio.Event().wait()
        finally:
            under_way -= 1

    asking = asyncio.create_task(after_or_beside(wait, wait))
    await both.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert under_way == 0
