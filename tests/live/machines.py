"""Nodes that last as long as one test."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import uuid4

from tests.backend.delivery.waiting import until
from tests.live.control_plane import ControlPlane
from tests.live.nodes import node_document
from tests.live.outside import Document, Outside

DOWN = "otetui.test/down"
"""The label of a node that its kubelet is to report as not ready."""

_AT_ONCE = 8
_MADE_BY = "otetui.test/made-by"


class Machines:
    """Makes nodes of one test; all of them carry its mark."""

    def __init__(self) -> None:
        self.mark = uuid4().hex[:8]
        self._on: set[str] = set()

    def name(self, stem: str) -> str:
        """A name that no other test has."""
        return f"{stem}-{self.mark}"

    async def make(self, plane: ControlPlane, *stems: str, labels: Mapping[str, str] | None = None) -> list[str]:
        """Make nodes and wait until they are as ready as they will be; returns their names."""
        names = [self.name(stem) for stem in stems]
        marked = {**(labels or {}), _MADE_BY: self.mark}
        self._on.add(plane.name)
        await asyncio.to_thread(plane.create_nodes, names, marked)
        if plane.has_kwok:
            ready = "False" if marked.get(DOWN) == "true" else "True"
            async with Outside(plane.kubeconfig_with_token()) as outside:
                for name in names:
                    await until_ready(outside, name, ready)
        return names

    async def make_idle(self, plane: ControlPlane, stem: str, count: int) -> list[str]:
        """Make many nodes that no kwok looks after: ready as they come, for as long as the controllers believe it."""
        names = [f"{stem}-{number:03}-{self.mark}" for number in range(count)]
        self._on.add(plane.name)
        async with Outside(plane.kubeconfig_with_token()) as outside:
            left = iter(names)

            async def create() -> None:
                for name in left:
                    document = ready_node(name, plane.version, {_MADE_BY: self.mark})
                    await outside.create("/api/v1/nodes", document)

            await asyncio.gather(*(create() for _ in range(_AT_ONCE)))
        return names

    async def remove_all(self, plane: ControlPlane) -> None:
        """Remove what was made on a control plane."""
        if plane.name in self._on:
            async with Outside(plane.kubeconfig_with_token()) as outside:
                await outside.delete_all("/api/v1/nodes", f"{_MADE_BY}={self.mark}")


def ready_node(name: str, version: str, labels: Mapping[str, str]) -> Document:
    """A node whose kubelet has reported that all is well, and that nothing looks after."""
    document: Document = node_document(name, 0, version, labels)
    del document["metadata"]["annotations"]
    document["status"]["conditions"] = [
        {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
    ]
    return document


async def until_ready(outside: Outside, name: str, wanted: str) -> None:
    """Wait until the status of a node's Ready condition is `wanted`, such as "True"."""

    async def is_so() -> bool:
        return _ready(await outside.node(name)) == wanted

    await until(is_so, 30, f"node {name} Ready={wanted}")


def _ready(node: Document) -> str:
    conditions = node["status"].get("conditions", [])
    return next((item["status"] for item in conditions if item["type"] == "Ready"), "")
