"""One cluster's API server: takes a request and its user, gives the answer. Nothing here waits or blocks."""

from __future__ import annotations

from collections.abc import Callable

from backend.sandbox.cluster.answers import PLAIN, Answer, Line, Stream, not_a_page, of_document, of_error
from backend.sandbox.cluster.authorization import (
    REVIEWS,
    User,
    access_review,
    check_allowed,
    rules_review,
    subject_review,
)
from backend.sandbox.cluster.codec import BODY_LIMIT, decode_body, too_large
from backend.sandbox.cluster.deleting import delete, delete_collection
from backend.sandbox.cluster.discovery import HEALTH_PATHS, discovery, health, version_information
from backend.sandbox.cluster.documents import Document
from backend.sandbox.cluster.eviction import evict
from backend.sandbox.cluster.kinds import ResourceKind, find_resource
from backend.sandbox.cluster.lifecycle import Lifecycle, Pace
from backend.sandbox.cluster.patching import patch
from backend.sandbox.cluster.reading import read_list, read_one
from backend.sandbox.cluster.requests import Request
from backend.sandbox.cluster.status import ApiError, method_not_allowed, unauthorized, unknown_path
from backend.sandbox.cluster.store import ClusterStore
from backend.sandbox.cluster.watching import watch
from backend.sandbox.cluster.writing import Write, create, update

_NAMESPACE_VERBS_OF_ALL = frozenset({"list", "watch"})
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_REVIEW_PATHS = {f"/apis/authorization.k8s.io/v1/{review}": review for review in REVIEWS}
_REVIEW_PATHS["/apis/authentication.k8s.io/v1/selfsubjectreviews"] = "selfsubjectreviews"
_HANDLERS: dict[str, Callable[[Write], Answer]] = {
    "get": read_one,
    "list": read_list,
    "create": create,
    "update": update,
    "patch": patch,
    "delete": delete,
    "deletecollection": delete_collection,
}


class KubernetesApi:
    """The API server of one cluster over its store; `version` is what it says it is, e.g. `v1.34.2`."""

    def __init__(
        self, store: ClusterStore, *, version: str, address: str = "127.0.0.1", pace: Pace | None = None
    ) -> None:
        self.store = store
        self.version = version
        self.address = address
        self._lifecycle = Lifecycle(store, pace or Pace())

    def stop(self) -> None:
        """Stop what goes on by itself."""
        self._lifecycle.stop()

    def answer(self, request: Request, user: User | None, line: Line) -> Answer | Stream:
        """The answer to a request; refusals are answers too. `user` is None for an unknown token."""
        try:
            if user is None:
                raise unauthorized()
            check_allowed(user, request)
            if len(request.body) > BODY_LIMIT:
                raise too_large()
            if request.method not in _METHODS:
                raise method_not_allowed()
            if request.is_resource and request.path.rstrip("/") not in _REVIEW_PATHS:
                return self._resource(request, line)
            return self._other(request, user)
        except ApiError as error:
            return of_error(error)

    def _resource(self, request: Request, line: Line) -> Answer | Stream:
        kind = find_resource(request.group, request.version, request.resource)
        if kind is None:
            known = discovery(f"/apis/{request.group}" if request.group else "/api", self.address)
            if known is None:
                return not_a_page()
            raise unknown_path()
        write = Write(self.store, kind, request)
        if request.subresource:
            return _below(write)
        _check_verb(kind, request)
        if request.verb == "watch":
            return watch(write, line)
        return _HANDLERS[request.verb](write)

    def _other(self, request: Request, user: User) -> Answer:
        path = request.path.rstrip("/") or "/"
        if path in _REVIEW_PATHS:
            return _review(request, user, _REVIEW_PATHS[path])
        if path in HEALTH_PATHS:
            return Answer(200, health(path, verbose="verbose" in request.query).encode(), PLAIN)
        document = version_information(self.version) if path == "/version" else discovery(path, self.address)
        if document is None:
            if path.startswith("/api/"):
                raise unknown_path()
            return not_a_page()
        if request.method != "GET":
            raise method_not_allowed()
        return of_document(document)


def _check_verb(kind: ResourceKind, request: Request) -> None:
    """Refuse (405) what the kind has no handler for at this place of the API; 404 where the place is none."""
    if request.name.count("/") or (request.namespace and not kind.namespaced and kind.plural != "namespaces"):
        raise unknown_path()
    if request.verb not in kind.verbs:
        raise method_not_allowed()
    if request.verb == "create" and request.name:
        raise method_not_allowed()
    if request.verb in {"update", "patch"} and not request.name:
        raise method_not_allowed()
    if kind.namespaced and not request.namespace:
        if request.name:
            raise unknown_path()
        if request.verb not in _NAMESPACE_VERBS_OF_ALL:
            raise method_not_allowed()


def _below(write: Write) -> Answer:
    request = write.request
    below = write.kind.subresource(request.subresource)
    if below is None or (write.kind.namespaced and not request.namespace):
        raise unknown_path()
    if request.verb not in below.verbs:
        raise method_not_allowed()
    return evict(write) if below.name == "eviction" else _HANDLERS[request.verb](write)


def _review(request: Request, user: User, review: str) -> Answer:
    if request.method != "POST":
        raise method_not_allowed()
    kind = {"selfsubjectaccessreviews": "SelfSubjectAccessReview", "selfsubjectrulesreviews": "SelfSubjectRulesReview"}
    body: Document = decode_body(kind.get(review, "SelfSubjectReview"), request.body, request.content_type)
    if review == "selfsubjectaccessreviews":
        return of_document(access_review(user, body), 201)
    if review == "selfsubjectrulesreviews":
        return of_document(rules_review(user, body), 201)
    return of_document(subject_review(user), 201)
