"""The last line of every screen: the keys that work here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from textual.reactive import reactive

from widgets.one_line import OneLine, Part


class Hint(NamedTuple):
    """A key and what it does; not `enabled` when the action is refused now."""

    key: str
    title: str
    enabled: bool = True


class HintsLine(OneLine):
    """Keys and titles, the most important first: what does not fit is left out at the right, but never the last hint.

    Keys that are refused now are muted; without colour they are in brackets.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"hints--bar", "hints--key", "hints--title", "hints--off"}

    base_component = "hints--bar"
    # Each hint has a cell on either side for its brackets, so that none moves when one is refused.
    gap = 0
    margin = 0

    hints: reactive[tuple[Hint, ...]] = reactive[tuple[Hint, ...]](())

    def show(self, hints: Iterable[Hint]) -> None:
        """Show these hints, most important first; the last one (usually `? help`) always stays."""
        self.hints = tuple(hints)

    def parts(self) -> Sequence[Part]:
        """One part per hint: the key leads, the title follows."""
        last = len(self.hints) - 1
        return [self._part(hint, 1 if place in {0, last} else 2) for place, hint in enumerate(self.hints)]

    def _part(self, hint: Hint, priority: int) -> Part:
        if hint.enabled:
            return Part(f"{hint.title} ", "hints--title", priority, lead=f" {hint.key}", lead_component="hints--key")
        before, behind = "()" if self.app.no_color else "  "
        lead = f"{before}{hint.key}"
        return Part(f"{hint.title}{behind}", "hints--off", priority, lead=lead, lead_component="hints--off")
