"""What a benchmark comes to, and how it is printed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WHOLE_FROM = 100


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured, some times over.

    `goal` is the most that counts as met, or the least with `is_floor`; `percentile` says what is held against it: 50
    for the median, 95, or 100 for the worst. Without a goal the figure is for information. `bare` is what the same
    costs in a Textual application that holds nothing but a label.
    """

    name: str
    unit: str
    values: Sequence[float]
    goal: float | None = None
    percentile: int = 50
    is_floor: bool = False
    bare: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        """The middle of the values."""
        return statistics.median(self.values)

    def at(self, percentile: int) -> float:
        """The value that so many percent of the values do not exceed; 100 for the largest."""
        ordered = sorted(self.values)
        return ordered[max(0, math.ceil(len(ordered) * percentile / 100) - 1)]

    @property
    def is_met(self) -> bool | None:
        """Whether the goal was reached; None without one."""
        if self.goal is None:
            return None
        judged = self.median if self.percentile == 50 else self.at(self.percentile)
        return judged >= self.goal if self.is_floor else judged <= self.goal

    @property
    def goal_text(self) -> str:
        """The goal as it is said."""
        if self.goal is None:
            return ""
        judged = {50: "", 95: "95 % ", 100: "worst "}[self.percentile]
        return f"{judged}{'≥' if self.is_floor else '≤'} {amount(self.goal, self.unit)}"


def amount(value: float, unit: str) -> str:
    """A number as precise as it deserves, with its unit."""
    number = f"{value:,.0f}" if value >= _WHOLE_FROM or value == int(value) else f"{value:.3g}"
    return f"{number} {unit}".rstrip()


_TITLES = ("figure", "goal", "median", "95 %", "worst", "bare Textual", "met", "")


def _row(figure: Figure) -> tuple[str, ...]:
    several = len(figure.values) > 1
    return (
        figure.name,
        figure.goal_text,
        amount(figure.median, figure.unit),
        amount(figure.at(95), figure.unit) if several else "",
        amount(figure.at(100), figure.unit) if several else "",
        "" if figure.bare is None else amount(figure.bare, figure.unit),
        {True: "yes", False: "NO", None: ""}[figure.is_met],
        f"{figure.note}{', ' if figure.note else ''}n = {len(figure.values)}" if several else figure.note,
    )


def table(figures: Iterable[Figure]) -> str:
    """The figures as a table for a terminal."""
    rows = [_TITLES, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def markdown(figures: Iterable[Figure]) -> str:
    """The figures as a table for the README."""
    lines = ["| " + " | ".join(_TITLES[:-1]) + " |", "|" + "---|" * (len(_TITLES) - 1)]
    lines += ["| " + " | ".join(_row(figure)[:-1]) + " |" for figure in figures]
    return "\n".join(lines)
