"""How one cluster can be reached right now: at once, late, never, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from backend.sandbox.cluster.answers import Line
from backend.sandbox.site import Behaviour, ClusterSpec

_LONG = 3600.0


class Presence:
    """The gate in front of a cluster.

    `changed` is called with True when the cluster goes away altogether and with False when it is back.
    """

    def __init__(self, spec: ClusterSpec, changed: Callable[[bool], None]) -> None:
        self.behaviour = Behaviour.NORMAL
        self.delay = spec.delay
        self._away_seconds = spec.away_seconds
        self._back_seconds = max(spec.period_seconds - spec.away_seconds, 0)
        self._changed = changed
        self._lines: set[Line] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.is_away = False

    def behave(self, behaviour: Behaviour, delay: float | None = None) -> None:
        """Change how the cluster can be reached; whoever is being served by one that goes away is cut off."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.behaviour = behaviour
        if delay is not None:
            self.delay = delay
        if behaviour is Behaviour.FLAPPING:
            self._flap(away=True)
        else:
            self._go(away=behaviour is Behaviour.OFFLINE)
        # Requests that hang look again whether they still have to.
        for line in self._lines:
            line.news.set()

    async def admit(self, line: Line) -> bool:
        """Let a request in after the time the cluster takes for it; False when it gets no answer."""
        if self.is_away or line.is_cut:
            return False
        if self.behaviour is Behaviour.SLOW:
            await line.wait(self.delay)
        while self.behaviour is Behaviour.HANGING and not line.is_cut:
            await line.wait(_LONG)
        return not line.is_cut

    def join(self, line: Line) -> None:
        """Count a connection among those that are being served."""
        self._lines.add(line)

    def leave(self, line: Line) -> None:
        """Count it no longer."""
        self._lines.discard(line)

    def stop(self) -> None:
        """Cut everybody off, for good."""
        if self._timer is not None:
            self._timer.cancel()
        for line in list(self._lines):
            line.cut()

    def _go(self, *, away: bool) -> None:
        if away == self.is_away:
            return
        self.is_away = away
        if away:
            for line in list(self._lines):
                line.cut()
        self._changed(away)

    def _flap(self, *, away: bool) -> None:
        self._go(away=away)
        seconds = self._away_seconds if away else self._back_seconds
        self._timer = asyncio.get_running_loop().call_later(seconds, lambda: self._flap(away=not away))
