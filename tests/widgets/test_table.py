"""The table: cursor, marks, columns, and that it never repaints or formats more than it must."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from tests.widgets.hosts import COLUMNS, HOSTILE, HostApp, Person, people, person_table, screen_text, with_status
from widgets.columns import Cell, Column
from widgets.table import VirtualTable
from widgets.table_messages import MarksChanged, RowHighlighted, RowSelected
from widgets.text import width_of


@dataclass
class Repaints:
    """The lines that a widget was asked to repaint; None stands for all of it."""

    lines: list[int | None] = field(default_factory=list)


@contextmanager
def watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repaints]:
    """Notes which lines of a table are repainted."""
    seen = Repaints()
    original = Widget.refresh

    def refresh(self: Widget, *regions: Region, **settings: bool) -> Widget:
        if isinstance(self, VirtualTable):
            seen.lines += [region.y for region in regions] or [None]
        return original(self, *regions, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(Widget, "refresh", refresh)
        yield seen


def _app(count: int = 60) -> tuple[HostApp, VirtualTable[Person]]:
    table = person_table()
    table.set_rows(people(count))
    return HostApp(table), table


async def test_keys_move_the_cursor() -> None:
    app, table = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        for keys, index in (
            (("j", "j", "down"), 3),
            (("k", "up"), 1),
            (("end",), 59),
            (("G",), 59),
            (("g",), 0),
            (("pagedown",), 22),
            (("ctrl+f",), 44),
            (("pageup",), 22),
            (("ctrl+b",), 0),
            (("up",), 0),
        ):
            await pilot.press(*keys)
            assert table.cursor_index == index, keys
        assert table.cursor_row == people(1)[0]


async def test_the_cursor_has_a_sign_of_its_own() -> None:
    app, table = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        table.focus()
        await pilot.press("j")
        lines = screen_text(app)
        assert [line[0] for line in lines if line].count(">") == 1
        assert lines[2].startswith(">")
        assert "user1" in lines[2]


async def test_moving_the_cursor_repaints_two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    app, table = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        table.focus()
        await pilot.press("j")
        with watching(monkeypatch) as seen:
            await pilot.press("j")
        assert sorted(line for line in seen.lines if line is not None) == [2, 3]
        assert None not in seen.lines


async def test_a_changed_row_repaints_its_line_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app, table = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        with watching(monkeypatch) as seen:
            assert table.update_row(4, with_status(people(5)[4], "refused"))
            assert table.update_row(50, Person(50, "out of view"))
            assert table.update_row(5, people(6)[5])
            assert not table.update_row(999, Person(999, "nobody"))
            await pilot.pause()
        assert seen.lines == [5]
        assert "refused" in screen_text(app)[5]
        await pilot.press("end")
        assert "out of view" in screen_text(app)[14]


async def test_a_refresh_repaints_only_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    app, table = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        with watching(monkeypatch) as seen:
            table.set_rows(people(60))
            await pilot.pause()
            assert seen.lines == []
            changed = people(60)
            changed[2] = with_status(changed[2], "refused")
            table.set_rows(changed)
            await pilot.pause()
        assert seen.lines == [3]


async def test_a_refresh_keeps_cursor_marks_and_place() -> None:
    app, table = _app(100)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("end", "up", "up", "space")
        assert table.cursor_key == 98
        first = screen_text(app)[1]
        table.set_rows(people(100))
        await pilot.pause()
        assert table.cursor_key == 98
        assert table.marked_keys == {97}
        assert screen_text(app)[1] == first
        table.set_rows(list(reversed(people(100))))
        await pilot.pause()
        assert (table.cursor_key, table.cursor_index) == (98, 1)
        assert table.marked_keys == {97}


async def test_when_its_row_has_gone_the_cursor_stays_at_its_index() -> None:
    app, table = _app(10)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "j", "j")
        table.set_rows([person for person in people(10) if person.id != 3])
        assert (table.cursor_index, table.cursor_key) == (3, 4)
        table.set_rows(people(2))
        assert (table.cursor_index, table.cursor_key) == (1, 1)
        table.set_rows([])
        assert (table.cursor_index, table.cursor_key, table.cursor_row) == (0, None, None)
        await pilot.press("j", "space", "enter", "end", "asterisk")
        assert table.marked_keys == frozenset()


async def test_marks_by_space_star_and_range() -> None:
    app, table = _app(10)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space", "space", "j", "space")
        assert table.marked_keys == {0, 1, 3}
        assert table.cursor_index == 4
        await pilot.press("shift+down", "shift+down", "shift+up")
        assert table.marked_keys == {0, 1, 3, 4, 5}
        assert [person.id for person in table.marked_rows()] == [0, 1, 3, 4, 5]
        await pilot.press("asterisk")
        assert len(table.marked_keys) == 10
        await pilot.press("ctrl+a")
        assert table.marked_keys == frozenset()
        await pilot.press("space", "escape")
        assert table.marked_keys == frozenset()
        await pilot.pause()
        assert app.of(MarksChanged)[-1].count == 0


async def test_marks_out_of_sight_are_counted_and_not_acted_on() -> None:
    app, table = _app(10)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space", "space", "space")
        table.set_rows([person for person in people(10) if person.id in {1, 7}])
        assert table.hidden_marks == 2
        assert [person.id for person in table.marked_rows()] == [1]
        table.set_rows(people(10))
        assert table.hidden_marks == 0
        table.unmark([1])
        assert table.marked_keys == {0, 2}


async def test_enter_and_click_tell_the_screen() -> None:
    app, table = _app(10)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "enter")
        await pilot.click(VirtualTable, offset=(10, 5))
        await pilot.pause()
        assert [(event.index, event.key) for event in app.of(RowSelected)] == [(1, 1)]
        assert table.cursor_index == 4
        assert app.of(RowHighlighted)[-1].key == 4


async def test_narrow_tables_keep_what_matters_and_scroll_sideways() -> None:
    app, table = _app(10)
    async with app.run_test(size=(60, 24)) as pilot:
        assert table.shown_columns == ("name", "status", "comment")
        assert screen_text(app)[0].endswith("→")
        await pilot.press("right", "right")
        assert table.shown_columns == tuple(column.key for column in COLUMNS)
        header = screen_text(app)[0]
        assert "Id" in header
        assert "Phone" in header
        assert "Name" not in header
        await pilot.press("left", "left")
        assert table.shown_columns == ("name", "status", "comment")


async def test_the_sorted_column_has_an_arrow() -> None:
    app, table = _app(3)
    async with app.run_test(size=(80, 24)) as pilot:
        table.show_sort("name", descending=True)
        await pilot.pause()
        assert "Name↓" in screen_text(app)[0]


async def test_hostile_cells_are_shown_and_keep_the_columns_straight() -> None:
    table: VirtualTable[int] = VirtualTable(
        [
            Column("text", "[b]Title[/]", lambda row: HOSTILE[row], minimum=20, maximum=30),
            Column("content", "Content\x1b", lambda row: Cell(Content.styled(HOSTILE[row], "bold"), "bad"), width=20),
            Column("end", "End", lambda _: "|", width=1),
        ],
        int,
    )
    table.set_rows(range(len(HOSTILE)))
    app = HostApp(table)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        lines = screen_text(app)
        assert "[b]Title[/]" in lines[0]
        assert "Content\\e" in lines[0]
        for line in lines[1 : len(HOSTILE) + 1]:
            assert line.isprintable()
            before, bar, after = line.rpartition("|")
            assert bar
            assert not after
            assert width_of(before) == 3 + 30 + 2 + 20 + 2
        assert "[bold]x[/]" in lines[2]
        assert "img[latest]" in lines[4]


async def test_a_hundred_thousand_rows_cost_nothing_to_set_and_little_to_show() -> None:
    formatted: list[int] = []

    def name(person: Person) -> str:
        formatted.append(person.id)
        return person.name

    table: VirtualTable[Person] = VirtualTable([Column("name", "Name", name)], lambda person: person.id)
    rows = people(100_000)
    started = time.perf_counter()
    table.set_rows(rows)
    assert time.perf_counter() - started < 0.016
    app = HostApp(table)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("end", "home")
        assert len(set(formatted)) <= 2 * 23


async def test_long_ways_down_move_the_view_by_a_quarter() -> None:
    app, table = _app(100)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*["j"] * 23)
        assert table.cursor_index == 23
        assert "user5" in screen_text(app)[1]


async def test_a_resize_keeps_the_cursor_in_view() -> None:
    app, table = _app(100)
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press(*["j"] * 30)
        await pilot.resize_terminal(80, 12)
        await pilot.pause()
        assert any(line.startswith(">") and "user30" in line for line in screen_text(app))
        assert table.cursor_index == 30


async def test_what_grows_by_itself_is_painted_anew_where_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    ages = dict.fromkeys(range(60), "1s")
    table: VirtualTable[Person] = VirtualTable(
        [Column("name", "Name", lambda person: person.name), Column("age", "Age", lambda person: ages[person.id])],
        lambda person: person.id,
        row_tone=lambda person: "muted" if person.id == 1 else "",
    )
    table.set_rows(people(60))
    app = HostApp(table)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        ages |= {3: "2s", 50: "2s"}
        with watching(monkeypatch) as seen:
            table.repaint_rows()
            await pilot.pause()
        assert seen.lines == [4]
        assert screen_text(app)[4].split()[:2] == ["user3", "2s"]
