"""The namespace of an approved business on real clusters (operation 15; decision 19)."""

from __future__ import annotations

import time

import pytest

from tests.live.conftest import Planes
from tests.live.control_plane import ControlPlane
from tests.live.outside import Outside, manager_of
from tests.live.site import Operator, frozen

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

MANAGED_BY, BUSINESS = "app.kubernetes.io/managed-by", "otetui.io/business"


async def labels_of(outside: Outside, name: str) -> dict[str, str]:
    """The labels of a namespace that must be there, without Kubernetes' own."""
    found = await outside.namespace(name)
    assert found is not None, f"no namespace {name}"
    labels: dict[str, str] = found["metadata"]["labels"]
    return {key: value for key, value in labels.items() if key != "kubernetes.io/metadata.name"}


def ours(business: int) -> dict[str, str]:
    """The labels of a business's namespace."""
    return {MANAGED_BY: "otetui", BUSINESS: str(business)}


async def test_an_approved_business_gets_its_namespace_on_both_clusters(
    site: Operator, control_planes: Planes, beside_first: Outside, beside_second: Outside
) -> None:
    names = await site.register_planes(*control_planes)
    await site.work_in_background()
    business = await site.application("bakery")
    other = await site.application("butcher")
    namespace = f"ns{business}"
    for outside in (beside_first, beside_second):
        assert await outside.namespace(namespace) is None
    await site.approve(business)
    await site.delivered(business, *names)
    for outside in (beside_first, beside_second):
        assert await labels_of(outside, namespace) == ours(business)
        found = await outside.namespace(namespace)
        assert found is not None
        for label in (MANAGED_BY, BUSINESS):
            assert manager_of(found, "metadata", "labels", label) == {("otetui", "Apply")}
        # Nobody has approved that one.
        assert await outside.namespace(f"ns{other}") is None
    assert {row.attempts for row in (await site.deliveries(business)).values()} == {1}
    detail = await site.cluster(names[0])
    assert [(row.namespace, row.state) for row in detail.namespaces] == [(namespace, "delivered")]
    assert detail.waiting_work == 0


async def test_a_frozen_cluster_waits_without_delaying_the_other_and_catches_up_by_itself(
    site: Operator, control_planes: Planes, beside_first: Outside, beside_second: Outside
) -> None:
    first, second = control_planes
    await site.register_planes(first, second)
    await site.work_in_background()
    businesses = [await site.application(name) for name in ("bakery", "butcher")]
    # On a connection that is open already a request waits the longest.
    await site.refresh(second.name)
    with frozen(second):
        started = time.monotonic()
        for business in businesses:
            await site.approve(business)
        for business in businesses:
            await site.delivered(business, first.name, seconds=20)
        quick = time.monotonic() - started
        for business in businesses:
            assert await labels_of(beside_first, f"ns{business}") == ours(business)
        rows = await site.until_deliveries(businesses[0], lambda found: bool(found[second.name].message))
        slow = time.monotonic() - started
        waiting = rows[second.name]
        assert (waiting.state, waiting.attempts >= 1) == ("waiting", True)
        assert "Cluster live-2" in waiting.message
        assert "within" in waiting.message
        # What was not tried itself says why it waits, too.
        behind = (await site.deliveries(businesses[1]))[second.name]
        assert (behind.state, behind.message) == ("waiting", waiting.message)
        assert (await site.cluster(second.name)).waiting_work == 2
        assert quick < slow / 2
    for business in businesses:
        await site.delivered(business, first.name, second.name)
        assert await labels_of(beside_second, f"ns{business}") == ours(business)
        assert (await site.deliveries(business))[second.name].message == ""


async def test_a_cluster_that_is_registered_later_gets_all_namespaces(
    site: Operator, control_planes: Planes, beside_first: Outside, beside_second: Outside
) -> None:
    first, second = control_planes
    await site.register_planes(first)
    await site.work_in_background()
    approved = [await site.application(name) for name in ("bakery", "butcher")]
    pending = await site.application("brewer")
    for business in approved:
        await site.approve(business)
        await site.delivered(business, first.name)
    assert await beside_second.namespace(f"ns{approved[0]}") is None
    await site.register_planes(second)
    for business in approved:
        await site.delivered(business, first.name, second.name)
        assert await labels_of(beside_second, f"ns{business}") == ours(business)
    assert await beside_second.namespace(f"ns{pending}") is None


