"""An account that may do exactly what the connection test asks for can be used for everything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest

from backend.kube.probe import NEEDED
from tests.backend.delivery.waiting import until
from tests.live.control_plane import ControlPlane
from tests.live.edges import granted, until_listing_nodes_is
from tests.live.machines import Machines
from tests.live.outside import Outside, manager_of
from tests.live.pods import OURS, Pods
from tests.live.site import Operator

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

RULES = [
    {"apiGroups": [permission.group], "resources": [permission.resource], "verbs": [permission.verb]}
    for permission in NEEDED
]


@pytest.fixture
async def needed_only(first: ControlPlane, beside_first: Outside) -> AsyncIterator[str]:
    """The kubeconfig of an account with the permissions of the connection test."""
    async with granted(beside_first, "otetui-test-needed", RULES):
        await until_listing_nodes_is(first, HTTPStatus.OK)
        yield first.kubeconfig("limited")
    await until_listing_nodes_is(first, HTTPStatus.FORBIDDEN)


async def test_the_permissions_that_are_asked_for_suffice(
    site: Operator, first: ControlPlane, machines: Machines, beside_first: Outside, needed_only: str
) -> None:
    [node] = await machines.make(first, "least")
    await site.register_cluster(first.name, needed_only)
    assert (await site.cluster(first.name)).message == ""
    assert (await site.node(node)).is_ready
    await site.work_in_background()
    new, there = await site.application("bakery"), await site.application("butcher")
    await beside_first.create_namespace(f"ns{there}", {"team": "roads"})
    for business in (new, there):
        await site.approve(business)
        await site.delivered(business, first.name)
        found = await beside_first.namespace(f"ns{business}")
        assert found is not None
        assert manager_of(found, "metadata", "labels", "otetui.io/business") == {("otetui", "Apply")}
    await site.label(first.name, [node], "camera")
    assert (await beside_first.node_labels(node))["otetui.io/camera"] == "true"
    if not first.has_controllers:
        return
    async with Pods.open(beside_first) as pods:
        await pods.make("ours", node, OURS, placed_by="camera")
        await pods.running(1)
        [result] = (await site.unlabel(first.name, [node], "camera", delete_deploy=True)).results
        assert result.message == "label removed and 1 pod evicted"

        async def gone() -> bool:
            return await pods.there() == set()

        await until(gone, 30)


async def test_rights_that_are_taken_away_later_are_told_and_what_was_seen_keeps_its_age(
    site: Operator, first: ControlPlane, beside_first: Outside
) -> None:
    async with granted(beside_first, "otetui-test-taken", RULES):
        await until_listing_nodes_is(first, HTTPStatus.OK)
        await site.register_cluster(first.name, first.kubeconfig_with_token("limited"))
    await until_listing_nodes_is(first, HTTPStatus.FORBIDDEN)
    before = await site.cluster(first.name)
    await until(lambda: site.clock.now() > before.probe_time)
    business = await site.application("bakery")
    await site.approve(business)
    [result] = (await site.refresh(first.name)).results
    assert result.code == 502
    assert 'User "limited" cannot list resource "nodes"' in result.message
    now = await site.cluster(first.name)
    # It answers, so it is there; its figures are as old as they were.
    assert (now.reachable, now.is_ready, now.message) == (True, True, result.message)
    assert (now.node_count, now.answer_time) == (before.node_count, before.answer_time)
    assert now.probe_time > before.probe_time
    await site.work_in_background()
    rows = await site.until_deliveries(business, lambda found: bool(found[first.name].message))
    assert rows[first.name].state == "waiting"
    assert 'User "limited" cannot get resource "namespaces"' in rows[first.name].message
    async with granted(beside_first, "otetui-test-again", RULES):
        await until_listing_nodes_is(first, HTTPStatus.OK)
        await site.delivered(business, first.name)
        await site.refresh(first.name)
        assert (await site.cluster(first.name)).message == ""
