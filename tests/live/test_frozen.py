"""A cluster whose API server is frozen: it takes connections and never answers. Nobody else waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

import pytest

from backend.errors import ErrorKind
from backend.operations.nodes import ADD_NODE_LABEL
from tests.backend.delivery.waiting import until
from tests.backend.sites import ADMINISTRATOR
from tests.live.conftest import Planes
from tests.live.control_plane import ControlPlane
from tests.live.machines import Machines
from tests.live.site import Operator, frozen

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

T = TypeVar("T")
LONGEST = 18.0
"""Seconds within which whoever asks a frozen cluster must have an answer, on a busy machine."""


async def timed(work: Awaitable[T]) -> tuple[T, float]:
    """What `work` returns, and how long it took."""
    started = time.monotonic()
    return await work, time.monotonic() - started


async def test_registering_a_frozen_cluster_times_out_while_another_is_registered(
    site: Operator, control_planes: Planes
) -> None:
    first, second = control_planes
    with frozen(second):
        waiting = asyncio.create_task(timed(site.refusal_to_register(second.name, second.kubeconfig())))
        _, quick = await timed(site.register_cluster(first.name, first.kubeconfig()))
        assert not waiting.done()
        error, slow = await waiting
    assert error.kind is ErrorKind.TIMEOUT
    assert "within" in error.message
    assert quick < slow / 2
    assert slow < LONGEST
    assert await site.cluster_names() == [first.name]
    await site.register_cluster(second.name, second.kubeconfig())
    assert (await site.cluster(second.name)).is_ready


async def test_figures_keep_their_age_while_a_cluster_is_frozen_and_the_other_is_not_delayed(
    site: Operator, control_planes: Planes, machines: Machines
) -> None:
    first, second = control_planes
    [node] = await machines.make(second, "aging")
    await site.register_planes(first, second)
    # On a connection that is open already a request waits the longest.
    await site.refresh(second.name)
    before = await site.cluster(second.name)
    # Ages are in whole seconds: the next look must be at a later one.
    await until(lambda: site.clock.now() > before.probe_time)
    with frozen(second):
        both = asyncio.create_task(timed(site.refresh(first.name, second.name)))
        [fresh] = await machines.make(first, "fresh")
        beside = 0.0

        async def seen() -> bool:
            nonlocal beside
            _, took = await timed(site.refresh(first.name))
            beside = max(beside, took)
            return fresh in await site.nodes(clusterName=first.name)

        await until(seen)
        _, labelled = await timed(site.label(first.name, [fresh], "camera"))
        assert not both.done()
        answer, slow = await both
        assert max(beside, labelled) < slow / 2
        assert slow < LONGEST
    results = {result.name: result for result in answer.results}
    assert results[first.name].code == 200
    assert results[second.name].code == ErrorKind.TIMEOUT.value
    away = await site.cluster(second.name)
    assert (away.reachable, away.is_ready, away.message) == (False, False, results[second.name].message)
    assert (away.answer_time, away.node_count, away.version) == (
        before.answer_time,
        before.node_count,
        before.version,
    )
    assert away.probe_time > before.probe_time
    old = await site.node(node)
    assert (old.is_ready, old.reachable, old.answer_time) == (True, False, before.answer_time)
    await site.refresh(second.name)
    back = await site.cluster(second.name)
    assert (back.reachable, back.is_ready, back.message) == (True, True, "")
    assert back.answer_time == back.probe_time >= away.probe_time


async def test_labelling_many_nodes_of_a_frozen_cluster_takes_no_longer_than_labelling_one(
    site: Operator, second: ControlPlane, machines: Machines
) -> None:
    names = await machines.make(second, *(f"many-{number:02}" for number in range(20)))
    await site.register_planes(second)
    # All of the connections that the platform may have are open.
    await site.label(second.name, names, "gateway")
    with frozen(second):
        error, took = await timed(
            site.refusal(ADD_NODE_LABEL, ADMINISTRATOR, nodeName=[*names], nodeLabel="camera", clusterName=second.name)
        )
    # One time-out, not one after the other.
    assert took < 14
    assert error.kind is ErrorKind.TIMEOUT
    assert error.message.startswith("20 of 20 were not labelled.")
    assert [result.name for result in error.results] == names
    assert {result.code for result in error.results} == {ErrorKind.TIMEOUT.value}
    # The first ones were sent, and a frozen server may yet do what it was sent.
    assert error.results[0].message.endswith("Whether it was done shows when the cluster answers again.")
    assert error.results[-1].message.startswith("not tried: ")
    entry = (await site.activity(action="node.add_label"))[-1]
    assert entry.outcome == "failed"
    await site.refresh(second.name)
    await site.label(second.name, names, "camera")
    assert set(await site.nodes(nodeLabel="camera")) == set(names)