@pytest.mark.parametrize(
    "labels",
    [{MANAGED_BY: "Helm"}, {MANAGED_BY: "otetui", BUSINESS: "1"}, {BUSINESS: "1", "team": "roads"}],
    ids=["another-manager", "another-business", "only-another-business"],
)
async def test_a_namespace_of_another_owner_is_a_conflict_and_stays_untouched(
    site: Operator, control_planes: Planes, beside_first: Outside, beside_second: Outside, labels: dict[str, str]
) -> None:
    names = await site.register_planes(*control_planes)
    business = await site.application("bakery")
    namespace = f"ns{business}"
    before = await beside_first.create_namespace(namespace, labels)
    await site.work_in_background()
    await site.approve(business)
    found = await site.until_deliveries(business, lambda rows: all(row.state != "waiting" for row in rows.values()))
    assert [found[name].state for name in names] == ["conflict", "delivered"]
    message = found[names[0]].message
    owner = next(iter(set(labels.items()) - set(ours(business).items()) - {("team", "roads")}))
    assert f"namespace {namespace} that belongs to another owner ({owner[0]}={owner[1]})" in message
    now = await beside_first.namespace(namespace)
    assert now is not None
    assert now["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    # Once its owner has handed it over, the operator's retry delivers it.
    taken_off = {key: None for key in labels if key != "team"}
    await beside_first.merge(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": taken_off}})
    await site.refresh(names[0])
    await site.delivered(business, *names)
    kept = {key: value for key, value in labels.items() if key == "team"}
    assert await labels_of(beside_first, namespace) == ours(business) | kept


async def test_a_namespace_that_is_there_without_an_owner_is_adopted(
    site: Operator, first: ControlPlane, beside_first: Outside
) -> None:
    await site.register_planes(first)
    business = await site.application("bakery")
    namespace = f"ns{business}"
    before = await beside_first.create_namespace(namespace, {"team": "roads"})
    await beside_first.create(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "kept"}})
    await site.work_in_background()
    await site.approve(business)
    await site.delivered(business, first.name)
    assert await labels_of(beside_first, namespace) == {**ours(business), "team": "roads"}
    after = await beside_first.namespace(namespace)
    assert after is not None
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert manager_of(after, "metadata", "labels", "team") == {("somebody-else", "Update")}
    assert await beside_first.find(f"/api/v1/namespaces/{namespace}/configmaps/kept") is not None


async def test_a_namespace_that_is_being_deleted_is_made_anew_once_it_is_gone(
    site: Operator, first: ControlPlane, beside_first: Outside
) -> None:
    if not first.has_controllers:
        pytest.skip("namespaces are finalized by the controllers")
    await site.register_planes(first)
    business = await site.application("bakery")
    path = f"/api/v1/namespaces/ns{business}"
    before = await beside_first.create_namespace(f"ns{business}", ours(business))
    holding = {"metadata": {"name": "holding", "finalizers": ["otetui.test/hold"]}}
    await beside_first.create(f"{path}/configmaps", holding)
    await beside_first.delete(path)
    await site.work_in_background()
    await site.approve(business)
    found = await site.until_deliveries(business, lambda rows: rows[first.name].attempts >= 2)
    assert found[first.name].state == "waiting"
    assert f"is still deleting the namespace ns{business}" in found[first.name].message
    # It is this object that is on its way out, not the cluster: nothing else waits for it.
    other = await site.application("butcher")
    await site.approve(other)
    await site.delivered(other, first.name, seconds=20)
    await beside_first.merge(f"{path}/configmaps/holding", {"metadata": {"finalizers": None}})
    await site.delivered(business, first.name, seconds=90)
    after = await beside_first.namespace(f"ns{business}")
    assert after is not None
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["status"]["phase"] == "Active"
    assert await labels_of(beside_first, f"ns{business}") == ours(business)
