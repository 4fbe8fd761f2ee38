"""DELETE: of one object, of a whole collection; with finalizers, grace periods, propagation and preconditions."""

from __future__ import annotations

from dataclasses import dataclass

from backend.sandbox.cluster.answers import Answer, of_document, of_object
from backend.sandbox.cluster.codec import SCHEME, load_json, load_yaml, media_type, unsupported_media_type
from backend.sandbox.cluster.documents import Document, child, items, mapping, meta, number, text, timestamp
from backend.sandbox.cluster.kinds import NAMESPACES, PODS, SERVICE_ACCOUNTS, SERVICES, ResourceKind
from backend.sandbox.cluster.paging import read_page
from backend.sandbox.cluster.reading import list_answer
from backend.sandbox.cluster.requests import check_options, check_propagation
from backend.sandbox.cluster.status import ApiError, bad_request, forbidden, object_details, quoted, success
from backend.sandbox.cluster.store import StoredObject
from backend.sandbox.cluster.writing import Write

_LASTING_NAMESPACES = frozenset({"default", "kube-system", "kube-public"})
_SHOWN_WHEN_DELETED = frozenset({NAMESPACES, PODS, SERVICES, SERVICE_ACCOUNTS})
_POLICY_FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
DEFAULT_GRACE = 30


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How to delete: `grace` in seconds or None for the object's own; uid and version are preconditions."""

    grace: int | None = None
    policy: str = ""
    uid: str = ""
    version: str = ""
    dry_run: bool = False


def delete(write: Write) -> Answer:
    """DELETE of one object: answers with the object where it lingers or its kind shows it, else with a Status."""
    options = read_options(write)
    if write.kind is NAMESPACES and write.request.name in _LASTING_NAMESPACES:
        raise forbidden(NAMESPACES, write.request.name, "this namespace may not be deleted")
    stored = write.current()
    check_preconditions(write.kind, stored, options)
    shown, gone = remove(write, stored, options)
    if gone and write.kind not in _SHOWN_WHEN_DELETED:
        return of_document(success({**object_details(write.kind, stored.name), "uid": stored.uid}))
    return of_object(shown)


def delete_collection(write: Write) -> Answer:
    """DELETE of all objects that the selectors choose; answers with the list of them."""
    options = read_options(write)
    page = read_page(write.store, write.kind, write.request, write.namespace)
    for stored in page.objects:
        remove(write, stored, options)
    return list_answer(write.kind, page)


def read_options(write: Write) -> DeleteOptions:
    """The options in the query and the body; 400 and 422 for those that cannot be."""
    request = write.request
    check_options(request, "DeleteOptions")
    return merge_options(_body_options(request.body, request.content_type), request.query)


def merge_options(body: Document, query: object) -> DeleteOptions:
    """The options that a DeleteOptions object and a query say together; the object goes first."""
    asked = query if isinstance(query, dict) else {}
    conditions = mapping(body.get("preconditions"))
    policy = text(body.get("propagationPolicy")) or asked.get("propagationPolicy", "")
    check_propagation(policy)
    grace = body.get("gracePeriodSeconds", asked.get("gracePeriodSeconds"))
    if isinstance(grace, str):
        if not grace.lstrip("-").isdecimal():
            raise bad_request(f'strconv.ParseInt: parsing "{grace}": invalid syntax')
        grace = int(grace)
    return DeleteOptions(
        grace if isinstance(grace, int) else None,
        policy,
        text(conditions.get("uid")),
        text(conditions.get("resourceVersion")),
        asked.get("dryRun") == "All" or "All" in items(body.get("dryRun")),
    )


def _body_options(body: bytes, content_type: str) -> Document:
    if not body.strip():
        return {}
    sort = media_type(content_type) or "application/json"
    if sort not in {"application/json", "application/yaml"}:
        raise unsupported_media_type()
    try:
        loaded = load_yaml(body) if sort == "application/yaml" else load_json(body)
    except ValueError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error
    options = mapping(loaded)
    kind, version = text(options.get("kind")), text(options.get("apiVersion"))
    if kind not in {"", "DeleteOptions"}:
        raise bad_request(f"no kind {quoted(kind)} is registered for version {quoted(version)} in scheme {SCHEME}")
    return options


def check_preconditions(kind: ResourceKind, stored: StoredObject, options: DeleteOptions) -> None:
    """Refuse (409) to delete an object that is not the one the caller means."""
    uid, version = options.uid, options.version
    why = ""
    if uid and uid != stored.uid:
        why = (
            f"the UID in the precondition ({uid}) does not match the UID in record ({stored.uid}). "
            "The object might have been deleted and then recreated"
        )
    elif version and version != str(stored.version):
        why = (
            f"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record "
            f"({stored.version}). The object might have been modified"
        )
    if why:
        message = f"Operation cannot be fulfilled on {kind.kind} {quoted(stored.name)}: {why}"
        raise ApiError(409, "Conflict", message, {"name": stored.name, "kind": kind.kind})


def remove(write: Write, stored: StoredObject, options: DeleteOptions) -> tuple[StoredObject, bool]:
    """Delete the object, or mark it when it has to linger; the object as it is then, and whether it is gone."""
    document = stored.document()
    metadata = meta(document)
    grace = _grace(write.kind, document, options)
    finalizers = list(items(metadata.get("finalizers")))
    finalizer = _POLICY_FINALIZERS.get(options.policy)
    if finalizer and finalizer not in finalizers and "deletionTimestamp" not in metadata:
        finalizers.append(finalizer)
    held = mapping(document.get("spec")).get("finalizers") if write.kind is NAMESPACES else None
    if not finalizers and not held and grace == 0:
        if not options.dry_run:
            write.store.remove(write.kind, stored.name, stored.namespace)
        if write.kind is PODS:
            metadata |= {"deletionTimestamp": timestamp(), "deletionGracePeriodSeconds": 0}
        return write.store.preview(write.kind, document), True
    if "deletionTimestamp" in metadata and not _is_sooner(metadata, grace):
        return stored, False
    metadata["deletionTimestamp"] = timestamp(grace)
    if write.kind is NAMESPACES:
        child(document, "status")["phase"] = "Terminating"
    else:
        metadata["deletionGracePeriodSeconds"] = grace
    if finalizers:
        metadata["finalizers"] = finalizers
    if write.kind.generation:
        metadata["generation"] = number(metadata.get("generation")) + 1
    if options.dry_run:
        return write.store.preview(write.kind, document), False
    return write.store.put(write.kind, document), False


def _grace(kind: ResourceKind, document: Document, options: DeleteOptions) -> int:
    """How long the object may take to go: only pods that run somewhere take any time."""
    if kind is not PODS:
        return 0
    spec = mapping(document.get("spec"))
    phase = mapping(document.get("status")).get("phase")
    if not text(spec.get("nodeName")) or phase in {"Succeeded", "Failed"}:
        return 0
    asked = options.grace
    if asked is None:
        asked = number(spec.get("terminationGracePeriodSeconds"), DEFAULT_GRACE)
    return max(asked, 0)


def _is_sooner(metadata: Document, grace: int) -> bool:
    return grace < number(metadata.get("deletionGracePeriodSeconds"))
