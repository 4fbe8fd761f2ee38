"""Narrowing of decoded JSON: every reader returns one plain type, whatever a server sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

JsonObject = Mapping[str, object]
T = TypeVar("T")

_WHITESPACE = " \t\n\r"
_DECODER = json.JSONDecoder()


class NotJsonError(ValueError):
    """Text that is not the JSON object that was asked for."""


def member(value: object, *path: str) -> object:
    """Return what is found by following `path` through nested objects, or None."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def text(value: object, *path: str) -> str:
    """Return the string at `path`, or ""; lone surrogates are replaced, since no database takes them."""
    found = member(value, *path)
    if not isinstance(found, str):
        return ""
    return found if found.isascii() else found.encode("utf-8", "replace").decode("utf-8")


def integer(value: object, *path: str) -> int:
    """Return the whole number at `path`, or 0."""
    found = member(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def boolean(value: object, *path: str) -> bool:
    """Return whether `path` holds true."""
    return member(value, *path) is True


def mapping(value: object, *path: str) -> JsonObject:
    """Return the object at `path`, or an empty one."""
    found = member(value, *path)
    return found if isinstance(found, dict) else {}


def array(value: object, *path: str) -> list[object]:
    """Return the list at `path`, or an empty one."""
    found = member(value, *path)
    return found if isinstance(found, list) else []


def decode_object(body: bytes) -> JsonObject:
    """Return the JSON object in `body`; raise NotJsonError for anything else."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        raise NotJsonError from None
    if not isinstance(value, dict):
        raise NotJsonError
    return value


@dataclass(frozen=True, slots=True)
class DecodedList(Generic[T]):
    """A Kubernetes list: its items, narrowed, and its other members."""

    items: list[T]
    rest: JsonObject


def decode_list(body: bytes, narrow: Callable[[JsonObject], T]) -> DecodedList[T]:
    """Decode a Kubernetes list one item at a time, and keep of each item only what `narrow` returns.

    A decoder call holds the interpreter until it returns: 250 real nodes at once would stop the loop for 25 ms
    even from another thread. Item by item, another thread gets its turn in between. Items that are not objects
    are left out. Raise NotJsonError for what is not a list.
    """
    try:
        return _decode_list(body.decode("utf-8"), narrow)
    except (ValueError, RecursionError, IndexError):
        raise NotJsonError from None


def _decode_list(source: str, narrow: Callable[[JsonObject], T]) -> DecodedList[T]:
    items: list[T] | None = None
    rest: dict[str, object] = {}
    at = _expect(source, 0, "{")
    closed = source[_skip(source, at)] == "}"
    if closed:
        at = _skip(source, at) + 1
    while not closed:
        key, at = _DECODER.raw_decode(source, _skip(source, at))
        at = _skip(source, _expect(source, at, ":"))
        if key == "items" and source[at] == "[":
            items, at = _decode_items(source, at + 1, narrow)
        elif isinstance(key, str):
            rest[key], at = _DECODER.raw_decode(source, at)
        else:
            raise NotJsonError
        closed, at = _next(source, at, "}")
    # Go writes a list without items as null.
    is_list = items is not None or ("items" in rest and rest["items"] is None)
    if not is_list or _skip(source, at) != len(source):
        raise NotJsonError
    return DecodedList(items or [], rest)


def _decode_items(source: str, at: int, narrow: Callable[[JsonObject], T]) -> tuple[list[T], int]:
    items: list[T] = []
    at = _skip(source, at)
    if source[at] == "]":
        return items, at + 1
    closed = False
    while not closed:
        item, at = _DECODER.raw_decode(source, _skip(source, at))
        if isinstance(item, dict):
            items.append(narrow(item))
        closed, at = _next(source, at, "]")
    return items, at


def _skip(source: str, at: int) -> int:
    while at < len(source) and source[at] in _WHITESPACE:
        at += 1
    return at


def _expect(source: str, at: int, character: str) -> int:
    at = _skip(source, at)
    if source[at] != character:
        raise NotJsonError
    return at + 1


def _next(source: str, at: int, end: str) -> tuple[bool, int]:
    at = _skip(source, at)
    if source[at] not in {",", end}:
        raise NotJsonError
    return source[at] == end, at + 1
