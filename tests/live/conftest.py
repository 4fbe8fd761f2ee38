"""Control planes shared by all live tests."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.live.control_plane import AssetsMissingError, ControlPlane, find_assets

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def control_planes() -> Iterator[tuple[ControlPlane, ControlPlane]]:
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
