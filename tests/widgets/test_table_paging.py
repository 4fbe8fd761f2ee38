"""Pages of a source are loaded as they come into view, in place, and a failing source is told once."""

from __future__ import annotations

import asyncio

from textual.pilot import Pilot

from backend.errors import ErrorKind, PlatformError
from tests.widgets.hosts import HostApp, PageSource, Person, people, person_table, screen_text, with_status
from widgets.rows import RowPage
from widgets.table import VirtualTable
from widgets.table_messages import LoadFailed, MarksChanged, NeedRows, RowsLoaded


async def _until_loaded(pilot: Pilot[None], table: VirtualTable[Person]) -> None:
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    assert table.row_at(table.cursor_index) is not None or not table.row_count


def _app(count: int) -> tuple[HostApp, VirtualTable[Person], PageSource]:
    table, source = person_table(), PageSource(people(count))
    table.attach(source)
    return HostApp(table), table, source


async def test_only_pages_in_view_and_beside_it_are_loaded() -> None:
    app, table, source = _app(100_000)
    async with app.run_test(size=(80, 24)) as pilot:
        await _until_loaded(pilot, table)
        assert source.asked == [(0, 100)]
        assert table.row_count == 100_000
        await pilot.press("end")
        await _until_loaded(pilot, table)
        assert table.cursor_key == 99_999
        assert source.asked == [(0, 100), (99_900, 100)]
        assert "user99999" in screen_text(app)[-1]


async def test_rows_that_are_not_there_yet_have_a_placeholder() -> None:
    app, table, source = _app(1000)
    async with app.run_test(size=(80, 24)) as pilot:
        await _until_loaded(pilot, table)
        source.gate = asyncio.Event()
        await pilot.press("end")
        assert screen_text(app)[-1].split() == [">", "…"]
        assert table.cursor_row is None
        source.gate.set()
        await _until_loaded(pilot, table)
        assert "user999" in screen_text(app)[-1]


async def test_while_a_page_is_on_its_way_only_the_last_view_is_asked_for() -> None:
    app, table, source = _app(10_000)
    async with app.run_test(size=(80, 24)) as pilot:
        await _until_loaded(pilot, table)
        source.gate = asyncio.Event()
        await pilot.press(*["pagedown"] * 40)
        asked = len(source.asked)
        source.gate.set()
        await _until_loaded(pilot, table)
        assert len(source.asked) - asked <= 3
        assert table.cursor_key == 40 * 22


async def test_reload_keeps_cursor_and_marks_and_shows_what_changed() -> None:
    app, table, source = _app(300)
    async with app.run_test(size=(80, 24)) as pilot:
        await _until_loaded(pilot, table)
        await pilot.press("j", "j", "space")
        source.all = [Person(1000, "first"), *source.all]
        source.all[4] = with_status(source.all[4], "refused")
        table.reload()
        await _until_loaded(pilot, table)
        assert (table.cursor_key, table.cursor_index) == (3, 4)
        assert table.marked_keys == {2}
        assert table.row_count == 301
        assert "refused" in screen_text(app)[5]


async def test_a_reload_during_a_load_is_not_lost() -> None:
    app, table, source = _app(50)
    source.gate = asyncio.Event()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        table.reload()
        source.gate.set()
        await _until_loaded(pilot, table)
        assert len(source.asked) == 2


async def test_another_source_begins_at_the_top_and_hides_the_marks_until_seen() -> None:
    app, table, _ = _app(300)
    async with app.run_test(size=(80, 24)) as pilot:
        await _until_loaded(pilot, table)
        await pilot.press("space", "space")
        table.attach(PageSource([people(2)[1], Person(900, "other")]))
        await _until_loaded(pilot, table)
        assert (table.cursor_index, table.row_count) == (0, 2)
        assert table.hidden_marks == 1
        assert [person.id for person in table.marked_rows()] == [1]


async def test_a_failing_source_is_told_and_asked_again_only_on_reload() -> None:
    app, table, source = _app(300)
    source.error = PlatformError(ErrorKind.TIMEOUT, "The cluster did not answer.")
    async with app.run_test(size=(80, 24)) as pilot:
        await app.workers.wait_for_complete([worker for worker in app.workers if worker.group == "none"])
        for _ in range(50):
            await pilot.pause(0.01)
            if app.of(LoadFailed):
                break
        assert [event.error for event in app.of(LoadFailed)] == [source.error]
        await pilot.press("j", "end")
        assert len(source.asked) == 1
        source.error = None
        table.reload()
        await _until_loaded(pilot, table)
        assert table.row_count == 300
        assert app.of(RowsLoaded)[-1].total == 300


async def test_marking_all_reads_the_rows_that_are_not_loaded() -> None:
    app, table, source = _app(350)
    async with app.run_test(size=(80, 24)) as pilot:
        await _until_loaded(pilot, table)
        await pilot.press("asterisk")
        await _until_loaded(pilot, table)
        assert len(table.marked_keys) == 350
        assert app.of(MarksChanged)[-1].complete
        assert len(source.asked) == 1 + 4


async def test_without_a_source_rows_are_asked_for_by_message() -> None:
    table = person_table()
    table.attach(None)
    app = HostApp(table)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert [(event.offset, event.limit) for event in app.of(NeedRows)] == [(0, 100)]
        table.put_rows(0, RowPage(people(100), 150))
        await pilot.press("end")
        await pilot.pause()
        assert [event.offset for event in app.of(NeedRows)] == [0, 100]
        table.put_rows(100, RowPage(people(150)[100:], 150))
        await pilot.pause()
        assert table.cursor_key == 149
