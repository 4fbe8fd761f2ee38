"""What goes on in a cluster by itself: namespaces empty and go, pods stop, owners take their dependents along."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from backend.sandbox.cluster.deleting import DeleteOptions, remove
from backend.sandbox.cluster.documents import Document, JsonValue, child, dig, items, mapping, meta, number, timestamp
from backend.sandbox.cluster.eviction import refresh_budgets
from backend.sandbox.cluster.kinds import DISRUPTION_BUDGETS, NAMESPACES, NODES, PODS, ResourceKind
from backend.sandbox.cluster.requests import Request
from backend.sandbox.cluster.store import Change, ClusterStore, StoredObject
from backend.sandbox.cluster.writing import Write

_AT_ONCE = DeleteOptions(grace=0)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take, in seconds.

    `namespace`: from the deletion of a namespace until it is emptied. `pod`: until a pod has stopped, at most its own
    grace period. `collector`: until the garbage collector looks.
    """

    namespace: float = 1.0
    pod: float = 1.0
    collector: float = 0.05


class Lifecycle:
    """The controllers of one cluster; they act on changes of its store, through the running event loop."""

    def __init__(self, store: ClusterStore, pace: Pace) -> None:
        self._store = store
        self._pace = pace
        self._timers: set[asyncio.TimerHandle] = set()
        self._stopped = False
        store.listen(self._changed)

    def stop(self) -> None:
        """Let nothing happen any more."""
        self._stopped = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        if self._stopped:
            return

        def run() -> None:
            self._timers.discard(timer)
            action()

        timer = asyncio.get_running_loop().call_later(seconds, run)
        self._timers.add(timer)

    def _changed(self, change: Change) -> None:
        new, old = change.new, change.old
        if new is None and old is not None:
            self._removed(old)
        elif new is not None and b'"deletionTimestamp"' in new.body:
            self._marked(new, old)
        if new is not None and new.kind is DISRUPTION_BUDGETS:
            self._later(self._pace.collector, lambda: refresh_budgets(self._store, new.namespace))

    def _removed(self, old: StoredObject) -> None:
        if self._store.dependents(old.uid):
            self._later(self._pace.collector, lambda: self._collect(old.uid))
        if old.namespace:
            namespace = self._store.get(NAMESPACES, old.namespace)
            if namespace is not None and _is_terminating(namespace):
                self._later(self._pace.collector, lambda: self._empty(namespace.name, namespace.uid))

    def _marked(self, new: StoredObject, old: StoredObject | None) -> None:
        metadata = meta(new.document())
        fresh = old is None or not _is_terminating(old)
        if "deletionTimestamp" not in metadata:
            return
        if new.kind is NAMESPACES and fresh:
            self._later(self._pace.namespace, lambda: self._empty(new.name, new.uid))
        elif new.kind is PODS and fresh:
            grace = number(metadata.get("deletionGracePeriodSeconds"))
            self._later(min(grace, self._pace.pod), lambda: self._stop_pod(new))
        finalizers = items(metadata.get("finalizers"))
        if "foregroundDeletion" in finalizers:
            self._later(self._pace.collector, lambda: self._collect_first(new))
        elif "orphan" in finalizers:
            self._later(self._pace.collector, lambda: self._orphan(new))

    def _current(self, stored: StoredObject) -> StoredObject | None:
        found = self._store.get(stored.kind, stored.name, stored.namespace)
        return found if found is not None and found.uid == stored.uid else None

    def _delete(self, stored: StoredObject, options: DeleteOptions = _AT_ONCE) -> bool:
        return remove(_internal(self._store, stored), stored, options)[1]

    def _empty(self, name: str, uid: str) -> None:
        namespace = self._store.get(NAMESPACES, name)
        if namespace is None or namespace.uid != uid:
            return
        left = [stored for stored in self._store.in_namespace(name) if not self._delete(stored)]
        document = namespace.document()
        finalizers = [held for held in items(dig(document, "spec", "finalizers")) if held != "kubernetes"]
        if left:
            _report_remaining(self._store, document, left)
        elif finalizers or items(meta(document).get("finalizers")):
            child(document, "spec")["finalizers"] = finalizers
            self._store.put(NAMESPACES, document)
        else:
            self._store.remove(NAMESPACES, name)

    def _stop_pod(self, pod: StoredObject) -> None:
        current = self._current(pod)
        if current is None:
            return
        node = self._store.get(NODES, current.fields.get("spec.nodeName", ""))
        if node is not None and not is_node_ready(node.document()):
            # Nobody on the node can say that the pod has stopped.
            self._later(max(self._pace.pod, self._pace.collector), lambda: self._stop_pod(pod))
            return
        self._delete(current)

    def _collect(self, uid: str) -> None:
        """Delete what a removed owner leaves behind; dependents of other owners only lose the reference."""
        for dependent in self._store.dependents(uid):
            document = dependent.document()
            others = [owner for owner in items(meta(document).get("ownerReferences")) if dig(owner, "uid") != uid]
            if others:
                meta(document)["ownerReferences"] = others
                self._store.put(dependent.kind, document)
            elif not _is_terminating(dependent):
                self._delete(dependent, DeleteOptions())

    def _collect_first(self, owner: StoredObject) -> None:
        current = self._current(owner)
        if current is None:
            return
        dependents = self._store.dependents(owner.uid)
        for dependent in dependents:
            if not _is_terminating(dependent):
                self._delete(dependent, DeleteOptions(policy="Foreground"))
        if dependents:
            self._later(max(self._pace.collector, 0.01), lambda: self._collect_first(owner))
        else:
            self._release(current, "foregroundDeletion")

    def _orphan(self, owner: StoredObject) -> None:
        for dependent in self._store.dependents(owner.uid):
            document = dependent.document()
            owners = items(meta(document).pop("ownerReferences", None))
            kept = [other for other in owners if dig(other, "uid") != owner.uid]
            if kept:
                meta(document)["ownerReferences"] = kept
            self._store.put(dependent.kind, document)
        current = self._current(owner)
        if current is not None:
            self._release(current, "orphan")

    def _release(self, stored: StoredObject, finalizer: str) -> None:
        document = stored.document()
        kept = [name for name in items(meta(document).get("finalizers")) if name != finalizer]
        if kept:
            meta(document)["finalizers"] = kept
            self._store.put(stored.kind, document)
        else:
            self._store.remove(stored.kind, stored.name, stored.namespace)


