"""Creating and changing objects: POST, PUT and PATCH with everything the API server does to them on the way."""

from __future__ import annotations

import random
from dataclasses import dataclass

from backend.sandbox.cluster.answers import Answer, of_object
from backend.sandbox.cluster.codec import decode_object
from backend.sandbox.cluster.defaults import first_status, set_defaults
from backend.sandbox.cluster.documents import Document, child, copy, items, mapping, meta, number, text
from backend.sandbox.cluster.kinds import NAMESPACES, SERVICES, ResourceKind, StatusRule
from backend.sandbox.cluster.ownership import Manager, plain, track_update
from backend.sandbox.cluster.requests import Request, check_options
from backend.sandbox.cluster.rules import check_changed, check_encoding, check_new
from backend.sandbox.cluster.status import (
    ApiError,
    FieldError,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    modified,
    not_found,
)
from backend.sandbox.cluster.store import ClusterStore, StoredObject
from backend.sandbox.cluster.validation import check_same_name, check_same_namespace

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH = 5
_LONGEST_PREFIX = 58
_SERVER_METADATA = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")
_OMITTED_WHEN_EMPTY = ("labels", "annotations", "finalizers", "ownerReferences")
_KEPT_METADATA = ("uid", "creationTimestamp", "generation", "generateName", "deletionTimestamp")


@dataclass(frozen=True, slots=True)
class Write:
    """One write to a kind: what it is addressed to, and who makes it."""

    store: ClusterStore
    kind: ResourceKind
    request: Request

    @property
    def namespace(self) -> str:
        """The namespace of the object, empty for kinds of the whole cluster."""
        return self.request.namespace if self.kind.namespaced else ""

    def manager(self, operation: str = "Update") -> Manager:
        """Whoever makes the write, as managedFields name them."""
        subresource = "status" if self.request.subresource == "status" else ""
        return Manager(self.request.field_manager(), operation, self.kind.api_version, subresource)

    def current(self) -> StoredObject:
        """The object the request names; 404 when there is none."""
        found = self.store.get(self.kind, self.request.name, self.namespace)
        if found is None:
            raise not_found(self.kind, self.request.name)
        return found


def create(write: Write) -> Answer:
    """POST of a new object."""
    request, kind = write.request, write.kind
    check_options(request, "CreateOptions")
    strict = request.query.get("fieldValidation") == "Strict"
    document = decode_object(kind, request.body, request.content_type, strict=strict)
    if kind.namespaced:
        check_same_namespace(write.namespace, document)
    metadata = meta(document)
    if text(metadata.get("resourceVersion")):
        raise ApiError(500, "", "resourceVersion should not be set on objects to be created")
    prefix = text(metadata.get("generateName"))
    if prefix and not text(metadata.get("name")):
        suffix = "".join(random.choices(_SUFFIX_LETTERS, k=_SUFFIX_LENGTH))  # noqa: S311 - a name, no secret
        metadata["name"] = prefix[:_LONGEST_PREFIX] + suffix
    metadata.pop("managedFields", None)
    return of_object(add(write, document), 201)


def add(write: Write, document: Document, *, applied: bool = False) -> StoredObject:
    """Admit, complete, check and store a new object; `applied` keeps the managedFields it comes with."""
    store, kind = write.store, write.kind
    name = text(meta(document).get("name"))
    check_namespace(store, kind, write.namespace, name)
    prepare_new(kind, document, write.namespace)
    check_encoding(kind, document)
    set_defaults(kind, document)
    if not applied:
        track_update({}, document, write.manager())
    check_new(kind, document)
    existing = store.get(kind, name, write.namespace)
    if existing is not None:
        terminating = "deletionTimestamp" in meta(existing.document())
        raise already_exists(kind, name, terminating=terminating)
    return store.preview(kind, document) if write.request.dry_run else store.put(kind, document)


def check_namespace(store: ClusterStore, kind: ResourceKind, namespace: str, name: str) -> None:
    """Refuse a new object whose namespace is missing (404) or on its way out (403)."""
    if not kind.namespaced:
        return
    found = store.get(NAMESPACES, namespace)
    if found is None:
        raise not_found(NAMESPACES, namespace)
    if "deletionTimestamp" in meta(found.document()):
        cause: Document = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        raise forbidden(kind, name, why, [cause])


def prepare_new(kind: ResourceKind, document: Document, namespace: str) -> None:
    """Take out what the server decides, and start the object's status."""
    metadata = meta(document)
    for field in (*_SERVER_METADATA, "resourceVersion", "selfLink"):
        metadata.pop(field, None)
    for field in _OMITTED_WHEN_EMPTY:
        if field in metadata and not metadata[field]:
            del metadata[field]
    if kind.namespaced:
        metadata["namespace"] = namespace
    if kind.generation:
        metadata["generation"] = 1
    if kind.status is StatusRule.RESET:
        document["status"] = first_status(kind)


