"""What happens in a site by itself: heartbeats of the nodes, and now and then one that goes or comes back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

from backend.sandbox.cluster.documents import dig, items, mapping, timestamp
from backend.sandbox.cluster.kinds import NODES
from backend.sandbox.cluster.lifecycle import is_node_ready
from backend.sandbox.clusters import Cluster
from backend.sandbox.machines import set_ready
from backend.sandbox.site import SiteSpec

_TICK = 1.0
_MOST_AWAY = 2


class Life:
    """Lets time pass in the clusters while it runs."""

    def __init__(self, clusters: Mapping[str, Cluster], spec: SiteSpec) -> None:
        self._clusters = clusters
        self._spec = spec
        self._chance = random.Random(spec.seed)  # noqa: S311 - makes a site repeatable, no secret
        self._away: list[tuple[str, str]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, as far as the site's specification wants it."""
        if self._spec.heartbeat_seconds > 0:
            self._tasks.append(asyncio.create_task(self._beat()))
        if self._spec.life_seconds > 0:
            self._tasks.append(asyncio.create_task(self._happen()))

    def stop(self) -> None:
        """End."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    async def _beat(self) -> None:
        """Each node's heartbeat once in the interval, spread evenly over it."""
        period = self._spec.heartbeat_seconds
        tick = min(_TICK, period)
        due = 0.0
        while True:
            await asyncio.sleep(tick)
            nodes = [(cluster, name) for cluster in self._clusters.values() for _, name in _keys(cluster)]
            if not nodes:
                continue
            first, due = int(due), due + len(nodes) * tick / period
            for position in range(first, int(due)):
                cluster, name = nodes[position % len(nodes)]
                heartbeat(cluster, name)
                # One at a time: requests are not kept waiting for a thousand heartbeats.
                await asyncio.sleep(0)
            due %= len(nodes)

    async def _happen(self) -> None:
        while True:
            await asyncio.sleep(self._spec.life_seconds)
            self.change()

    def change(self) -> None:
        """One change: a node falls silent, or one that did comes back."""
        if self._away and (len(self._away) >= _MOST_AWAY or self._chance.random() < 0.5):
            cluster, node = self._away.pop(0)
            turn(self._clusters[cluster], node, ready=True)
            return
        seen = [cluster for cluster in self._clusters.values() if not cluster.presence.is_away and _keys(cluster)]
        if not seen:
            return
        chosen = self._chance.choice(seen)
        _, name = self._chance.choice(_keys(chosen))
        stored = chosen.store.get(NODES, name)
        if stored is not None and is_node_ready(stored.document()):
            turn(chosen, name, ready=False)
            self._away.append((chosen.name, name))


def _keys(cluster: Cluster) -> list[tuple[str, str]]:
    return cluster.store.collection(NODES).keys()


def heartbeat(cluster: Cluster, name: str) -> None:
    """Let the node's kubelet report; one that has fallen silent does not."""
    stored = cluster.store.get(NODES, name)
    if stored is None:
        return
    node = stored.document()
    if not is_node_ready(node):
        return
    now = timestamp()
    for condition in items(dig(node, "status", "conditions")):
        mapping(condition)["lastHeartbeatTime"] = now
    cluster.store.put(NODES, node)


def turn(cluster: Cluster, name: str, *, ready: bool) -> None:
    """Let the node's kubelet fall silent or be heard again; nothing when the node is gone."""
    stored = cluster.store.get(NODES, name)
    if stored is None:
        return
    node = stored.document()
    set_ready(node, ready=ready, since=timestamp())
    cluster.store.put(NODES, node)
