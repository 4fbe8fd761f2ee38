"""Control planes shared by all live tests, and a site for each test to use them with."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from backend.engine import Engine
from tests.backend.conftest import quick_passwords
from tests.backend.sites import ADMINISTRATOR, PASSWORD
from tests.live.control_plane import AssetsMissingError, ControlPlane, find_assets
from tests.live.machines import Machines
from tests.live.outside import Outside
from tests.live.site import Operator, RunningClock

__all__ = ["quick_passwords"]

Planes = tuple[ControlPlane, ControlPlane]


@pytest.fixture(scope="session")
def control_planes() -> Iterator[Planes]:
    """Two running control planes; skips when there is nothing to start them from."""
    try:
        assets = find_assets()
    except AssetsMissingError as error:
        pytest.skip(str(error))
    if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1:
        pytest.skip("every xdist worker would start its own control planes; run the live tests with -n0")
    first, second = ControlPlane(assets, "live-1"), ControlPlane(assets, "live-2")
    with ExitStack() as cleanup:
        cleanup.callback(first.stop)
        cleanup.callback(second.stop)
        with ThreadPoolExecutor(max_workers=2) as starter:
            for start in [starter.submit(plane.start) for plane in (first, second)]:
                start.result()
        yield first, second


@pytest.fixture
def first(control_planes: Planes) -> ControlPlane:
    """One of the control planes."""
    return control_planes[0]


@pytest.fixture
def second(control_planes: Planes) -> ControlPlane:
    """The other one."""
    return control_planes[1]


@pytest.fixture
async def beside_first(first: ControlPlane) -> AsyncIterator[Outside]:
    """The first control plane as its own administrator sees it."""
    async with Outside(first.kubeconfig_with_token()) as outside:
        yield outside


@pytest.fixture
async def beside_second(second: ControlPlane) -> AsyncIterator[Outside]:
    """The second control plane as its own administrator sees it."""
    async with Outside(second.kubeconfig_with_token()) as outside:
        yield outside


@pytest.fixture
async def machines(control_planes: Planes) -> AsyncIterator[Machines]:
    """Makes nodes, which are gone after the test."""
    made = Machines()
    yield made
    await asyncio.gather(*(made.remove_all(plane) for plane in control_planes))


@pytest.fixture
async def site(tmp_path: Path, quick_passwords: None) -> AsyncIterator[Operator]:
    """A site that was set up, without clusters and without anything running in the background."""
    home = tmp_path / "home"
    clock = RunningClock()
    engine = await Engine.open(home, clock=clock)
    operator = Operator(engine, clock, home)
    operator.begin_businesses_anew()
    await engine.set_up(ADMINISTRATOR, PASSWORD)
    yield operator
    await engine.close()
