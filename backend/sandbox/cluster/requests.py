"""What a request asks for: read off its method, path and query, before anything is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from backend.sandbox.cluster.status import ApiError, FieldError, bad_request, invalid

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get", "HEAD": "get"}
_NAMESPACE_SUBRESOURCES = frozenset({"finalize", "status"})
FIELD_MANAGER_LENGTH = 128


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a cluster; `path` is the part behind the cluster's own prefix.

    For a resource, `verb` is one of Kubernetes' (`list`, `deletecollection`, …); otherwise the method in lower case.
    """

    method: str
    path: str
    verb: str
    query: Mapping[str, str] = field(default_factory=dict)
    is_resource: bool = False
    group: str = ""
    version: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    user: str = ""
    user_agent: str = ""
    accept: str = ""
    content_type: str = ""
    body: bytes = b""

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be stored."""
        return self.query.get("dryRun") == "All"

    @property
    def watching(self) -> bool:
        """Whether a list is asked for as a stream of changes."""
        return self.verb == "watch"

    def number(self, name: str) -> int | None:
        """A whole number of the query, None when it is absent; 400 when it is none."""
        value = self.query.get(name, "")
        if not value:
            return None
        try:
            return int(value)
        except ValueError as error:
            raise bad_request(f'strconv.ParseInt: parsing "{value}": invalid syntax') from error

    def flag(self, name: str) -> bool:
        """A yes or no of the query: given and not `false` or `0`, as the real server reads it."""
        return name in self.query and self.query[name].lower() not in {"false", "0"}

    def field_manager(self) -> str:
        """Who writes: named in the query, or the first part of the user agent."""
        named = self.query.get("fieldManager", "")
        if named:
            return named
        return self.user_agent.partition("/")[0][:FIELD_MANAGER_LENGTH] or "unknown"


def parse(method: str, path: str, query_string: str) -> Request:
    """Read a request's target; a path that is no resource's is left as it is."""
    query = dict(parse_qsl(query_string, keep_blank_values=True))
    parts = [part for part in path.split("/") if part]
    plain = Request(method, path, method.lower(), query)
    if len(parts) > 2 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) > 3 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return plain
    watching = rest[0] == "watch" and len(rest) > 1
    if watching:
        rest = rest[1:]
    namespace, resource, name, subresource = _split(rest)
    verb = _VERBS.get(method, method.lower())
    if not name and verb == "get":
        verb = "list"
    elif not name and verb == "delete":
        verb = "deletecollection"
    if watching or (verb == "list" and "watch" in query and query["watch"].lower() not in {"false", "0"}):
        verb = "watch"
    return Request(
        method,
        path,
        verb,
        query,
        is_resource=True,
        group=group,
        version=version,
        resource=resource,
        namespace=namespace,
        name=name,
        subresource=subresource,
    )


def _split(rest: list[str]) -> tuple[str, str, str, str]:
    """Namespace, resource, name and subresource; a namespace itself is an object in its own namespace."""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
        return rest[1], rest[2], "/".join(rest[3:4]), "/".join(rest[4:])
    namespace = rest[1] if rest[0] == "namespaces" and len(rest) > 1 else ""
    return namespace, rest[0], "/".join(rest[1:2]), "/".join(rest[2:])


def check_options(request: Request, options: str, *, applying: bool = False) -> None:
    """Refuse (422) options that every writing request may carry: `dryRun`, `fieldManager`, `force`."""
    errors: list[FieldError] = []
    dry_run = request.query.get("dryRun")
    if dry_run is not None and dry_run != "All":
        errors.append(FieldError.unsupported("dryRun", f'["{dry_run}"]', ["All"]))
    manager = request.query.get("fieldManager", "")
    if applying and not manager:
        errors.append(FieldError.required("fieldManager", "is required for apply patch"))
    if len(manager.encode()) > FIELD_MANAGER_LENGTH:
        why = f"Too long: may not be more than {FIELD_MANAGER_LENGTH} bytes"
        errors.append(FieldError("FieldValueTooLong", why, "fieldManager"))
    for position, character in enumerate(manager):
        if not character.isprintable():
            why = f"invalid character U+{ord(character):04X} (at position {position})"
            errors.append(FieldError.invalid("fieldManager", manager, why))
    if "force" in request.query and not applying:
        errors.append(FieldError.forbidden("force", "may not be specified for non-apply patch"))
    if errors:
        raise _bad_options(options, errors)


def _bad_options(options: str, errors: list[FieldError]) -> ApiError:
    return invalid(f"{options}.meta.k8s.io", "", errors)


def check_propagation(policy: str) -> None:
    """Refuse (422) an unknown propagation policy."""
    if policy not in {"", "Foreground", "Background", "Orphan"}:
        supported = ["Foreground", "Background", "Orphan", "nil"]
        raise _bad_options("DeleteOptions", [FieldError.unsupported("propagationPolicy", f'"{policy}"', supported)])
