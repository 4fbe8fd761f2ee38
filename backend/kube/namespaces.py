"""The namespace of a business on a cluster (decision 19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.kube.connection import APPLY_PATCH, Connection
from backend.kube.errors import KubeError
from backend.kube.json_values import JsonObject, text
from backend.kube.paths import segment
from backend.safe_text import visible

MANAGED_BY = "app.kubernetes.io/managed-by"
BUSINESS = "otetui.io/business"
FIELD_MANAGER = "otetui"

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class NamespaceOutcome:
    """What was done: `created`, or `adopted` when it was there without being ours, or neither.

    `changed` says whether the cluster changed anything at all.
    """

    name: str
    uid: str
    created: bool
    adopted: bool
    changed: bool


async def ensure_namespace(connection: Connection, name: str, labels: Mapping[str, str]) -> NamespaceOutcome:
    """Make the namespace `name` with `labels` by server-side apply, field manager otetui; repeating it is harmless.

    The label app.kubernetes.io/managed-by=otetui is always added. An existing namespace is taken over only if it
    carries no other owner's label: managed-by absent or otetui, otetui.io/business absent or the one in
    `labels`. Raises KubeError: `conflict` when it is another's, and retryable when it is being deleted.
    """
    wanted = {**labels, MANAGED_BY: FIELD_MANAGER}
    path = f"/api/v1/namespaces/{segment(name)}"
    found = await _existing(connection, path)
    if found is not None:
        _refuse_if_another_owns(connection, name, found, labels.get(BUSINESS, ""))
        _refuse_if_going(connection, name, found)
    body: JsonObject = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": wanted}}
    # Without force: an owner who came after we looked keeps their labels, and we get a conflict.
    applied = await connection.patch_json(
        path, body, {"fieldManager": FIELD_MANAGER, "force": "false"}, content_type=APPLY_PATCH
    )
    _refuse_if_going(connection, name, applied)
    return NamespaceOutcome(
        name=name,
        uid=text(applied, "metadata", "uid"),
        created=found is None,
        adopted=found is not None and text(found, "metadata", "labels", MANAGED_BY) != FIELD_MANAGER,
        changed=found is None or _version(found) != _version(applied),
    )


async def _existing(connection: Connection, path: str) -> JsonObject | None:
    try:
        return await connection.get_json(path)
    except KubeError as error:
        if error.stage == "not_found" and error.remote_reason == "NotFound":
            return None
        raise


def _refuse_if_another_owns(connection: Connection, name: str, found: JsonObject, business: str) -> None:
    for key, ours in ((MANAGED_BY, FIELD_MANAGER), (BUSINESS, business)):
        owner = text(found, "metadata", "labels", key)
        if owner not in {"", ours}:
            raise KubeError(
                "conflict",
                f"{connection.label} already has a namespace {name} that belongs to another owner "
                f"({key}={visible(owner, _SHOWN)}); rename or remove it there, or take that label off to hand it over.",
            )


def _refuse_if_going(connection: Connection, name: str, found: JsonObject) -> None:
    if text(found, "metadata", "deletionTimestamp") or text(found, "status", "phase") == "Terminating":
        raise KubeError(
            "conflict",
            f"{connection.label} is still deleting the namespace {name}; it is made anew once that is done.",
            retryable=True,
        )


def _version(found: JsonObject) -> str:
    return text(found, "metadata", "resourceVersion")
