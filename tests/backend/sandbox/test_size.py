"""Two hundred clusters of fifty nodes: started, listed and held within bounds."""

from __future__ import annotations

import asyncio
import ssl
import time
from base64 import b64decode
from collections.abc import Generator
from pathlib import Path

import aiohttp
import psutil
import pytest
import yaml

from backend.sandbox.process import SandboxProcess

CLUSTERS, NODES = 200, 50
# Twice and more what it takes, as other tests run beside this one.
START_SECONDS, CPU_SECONDS, MEGABYTES = 12.0, 1.5, 300


@pytest.fixture
def large(tmp_path: Path) -> Generator[tuple[SandboxProcess, float], None, None]:
    process = SandboxProcess(tmp_path, clusters=CLUSTERS, nodes=NODES, life=False)
    began = time.monotonic()
    process.start()
    yield process, time.monotonic() - began
    process.stop()


async def list_all(servers: list[tuple[str, str]], context: ssl.SSLContext) -> list[int]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=context)) as session:

        async def listed(server: str, token: str) -> int:
            headers = {"authorization": f"Bearer {token}"}
            try:
                async with session.get(f"{server}/api/v1/nodes", headers=headers) as response:
                    return (await response.read()).count(b'"kubeletVersion"')
            except aiohttp.ClientConnectionError:
                return 0

        return await asyncio.gather(*(listed(server, token) for server, token in servers))


async def test_a_large_site(large: tuple[SandboxProcess, float]) -> None:
    process, seconds = large
    assert seconds < START_SECONDS
    document = yaml.load(process.kubeconfig.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    tokens = {entry["name"]: entry["user"]["token"] for entry in document["users"]}
    servers = [(entry["cluster"]["server"], tokens[f"{entry['name']}-admin"]) for entry in document["clusters"]]
    authority = b64decode(document["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    served = psutil.Process(process.pid)
    before = served.cpu_times()
    counts = await list_all(servers, context)
    after = served.cpu_times()
    assert (counts.count(NODES), counts.count(0)) == (CLUSTERS - 4, 4)
    assert after.user + after.system - before.user - before.system < CPU_SECONDS
    assert served.memory_info().rss < MEGABYTES * 1024 * 1024
