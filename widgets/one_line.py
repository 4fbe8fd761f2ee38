"""Lines of the screen's frame: parts with their own styles, the least important dropped when there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.strip import Strip

from widgets.line_widget import LineWidget
from widgets.lines import LineBuilder
from widgets.text import fit, width_of


class Part(NamedTuple):
    """A text and the component class it is styled by; parts with the highest `priority` number are dropped first.

    `lead` stands before the text with a style of its own, and is never cut.
    """

    text: str
    component: str
    priority: int = 1
    is_right: bool = False
    lead: str = ""
    lead_component: str = ""

    @property
    def lead_width(self) -> int:
        """The cells that the lead and the space after it take."""
        return width_of(self.lead) + 1 if self.lead else 0


class OneLine(LineWidget):
    """One line of parts, some at the left and some at the right."""

    base_component = ""
    gap = 2
    margin = 1

    def parts(self) -> Sequence[Part]:
        """What to show, from left to right."""
        raise NotImplementedError

    def line(self, y: int) -> Strip:
        """The parts that fit; the last one at the left is cut when even the important ones do not fit."""
        del y
        room = self.size.width - 2 * self.margin
        parts = [part for part in self.parts() if part.text]
        texts = {id(part): fit(part.text, max(room, 1)) for part in parts}
        while len(parts) > 1 and self._needed(parts, texts) > room:
            worst = max(range(len(parts)), key=lambda place: (parts[place].priority, place))
            if parts[worst].priority <= 1:
                break
            del parts[worst]
        left = [part for part in parts if not part.is_right]
        right = [part for part in parts if part.is_right]
        if left and (excess := self._needed(parts, texts) - room) > 0:
            last = left[-1]
            texts[id(last)] = fit(last.text, max(1, width_of(texts[id(last)]) - excess))
        return self._build(left, right, texts, room)

    def _needed(self, parts: Sequence[Part], texts: dict[int, str]) -> int:
        return sum(part.lead_width + width_of(texts[id(part)]) for part in parts) + self.gap * max(0, len(parts) - 1)

    def _build(self, left: Sequence[Part], right: Sequence[Part], texts: dict[int, str], room: int) -> Strip:
        style = self.get_component_rich_style
        base = style(self.base_component)
        line = LineBuilder()
        line.add(" " * self.margin, base)
        used = 0
        for side in (left, right):
            if side is right and right:
                spare = room - used - self._needed(right, texts)
                line.add(" " * max(0, spare), base)
            for place, part in enumerate(side):
                if place:
                    line.add(" " * self.gap, base)
                    used += self.gap
                text = texts[id(part)]
                if part.lead:
                    line.add(part.lead, base + style(part.lead_component, partial=True))
                    text = f" {text}"
                line.add(text, base + style(part.component, partial=True))
                used += part.lead_width + width_of(texts[id(part)])
        return line.strip().adjust_cell_length(self.size.width, base)
