"""Who may do what on a simulated cluster: users, their rules, and the answers to questions about oneself."""

from __future__ import annotations

from dataclasses import dataclass

from backend.sandbox.cluster.documents import Document, JsonValue, mapping, text
from backend.sandbox.cluster.kinds import KINDS
from backend.sandbox.cluster.requests import Request
from backend.sandbox.cluster.status import ApiError, FieldError, bad_request, invalid, quoted

_DISCOVERY = (
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
)
REVIEWS = ("selfsubjectaccessreviews", "selfsubjectrulesreviews")


@dataclass(frozen=True, slots=True)
class Rule:
    """What one rule of a role allows; `*` stands for everything."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def allows(self, verb: str, group: str, resource: str) -> bool:
        """Whether the rule allows the verb on the resource, given as `pods` or `pods/eviction`."""
        return _has(self.verbs, verb) and _has(self.groups, group) and _has(self.resources, resource)

    def allows_path(self, verb: str, path: str) -> bool:
        """Whether the rule allows the verb on a path that is no resource's."""
        if not _has(self.verbs, verb):
            return False
        return any(path.startswith(known[:-1]) if known.endswith("*") else path == known for known in self.paths)

    def shown(self) -> Document:
        """The rule as a rules review lists it."""
        shown: Document = {"verbs": list(self.verbs)}
        if self.paths:
            return {**shown, "nonResourceURLs": list(self.paths)}
        return {**shown, "apiGroups": list(self.groups), "resources": list(self.resources)}


def _has(allowed: tuple[str, ...], wanted: str) -> bool:
    return wanted in allowed or "*" in allowed


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in to the clusters of a site."""

    name: str
    groups: tuple[str, ...]
    rules: tuple[Rule, ...]

    def may(self, verb: str, group: str, resource: str) -> bool:
        """Whether any rule allows the verb on the resource."""
        return any(rule.allows(verb, group, resource) for rule in self.rules)

    def may_path(self, verb: str, path: str) -> bool:
        """Whether any rule allows the verb on the path."""
        return any(rule.allows_path(verb, path) for rule in self.rules)


_BASIC = (
    Rule(("create",), ("authorization.k8s.io",), REVIEWS),
    Rule(("create",), ("authentication.k8s.io",), ("selfsubjectreviews",)),
    Rule(("get",), paths=_DISCOVERY),
)
_READABLE = tuple(sorted(kind.plural for kind in KINDS if kind.plural != "secrets"))
_GROUPS = tuple(sorted({kind.group for kind in KINDS}))

ADMINISTRATOR = User(
    "admin",
    ("system:masters", "system:authenticated"),
    (*_BASIC, Rule(("*",), ("*",), ("*",)), Rule(("*",), paths=("*",))),
)
LIMITED = User("limited", ("system:authenticated",), (*_BASIC, Rule(("get", "list", "watch"), _GROUPS, _READABLE)))
USERS = {user.name: user for user in (ADMINISTRATOR, LIMITED)}


def check_allowed(user: User, request: Request) -> None:
    """Refuse (403) what no rule allows, in the words of the real server."""
    if not request.is_resource:
        if user.may_path(request.verb, request.path):
            return
        message = f"forbidden: User {quoted(user.name)} cannot {request.verb} path {quoted(request.path)}"
        raise ApiError(403, "Forbidden", message, {})
    resource = f"{request.resource}/{request.subresource}" if request.subresource else request.resource
    if user.may(request.verb, request.group, resource):
        return
    scope = f"in the namespace {quoted(request.namespace)}" if request.namespace else "at the cluster scope"
    plural = f"{request.resource}.{request.group}" if request.group else request.resource
    target = f"{plural} {quoted(request.name)}" if request.name else plural
    details: Document = {}
    if request.name:
        details["name"] = request.name
    if request.group:
        details["group"] = request.group
    details["kind"] = request.resource
    raise ApiError(
        403,
        "Forbidden",
        f"{target} is forbidden: User {quoted(user.name)} cannot {request.verb} resource {quoted(resource)} "
        f"in API group {quoted(request.group)} {scope}",
        details,
    )


def access_review(user: User, body: Document) -> Document:
    """The answer to a SelfSubjectAccessReview."""
    spec = mapping(body.get("spec"))
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if isinstance(resource, dict) is isinstance(path, dict):
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        fault = FieldError("FieldValueInvalid", f"Invalid value: null: {why}", "spec.resourceAttributes")
        raise invalid(".authorization.k8s.io", "", [fault])
    if isinstance(resource, dict):
        plural = text(resource.get("resource"))
        below = text(resource.get("subresource"))
        asked = f"{plural}/{below}" if below else plural
        allowed = user.may(text(resource.get("verb")), text(resource.get("group")), asked)
    else:
        allowed = user.may_path(text(mapping(path).get("verb")), text(mapping(path).get("path")))
    return _review("SelfSubjectAccessReview", spec, {"allowed": allowed})


def rules_review(user: User, body: Document) -> Document:
    """The answer to a SelfSubjectRulesReview."""
    if not text(mapping(body.get("spec")).get("namespace")):
        raise bad_request("no namespace on request")
    resources: list[JsonValue] = [rule.shown() for rule in user.rules if not rule.paths]
    paths: list[JsonValue] = [rule.shown() for rule in user.rules if rule.paths]
    status: Document = {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}
    return _review("SelfSubjectRulesReview", {}, status)


def _review(kind: str, spec: Document, status: Document) -> Document:
    return {
        "kind": kind,
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {},
        "spec": spec,
        "status": status,
    }


def subject_review(user: User) -> Document:
    """The answer to a SelfSubjectReview: who am I."""
    information: Document = {"username": user.name, "groups": list(user.groups)}
    return {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {},
        "status": {"userInfo": information},
    }
