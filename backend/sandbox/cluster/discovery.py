"""What the API says about itself: its version, its health, its groups and their resources."""

from __future__ import annotations

import re

from backend.sandbox.cluster.documents import Document, JsonValue
from backend.sandbox.cluster.kinds import ResourceKind, groups, in_version

_REVIEW_GROUPS = {
    "authentication.k8s.io": (("selfsubjectreviews", "SelfSubjectReview"),),
    "authorization.k8s.io": (
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
        ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    ),
}
_CHECKS = ("ping", "log", "etcd", "informer-sync", "poststarthook/start-apiserver-admission-initializer", "shutdown")
HEALTH_PATHS = frozenset({"/healthz", "/livez", "/readyz"})


def version_information(version: str) -> Document:
    """The answer of `/version` for a version such as `v1.34.2`."""
    major, minor = re.findall(r"\d+", version)[:2]
    return {
        "major": major,
        "minor": minor,
        "gitVersion": version,
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "go1.25.3",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def health(path: str, *, verbose: bool) -> str:
    """The text of a health endpoint."""
    if not verbose:
        return "ok"
    return "".join(f"[+]{check} ok\n" for check in _CHECKS) + f"{path[1:]} check passed\n"


def discovery(path: str, address: str) -> Document | None:
    """The discovery document at the path; None where there is none. `address` is the server's host and port."""
    parts = [part for part in path.split("/") if part]
    versions = {
        **{group: found for group, found in groups().items() if group},
        **dict.fromkeys(_REVIEW_GROUPS, ("v1",)),
    }
    if parts == ["api"]:
        addresses: list[JsonValue] = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}
    if parts == ["api", "v1"]:
        return _resources("", "v1")
    if parts == ["apis"]:
        listed: list[JsonValue] = [_group(group, found) for group, found in sorted(versions.items())]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    if parts[:1] != ["apis"] or parts[1] not in versions:
        return None
    if len(parts) == 2:
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(parts[1], versions[parts[1]])}
    return _resources(parts[1], parts[2]) if parts[2:] and parts[2] in versions[parts[1]] else None


def _group(group: str, versions: tuple[str, ...]) -> Document:
    listed: list[JsonValue] = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": listed, "preferredVersion": listed[0]}


def _resources(group: str, version: str) -> Document:
    listed: list[JsonValue] = []
    for kind in in_version(group, version):
        listed.append(_resource(kind))
        for below in sorted(kind.subresources, key=lambda found: found.name):
            entry: Document = {"name": f"{kind.plural}/{below.name}", "singularName": "", "namespaced": kind.namespaced}
            if below.group:
                entry |= {"group": below.group, "version": below.version}
            listed.append({**entry, "kind": below.kind, "verbs": list(below.verbs)})
    for plural, name in _REVIEW_GROUPS.get(group, ()):
        review: Document = {"name": plural, "singularName": name.lower(), "namespaced": False, "kind": name}
        listed.append({**review, "verbs": ["create"]})
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": listed,
    }


def _resource(kind: ResourceKind) -> Document:
    entry: Document = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    return entry
