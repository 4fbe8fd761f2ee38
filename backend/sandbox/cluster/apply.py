"""Server-side apply: what one manager wants, merged into an object that others own parts of."""

from __future__ import annotations

import json

from backend.sandbox.cluster.documents import Document, JsonValue, copy, items, mapping
from backend.sandbox.cluster.ownership import (
    FieldSet,
    Manager,
    OwnedPath,
    changed,
    key_element,
    leaves,
    managers_of,
    shown,
    value_element,
    with_owned,
    without,
    write_managers,
)
from backend.sandbox.cluster.schema import FieldPath, is_set, is_whole, item_key, list_keys
from backend.sandbox.cluster.status import ApiError

BEFORE_FIRST_APPLY = "before-first-apply"


def apply(live: Document, wanted: Document, manager: Manager, *, force: bool) -> Document:
    """The object after the manager has applied what it wants; `live` is empty when there is none yet.

    Fields that the manager applied before and now leaves out go, unless others own them too. Raises 409 when another
    manager owns a field with another value, unless `force` takes it over.
    """
    managers = managers_of(live)
    if live and not managers:
        before = Manager(BEFORE_FIRST_APPLY, "Update", manager.api_version)
        managers = with_owned([], before, frozenset(leaves(live, maps_too=True)))
    mine = next((entry.owned for entry in managers if entry.identity == manager.identity), frozenset())
    others = [entry for entry in managers if entry.identity != manager.identity]
    owned = frozenset(leaves(wanted))

    merged = _merge(copy(live), wanted, ())
    merged["metadata"] = {**mapping(merged.get("metadata")), "managedFields": []}
    dropped = mine - owned - frozenset(path for entry in others for path in entry.owned)
    _prune(merged, dropped, owned | frozenset(path for entry in others for path in entry.owned))

    written, gone = changed(live, merged)
    if live:
        clashes = [(entry, path) for entry in others for path in sorted(entry.owned & written)]
        if clashes and not force:
            raise _conflict(clashes)
        others = without(others, written | gone)
    mine_before = [entry for entry in managers if entry.identity == manager.identity]
    write_managers(merged, with_owned([*others, *mine_before], manager, owned))
    return merged


def _conflict(clashes: list[tuple[Manager, OwnedPath]]) -> ApiError:
    causes: list[JsonValue] = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager.described()}", "field": shown(path)}
        for manager, path in clashes
    ]
    if len(clashes) == 1:
        manager, path = clashes[0]
        message = f"Apply failed with 1 conflict: conflict with {manager.described()}: {shown(path)}"
    else:
        lines: list[str] = []
        for described in sorted({manager.described() for manager, _ in clashes}):
            lines.append(f"conflicts with {described}:")
            lines += [f"- {shown(path)}" for manager, path in clashes if manager.described() == described]
        message = f"Apply failed with {len(clashes)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", message, {"causes": causes})


def _merge(live: Document, wanted: Document, path: FieldPath) -> Document:
    for name, value in wanted.items():
        place = (*path, name)
        current = live.get(name)
        if isinstance(value, dict) and not is_whole(place):
            live[name] = _merge(mapping(current), value, place)
        elif isinstance(value, list) and list_keys(place):
            live[name] = _merge_items(items(current), value, place)
        elif isinstance(value, list) and is_set(place):
            live[name] = [*items(current), *(member for member in value if member not in items(current))]
        elif value is not None:
            live[name] = value
    return live


def _merge_items(live: list[JsonValue], wanted: list[JsonValue], path: FieldPath) -> list[JsonValue]:
    """The items of both by key, in the order that is wanted; others' items stay in front of what they stood before."""
    keys = list_keys(path)
    theirs = [(item_key(keys, mapping(item)), mapping(item)) for item in live]
    ours = {item_key(keys, mapping(item)): mapping(item) for item in wanted}
    merged: list[JsonValue] = []
    done = 0
    for key, item in ours.items():
        position = next((index for index, (other, _) in enumerate(theirs) if other == key), None)
        if position is not None and position >= done:
            merged += [document for other, document in theirs[done:position] if other not in ours]
            done = position + 1
        current = theirs[position][1] if position is not None else {}
        merged.append(_merge(current, item, path))
    return merged + [document for other, document in theirs[done:] if other not in ours]


def _prune(document: Document, dropped: FieldSet, kept: FieldSet) -> None:
    """Take the dropped fields out of the object, whole items first; what then is empty and nobody's goes too."""
    kept_below = {path[:length] for path in kept for length in range(1, len(path) + 1)}
    for path in sorted(dropped, key=len):
        if path not in kept_below:
            _prune_path(document, path, (), kept_below)


def _prune_path(place: JsonValue, path: OwnedPath, done: OwnedPath, kept: set[OwnedPath]) -> bool:
    """Remove what the path points to; True when the place is left empty and may go as well."""
    element, rest = path[0], path[1:]
    reached = (*done, element)
    if isinstance(place, dict):
        name = element.removeprefix("f:")
        if name in place and (not rest or _prune_path(place[name], rest, reached, kept)):
            del place[name]
        return not place and done not in kept and bool(done)
    if isinstance(place, list):
        for member in place:
            if _is_element(member, element) and (not rest or _prune_path(member, rest, reached, kept)):
                place.remove(member)
                break
        return not place and done not in kept
    return False


def _is_element(member: JsonValue, element: str) -> bool:
    if element.startswith("v:"):
        return value_element(member) == element
    keys = tuple(mapping(json.loads(element.removeprefix("k:"))))
    return key_element(item_key(keys, mapping(member))) == element
