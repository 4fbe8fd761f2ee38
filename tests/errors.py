"""What came of something that may be refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from backend.errors import PlatformError


def error_of(work: Callable[[], object]) -> PlatformError | None:
    """The refusal that `work` ends with, or None when it was done."""
    try:
        work()
    except PlatformError as error:
        return error
    return None


async def error_of_call(work: Awaitable[object]) -> PlatformError | None:
    """The refusal that a call ends with, or None when it was done."""
    try:
        await work
    except PlatformError as error:
        return error
    return None
