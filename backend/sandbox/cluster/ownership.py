"""Who owns which field: sets of field paths, and their `fieldsV1` form in `metadata.managedFields`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from backend.sandbox.cluster.documents import Document, JsonValue, copy, dig, items, mapping, meta, text, timestamp
from backend.sandbox.cluster.schema import FieldPath, is_map, is_set, is_whole, item_key, list_keys

# An element is `f:name`, `k:{"name":"c"}` or `v:"value"`, as in fieldsV1.
OwnedPath = tuple[str, ...]
FieldSet = frozenset[OwnedPath]

_UNOWNED_METADATA = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "managedFields",
        "selfLink",
    }
)


@dataclass(frozen=True, slots=True)
class Manager:
    """One entry of managedFields: `operation` is `Apply` or `Update`; `time` is when its set last changed."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""
    time: str = ""
    owned: FieldSet = frozenset()

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What tells this entry from others."""
        return (self.name, self.operation, self.api_version, self.subresource)

    def described(self) -> str:
        """The manager as a conflict names it."""
        shown = f'"{self.name}"'
        if self.subresource:
            shown += f' with subresource "{self.subresource}"'
        return f"{shown} using {self.api_version}" if self.operation == "Update" else shown


def key_element(key: Iterable[tuple[str, JsonValue]]) -> str:
    """The element for an item of a keyed list."""
    return "k:" + json.dumps(dict(sorted(key)), separators=(",", ":"), ensure_ascii=False)


def value_element(value: JsonValue) -> str:
    """The element for a member of a set."""
    return "v:" + json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def leaves(document: Document, *, maps_too: bool = False) -> dict[OwnedPath, JsonValue]:
    """All fields that can be owned, with their values; items of keyed lists are fields of their own (value None).

    `maps_too` counts maps such as labels as well: an update owns the map it makes, an apply does not.
    """
    found: dict[OwnedPath, JsonValue] = {}
    for name, value in document.items():
        if name in {"apiVersion", "kind"}:
            continue
        if name == "metadata":
            kept = {key: member for key, member in mapping(value).items() if key not in _UNOWNED_METADATA}
            if kept:
                _walk(kept, ("f:metadata",), ("metadata",), found, maps_too=maps_too)
        elif value != {}:
            _walk(value, (f"f:{name}",), (name,), found, maps_too=maps_too)
    return found


def _walk(
    value: JsonValue, owned: OwnedPath, path: FieldPath, found: dict[OwnedPath, JsonValue], *, maps_too: bool
) -> None:
    if isinstance(value, dict) and not is_whole(path):
        if not value:
            found[owned] = {}
        elif maps_too and is_map(path):
            found[owned] = None
        for name, member in value.items():
            _walk(member, (*owned, f"f:{name}"), (*path, name), found, maps_too=maps_too)
    elif isinstance(value, list) and list_keys(path):
        keys = list_keys(path)
        if not value:
            found[owned] = []
        for member in value:
            item = mapping(member)
            place = (*owned, key_element(item_key(keys, item)))
            found[place] = None
            for name, inner in item.items():
                _walk(inner, (*place, f"f:{name}"), (*path, name), found, maps_too=maps_too)
    elif isinstance(value, list) and is_set(path):
        for member in value:
            found[(*owned, value_element(member))] = member
    elif value is not None:
        found[owned] = value


def changed(old: Document, new: Document) -> tuple[FieldSet, FieldSet]:
    """The fields that are new or have another value, and those that are gone."""
    before, after = leaves(old, maps_too=True), leaves(new, maps_too=True)
    written = frozenset(path for path, value in after.items() if path not in before or before[path] != value)
    return written, frozenset(before.keys() - after.keys())


def to_fields(owned: FieldSet) -> Document:
    """The `fieldsV1` form of a set."""
    tree: Document = {}
    parents = {path[:length] for path in owned for length in range(1, len(path))}
    for path in sorted(owned):
        place = tree
        for element in path:
            inner = place.setdefault(element, {})
            place = mapping(inner)
        if path in parents:
            place["."] = {}
    return tree


def from_fields(tree: Document, path: OwnedPath = ()) -> Iterator[OwnedPath]:
    """The paths in a `fieldsV1` tree."""
    for element, inner in tree.items():
        if element == ".":
            yield path
        elif mapping(inner):
            yield from from_fields(mapping(inner), (*path, element))
        else:
            yield (*path, element)


def shown(path: OwnedPath) -> str:
    """The path as a conflict shows it, e.g. `.spec.containers[name="c"].image`."""
    return "".join(_shown_element(element) for element in path)


def _shown_element(element: str) -> str:
    sort, _, rest = element.partition(":")
    if sort == "f":
        return f".{rest}"
    if sort == "v":
        return f"[={rest}]"
    key = mapping(json.loads(rest))
    pairs = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in key.items())
    return f"[{','.join(pairs)}]"


def managers_of(document: Document) -> list[Manager]:
    """The managers that the object's metadata lists."""
    found: list[Manager] = []
    for entry in items(dig(document, "metadata", "managedFields")):
        fields = mapping(entry)
        if fields:
            found.append(
                Manager(
                    text(fields.get("manager")),
                    text(fields.get("operation")),
                    text(fields.get("apiVersion")),
                    text(fields.get("subresource")),
                    text(fields.get("time")),
                    frozenset(from_fields(mapping(fields.get("fieldsV1")))),
                )
            )
    return found


