"""GET: one object, or a list of them, as JSON, as a table, or with the metadata only."""

from __future__ import annotations

import re

from backend.sandbox.cluster.answers import Answer, of_document, of_object
from backend.sandbox.cluster.documents import Document, JsonValue, encode, meta
from backend.sandbox.cluster.kinds import ResourceKind
from backend.sandbox.cluster.paging import Page, read_page
from backend.sandbox.cluster.status import ApiError
from backend.sandbox.cluster.store import StoredObject
from backend.sandbox.cluster.tables import columns, rows
from backend.sandbox.cluster.writing import Write

_META_VERSION = "meta.k8s.io/v1"


def wanted_form(accept: str) -> str:
    """What the caller wants to be shown: `Table`, `PartialObjectMetadata`, … or plain objects (empty).

    Raises 406 when the caller takes none of the formats the sandbox writes.
    """
    for choice in accept.split(",") if accept else ["*/*"]:
        sort, _, parameters = choice.strip().partition(";")
        if sort.strip() not in {"application/json", "application/*", "*/*"}:
            continue
        form = re.search(r"\bas=(\w+)", parameters)
        if form is None:
            return ""
        if form[1] in {"Table", "PartialObjectMetadata", "PartialObjectMetadataList"} and "v=v1;" in f"{parameters};":
            return form[1]
    raise ApiError(406, "NotAcceptable", "406: Not Acceptable\n\nAvailable representations: application/json", {})


def read_one(write: Write) -> Answer:
    """GET of one object."""
    form = wanted_form(write.request.accept)
    stored = write.current()
    if form == "Table":
        return of_document(_table(write.kind, [stored], {"resourceVersion": str(stored.version)}))
    if form:
        return of_document(_metadata_only(stored))
    return of_object(stored)


def read_list(write: Write) -> Answer:
    """GET of a list, or of a page of it."""
    form = wanted_form(write.request.accept)
    page = read_page(write.store, write.kind, write.request, write.namespace)
    if form == "Table":
        return of_document(_table(write.kind, page.objects, _list_metadata(page)))
    if form:
        shown: list[JsonValue] = [_metadata_only(stored) for stored in page.objects]
        document: Document = {"kind": "PartialObjectMetadataList", "apiVersion": _META_VERSION}
        return of_document({**document, "metadata": _list_metadata(page), "items": shown})
    return list_answer(write.kind, page)


def list_answer(kind: ResourceKind, page: Page) -> Answer:
    """A page as the list of its kind; the objects' bytes go out as they are stored."""
    head: Document = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": _list_metadata(page)}
    joined = b",".join([stored.item() for stored in page.objects])
    return Answer(200, encode(head)[:-1] + b',"items":[' + joined + b"]}")


def _list_metadata(page: Page) -> Document:
    metadata: Document = {"resourceVersion": str(page.version)}
    if page.token:
        metadata["continue"] = page.token
        if page.remaining is not None:
            metadata["remainingItemCount"] = page.remaining
    return metadata


def _metadata_only(stored: StoredObject) -> Document:
    metadata = meta(stored.document())
    return {"kind": "PartialObjectMetadata", "apiVersion": _META_VERSION, "metadata": metadata}


def _table(kind: ResourceKind, objects: list[StoredObject], metadata: Document) -> Document:
    shown: list[JsonValue] = [
        {"cells": cells, "object": _metadata_only(stored)}
        for cells, stored in zip(rows(kind, objects), objects, strict=True)
    ]
    document: Document = {"kind": "Table", "apiVersion": _META_VERSION, "metadata": metadata}
    return {**document, "columnDefinitions": columns(kind), "rows": shown}
