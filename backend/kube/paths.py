"""Paths of the Kubernetes API: safe segments, and the verb and resource that a request stands for."""

from __future__ import annotations

from urllib.parse import quote

from backend.errors import ErrorKind, PlatformError
from backend.safe_text import visible

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_NAME, _SUBRESOURCE = 1, 2


def segment(value: str) -> str:
    """Return `value` quoted as one segment of a path; raise PlatformError for one that would change the path."""
    if value in {"", ".", ".."}:
        shown = visible(value) or "an empty text"
        raise PlatformError(ErrorKind.INVALID, f"A Kubernetes object cannot be named {shown}.", field="name")
    return quote(value, safe="")


def selector_value(value: str) -> str:
    """Return `value` escaped for a field selector."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def verb_and_resource(method: str, path: str) -> tuple[str, str]:
    """Return what RBAC calls a request, e.g. ("create", "pods/eviction"); the path itself when it is no resource's."""
    parts = path.strip("/").split("/")
    if parts[0] == "api":
        parts = parts[2:]
    elif parts[0] == "apis":
        parts = parts[3:]
    else:
        return "get", path
    if len(parts) > _SUBRESOURCE and parts[0] == "namespaces":
        parts = parts[2:]
    if not parts:
        return "get", path
    resource = "/".join([parts[0], *parts[_SUBRESOURCE:]])
    if method == "GET":
        return ("get" if len(parts) > _NAME else "list"), resource
    return _VERBS.get(method, method.lower()), resource
