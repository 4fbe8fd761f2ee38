"""What `visible` shows, and what it never lets through."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import get_character_cell_size

from backend.safe_text import visible

# Unicode's Default_Ignorable_Code_Point: what is to be drawn as nothing at all.
IGNORABLE = [
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
]
UNSEEN = {chr(code) for first, last in IGNORABLE for code in range(first, last + 1)}
FORBIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
HOSTILE = st.one_of(
    st.characters(),
    st.sampled_from(sorted(UNSEEN)),
    st.characters(categories=["Cc", "Cf", "Cs", "Co", "Mn", "Me", "Mc"]),
    st.integers(0x1100, 0x11FF).map(chr),
)


def assert_safe(shown: str) -> None:
    """Fail when `shown` holds anything that is not seen, or that overflows its line."""
    stack = 0
    for character in shown:
        assert unicodedata.category(character) not in FORBIDDEN_CATEGORIES, ascii(shown)
        assert character not in UNSEEN, ascii(shown)
        stack = stack + 1 if get_character_cell_size(character) <= 0 else 0
        assert stack <= 3, ascii(shown)
    shown.encode()


@given(st.lists(HOSTILE, max_size=60).map("".join))
def test_nothing_unseen_comes_through(text: str) -> None:
    assert_safe(visible(text))


@given(st.lists(HOSTILE, max_size=60).map("".join), st.integers(1, 70))
def test_nothing_unseen_comes_through_a_limit_either(text: str, limit: int) -> None:
    shown = visible(text, limit)
    assert_safe(shown)
    assert ("…" in shown[-1:]) == (len(text) > limit or text.endswith("…"))


@given(st.lists(HOSTILE, max_size=60).map("".join))
def test_what_was_made_visible_is_plain_and_stays_as_it_is(text: str) -> None:
    once = visible(text)
    assert visible(once) == once


def test_every_ignorable_character_is_shown_as_an_escape() -> None:
    let_through = [f"U+{ord(character):04X}" for character in sorted(UNSEEN) if character in visible(f"a{character}b")]
    assert let_through == []


def test_every_character_is_shown_within_its_line() -> None:
    stacked = [
        f"U+{code:04X}"
        for code in range(0x110000)
        if get_character_cell_size(chr(code)) <= 0 and visible("a" + chr(code) * 5).count(chr(code)) > 3
    ]
    assert stacked == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\e[31mred\\e[0m"),
        ("two\nlines\r\n\tand", "two\\nlines\\r\\n\\tand"),
        ("\x00\x07\x7f\x9b", "\\0\\x07\\x7f\\x9b"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("ad\u200bmin\ufeff", "ad\\u200bmin\\ufeff"),
        ("soft\u00adhyphen", "soft\\xadhyphen"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("half \ud800", "half \\ud800"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("\ue000", "\\ue000"),
        ("\uffff", "\\uffff"),
        ("family \U0001f468\u200d\U0001f469", "family \U0001f468\\u200d\U0001f469"),
    ],
)
def test_hidden_characters_are_written_as_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "plain text 123 [not markup] \\n",
        "Grüße, naïve café",
        "北京 上海",
        "שלום",
        "नमस्ते क्षि",
        "한국어",
        "ไทยกำลัง",
        "e\u0301",
        "🚀🇩🇪",
    ],
)
def test_plain_text_of_any_script_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_a_stack_of_marks_is_cut_after_three() -> None:
    assert visible("z" + "\u0301" * 5) == "z\u0301\u0301\u0301\\u0301\\u0301"
    assert visible(("z" + "\u0301" * 3) * 2) == ("z" + "\u0301" * 3) * 2


@pytest.mark.parametrize(
    ("limit", "shown"), [(0, "abcdef"), (1, "…"), (3, "ab…"), (5, "abcd…"), (6, "abcdef"), (7, "abcdef")]
)
def test_a_limit_counts_characters_and_marks_what_is_cut(limit: int, shown: str) -> None:
    assert visible("abcdef", limit) == shown


def test_a_huge_text_is_cut_before_it_is_looked_at() -> None:
    assert visible("\x1b" * 50_000_000, 4) == "\\e\\e\\e…"
