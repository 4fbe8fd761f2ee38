"""`pods/eviction`: removal of a pod that respects the disruption budgets."""

from __future__ import annotations

import math

from backend.sandbox.cluster.answers import Answer, of_document
from backend.sandbox.cluster.codec import check_type, decode_body
from backend.sandbox.cluster.deleting import check_preconditions, merge_options, remove
from backend.sandbox.cluster.documents import Document, JsonValue, child, items, mapping, meta, number, text, timestamp
from backend.sandbox.cluster.kinds import DISRUPTION_BUDGETS, PODS
from backend.sandbox.cluster.requests import check_options
from backend.sandbox.cluster.selectors import selector_of
from backend.sandbox.cluster.status import ApiError, bad_request, success
from backend.sandbox.cluster.store import ClusterStore, StoredObject
from backend.sandbox.cluster.writing import Write

_FREE_PHASES = frozenset({"Pending", "Succeeded", "Failed"})


def evict(write: Write) -> Answer:
    """POST of an eviction: 201 when the pod is on its way out, 429 when a budget needs it."""
    request = write.request
    check_options(request, "CreateOptions")
    body = decode_body("Eviction", request.body, request.content_type)
    given_version = text(body.get("apiVersion")) or "policy/v1"
    if given_version != "policy/v1beta1":
        check_type("Eviction", "policy/v1", text(body.get("kind")) or "Eviction", given_version)
    if text(mapping(body.get("metadata")).get("name")) != request.name:
        raise bad_request("name in URL does not match name in Eviction object")
    options = merge_options(mapping(body.get("deleteOptions")), request.query)
    pod = write.current()
    check_preconditions(PODS, pod, options)
    if not _is_free(pod):
        _check_budgets(write.store, pod)
    if options.dry_run:
        return of_document(success(code=201), 201)
    remove(write, _mark(write.store, pod), options)
    refresh_budgets(write.store, pod.namespace)
    return of_document(success(code=201), 201)


def _is_free(pod: StoredObject) -> bool:
    document = pod.document()
    phase = text(mapping(document.get("status")).get("phase"))
    return phase in _FREE_PHASES or "deletionTimestamp" in meta(document)


def _mark(store: ClusterStore, pod: StoredObject) -> StoredObject:
    """Note on the pod why it goes, as the real server does."""
    document = pod.document()
    if "deletionTimestamp" in meta(document):
        return pod
    status = child(document, "status")
    kept: list[JsonValue] = [
        item for item in items(status.get("conditions")) if mapping(item).get("type") != "DisruptionTarget"
    ]
    kept.append(
        {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting",
            "lastTransitionTime": timestamp(),
        }
    )
    status["conditions"] = kept
    return store.put(PODS, document)


def _check_budgets(store: ClusterStore, pod: StoredObject) -> None:
    budgets = [budget for budget in store.objects(DISRUPTION_BUDGETS, pod.namespace) if _guards(budget, pod)]
    if len(budgets) > 1:
        raise ApiError(
            500,
            "",
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
        )
    for budget in budgets:
        status = budget_status(store, budget)
        healthy, desired = number(status.get("currentHealthy")), number(status.get("desiredHealthy"))
        policy = mapping(budget.document().get("spec")).get("unhealthyPodEvictionPolicy")
        if not is_ready(pod.document()) and (policy == "AlwaysAllow" or healthy >= desired > 0):
            continue
        if number(status.get("disruptionsAllowed")) > 0:
            continue
        why = f"The disruption budget {budget.name} needs {desired} healthy pods and has {healthy} currently"
        causes: list[JsonValue] = [{"reason": "DisruptionBudget", "message": why}]
        message = "Cannot evict pod as it would violate the pod's disruption budget."
        raise ApiError(429, "TooManyRequests", message, {"causes": causes})


def _guards(budget: StoredObject, pod: StoredObject) -> bool:
    selector = selector_of(mapping(budget.document().get("spec")).get("selector"))
    return selector is not None and selector.matches(pod.labels)


def is_ready(pod: Document) -> bool:
    """Whether the pod's Ready condition is true."""
    conditions = items(mapping(pod.get("status")).get("conditions"))
    ready = (mapping(item) for item in conditions if mapping(item).get("type") == "Ready")
    return any(condition.get("status") == "True" for condition in ready)


def budget_status(store: ClusterStore, budget: StoredObject) -> Document:
    """What the budget allows right now."""
    document = budget.document()
    pods = [pod.document() for pod in store.objects(PODS, budget.namespace) if _guards(budget, pod)]
    expected = len(pods)
    healthy = sum(1 for pod in pods if is_ready(pod) and "deletionTimestamp" not in meta(pod))
    spec = mapping(document.get("spec"))
    if "maxUnavailable" in spec:
        desired = max(expected - _share(spec["maxUnavailable"], expected), 0)
    else:
        desired = _share(spec.get("minAvailable", 1), expected)
    return {
        "disruptionsAllowed": max(healthy - desired, 0) if expected else 0,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "observedGeneration": number(meta(document).get("generation")),
    }


def _share(amount: JsonValue, whole: int) -> int:
    """A number of pods given as a number or, rounded up, as a percentage."""
    if isinstance(amount, str) and amount.endswith("%") and amount[:-1].isdecimal():
        return math.ceil(int(amount[:-1]) * whole / 100)
    return number(amount)


def refresh_budgets(store: ClusterStore, namespace: str) -> None:
    """Bring the status of the namespace's budgets up to date, as the disruption controller does."""
    for budget in store.objects(DISRUPTION_BUDGETS, namespace):
        status = budget_status(store, budget)
        document = budget.document()
        if mapping(document.get("status")) != status:
            document["status"] = status
            store.put(DISRUPTION_BUDGETS, document)
