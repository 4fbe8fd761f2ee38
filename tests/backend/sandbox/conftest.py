"""Fixtures: a small site with a normal cluster, served for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from backend.sandbox.cluster.lifecycle import Pace
from backend.sandbox.server import Site, running_site
from backend.sandbox.site import ClusterSpec, Machine, NodeSpec, SiteSpec
from tests.backend.sandbox.clients import Caller, trusting

QUICK = Pace(namespace=0.05, pod=0.05, collector=0.01)
NODES = (
    NodeSpec("node-a", Machine.CONTROL_PLANE),
    NodeSpec("node-b", Machine.INFERENCE),
    NodeSpec("node-c", Machine.GATEWAY, ready=False),
    NodeSpec("node-d", Machine.SERVER, cordoned=True),
)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A site with one cluster of four nodes."""
    async with running_site(SiteSpec((ClusterSpec("one", NODES),), pace=QUICK, memory=50)) as running:
        yield running


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=trusting(site), timeout=20) as opened:
        yield opened


@pytest.fixture
def kube(site: Site, client: httpx.AsyncClient) -> Caller:
    """The administrator's calls to the cluster."""
    cluster = site.clusters["one"]
    return Caller(client, cluster, cluster.tokens["admin"])


@pytest.fixture
def limited(site: Site, client: httpx.AsyncClient) -> Caller:
    """The calls of a user who may only read."""
    cluster = site.clusters["one"]
    return Caller(client, cluster, cluster.tokens["limited"])