def _is_terminating(stored: StoredObject) -> bool:
    # Most objects are not: the bytes tell so without being parsed.
    return b'"deletionTimestamp"' in stored.body and "deletionTimestamp" in meta(stored.document())


def is_node_ready(node: Document) -> bool:
    """Whether the node's Ready condition is true."""
    conditions = (mapping(item) for item in items(dig(node, "status", "conditions")))
    return any(found.get("type") == "Ready" and found.get("status") == "True" for found in conditions)


def _internal(store: ClusterStore, stored: StoredObject) -> Write:
    return Write(store, stored.kind, _request(stored.kind, stored))


def _request(kind: ResourceKind, stored: StoredObject) -> Request:
    return Request(
        "DELETE",
        "",
        "delete",
        is_resource=True,
        group=kind.group,
        version=kind.version,
        resource=kind.plural,
        namespace=stored.namespace,
        name=stored.name,
        user_agent="kube-controller-manager",
    )


def _report_remaining(store: ClusterStore, document: Document, left: list[StoredObject]) -> None:
    """Say in the namespace's conditions what keeps it, once."""
    counts: dict[str, int] = {}
    for stored in left:
        counts[stored.kind.qualified] = counts.get(stored.kind.qualified, 0) + 1
    message = ", ".join(f"{plural}. has {count} resource instances" for plural, count in sorted(counts.items()))
    status = child(document, "status")
    before = [mapping(item) for item in items(status.get("conditions"))]
    if any(condition.get("message") == message for condition in before):
        return
    condition: JsonValue = {
        "type": "NamespaceContentRemaining",
        "status": "True",
        "reason": "SomeResourcesRemain",
        "message": message,
        "lastTransitionTime": timestamp(),
    }
    status["conditions"] = [condition]
    store.put(NAMESPACES, document)
