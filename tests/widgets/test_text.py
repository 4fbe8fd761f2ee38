"""Text of others is shown as it is, never obeyed; ages, times and sizes read well."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from tests.widgets.hosts import HOSTILE
from widgets.text import LONGEST, age, checked, fit, plural, safe, safe_lines, size, when, width_of


def _is_harmless(text: str) -> bool:
    return all(unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_becomes_harmless_content(text: str) -> None:
    content = safe(text)
    assert _is_harmless(content.plain)
    assert len(content.plain) <= LONGEST + 1
    assert content.spans == []


def test_markup_stays_text() -> None:
    assert safe("[bold]x[/] img[latest]").plain == "[bold]x[/] img[latest]"


def test_a_style_covers_the_whole_text() -> None:
    assert [(span.start, span.end, span.style) for span in safe("abc", "bold").spans] == [(0, 3, "bold")]


def test_lines_stay_lines_and_the_rest_is_escaped() -> None:
    assert safe_lines("one\r\ntwo\n\tthree\x1b").plain == "one\ntwo\n\\tthree\\e"


def test_long_lines_are_cut_and_say_so() -> None:
    assert safe_lines("x\n" * 50, limit=10).plain == "x\nx\nx\nx\nx\n…"


def test_checked_content_keeps_its_styles_only_when_harmless() -> None:
    styled = Content.styled("fine", "bold")
    assert checked(styled) is styled
    mended = checked(Content("a\u202eb"))
    assert mended.plain == "a\\u202eb"


def test_checking_takes_no_longer_for_a_megabyte() -> None:
    huge = Content("x" * 1_000_000)
    started = time.perf_counter()
    assert len(checked(huge)) == LONGEST
    assert time.perf_counter() - started < 0.5


@given(st.text(max_size=200), st.integers(min_value=0, max_value=40))
def test_fit_never_takes_more_cells_and_is_harmless(text: str, width: int) -> None:
    shown = fit(text, width)
    assert width_of(shown) <= width
    assert _is_harmless(shown)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("abc", 0, ""),
        ("a\nb", 4, "a\\nb"),
    ],
)
def test_fit_cuts_by_cells(text: str, width: int, shown: str) -> None:
    assert fit(text, width) == shown


def test_fitting_a_megabyte_costs_no_more_than_a_line() -> None:
    started = time.perf_counter()
    for _ in range(100):
        fit("日" * 300_000, 20)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0s"),
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (90_000, "1d"),
        (800 * 86_400, "2y"),
    ],
)
def test_ages(seconds: float, shown: str) -> None:
    assert age(seconds) == shown


def test_times_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert when(1_700_000_000) == "2023-11-14 23:13"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_times_that_are_none_or_beyond_the_calendar() -> None:
    assert when(0) == "—"
    assert when(10**18) == "@1000000000000000000"


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1 MiB"),
        (16 * 1024**3, "16 GiB"),
    ],
)
def test_sizes(count: int, shown: str) -> None:
    assert size(count) == shown


def test_plurals() -> None:
    assert plural(1, "row") == "1 row"
    assert plural(12_400, "row") == "12,400 rows"
    assert plural(0, "entry", "entries") == "0 entries"
