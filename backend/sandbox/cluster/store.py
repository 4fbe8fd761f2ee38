"""The objects of one cluster: JSON bytes under a growing resourceVersion, with a memory of recent changes.

Objects are kept as the bytes that go out, so that a list of thousands is a join; a document is parsed when a rule has
to look inside. The memory serves watches, and lists of a moment ago: what is older than it is `410 Gone`.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from backend.sandbox.cluster.documents import Document, dig, encode, items, mapping, meta, strings, text, timestamp
from backend.sandbox.cluster.kinds import KINDS, ResourceKind

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it was at one version; `body` is its JSON behind the opening brace, without kind and apiVersion."""

    kind: ResourceKind
    namespace: str
    name: str
    uid: str
    version: int
    labels: dict[str, str]
    fields: dict[str, str]
    owners: tuple[str, ...]
    body: bytes

    @property
    def key(self) -> Key:
        """Where the object stands in its kind's order."""
        return (self.namespace, self.name)

    def document(self) -> Document:
        """A fresh copy of the object, without kind and apiVersion."""
        loaded = json.loads(b"{" + self.body)
        return mapping(loaded)

    def item(self) -> bytes:
        """The JSON of the object as an item of a list."""
        return b"{" + self.body

    def field(self, path: str) -> str:
        """What a field selector sees at the path."""
        if path == "metadata.name":
            return self.name
        return self.namespace if path == "metadata.namespace" else self.fields.get(path, "")

    def renumbered(self, version: int) -> StoredObject:
        """The same object under another resourceVersion, as watchers are shown what has gone."""
        document = self.document()
        meta(document)["resourceVersion"] = str(version)
        return replace(self, version=version, body=encode(document)[1:])

    def json(self) -> bytes:
        """The JSON of the object by itself."""
        return b'{"kind":"%s","apiVersion":"%s",%s' % (
            self.kind.kind.encode(),
            self.kind.api_version.encode(),
            self.body,
        )