def write_managers(document: Document, managers: Iterable[Manager]) -> None:
    """Put the managers that own anything into the object's metadata: appliers first, then by time and name."""
    kept = [manager for manager in managers if manager.owned]
    kept.sort(key=lambda manager: (manager.operation != "Apply", manager.time, manager.name, manager.subresource))
    entries: list[JsonValue] = []
    for manager in kept:
        entry: Document = {"manager": manager.name, "operation": manager.operation, "apiVersion": manager.api_version}
        if manager.time:
            entry["time"] = manager.time
        entry |= {"fieldsType": "FieldsV1", "fieldsV1": to_fields(manager.owned)}
        if manager.subresource:
            entry["subresource"] = manager.subresource
        entries.append(entry)
    metadata = meta(document)
    if entries:
        metadata["managedFields"] = entries
    else:
        metadata.pop("managedFields", None)


def with_owned(managers: list[Manager], identity: Manager, owned: FieldSet) -> list[Manager]:
    """The managers, with this one's set put in place; its time moves when the set changes."""
    others = [manager for manager in managers if manager.identity != identity.identity]
    same = next((manager for manager in managers if manager.identity == identity.identity), None)
    if same is not None and same.owned == owned:
        return [*others, same]
    return [*others, replace(identity, owned=owned, time=timestamp())]


def without(managers: list[Manager], lost: FieldSet) -> list[Manager]:
    """The managers after the loss of these fields."""
    return [replace(manager, owned=manager.owned - lost) if manager.owned & lost else manager for manager in managers]


def track_update(old: Document, new: Document, manager: Manager) -> None:
    """Note in the new object's managedFields what this update wrote.

    As on the real server, an object whose managedFields are gone is not tracked until somebody applies to it.
    """
    known = managers_of(old)
    reset = items(meta(new).get("managedFields")) if "managedFields" in meta(new) else None
    if (old and not known) or (old and reset is not None and not any(mapping(entry) for entry in reset)):
        meta(new).pop("managedFields", None)
        return
    written, gone = changed(old, new)
    written = frozenset(path for path in written if _is_trackable(path, manager))
    mine = next((entry.owned for entry in known if entry.identity == manager.identity), frozenset())
    others = [entry for entry in known if entry.identity != manager.identity]
    kept = [*without(others, written | gone), *(entry for entry in known if entry.identity == manager.identity)]
    write_managers(new, with_owned(kept, manager, (mine | written) - gone))


def _is_trackable(path: OwnedPath, manager: Manager) -> bool:
    """Whether a write through this subresource can own the field; the finalizers of namespaces are nobody's."""
    if path[0] == "f:metadata":
        return True
    return (path[0] == "f:status") is (manager.subresource == "status") and path != ("f:spec", "f:finalizers")


def plain(document: Document) -> Document:
    """A copy without what every write changes, to tell whether anything else did."""
    draft = copy(document)
    for field in ("managedFields", "resourceVersion", "generation"):
        meta(draft).pop(field, None)
    return draft
