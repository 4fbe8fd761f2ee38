from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kube.json_values import (
    NotJsonError,
    array,
    boolean,
    decode_list,
    decode_object,
    integer,
    mapping,
    member,
    text,
)

VALUE = {"a": {"b": [1, "x", True, None], "n": 3, "t": True, "s": "é", "bad": "a\ud800b"}}


def test_readers_return_their_type_whatever_is_there() -> None:
    assert member(VALUE, "a", "n") == 3
    assert member(VALUE, "a", "n", "deeper") is None
    assert (text(VALUE, "a", "s"), text(VALUE, "a", "n"), text(None, "a")) == ("é", "", "")
    assert (integer(VALUE, "a", "n"), integer(VALUE, "a", "t"), integer(VALUE, "a", "s")) == (3, 0, 0)
    assert (boolean(VALUE, "a", "t"), boolean(VALUE, "a", "n")) == (True, False)
    assert (array(VALUE, "a", "b"), array(VALUE, "a")) == ([1, "x", True, None], [])
    assert (dict(mapping(VALUE, "a", "s")), mapping(VALUE, "a")["n"]) == ({}, 3)


def test_lone_surrogates_do_not_get_through() -> None:
    assert text(VALUE, "a", "bad") == "a?b"


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b'"a"', b"{", b'{"a":1}x', b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(NotJsonError):
        decode_object(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(
    items=st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=6) | st.none(),
    before=st.dictionaries(st.text().filter(lambda key: key != "items"), JSON, max_size=3),
    after=st.dictionaries(st.text().filter(lambda key: key != "items"), JSON, max_size=3),
    indent=st.sampled_from([None, 1]),
)
def test_a_list_is_decoded_as_json_would(
    items: list[dict[str, object]] | None,
    before: dict[str, object],
    after: dict[str, object],
    indent: int | None,
) -> None:
    body = json.dumps({**before, "items": items, **after}, indent=indent).encode()
    decoded = decode_list(body, dict)
    whole = json.loads(body)
    assert decoded.items == (whole.pop("items") or [])
    assert {key: value for key, value in decoded.rest.items() if key != "items"} == whole


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b" { } ",
        b"[]",
        b'{"items":{}}',
        b'{"items":[}',
        b'{"items":[{}',
        b'{"items":[{} {}]}',
        b'{"items":[{}],}',
        b'{"items":[{}]} x',
        b'{"items":[{}]',
        b'{"kind":"Status"}',
        b'{1:2,"items":[]}',
        b'{"items" []}',
        b'{"items":[' + b"[" * 100_000,
        b'\xff{"items":[]}',
    ],
)
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(NotJsonError):
        decode_list(body, dict)


def test_items_that_are_no_objects_are_left_out() -> None:
    assert decode_list(b'{"items":[1,{"a":2},null]}', dict).items == [{"a": 2}]