def freeze(kind: ResourceKind, document: Document) -> StoredObject:
    """The document as it is stored."""
    metadata = meta(document)
    rest = {name: value for name, value in document.items() if name not in {"kind", "apiVersion", "metadata"}}
    owners = tuple(text(mapping(owner).get("uid")) for owner in items(metadata.get("ownerReferences")))
    fields = {path: _field_text(dig(document, *path.split("."))) for path in kind.selectable}
    return StoredObject(
        kind,
        text(metadata.get("namespace")),
        text(metadata.get("name")),
        text(metadata.get("uid")),
        int(text(metadata.get("resourceVersion")) or 0),
        strings(metadata.get("labels")),
        fields,
        owners,
        encode({"metadata": metadata, **rest})[1:],
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `old` is None for a new object, `new` for a removed one. `version` is the cluster's after it."""

    version: int
    old: StoredObject | None
    new: StoredObject | None

    @property
    def key(self) -> Key:
        """The key of the object that changed."""
        stored = self.new or self.old
        return stored.key if stored is not None else ("", "")


class Collection:
    """The objects of one kind, in the order of their keys, and the latest changes to them."""

    def __init__(self, kind: ResourceKind, memory: int) -> None:
        self.kind = kind
        self.objects: dict[Key, StoredObject] = {}
        self.changes: deque[Change] = deque(maxlen=memory)
        # Lists and watches from before `forgotten` are refused; whoever has not seen `dropped` has missed a change.
        self.forgotten = 0
        self.dropped = 0
        self.watchers: set[asyncio.Event] = set()
        self._order: list[Key] = []

    def keys(self, namespace: str = "") -> list[Key]:
        """All keys in order, or those in the namespace."""
        if not namespace:
            return self._order
        start = bisect_left(self._order, (namespace, ""))
        return self._order[start : bisect_left(self._order, (namespace + "\0", ""))]

    def load(self, objects: Iterable[StoredObject]) -> None:
        """Take over many objects at once, without telling watchers."""
        for stored in objects:
            self.objects[stored.key] = stored
        self._order = sorted(self.objects)

    def record(self, change: Change) -> None:
        """Take over a change, remember it, and wake those who watch."""
        if change.new is None:
            self.objects.pop(change.key, None)
            position = bisect_left(self._order, change.key)
            if position < len(self._order) and self._order[position] == change.key:
                del self._order[position]
        else:
            if change.key not in self.objects:
                insort(self._order, change.key)
            self.objects[change.key] = change.new
        if len(self.changes) == self.changes.maxlen:
            self.forgotten = self.dropped = self.changes[0].version
        self.changes.append(change)
        for watcher in self.watchers:
            watcher.set()

    def at(self, version: int, namespace: str = "") -> list[StoredObject]:
        """The objects as they were at a version that is still remembered, in order."""
        past: dict[Key, StoredObject | None] = {}
        for change in reversed(self.changes):
            if change.version <= version:
                break
            past[change.key] = change.old
        if not past:
            return [self.objects[key] for key in self.keys(namespace)]
        merged: dict[Key, StoredObject | None] = {**self.objects, **past}
        found = [stored for stored in merged.values() if stored is not None]
        return sorted(
            (stored for stored in found if not namespace or stored.namespace == namespace), key=lambda item: item.key
        )

    def forget(self, version: int) -> None:
        """Forget the changes, so that any version before this one is too old."""
        if self.changes:
            self.dropped = self.changes[-1].version
        self.changes.clear()
        self.forgotten = version
        for watcher in self.watchers:
            watcher.set()


class ClusterStore:
    """All objects of one cluster.

    `memory` is how many changes are remembered per kind; `first_version` is where resourceVersion starts.
    Not thread-safe: used from the event loop that serves the cluster.
    """

    def __init__(self, *, memory: int = 1000, first_version: int = 1) -> None:
        self.version = first_version
        self._collections = {kind: Collection(kind, memory) for kind in KINDS}
        self._dependents: dict[str, set[tuple[ResourceKind, Key]]] = {}
        self._listeners: list[Callable[[Change], None]] = []

    def collection(self, kind: ResourceKind) -> Collection:
        """The objects of one kind."""
        return self._collections[kind]

    def get(self, kind: ResourceKind, name: str, namespace: str = "") -> StoredObject | None:
        """The object, or None."""
        return self._collections[kind].objects.get((namespace, name))

    def objects(self, kind: ResourceKind, namespace: str = "") -> list[StoredObject]:
        """The objects of a kind in order, everywhere or in one namespace."""
        collection = self._collections[kind]
        return [collection.objects[key] for key in collection.keys(namespace)]

    def in_namespace(self, namespace: str) -> list[StoredObject]:
        """Every namespaced object there is in the namespace."""
        return [stored for kind in KINDS if kind.namespaced for stored in self.objects(kind, namespace)]

    def dependents(self, uid: str) -> list[StoredObject]:
        """The objects that name the one with this uid as their owner."""
        found = (self._collections[kind].objects.get(key) for kind, key in self._dependents.get(uid, ()))
        return [stored for stored in found if stored is not None]

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Have the listener called after every change."""
        self._listeners.append(listener)

    def load(self, kind: ResourceKind, documents: Iterable[Document]) -> None:
        """Put many objects there at once, as if they had always been there."""
        self.load_stored(kind, [freeze(kind, self._complete(kind, document)) for document in documents])

    def load_stored(self, kind: ResourceKind, loaded: Sequence[StoredObject]) -> None:
        """The same for objects that are ready to be stored, with `next_version` as their versions."""
        self._collections[kind].load(loaded)
        self._collections[kind].forget(self.version)
        for stored in loaded:
            self._index(stored)

    def next_version(self) -> int:
        """Count the cluster's version up."""
        self.version += 1
        return self.version

    def put(self, kind: ResourceKind, document: Document) -> StoredObject:
        """Create or replace an object; fills uid, creationTimestamp and resourceVersion in."""
        stored = freeze(kind, self._complete(kind, document))
        old = self.get(kind, stored.name, stored.namespace)
        if old is not None:
            self._unindex(old)
        self._index(stored)
        self._record(Change(stored.version, old, stored))
        return stored

    def preview(self, kind: ResourceKind, document: Document) -> StoredObject:
        """What `put` would store, without storing it: for dry runs."""
        draft = {**document, "metadata": dict(mapping(document.get("metadata")))}
        metadata = meta(draft)
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("creationTimestamp", timestamp())
        return freeze(kind, draft)

    def remove(self, kind: ResourceKind, name: str, namespace: str = "") -> StoredObject | None:
        """Take an object away at once; its last state, or None if there is none."""
        old = self.get(kind, name, namespace)
        if old is None:
            return None
        self._unindex(old)
        self._record(Change(self.next_version(), old, None))
        return old

    def compact(self) -> None:
        """Forget all changes: watches and continued lists from before get 410."""
        self.version += 1
        for collection in self._collections.values():
            collection.forget(self.version)

    def _complete(self, kind: ResourceKind, document: Document) -> Document:
        metadata = meta(document)
        if not kind.namespaced:
            metadata.pop("namespace", None)
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("creationTimestamp", timestamp())
        metadata["resourceVersion"] = str(self.next_version())
        return document

    def _index(self, stored: StoredObject) -> None:
        for owner in stored.owners:
            self._dependents.setdefault(owner, set()).add((stored.kind, stored.key))

    def _unindex(self, stored: StoredObject) -> None:
        for owner in stored.owners:
            known = self._dependents.get(owner, set())
            known.discard((stored.kind, stored.key))
            if not known:
                self._dependents.pop(owner, None)

    def _record(self, change: Change) -> None:
        stored = change.new or change.old
        if stored is None:
            return
        self._collections[stored.kind].record(change)
        for listener in self._listeners:
            listener(change)


def _field_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""
