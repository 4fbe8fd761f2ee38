"""Rows by index from memory or pages, and marks that survive what happens to them."""

from __future__ import annotations

from tests.widgets.hosts import Person, people, with_status
from widgets.marks import Marks
from widgets.rows import PAGE_SIZE, PAGES_KEPT, RowPage, Rows


def _key(person: Person) -> int:
    return person.id


def _paged(total: int) -> tuple[Rows[Person], list[Person]]:
    rows: Rows[Person] = Rows(_key)
    rows.begin_pages()
    return rows, people(total)


def _load(rows: Rows[Person], everyone: list[Person], offset: int) -> None:
    rows.put(offset, RowPage(everyone[offset : offset + PAGE_SIZE], len(everyone)))


def test_a_list_from_memory_is_not_looked_at() -> None:
    class Untouchable(list[Person]):
        def __iter__(self) -> object:  # type: ignore[override]
            raise AssertionError("looked at")

        def __getitem__(self, index: object) -> object:  # type: ignore[override]
            raise AssertionError("looked at")

    rows: Rows[Person] = Rows(_key)
    rows.fill(Untouchable(people(5)))
    assert rows.total == 5


def test_of_rows_with_the_same_key_the_first_counts() -> None:
    rows: Rows[Person] = Rows(_key)
    rows.fill([Person(1, "a"), Person(2, "b"), Person(1, "c")])
    assert rows.index_of(1) == 0
    assert rows.index_of(3) is None


def test_a_replaced_row_is_seen_everywhere() -> None:
    rows: Rows[Person] = Rows(_key)
    rows.fill(people(3))
    rows.replace(1, Person(1, "new"))
    assert rows.get(1) == Person(1, "new")
    assert [row.name for _, row in rows.known()] == ["user0", "new", "user2"]


def test_wanted_names_the_first_missing_page() -> None:
    rows, everyone = _paged(250)
    assert rows.wanted(0, 30) == 0
    _load(rows, everyone, 0)
    assert rows.wanted(0, 30) is None
    assert rows.wanted(90, 120) == 100
    assert rows.wanted(240, 400) == 200


def test_an_empty_list_is_loaded_once() -> None:
    rows, everyone = _paged(0)
    _load(rows, everyone, 0)
    assert rows.wanted(0, 30) is None


def test_expired_pages_stay_until_they_come_again() -> None:
    rows, everyone = _paged(150)
    _load(rows, everyone, 0)
    rows.expire()
    assert rows.get(3) == everyone[3]
    assert rows.wanted(0, 30) == 0
    _load(rows, everyone, 0)
    assert rows.wanted(0, 30) is None


def test_pages_beyond_a_shorter_list_go() -> None:
    rows, everyone = _paged(250)
    for offset in (0, 100, 200):
        _load(rows, everyone, offset)
    _load(rows, everyone[:120], 0)
    assert rows.total == 120
    assert rows.get(205) is None
    assert [row.id for _, row in rows.known()][-1] == 199


def test_old_pages_are_given_up() -> None:
    rows, everyone = _paged((PAGES_KEPT + 5) * PAGE_SIZE)
    for offset in range(0, len(everyone), PAGE_SIZE):
        _load(rows, everyone, offset)
    assert rows.get(0) is None
    assert rows.get(len(everyone) - 1) == everyone[-1]
    assert not rows.is_complete


def test_marks_hide_when_another_list_does_not_show_their_rows() -> None:
    marks: Marks[Person] = Marks(_key)
    everyone = people(4)
    for person in everyone[:3]:
        marks.set(person, marked=True)
    marks.begin_list()
    marks.see([with_status(everyone[1], "refused")])
    assert marks.hidden == 2
    assert marks.shown() == [with_status(everyone[1], "refused")]
    assert marks.keys == {0, 1, 2}


def test_a_shrinking_range_takes_back_only_its_own_marks() -> None:
    marks: Marks[Person] = Marks(_key)
    everyone = people(6)
    marks.set(everyone[3], marked=True)
    marks.set_range(everyone[1:5])
    assert marks.keys == {1, 2, 3, 4}
    marks.set_range(everyone[1:3])
    assert marks.keys == {1, 2, 3}
    marks.end_range()
    marks.set_range([])
    assert marks.keys == {1, 2, 3}