def update(write: Write) -> Answer:
    """PUT of an object or of one of its subresources."""
    request, kind = write.request, write.kind
    check_options(request, "UpdateOptions")
    strict = request.query.get("fieldValidation") == "Strict"
    document = decode_object(kind, request.body, request.content_type, strict=strict)
    if not text(meta(document).get("name")):
        why = f"the name of the object ({request.name} based on URL) was undeterminable: name must be provided"
        raise bad_request(why)
    check_same_name(request.name, document)
    if kind.namespaced:
        check_same_namespace(write.namespace, document)
    old = write.current()
    uid = text(meta(document).get("uid"))
    if uid and uid != old.uid:
        where = f"/registry/{kind.plural}/{'/'.join(part for part in old.key if part)}"
        raise conflict(
            kind,
            old.name,
            f"StorageError: invalid object, Code: 4, Key: {where}, ResourceVersion: 0, AdditionalErrorMsg: "
            f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old.uid}",
        )
    return of_object(change(write, old, document))


def change(write: Write, old: StoredObject, document: Document, *, applied: bool = False) -> StoredObject:
    """Check and store the new state of an object; `applied` keeps the managedFields it comes with.

    A change that changes nothing stores nothing. An object that waits for its deletion goes with its last finalizer.
    """
    store, kind, before = write.store, write.kind, old.document()
    given = text(meta(document).get("resourceVersion"))
    if given and given != str(old.version):
        raise modified(kind, old.name)
    after = _scoped(write, document, before)
    check_encoding(kind, after)
    # What the server fills in belongs to whoever wrote, so defaults come first.
    set_defaults(kind, after)
    check_changed(kind, after, before)
    _check_finalizers(kind, after, before)
    _keep(kind, after, before)
    if not applied:
        track_update(before, after, write.manager())
    if after == before or (plain(after) == plain(before) and not applied):
        return old
    if kind.generation and after.get("spec") != before.get("spec"):
        meta(after)["generation"] = number(meta(before).get("generation")) + 1
    if write.request.dry_run:
        return store.preview(kind, after)
    if _is_released(kind, after):
        store.remove(kind, old.name, old.namespace)
        return store.preview(kind, after)
    return store.put(kind, after)


def _scoped(write: Write, document: Document, before: Document) -> Document:
    """The parts of the document that this write may change; the rest as it was."""
    kind, subresource = write.kind, write.request.subresource
    document = copy({name: value for name, value in document.items() if name not in {"kind", "apiVersion"}})
    if subresource == "finalize":
        after = copy(before)
        child(after, "spec")["finalizers"] = mapping(document.get("spec")).get("finalizers") or []
        return after
    if subresource == "status":
        after = copy(before)
        after["status"] = document.get("status", {})
        if not kind.group:
            # The older kinds let a status update change labels and annotations too.
            for field in ("labels", "annotations", "managedFields"):
                _carry(meta(document), meta(after), field)
        return after
    if kind.status is not StatusRule.NONE:
        _carry(before, document, "status")
    if kind is NAMESPACES:
        child(document, "spec")["finalizers"] = mapping(before.get("spec")).get("finalizers", [])
    if kind is SERVICES:
        child(document, "spec").setdefault("clusterIP", mapping(before.get("spec")).get("clusterIP"))
    return document


def _carry(source: Document, target: Document, field: str) -> None:
    if field in source:
        target[field] = source[field]
    else:
        target.pop(field, None)


def _keep(kind: ResourceKind, after: Document, before: Document) -> None:
    metadata = meta(after)
    for field in (*_KEPT_METADATA, "deletionGracePeriodSeconds", "resourceVersion"):
        _carry(meta(before), metadata, field)
    for field in _OMITTED_WHEN_EMPTY:
        if field in metadata and not metadata[field]:
            del metadata[field]
    metadata["name"] = meta(before)["name"]
    if kind.namespaced:
        metadata["namespace"] = meta(before)["namespace"]


def _check_finalizers(kind: ResourceKind, after: Document, before: Document) -> None:
    if "deletionTimestamp" not in meta(before):
        return
    known = items(meta(before).get("finalizers"))
    added = [text(name) for name in items(meta(after).get("finalizers")) if name not in known]
    if added:
        shown = ", ".join(f'"{name}"' for name in added)
        why = f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{shown}}}"
        name = text(meta(before).get("name"))
        raise invalid(kind.qualified_kind, name, [FieldError.forbidden("metadata.finalizers", why)])


def _is_released(kind: ResourceKind, document: Document) -> bool:
    """Whether nothing holds an object back any more that has been deleted."""
    metadata = meta(document)
    if "deletionTimestamp" not in metadata or items(metadata.get("finalizers")):
        return False
    if kind is NAMESPACES:
        return not items(mapping(document.get("spec")).get("finalizers"))
    return number(metadata.get("deletionGracePeriodSeconds")) == 0
