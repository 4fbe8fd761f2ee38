"""The patches of the API besides server-side apply: JSON merge patch, JSON patch and strategic merge patch."""

from __future__ import annotations

from backend.sandbox.cluster.documents import Document, JsonValue, copy, items, mapping, text
from backend.sandbox.cluster.schema import FieldPath, is_set, merge_key
from backend.sandbox.cluster.status import ApiError, bad_request

_DIRECTIVE = "$patch"
_DELETE_VALUES = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_RETAIN = "$retainKeys"
_OPERATIONS = frozenset({"add", "remove", "replace", "move", "copy", "test"})


def merge_patch(document: Document, patch: Document) -> Document:
    """RFC 7386: members replace, objects merge, null removes."""
    merged = dict(document)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            merged[name] = merge_patch(mapping(merged.get(name)), value)
        else:
            merged[name] = value
    return merged


def strategic_merge_patch(document: Document, patch: Document) -> Document:
    """A merge patch that knows which lists merge by key; knows `$patch`, `$retainKeys` and list directives."""
    return _merge_object(document, patch, ())


def _merge_object(document: Document, patch: Document, path: FieldPath) -> Document:
    directive = patch.get(_DIRECTIVE)
    if directive == "delete":
        return {}
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != _DIRECTIVE}
    if directive is not None and directive != "merge":
        raise bad_request(f"unknown {_DIRECTIVE} type: {directive}")
    merged = dict(document)
    retained = patch.get(_RETAIN)
    if isinstance(retained, list):
        merged = {name: value for name, value in merged.items() if name in retained}
    for name, value in patch.items():
        place = (*path, name)
        if name.startswith(_DELETE_VALUES):
            target = name.removeprefix(_DELETE_VALUES)
            merged[target] = [member for member in items(merged.get(target)) if member not in items(value)]
        elif name.startswith(_ORDER) or name in {_DIRECTIVE, _RETAIN}:
            # The order of items means nothing to the lists that merge.
            continue
        elif value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            merged[name] = _merge_object(mapping(merged.get(name)), value, place)
        elif isinstance(value, list):
            merged[name] = _merge_list(items(merged.get(name)), value, place)
        else:
            merged[name] = value
    return merged


def _merge_list(current: list[JsonValue], patch: list[JsonValue], path: FieldPath) -> list[JsonValue]:
    if is_set(path):
        return [*current, *(member for member in patch if member not in current)]
    key = merge_key(path)
    if not key:
        # A list without a key is replaced, directives mean nothing in it.
        return [_without_directive(member) for member in patch]
    if any(mapping(member).get(_DIRECTIVE) == "replace" for member in patch):
        return [member for member in patch if _DIRECTIVE not in mapping(member)]
    merged = list(current)
    fresh: list[JsonValue] = []
    for member in patch:
        change = mapping(member)
        if key not in change:
            raise bad_request(f"map: {change} does not contain declared merge key: {key}")
        position = next((index for index, item in enumerate(merged) if mapping(item).get(key) == change[key]), None)
        if change.get(_DIRECTIVE) == "delete":
            merged = [item for item in merged if mapping(item).get(key) != change[key]]
        elif position is None:
            fresh.append(_merge_object({}, change, path))
        else:
            merged[position] = _merge_object(mapping(merged[position]), change, path)
    return [*fresh, *merged]


def _without_directive(member: JsonValue) -> JsonValue:
    if not isinstance(member, dict):
        return member
    return {name: value for name, value in member.items() if name != _DIRECTIVE}


def json_patch(document: Document, operations: list[JsonValue]) -> Document:
    """RFC 6902; an operation that does not fit the object is refused with 422, as the real server does."""
    patched = copy(document)
    for operation in operations:
        fields = mapping(operation)
        if text(fields.get("op")) not in _OPERATIONS or not isinstance(fields.get("path"), str):
            raise _rejected()
        try:
            _run(patched, fields)
        except (KeyError, IndexError, ValueError) as error:
            raise _rejected() from error
    return patched


def _rejected() -> ApiError:
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def _run(document: Document, operation: Document) -> None:
    name, path = text(operation.get("op")), _pointer(text(operation.get("path")))
    if name == "test":
        if _value_at(document, path) != operation.get("value"):
            raise ValueError(name)
    elif name in {"add", "replace"}:
        _place(document, path, operation["value"], insert=name == "add")
    elif name == "remove":
        _take(document, path)
    elif name == "move":
        _place(document, path, _take(document, _pointer(text(operation["from"]))), insert=True)
    else:
        value = _value_at(document, _pointer(text(operation["from"])))
        _place(document, path, mapping(copy({"value": value}))["value"], insert=True)


def _pointer(path: str) -> list[str]:
    if not path.startswith("/"):
        raise ValueError(path)
    return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]


def _value_at(document: JsonValue, path: list[str]) -> JsonValue:
    for part in path:
        if isinstance(document, dict):
            document = document[part]
        elif isinstance(document, list):
            document = document[int(part)]
        else:
            raise KeyError(part)
    return document


def _place(document: Document, path: list[str], value: JsonValue, *, insert: bool) -> None:
    target = _value_at(document, path[:-1])
    if isinstance(target, dict):
        target[path[-1]] = value
    elif isinstance(target, list) and insert:
        index = len(target) if path[-1] == "-" else int(path[-1])
        if not 0 <= index <= len(target):
            raise IndexError(index)
        target.insert(index, value)
    elif isinstance(target, list):
        target[int(path[-1])] = value
    else:
        raise KeyError(path[-1])


def _take(document: Document, path: list[str]) -> JsonValue:
    target = _value_at(document, path[:-1])
    if isinstance(target, dict):
        return target.pop(path[-1])
    if isinstance(target, list):
        return target.pop(int(path[-1]))
    raise KeyError(path[-1])
