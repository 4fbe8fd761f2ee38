"""What a table shows of a row, and which columns fit in how many cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, NamedTuple, TypeVar

from textual.content import Content

from widgets.theme import Tone

RowT = TypeVar("RowT")

GAP: Final = 2
"""Empty cells between two columns."""


class Cell(NamedTuple):
    """A text and what it means; the meaning must also be in its words, for those who see no colour."""

    text: str | Content
    tone: Tone = ""


CellValue = str | Content | Cell


@dataclass(frozen=True, slots=True)
class Column(Generic[RowT]):
    """A column: its title, what it shows of a row, and how it behaves when room is scarce.

    `width` is a fixed width in cells; with 0 the column is flexible: at least `minimum` cells, at most `maximum`
    (0: any), and of the spare cells a share by `weight`. When not all columns fit, those with the highest `priority`
    number go first; priority 1 always stays.
    """

    key: str
    title: str
    value: Callable[[RowT], CellValue]
    width: int = 0
    weight: int = 1
    minimum: int = 8
    maximum: int = 0
    align: Literal["left", "right"] = "left"
    priority: int = 1

    @property
    def least(self) -> int:
        """The fewest cells the column can be shown in."""
        return self.width or self.minimum


@dataclass(frozen=True, slots=True)
class Layout(Generic[RowT]):
    """The columns that are shown with their widths in cells, in order; `hidden` are those left out."""

    columns: tuple[tuple[Column[RowT], int], ...]
    hidden: tuple[Column[RowT], ...]

    @property
    def width(self) -> int:
        """The cells that all columns take with the gaps between them."""
        return sum(width for _, width in self.columns) + GAP * max(0, len(self.columns) - 1)


def fit_columns(columns: Sequence[Column[RowT]], available: int) -> Layout[RowT]:
    """The columns that fit in `available` cells: the least important are left out, the flexible ones share the rest."""
    shown = list(columns)
    while len(shown) > 1 and _least(shown) > available:
        # The last of the least important ones; priority 1 stays even if it does not fit.
        index = max(range(len(shown)), key=lambda place: (shown[place].priority, place))
        if shown[index].priority <= 1:
            break
        del shown[index]
    widths = _share(shown, max(0, available - _least(shown)))
    kept = {id(column) for column in shown}
    hidden = tuple(column for column in columns if id(column) not in kept)
    return Layout(tuple(zip(shown, widths, strict=True)), hidden)


def all_columns(columns: Sequence[Column[RowT]]) -> Layout[RowT]:
    """Every column at a readable width, however wide that gets: what is shown when scrolled sideways."""
    readable = [column.width or max(column.minimum, min(column.maximum or 32, 32)) for column in columns]
    return Layout(tuple(zip(columns, readable, strict=True)), ())


def _least(columns: Sequence[Column[RowT]]) -> int:
    return sum(column.least for column in columns) + GAP * max(0, len(columns) - 1)


def _share(columns: Sequence[Column[RowT]], spare: int) -> list[int]:
    """Widths of the columns when `spare` cells go to the flexible ones by weight, none beyond its maximum."""
    widths = [column.least for column in columns]
    growing = [place for place, column in enumerate(columns) if not column.width]
    while spare > 0 and growing:
        total = sum(columns[place].weight for place in growing)
        shares = {place: spare * columns[place].weight // total for place in growing}
        # Whole cells that the division left over go to the first columns.
        for place in growing[: spare - sum(shares.values())]:
            shares[place] += 1
        for place, share in shares.items():
            maximum = columns[place].maximum
            taken = min(share, max(0, maximum - widths[place])) if maximum else share
            widths[place] += taken
            spare -= taken
        growing = [place for place in growing if not 0 < columns[place].maximum <= widths[place]]
    return widths
