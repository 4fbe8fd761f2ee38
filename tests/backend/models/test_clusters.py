"""The rules for labels and for names of clusters (decisions 21 and 23)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.models.clusters import check_cluster_name, check_label

GOOD = ["a", "0", "edge", "Edge-1", "a.b", "a-b", "a--b", "a..b", "x" * 63, "9", "all-of-them", "rooted", "allroot"]
BAD = [
    "",
    "x" * 64,
    "-a",
    "a-",
    ".a",
    "a.",
    "a b",
    "a_b",
    "a/b",
    "ä",
    "a\n",
    "a\x00",
    "\u0661",
    "*",
    "a,b",
    "a=b",
]


@pytest.mark.parametrize("text", GOOD)
def test_letters_digits_dashes_and_dots_are_taken(text: str) -> None:
    assert check_label(text) == text
    assert check_cluster_name(text) == text


@pytest.mark.parametrize("text", BAD, ids=ascii)
def test_anything_else_is_refused(text: str) -> None:
    for check in (check_label, check_cluster_name):
        with pytest.raises(ValueError, match=r"takes 1 to 63 letters, digits, '-' or '\.'"):
            check(text)


@pytest.mark.parametrize("text", ["all", "ALL", "All"])
def test_all_is_no_label_and_no_name(text: str) -> None:
    with pytest.raises(ValueError, match=f"must not be '{text}'"):
        check_label(text)
    with pytest.raises(ValueError, match="reserved"):
        check_cluster_name(text)


@pytest.mark.parametrize("text", ["root", "Root"])
def test_root_is_a_label_but_no_name(text: str) -> None:
    assert check_label(text) == text
    with pytest.raises(ValueError, match="reserved"):
        check_cluster_name(text)


@given(st.text(max_size=70))
def test_what_is_taken_is_a_kubernetes_label_name(text: str) -> None:
    try:
        check_label(text)
    except ValueError:
        return
    assert 1 <= len(text) <= 63
    assert text.isascii()
    assert text[0].isalnum()
    assert text[-1].isalnum()
    assert all(character.isalnum() or character in "-." for character in text)
