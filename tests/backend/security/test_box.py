"""The secret box: what it opens, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import ErrorKind, PlatformError
from backend.security.box import KEY_BYTES, SecretBox

KEY = bytes(range(KEY_BYTES))
SECRET = b"kubeconfig: very secret"
LABEL = "cluster/site-a"


def refusal(boxed: bytes, label: str = LABEL, key: bytes = KEY) -> PlatformError:
    """The refusal to open a box; fails when it opens."""
    with pytest.raises(PlatformError) as error:
        SecretBox(key).open(boxed, label)
    assert error.value.kind is ErrorKind.INTERNAL
    assert error.value.reason == "key_wrong"
    return error.value


@given(secret=st.binary(max_size=300), label=st.text(max_size=40, alphabet=st.characters(codec="utf-8")))
def test_what_is_boxed_is_opened_unchanged(secret: bytes, label: str) -> None:
    boxed = SecretBox(KEY).box(secret, label)
    assert SecretBox(KEY).open(boxed, label) == secret


def test_the_box_shows_nothing_of_the_secret_and_never_repeats() -> None:
    box = SecretBox(KEY)
    boxes = {box.box(SECRET, LABEL) for _ in range(100)}
    assert len({boxed[1:13] for boxed in boxes}) == 100
    assert not any(SECRET[:6] in boxed for boxed in boxes)


def test_a_box_moved_to_another_label_is_refused() -> None:
    boxed = SecretBox(KEY).box(SECRET, LABEL)
    error = refusal(boxed, "cluster/site-b")
    assert "cluster/site-b" in error.message
    refusal(boxed, "")


def test_another_key_is_refused_and_the_sentence_says_what_to_do() -> None:
    error = refusal(SecretBox(KEY).box(SECRET, LABEL), key=b"x" * KEY_BYTES)
    assert LABEL in error.message
    assert "Put the right key back" in error.message
    assert SECRET.decode() not in error.message


def test_every_flipped_bit_is_noticed() -> None:
    boxed = bytearray(SecretBox(KEY).box(SECRET, LABEL))
    for position in range(len(boxed)):
        for bit in range(8):
            boxed[position] ^= 1 << bit
            refusal(bytes(boxed))
            boxed[position] ^= 1 << bit
    assert SecretBox(KEY).open(bytes(boxed), LABEL) == SECRET


def test_every_cut_or_lengthened_box_is_refused() -> None:
    boxed = SecretBox(KEY).box(SECRET, LABEL)
    for length in range(len(boxed)):
        refusal(boxed[:length])
    refusal(boxed + b"\x00")
    refusal(SECRET)


@pytest.mark.parametrize("size", [0, 16, 24, 31, 33, 64])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(PlatformError, match=f"32 bytes, not {size}") as error:
        SecretBox(b"k" * size)
    assert error.value.reason == "key_malformed"
