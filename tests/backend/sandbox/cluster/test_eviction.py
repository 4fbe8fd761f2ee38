"""Eviction of pods, and disruption budgets that forbid it."""

from __future__ import annotations

from backend.sandbox.cluster.documents import Document, JsonValue, dig, items, mapping
from tests.backend.sandbox.clients import PODS_PATH, Caller, eventually, pod, running

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"


def eviction(name: str, **more: JsonValue) -> Document:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "default"}, **more}


def budget(name: str, **spec: JsonValue) -> Document:
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"app": "x"}}, **spec}}


async def is_gone(kube: Caller, name: str) -> bool:
    return (await kube.get(f"{PODS_PATH}/{name}")).code == 404


async def test_an_evicted_pod_goes(kube: Caller) -> None:
    running(kube.store, pod("p", "node-a"))
    async with kube.watch(PODS_PATH, resourceVersion=str(kube.store.version)) as watch:
        evicted = await kube.post(f"{PODS_PATH}/p/eviction", eviction("p"))
        assert evicted.code == 201
        events = [await watch.next() for _ in range(3)]
    assert [sort for sort, _ in events] == ["MODIFIED", "MODIFIED", "DELETED"]
    going = events[1][1]
    assert dig(going, "metadata", "deletionTimestamp")
    assert (evicted.document["kind"], evicted.document["status"], evicted.document["code"]) == (
        "Status",
        "Success",
        201,
    )
    conditions = [mapping(item) for item in items(dig(going, "status", "conditions"))]
    assert [item["reason"] for item in conditions if item["type"] == "DisruptionTarget"] == ["EvictionByEvictionAPI"]
    assert await is_gone(kube, "p")
    assert (await kube.post(f"{PODS_PATH}/p/eviction", eviction("p"))).refusal(404, "NotFound") == 'pods "p" not found'


async def test_bodies_that_do_not_fit(kube: Caller) -> None:
    running(kube.store, pod("p", "node-a"))
    path = f"{PODS_PATH}/p/eviction"
    other = await kube.post(path, eviction("other"))
    assert other.refusal(400, "BadRequest") == "name in URL does not match name in Eviction object"
    kind = await kube.post(path, {**eviction("p"), "kind": "Pod", "apiVersion": "v1"})
    assert "cannot be handled as a Eviction" in kind.refusal(400, "BadRequest")
    uid = await kube.post(path, eviction("p", deleteOptions={"preconditions": {"uid": "foo"}}))
    assert uid.refusal(409, "Conflict")
    assert (await kube.post(path, eviction("p"), dryRun="All")).code == 201
    assert (await kube.get(f"{PODS_PATH}/p")).at("metadata", "deletionTimestamp") is None


async def test_a_budget_forbids_it(kube: Caller) -> None:
    for name in ("p", "q"):
        running(kube.store, pod(name, "node-a", {"app": "x"}))
    assert (await kube.post(BUDGETS, budget("pdb", minAvailable=2))).code == 201
    refused = await kube.post(f"{PODS_PATH}/p/eviction", eviction("p"))
    message = refused.refusal(429, "TooManyRequests")
    assert message == "Cannot evict pod as it would violate the pod's disruption budget."
    assert refused.causes() == [
        {"reason": "DisruptionBudget", "message": "The disruption budget pdb needs 2 healthy pods and has 2 currently"}
    ]
    assert (await kube.get(f"{PODS_PATH}/p")).at("metadata", "deletionTimestamp") is None
    await kube.patch(f"{BUDGETS}/pdb", {"spec": {"minAvailable": 1}})
    assert (await kube.post(f"{PODS_PATH}/p/eviction", eviction("p"))).code == 201
    # Now only one is left, and that one is needed.
    assert (await kube.post(f"{PODS_PATH}/q/eviction", eviction("q"))).refusal(429, "TooManyRequests")


async def test_budgets_in_per_cent(kube: Caller) -> None:
    for name in ("p", "q", "r"):
        running(kube.store, pod(name, "node-a", {"app": "x"}))
    await kube.post(BUDGETS, budget("pdb", maxUnavailable="34%"))

    async def known() -> bool:
        return (await kube.get(f"{BUDGETS}/pdb")).at("status", "disruptionsAllowed") == 2

    # 34 % of 3 is rounded up to 2.
    await eventually(known)
    both = await kube.post(BUDGETS, budget("both", maxUnavailable=1, minAvailable=1))
    assert "minAvailable and maxUnavailable cannot be both set" in both.refusal(422, "Invalid")


async def test_pods_that_do_not_count_may_always_go(kube: Caller) -> None:
    await kube.post(BUDGETS, budget("pdb", minAvailable=1))
    await kube.post(PODS_PATH, pod("pending", labels={"app": "x"}))
    assert (await kube.post(f"{PODS_PATH}/pending/eviction", eviction("pending"))).code == 201


async def test_two_budgets_are_too_many(kube: Caller) -> None:
    running(kube.store, pod("p", "node-a", {"app": "x"}))
    for name in ("one", "two"):
        await kube.post(BUDGETS, budget(name, minAvailable=0))
    refused = await kube.post(f"{PODS_PATH}/p/eviction", eviction("p"))
    assert refused.refusal(500, "").startswith("This pod has more than one PodDisruptionBudget")
