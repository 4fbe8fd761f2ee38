"""Columns share the width they have, and the least important go first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.hosts import COLUMNS, Person
from widgets.columns import GAP, Column, all_columns, fit_columns


def _keys(width: int) -> list[str]:
    return [column.key for column, _ in fit_columns(COLUMNS, width).columns]


def test_all_columns_show_when_there_is_room() -> None:
    layout = fit_columns(COLUMNS, 137)
    assert [column.key for column, _ in layout.columns] == [column.key for column in COLUMNS]
    assert layout.hidden == ()
    assert layout.width <= 137


def test_the_least_important_go_first_and_priority_1_stays() -> None:
    assert "created" not in _keys(77)
    assert _keys(60) == ["name", "status", "comment"]
    assert _keys(30) == ["name", "status"]
    assert _keys(5) == ["name", "status"]


def test_hidden_columns_are_named() -> None:
    assert [column.key for column in fit_columns(COLUMNS, 60).hidden] == ["id", "phone", "created"]


def test_spare_cells_go_by_weight_and_not_beyond_the_maximum() -> None:
    columns: list[Column[Person]] = [
        Column("a", "A", lambda person: person.name, minimum=10, weight=1),
        Column("b", "B", lambda person: person.name, minimum=10, weight=3),
        Column("c", "C", lambda person: person.name, minimum=10, maximum=12),
    ]
    widths = {column.key: width for column, width in fit_columns(columns, 84).columns}
    assert widths["c"] == 12
    assert sum(widths.values()) + 2 * GAP == 84
    assert widths["b"] > 2 * widths["a"]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20), st.integers(1, 5), st.integers(1, 9)), min_size=1),
    st.integers(0, 200),
)
def test_what_fits_is_never_wider_than_the_room(shapes: list[tuple[int, int, int, int]], room: int) -> None:
    columns: list[Column[Person]] = [
        Column(str(place), "T", lambda _: "", width=width, minimum=minimum, weight=weight, priority=priority)
        for place, (width, minimum, weight, priority) in enumerate(shapes)
    ]
    layout = fit_columns(columns, room)
    assert len(layout.columns) + len(layout.hidden) == len(columns)
    if any(column.priority > 1 for column, _ in layout.columns):
        assert layout.width <= room or len(layout.columns) == 1
    assert all(width >= column.least for column, width in layout.columns)


def test_scrolled_sideways_every_column_is_there() -> None:
    assert [column.key for column, _ in all_columns(COLUMNS).columns] == [column.key for column in COLUMNS]
