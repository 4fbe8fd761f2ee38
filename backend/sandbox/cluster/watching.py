"""Watches: the changes of a collection as lines of JSON, from a version on."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from backend.sandbox.cluster.answers import Line, Stream
from backend.sandbox.cluster.documents import Document, encode
from backend.sandbox.cluster.kinds import ResourceKind
from backend.sandbox.cluster.reading import wanted_form
from backend.sandbox.cluster.requests import Request
from backend.sandbox.cluster.selectors import (
    FieldSelector,
    LabelSelector,
    parse_field_selector,
    parse_label_selector,
)
from backend.sandbox.cluster.status import ApiError, FieldError, expired, invalid
from backend.sandbox.cluster.store import Change, ClusterStore, Collection, StoredObject
from backend.sandbox.cluster.writing import Write

_SHORTEST, _LONGEST = 1800, 3600


@dataclass(frozen=True, slots=True)
class Filter:
    """Which objects a watch is about."""

    namespace: str
    labels: LabelSelector
    fields: FieldSelector

    def takes(self, stored: StoredObject | None) -> bool:
        """Whether the watch is about the object."""
        if stored is None or (self.namespace and stored.namespace != self.namespace):
            return False
        return self.labels.matches(stored.labels) and self.fields.matches(stored.field)


def watch(write: Write, line: Line) -> Stream:
    """A watch as the request asks for it; what cannot be read is refused before the stream begins."""
    request, kind = write.request, write.kind
    wanted_form(request.accept)
    chosen = Filter(
        write.namespace,
        parse_label_selector(request.query.get("labelSelector", "")),
        parse_field_selector(kind, request.query.get("fieldSelector", "")),
    )
    if request.name:
        name = parse_field_selector(kind, f"metadata.name={request.name}")
        chosen = Filter(write.namespace, chosen.labels, FieldSelector((*chosen.fields.terms, *name.terms)))
    seconds = request.number("timeoutSeconds") or random.randint(_SHORTEST, _LONGEST)  # noqa: S311 - spreads reconnects
    version = _version(request)
    initial = _initial_events(request, version)
    lines = _lines(
        write.store,
        kind,
        chosen,
        version,
        line,
        deadline=time.monotonic() + seconds,
        initial=initial,
        bookmarks=request.flag("allowWatchBookmarks"),
    )
    return Stream(lines)


def _version(request: Request) -> int:
    value = request.query.get("resourceVersion", "")
    if value and not value.isdecimal():
        why = f'resourceVersion: Invalid value: "{value}": strconv.ParseUint: parsing "{value}": invalid syntax'
        raise ApiError(500, "", why)
    return int(value or 0)


def _initial_events(request: Request, version: int) -> bool | None:
    """Whether the stream begins with all objects: None without, False silently, True with a bookmark behind them."""
    if not request.flag("sendInitialEvents"):
        return False if version == 0 else None
    if request.query.get("resourceVersionMatch") != "NotOlderThan":
        why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise invalid("ListOptions.meta.k8s.io", "", [FieldError.forbidden("resourceVersionMatch", why)])
    return request.flag("allowWatchBookmarks")


async def _lines(
    store: ClusterStore,
    kind: ResourceKind,
    chosen: Filter,
    version: int,
    line: Line,
    *,
    deadline: float,
    initial: bool | None,
    bookmarks: bool,
) -> AsyncIterator[bytes]:
    collection = store.collection(kind)
    collection.watchers.add(line.news)
    try:
        if initial is not None:
            version = store.version
            for stored in store.objects(kind, chosen.namespace):
                if chosen.takes(stored):
                    yield event("ADDED", stored)
            if initial:
                yield _bookmark(kind, version, initial=True)
        elif version < collection.forgotten:
            yield _too_old(version, collection.forgotten)
            return
        while True:
            if version < collection.dropped:
                yield _too_old(version, collection.forgotten)
                return
            for line_bytes in _news(collection, chosen, version):
                yield line_bytes
            version = max(version, store.version)
            if not await line.wait(max(deadline - time.monotonic(), 0)):
                break
        if bookmarks and not line.is_cut:
            yield _bookmark(kind, store.version)
    finally:
        collection.watchers.discard(line.news)


def _news(collection: Collection, chosen: Filter, version: int) -> list[bytes]:
    fresh: list[bytes] = []
    for change in reversed(collection.changes):
        if change.version <= version:
            break
        line = _told(change, chosen)
        if line:
            fresh.append(line)
    return fresh[::-1]


def _told(change: Change, chosen: Filter) -> bytes:
    """The change as the watch sees it: leaving or entering its selection is a removal or an addition."""
    before, after = chosen.takes(change.old), chosen.takes(change.new)
    if after and change.new is not None:
        return event("MODIFIED" if before else "ADDED", change.new)
    if before and change.old is not None:
        return event("DELETED", change.old.renumbered(change.version))
    return b""


def event(sort: str, stored: StoredObject) -> bytes:
    """One line of a watch."""
    return b'{"type":"%s","object":%s}\n' % (sort.encode(), stored.json())


def _bookmark(kind: ResourceKind, version: int, *, initial: bool = False) -> bytes:
    metadata: Document = {"resourceVersion": str(version)}
    if initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    shown: Document = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
    return encode({"type": "BOOKMARK", "object": shown}) + b"\n"


def _too_old(version: int, oldest: int) -> bytes:
    status = expired(f"too old resource version: {version} ({oldest})").status()
    return encode({"type": "ERROR", "object": status}) + b"\n"
