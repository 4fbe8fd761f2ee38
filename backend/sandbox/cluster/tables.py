"""Lists as tables, for `kubectl get`: the columns of the kinds it is used for most, and of all others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from backend.sandbox.cluster.documents import Document, JsonValue, dig, items, mapping, meta, number, strings, text
from backend.sandbox.cluster.kinds import DAEMON_SETS, DEPLOYMENTS, NAMESPACES, NODES, PODS, ResourceKind
from backend.sandbox.cluster.store import StoredObject

_Row = Callable[[Document], list[JsonValue]]
_ROLE_PREFIX = "node-role.kubernetes.io/"


def columns(kind: ResourceKind) -> list[JsonValue]:
    """The column definitions of the kind's table; a wide column has a star in front of its name below."""
    names = _TABLES[kind][0] if kind in _TABLES else ("Name", "Age")
    return [
        {
            "name": name.lstrip("*"),
            "type": "string",
            "format": "name" if name == "Name" else "",
            "description": "",
            "priority": int(name.startswith("*")),
        }
        for name in names
    ]


def rows(kind: ResourceKind, objects: list[StoredObject]) -> list[list[JsonValue]]:
    """The cells of each object's row."""
    row = _TABLES[kind][1] if kind in _TABLES else _plain_row
    return [row(stored.document()) for stored in objects]


def age(document: Document) -> str:
    """How long ago the object was made, as kubectl shows it: `45s`, `12m`, `5h`, `3d`."""
    created = text(meta(document).get("creationTimestamp"))
    try:
        passed = datetime.now(UTC) - datetime.fromisoformat(created)
    except ValueError:
        return "<unknown>"
    seconds = max(int(passed.total_seconds()), 0)
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def _name(document: Document) -> str:
    return text(meta(document).get("name"))


def _plain_row(document: Document) -> list[JsonValue]:
    return [_name(document), age(document)]


def _namespace_row(document: Document) -> list[JsonValue]:
    return [_name(document), text(dig(document, "status", "phase")), age(document)]


def _node_row(document: Document) -> list[JsonValue]:
    conditions = {
        text(mapping(item).get("type")): mapping(item) for item in items(dig(document, "status", "conditions"))
    }
    status = "Ready" if conditions.get("Ready", {}).get("status") == "True" else "NotReady"
    if dig(document, "spec", "unschedulable") is True:
        status += ",SchedulingDisabled"
    labels = strings(meta(document).get("labels"))
    roles = sorted(label.removeprefix(_ROLE_PREFIX) for label in labels if label.startswith(_ROLE_PREFIX))
    addresses = {
        text(mapping(item).get("type")): text(mapping(item).get("address"))
        for item in items(dig(document, "status", "addresses"))
    }
    machine = mapping(dig(document, "status", "nodeInfo"))
    return [
        _name(document),
        status,
        ",".join(roles) or "<none>",
        age(document),
        text(machine.get("kubeletVersion")),
        addresses.get("InternalIP", "<none>"),
        addresses.get("ExternalIP", "<none>"),
        text(machine.get("osImage")) or "<unknown>",
        text(machine.get("kernelVersion")) or "<unknown>",
        text(machine.get("containerRuntimeVersion")) or "<unknown>",
    ]


def _pod_row(document: Document) -> list[JsonValue]:
    states = [mapping(item) for item in items(dig(document, "status", "containerStatuses"))]
    total = len(items(dig(document, "spec", "containers")))
    ready = sum(1 for state in states if state.get("ready") is True)
    phase = text(dig(document, "status", "reason")) or text(dig(document, "status", "phase"))
    waiting = (text(dig(state, "state", "waiting", "reason")) for state in states)
    phase = next((reason for reason in waiting if reason), phase)
    if "deletionTimestamp" in meta(document):
        phase = "Terminating"
    restarts = sum(number(state.get("restartCount")) for state in states)
    return [
        _name(document),
        f"{ready}/{total}",
        phase,
        str(restarts),
        age(document),
        text(dig(document, "status", "podIP")) or "<none>",
        text(dig(document, "spec", "nodeName")) or "<none>",
    ]


def _deployment_row(document: Document) -> list[JsonValue]:
    status = mapping(document.get("status"))
    wanted = number(dig(document, "spec", "replicas"))
    ready = number(status.get("readyReplicas"))
    updated, available = number(status.get("updatedReplicas")), number(status.get("availableReplicas"))
    return [_name(document), f"{ready}/{wanted}", str(updated), str(available), age(document)]


def _daemon_set_row(document: Document) -> list[JsonValue]:
    status = mapping(document.get("status"))
    counted = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled")
    numbers: list[JsonValue] = [str(number(status.get(name))) for name in (*counted, "numberAvailable")]
    return [_name(document), *numbers, age(document)]


_TABLES: dict[ResourceKind, tuple[tuple[str, ...], _Row]] = {
    NAMESPACES: (("Name", "Status", "Age"), _namespace_row),
    NODES: (
        (
            "Name",
            "Status",
            "Roles",
            "Age",
            "Version",
            "*Internal-IP",
            "*External-IP",
            "*OS-Image",
            "*Kernel-Version",
            "*Container-Runtime",
        ),
        _node_row,
    ),
    PODS: (("Name", "Ready", "Status", "Restarts", "Age", "*IP", "*Node"), _pod_row),
    DEPLOYMENTS: (("Name", "Ready", "Up-to-date", "Available", "Age"), _deployment_row),
    DAEMON_SETS: (("Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Age"), _daemon_set_row),
}
