"""`otetui worker`, a process of its own, on real clusters: killed in the middle, another one carries on."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.backend.delivery.waiting import until
from tests.live.conftest import Planes
from tests.live.outside import Outside
from tests.live.processes import Process
from tests.live.site import Operator, frozen

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]


@contextmanager
def worker(site: Operator, log: Path) -> Iterator[Process]:
    """A worker on the site's home folder."""
    env = {"PATH": os.environ["PATH"], "OTETUI_HOME": str(site.home), "PYTHONPATH": str(ROOT)}
    process = Process([sys.executable, "-m", "otetui", "worker"], log, env)
    try:
        yield process
    finally:
        process.kill()


def count(site: Operator, cluster: str, condition: str) -> int:
    """How many pieces of a cluster's work meet a condition, by what is in the store."""
    connection = site.outside()
    [[found]] = connection.execute(
        "SELECT count(*) FROM work JOIN cluster ON cluster.id = work.cluster_id"
        f" WHERE cluster.name = ? AND {condition}",
        (cluster,),
    )
    connection.close()
    return int(found)


async def versions(outside: Outside) -> dict[str, tuple[str, str]]:
    """The identity and version of every namespace."""
    found = (await outside.get("/api/v1/namespaces"))["items"]
    return {item["metadata"]["name"]: (item["metadata"]["uid"], item["metadata"]["resourceVersion"]) for item in found}


async def test_a_worker_that_is_killed_in_the_middle_is_followed_by_one_that_carries_on(
    site: Operator, control_planes: Planes, beside_first: Outside, beside_second: Outside, tmp_path: Path
) -> None:
    first, second = control_planes
    names = await site.register_planes(first, second)
    businesses = [await site.application(f"business-{number}") for number in range(8)]
    namespaces = {f"ns{business}" for business in businesses}
    with worker(site, tmp_path / "killed.log") as killed:
        with frozen(second):
            for business in businesses:
                await site.approve(business)
            # It waits for the frozen cluster's answer, and has begun on the other.
            await until(
                lambda: (
                    count(site, second.name, "lease_owner <> ''") > 0
                    and count(site, first.name, "state = 'delivered'") > 0
                ),
                60,
                "a worker in the middle of its work",
            )
            killed.signal(signal.SIGKILL)
            await until(lambda: not killed.running)
        assert count(site, second.name, "state = 'waiting'") == len(businesses)
        assert count(site, second.name, "lease_owner <> ''") == 1
        before = await versions(beside_first)
        delivered = {
            f"ns{business}"
            for business in businesses
            if (await site.deliveries(business))[first.name].state == "delivered"
        }
        assert delivered <= before.keys()
    with worker(site, tmp_path / "next.log") as following:
        for business in businesses:
            await site.delivered(business, *names)
        for outside in (beside_first, beside_second):
            now = await versions(outside)
            assert namespaces <= now.keys()
        # Neither what was done nor what was half done is done differently the second time.
        now = await versions(beside_first)
        assert {name: now[name] for name in before.keys() & namespaces} == {
            name: before[name] for name in before.keys() & namespaces
        }
        assert count(site, first.name, "lease_owner <> ''") + count(site, second.name, "lease_owner <> ''") == 0
        following.signal(signal.SIGTERM)
        await until(lambda: not following.running)
        assert following.tail() == ""
    connection = site.outside()
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
