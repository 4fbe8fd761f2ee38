"""What the worker asks of those who know how to deliver a kind of work, and how they say that it failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from backend.errors import ErrorKind, PlatformError
from backend.store.claims import Piece

Handler = Callable[[Piece], Awaitable[None]]
"""Brings one piece's wanted state to its cluster; returns only when the cluster has reported it done.

It may be cancelled anywhere and run again from the start, so each of its steps must be repeatable. It raises
`DeliveryConflictError` or `ClusterAwayError`; any other PlatformError means that the cluster answered and that
this piece is to be tried again later.
"""


class DeliveryConflictError(PlatformError):
    """The piece cannot be delivered until somebody changes something on the cluster."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorKind.CONFLICT, message, reason="delivery_conflict")


class ClusterAwayError(PlatformError):
    """The cluster as a whole cannot be used now: trying its other work is in vain too."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorKind.REMOTE, message, reason="cluster_away")
