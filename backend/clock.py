"""Time: the wall clock for records, and the machine's monotonic clock for leases and waiting."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path


@cache
def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        # Without Linux' own word for it, the boot's time to the minute tells boots apart well enough.
        return f"boot-{round((time.time() - time.monotonic()) / 60)}"


class Clock:
    """The time; tests put another in its place."""

    def now(self) -> int:
        """Unix seconds, for what people read. It may jump."""
        return int(time.time())

    def monotonic(self) -> int:
        """Milliseconds since the machine started: the same in every process, and never set back."""
        return time.monotonic_ns() // 1_000_000

    def boot(self) -> str:
        """Names this start of the machine; a monotonic time stored under another name has passed."""
        return _boot_id()
