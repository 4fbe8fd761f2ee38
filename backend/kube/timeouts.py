"""How long to wait for a cluster."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to look the name up, and again to connect (TCP and TLS); without a byte of the answer; for all of it."""

    connect: float = 5.0
    read: float = 10.0
    total: float = 30.0
