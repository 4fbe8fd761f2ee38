"""JSON documents with types: the shapes Kubernetes objects are made of, and how they are read without surprises."""

from __future__ import annotations

import json
import time
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
Document: TypeAlias = dict[str, JsonValue]


def mapping(value: JsonValue) -> Document:
    """The value if it is a JSON object, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: JsonValue) -> list[JsonValue]:
    """The value if it is a JSON array, otherwise an empty one."""
    return value if isinstance(value, list) else []


def text(value: JsonValue) -> str:
    """The value if it is a string, otherwise an empty one."""
    return value if isinstance(value, str) else ""


def number(value: JsonValue, default: int = 0) -> int:
    """The value if it is a whole number, otherwise the default."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def strings(value: JsonValue) -> dict[str, str]:
    """The members of a JSON object whose values are strings."""
    return {key: member for key, member in mapping(value).items() if isinstance(member, str)}


def dig(document: JsonValue, *path: str) -> JsonValue:
    """The member at the end of the path, or None where the path ends early."""
    for name in path:
        if not isinstance(document, dict):
            return None
        document = document.get(name)
    return document


def child(document: Document, name: str) -> Document:
    """The JSON object at the name, put there when it is missing or no object."""
    found = document.get(name)
    if not isinstance(found, dict):
        found = {}
        document[name] = found
    return found


def meta(document: Document) -> Document:
    """The object's metadata, put there when it is missing."""
    return child(document, "metadata")


def encode(value: JsonValue) -> bytes:
    """Compact JSON in UTF-8, as the real server writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def copy(document: Document) -> Document:
    """An independent copy."""
    return {key: _copy(value) for key, value in document.items()}


def _copy(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return copy(value)
    if isinstance(value, list):
        return [_copy(member) for member in value]
    return value


def timestamp(seconds_from_now: float = 0) -> str:
    """RFC 3339 in UTC with whole seconds, as in `creationTimestamp`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds_from_now))
