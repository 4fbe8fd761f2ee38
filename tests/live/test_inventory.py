"""What the background sees of real clusters, without anybody asking."""

from __future__ import annotations

import pytest

from backend.notifier import Topic
from tests.backend.delivery.waiting import until
from tests.live.control_plane import ControlPlane
from tests.live.machines import DOWN, Machines
from tests.live.outside import Outside
from tests.live.site import Operator, frozen

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]


async def test_a_node_that_goes_down_comes_back_and_leaves_is_seen(
    site: Operator, first: ControlPlane, machines: Machines, beside_first: Outside
) -> None:
    if not first.has_kwok:
        pytest.skip("nodes go down by kwok")
    [name] = await machines.make(first, "watched")
    await site.register_planes(first)
    assert (await site.node(name)).is_ready
    told: list[frozenset[Topic]] = []
    site.engine.notifier.listen(told.append)
    await site.work_in_background()

    async def down() -> bool:
        return not (await site.node(name)).is_ready

    await beside_first.merge(f"/api/v1/nodes/{name}", {"metadata": {"labels": {DOWN: "true"}}})
    await until(down, 40)
    assert (await site.node(name)).ready_reason == "KubeletNotReady"
    assert any(Topic.NODES in topics for topics in told)
    cluster = await site.cluster(first.name)
    assert cluster.ready_node_count < cluster.node_count

    async def up() -> bool:
        return (await site.node(name)).is_ready

    await beside_first.merge(f"/api/v1/nodes/{name}", {"metadata": {"labels": {DOWN: None}}})
    await until(up, 40)
    await beside_first.delete(f"/api/v1/nodes/{name}")

    async def gone() -> bool:
        return name not in await site.nodes()

    await until(gone, 40)


async def test_a_frozen_cluster_is_noticed_and_noticed_again_when_it_is_back(
    site: Operator, first: ControlPlane, second: ControlPlane
) -> None:
    await site.register_planes(first, second)
    await site.work_in_background()

    async def reachable(wanted: bool) -> bool:
        return (await site.cluster(second.name)).reachable is wanted

    with frozen(second):
        await until(lambda: reachable(False), 60)
        seen = (await site.cluster(first.name)).answer_time
        # The other one is looked at as often as ever.
        await until(lambda: _answered_after(site, first.name, seen), 30)
        assert not (await site.cluster(second.name)).reachable
    await until(lambda: reachable(True), 60)


async def _answered_after(site: Operator, name: str, moment: int) -> bool:
    return (await site.cluster(name)).answer_time > moment
