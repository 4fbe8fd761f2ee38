"""PATCH: the four patch types of the API, each up to the point where the change is stored."""

from __future__ import annotations

from backend.sandbox.cluster.answers import Answer, of_object
from backend.sandbox.cluster.apply import apply
from backend.sandbox.cluster.codec import load_json, load_yaml, media_type, unsupported_patch, without_unknown
from backend.sandbox.cluster.documents import Document, JsonValue, items, mapping, meta, text
from backend.sandbox.cluster.kinds import ResourceKind, find_kind
from backend.sandbox.cluster.patches import json_patch, merge_patch, strategic_merge_patch
from backend.sandbox.cluster.requests import check_options
from backend.sandbox.cluster.status import ApiError, FieldError, bad_request, invalid, modified
from backend.sandbox.cluster.validation import (
    check_same_name,
    check_same_namespace,
    json_type,
    shape_fault,
    unknown_fields,
)
from backend.sandbox.cluster.writing import Write, add, change

APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
_SERVER_METADATA = ("creationTimestamp", "generation", "selfLink", "deletionTimestamp", "managedFields")


def patch(write: Write) -> Answer:
    """PATCH of an object or of its status; 415 for a patch type the API does not have."""
    sort = media_type(write.request.content_type)
    if sort == APPLY:
        return _apply(write)
    if sort not in {JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH}:
        raise unsupported_patch()
    check_options(write.request, "PatchOptions")
    loaded = _load(write.request.body, JSON_PATCH if sort == JSON_PATCH else MERGE_PATCH)
    old = write.current()
    before = {"kind": write.kind.kind, "apiVersion": write.kind.api_version, **old.document()}
    if sort == JSON_PATCH:
        patched = json_patch(before, items(loaded))
    elif sort == MERGE_PATCH:
        patched = merge_patch(before, mapping(loaded))
    else:
        patched = strategic_merge_patch(before, mapping(loaded))
    document = _read(write.kind, patched)
    check_same_name(write.request.name, document)
    if write.kind.namespaced:
        check_same_namespace(write.namespace, document)
    return of_object(change(write, old, document))


def _load(body: bytes, sort: str) -> JsonValue:
    try:
        loaded = load_json(body)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {error}") from error
    wanted, named = (list, "[]handlers.jsonPatchOp") if sort == JSON_PATCH else (dict, "map[string]interface {}")
    if loaded is not None and not isinstance(loaded, wanted):
        why = f"json: cannot unmarshal {json_type(loaded)} into Go value of type {named}"
        raise bad_request(f"error decoding patch: {why}")
    return loaded


def _read(kind: ResourceKind, patched: Document) -> Document:
    """The patched object, taken for one of its kind again; 422 when the patch made something else of it."""
    given_kind, given_version = text(patched.get("kind")), text(patched.get("apiVersion"))
    fault = shape_fault(kind, patched)
    if (given_kind, given_version) != (kind.kind, kind.api_version):
        fault = f'no kind "{given_kind}" is registered for version "{given_version}" in scheme'
        if find_kind(given_version, given_kind) is not None:
            fault = f"converting ({kind.version}.{given_kind}) to (core.{kind.kind}): unknown conversion"
    if fault:
        raise invalid("", "", [FieldError("FieldValueInvalid", f"Invalid value: {fault}", "patch")])
    return without_unknown(patched, unknown_fields(kind, patched))


def _apply(write: Write) -> Answer:
    request, kind = write.request, write.kind
    check_options(request, "PatchOptions", applying=True)
    wanted = _wanted(write)
    version = text(meta(wanted).pop("resourceVersion", None))
    old = write.store.get(kind, request.name, write.namespace)
    if version and (old is None or version != str(old.version)):
        raise modified(kind, request.name)
    meta(wanted).pop("uid", None)
    manager = write.manager("Apply")
    if old is None:
        return of_object(add(write, apply({}, wanted, manager, force=False), applied=True), 201)
    merged = apply(old.document(), wanted, manager, force=request.flag("force"))
    return of_object(change(write, old, merged, applied=True))


def _wanted(write: Write) -> Document:
    """The applied configuration: what the manager wants, and nothing that is not theirs to want."""
    request, kind = write.request, write.kind
    try:
        loaded = load_yaml(request.body)
    except ValueError as error:
        raise bad_request(f"error decoding YAML: {error}") from error
    if loaded is not None and not isinstance(loaded, dict):
        why = f"json: cannot unmarshal {json_type(loaded)} into Go value of type map[string]interface {{}}"
        raise bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {why}")
    wanted = mapping(loaded)
    given_kind, given_version = text(wanted.get("kind")), text(wanted.get("apiVersion"))
    if (given_kind, given_version) != (kind.kind, kind.api_version):
        version = given_version if "/" in given_version else f"/{given_version}"
        raise bad_request(f"invalid object type: {version}, Kind={given_kind}")
    if items(mapping(wanted.get("metadata")).get("managedFields")):
        raise bad_request("metadata.managedFields must be nil")
    check_same_name(request.name, wanted)
    if kind.namespaced:
        check_same_namespace(write.namespace, wanted)
    _check_schema(write, wanted)
    part = "status" if request.subresource == "status" else ""
    kept = {
        name: value for name, value in wanted.items() if name in {"metadata", part} or (not part and name != "status")
    }
    metadata = {name: value for name, value in meta(kept).items() if name not in _SERVER_METADATA}
    kept["metadata"] = {**metadata, "name": request.name}
    for name in ("kind", "apiVersion"):
        kept.pop(name, None)
    return kept


def _check_schema(write: Write, wanted: Document) -> None:
    """Refuse (500, as the real server does) what the schema does not declare."""
    kind = write.kind
    unknown = unknown_fields(kind, wanted)
    fault = f".{unknown[0]}: field not declared in schema" if unknown else shape_fault(kind, wanted)
    if fault:
        version = kind.api_version if kind.group else f"/{kind.api_version}"
        named = meta(wanted)
        where = f"{text(named.get('namespace'))}/{text(named.get('name'))}; {version}, Kind={kind.kind}"
        raise ApiError(500, "", f"failed to create typed patch object ({where}): {fault}")
