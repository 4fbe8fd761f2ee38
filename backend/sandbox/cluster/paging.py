"""Lists: pages with continue tokens, and what the `resourceVersion` of a list asks for."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from backend.sandbox.cluster.documents import mapping, number, text
from backend.sandbox.cluster.kinds import ResourceKind
from backend.sandbox.cluster.requests import Request
from backend.sandbox.cluster.selectors import parse_field_selector, parse_label_selector
from backend.sandbox.cluster.status import ApiError, bad_request, expired, too_large_version
from backend.sandbox.cluster.store import ClusterStore, Collection, Key, StoredObject

_CONTINUE_FORMAT = "meta.k8s.io/v1"
_LIST_TOO_OLD = "The resourceVersion for the provided list is too old."
_CONTINUE_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `token` continues it, `remaining` is None where selectors make it unknown."""

    version: int
    objects: list[StoredObject]
    token: str = ""
    remaining: int | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a continued list goes on: after the key, at the version (-1: whatever is current)."""

    version: int
    after: Key


def read_page(store: ClusterStore, kind: ResourceKind, request: Request, namespace: str) -> Page:
    """The page that the request asks for; 400 for what cannot be read, 410 for what is too old."""
    labels = parse_label_selector(request.query.get("labelSelector", ""))
    fields = parse_field_selector(kind, request.query.get("fieldSelector", ""))
    limit = request.number("limit") or 0
    collection = store.collection(kind)
    version, objects = _read(store, collection, request, namespace)
    if labels or fields:
        objects = [found for found in objects if labels.matches(found.labels) and fields.matches(found.field)]
    if limit <= 0 or len(objects) <= limit:
        return Page(version, objects)
    token = encode_token(Position(version, objects[limit - 1].key))
    remaining = None if labels or fields else len(objects) - limit
    return Page(version, objects[:limit], token, remaining)


def _read(
    store: ClusterStore, collection: Collection, request: Request, namespace: str
) -> tuple[int, list[StoredObject]]:
    asked = version_of(request)
    token = request.query.get("continue", "")
    if not token:
        if asked > store.version:
            raise too_large_version(asked, store.version)
        if request.query.get("resourceVersionMatch") != "Exact" or asked == 0:
            return store.version, store.objects(collection.kind, namespace)
        if asked < collection.forgotten:
            raise expired(_LIST_TOO_OLD)
        return asked, collection.at(asked, namespace)
    if asked:
        raise bad_request("specifying resource version is not allowed when using continue")
    position = decode_token(token)
    if position.version < 0:
        version, objects = store.version, store.objects(collection.kind, namespace)
    elif position.version > store.version:
        raise too_large_version(position.version, store.version)
    elif position.version < collection.forgotten:
        raise expired(_CONTINUE_TOO_OLD, encode_token(Position(-1, position.after)))
    else:
        version, objects = position.version, collection.at(position.version, namespace)
    return version, [found for found in objects if found.key > position.after]


def version_of(request: Request) -> int:
    """The query's resourceVersion, 0 when it is absent; 400 when it is no number."""
    value = request.query.get("resourceVersion", "")
    if not value:
        return 0
    if not value.isdecimal():
        why = f'resourceVersion: Invalid value: "{value}": strconv.ParseUint: parsing "{value}": invalid syntax'
        raise bad_request(f"invalid resource version: {why}")
    return int(value)


def encode_token(position: Position) -> str:
    """The continue token in the form of the real server's."""
    start = "/".join(position.after) + "\0"
    token = json.dumps({"v": _CONTINUE_FORMAT, "rv": position.version, "start": start}, separators=(",", ":"))
    return urlsafe_b64encode(token.encode()).decode().rstrip("=")


def decode_token(token: str) -> Position:
    """What a continue token says; 400 for one that this server did not write."""
    try:
        fields = mapping(json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4))))
    except ValueError as error:
        raise _bad_token(str(error)) from error
    namespace, _, name = text(fields.get("start")).removesuffix("\0").rpartition("/")
    if fields.get("v") != _CONTINUE_FORMAT or not name:
        raise _bad_token("server does not recognize this encoded version")
    return Position(number(fields.get("rv"), -1), (namespace, name))


def _bad_token(why: str) -> ApiError:
    return bad_request(f"invalid continue token: continue key is not valid: {why}")
