"""Nodes and their labels (operations 21-24; decisions 23-26)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from backend.errors import ErrorKind, ItemResult, PlatformError, bulk_failure
from backend.kube.connection import Connection
from backend.kube.errors import KubeError
from backend.kube.labels import EvictionResult, add_node_label, evict_pods, remove_node_label
from backend.kube.namespaces import FIELD_MANAGER, MANAGED_BY
from backend.models.answer import Answer
from backend.models.base import Done, Outcome
from backend.models.nodes import AddNodeLabel, DeleteNodeLabel, ListNodeLabels, ListNodes, Node, NodesMeta
from backend.notifier import Topic
from backend.services.connections import Connections
from backend.services.fields import select_fields, wanted_fields
from backend.services.lookup import counted, each_once, require_cluster
from backend.services.platform import Caller, Platform
from backend.services.record import record_change
from backend.services.sighting import list_stored_nodes
from backend.store import nodes
from backend.store.database import Transaction

_OK = 200
# No more than a connection sends at once: what waited for its turn would wait for a lost cluster all over again.
_NODES_AT_ONCE = 4
_REASONS_SHOWN = 3
_OUR_PODS = f"{MANAGED_BY}={FIELD_MANAGER}"

_Change = Callable[[Connection, str], Awaitable[str]]
"""Changes one node; returns what was done, raises PlatformError."""


@dataclass(frozen=True, slots=True)
class _Labelling:
    """One request to change a label of several nodes, and what came of it.

    `changed` holds the nodes whose label is as wanted now, also those of which something else failed.
    """

    action: str
    done: str
    cluster: str
    node_names: list[str]
    label: str
    present: bool
    changed: set[str] = field(default_factory=set)
    results: dict[str, ItemResult] = field(default_factory=dict)


class Nodes:
    """The rules for nodes: the cluster is the truth, the store holds what was last seen of it (decision 24)."""

    def __init__(self, platform: Platform, connections: Connections) -> None:
        self._platform = platform
        self._connections = connections

    async def list_nodes(self, _caller: Caller, request: ListNodes) -> Answer[list[Node] | list[dict[str, JsonValue]]]:
        """Operation 21: from the store; with `field`, rows of only those fields."""
        names = wanted_fields(Node, request.field)

        def look(transaction: Transaction) -> tuple[list[Node], int, int]:
            cluster_id = require_cluster(transaction, request.cluster_name) if request.cluster_name else None
            return nodes.list_nodes(transaction, request, cluster_id)

        found, total, ready = await self._platform.database.read(look)
        meta = NodesMeta.model_construct(ready_node_count=ready)
        return Answer(select_fields(found, names) if names else found, total, meta)

    async def list_node_labels(self, _caller: Caller, request: ListNodeLabels) -> Answer[list[str]]:
        """Operation 24: every label that some node carries, of one cluster or of all."""

        def look(transaction: Transaction) -> list[str]:
            cluster_id = require_cluster(transaction, request.cluster_name) if request.cluster_name else None
            return nodes.list_labels(transaction, cluster_id)

        found = await self._platform.database.read(look)
        return Answer(found, len(found))

    async def add_node_label(self, caller: Caller, request: AddNodeLabel) -> Answer[Done]:
        """Operation 22: on the cluster, at once; a node that has the label already is no error.

        Raises PlatformError: NOT_FOUND for an unknown cluster or node (nothing is done then), REMOTE or TIMEOUT
        with a result for each node when the cluster did not do all of it.
        """
        names = each_once(request.node_name)
        plan = _Labelling("node.add_label", "labelled", request.cluster_name, names, request.node_label, present=True)

        async def add(connection: Connection, node: str) -> str:
            await add_node_label(connection, node, request.node_label)
            plan.changed.add(node)
            return "labelled"

        return await self._label(caller, plan, add)

    async def delete_node_label(self, caller: Caller, request: DeleteNodeLabel) -> Answer[Done]:
        """Operation 23: on the cluster, at once; a node without the label is no error.

        With `deleteDeploy` our own pods that this label placed there are evicted, too; without, running pods stay,
        but those of a DaemonSet leave (decision 26). Raises PlatformError like `add_node_label`.
        """
        names = each_once(request.node_name)
        plan = _Labelling(
            "node.delete_label", "freed of the label", request.cluster_name, names, request.node_label, present=False
        )

        async def remove(connection: Connection, node: str) -> str:
            await remove_node_label(connection, node, request.node_label)
            plan.changed.add(node)
            if not request.delete_deploy:
                return "label removed; pods that it placed stay, but those of a DaemonSet leave"
            return _evicted(await evict_pods(connection, node, _OUR_PODS, placed_by=request.node_label))

        return await self._label(caller, plan, remove)

    async def _label(self, caller: Caller, plan: _Labelling, change: _Change) -> Answer[Done]:
        cluster_id, known = await self._platform.database.read(lambda tx: _known(tx, plan))
        connection = await self._connections.get(cluster_id)
        await _refuse_unknown_nodes(connection, plan, known)
        try:
            await _change_all(connection, plan, change)
        finally:
            # Whatever ends this early, what was done on the cluster is recorded.
            await asyncio.shield(self._record(caller, plan, cluster_id))
        results = [plan.results[name] for name in plan.node_names]
        failure = bulk_failure(results, plan.done)
        if failure is not None:
            raise failure
        return Answer(Done(), results=results)

    async def _record(self, caller: Caller, plan: _Labelling, cluster_id: int) -> None:
        now = self._platform.clock.now()
        unknown = "broken off before the cluster had answered"
        messages: dict[str, str] = {
            name: plan.results[name].message if name in plan.results else unknown for name in plan.node_names
        }
        failed = sum(1 for name in plan.node_names if name not in plan.results or not plan.results[name].ok)

        def record(transaction: Transaction) -> None:
            for name in plan.changed:
                nodes.note_label(transaction, cluster_id, name, plan.label, present=plan.present)
            record_change(
                transaction,
                caller,
                now,
                plan.action,
                f"cluster/{plan.cluster}",
                after={"label": plan.label, "nodes": messages},
                outcome=Outcome.FAILED if failed else Outcome.DONE,
                message=f"{failed} of {len(messages)} nodes were not {plan.done}" if failed else "",
            )

        await self._platform.database.write(record)
        self._platform.notifier.publish(Topic.NODES)


def _known(transaction: Transaction, plan: _Labelling) -> tuple[int, set[str]]:
    cluster_id = require_cluster(transaction, plan.cluster)
    return cluster_id, nodes.known_names(transaction, cluster_id, plan.node_names)


async def _refuse_unknown_nodes(connection: Connection, plan: _Labelling, known: set[str]) -> None:
    """Ask the cluster about nodes that were not there when it was last seen: they may be new."""
    if known.issuperset(plan.node_names):
        return
    present = {node.figures.name for node in await list_stored_nodes(connection)}
    unknown = [name for name in plan.node_names if name not in present | known]
    if unknown:
        verb = "is" if len(unknown) == 1 else "are"
        raise PlatformError(
            ErrorKind.NOT_FOUND,
            f"{counted('node', unknown)} {verb} not on cluster {plan.cluster}; nothing was done. "
            "See the list of nodes.",
            reason="unknown_node",
            field="nodeName",
        )


async def _change_all(connection: Connection, plan: _Labelling, change: _Change) -> None:
    """Change nodes, a few at a time; when the cluster is lost on the way, the rest are not tried."""
    left = iter(plan.node_names)
    lost: list[KubeError] = []

    async def take() -> None:
        for name in left:
            plan.results[name] = await _change_one(connection, name, plan, change, lost)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(_NODES_AT_ONCE, len(plan.node_names))):
            group.create_task(take())


async def _change_one(
    connection: Connection, name: str, plan: _Labelling, change: _Change, lost: list[KubeError]
) -> ItemResult:
    if lost:
        return ItemResult(name, lost[0].code, f"not tried: {lost[0].message}")
    try:
        return ItemResult(name, _OK, await change(connection, name))
    except KubeError as error:
        if error.lost or error.stage == "unauthorized":
            lost.append(error)
        code = ErrorKind.NOT_FOUND.value if error.stage == "not_found" else error.code
        return ItemResult(name, code, _told(error, unlabelled=name in plan.changed))
    except PlatformError as error:
        return ItemResult(name, error.code, error.message)


def _told(error: KubeError, *, unlabelled: bool) -> str:
    """What to say of a node whose change failed; `unlabelled` says that its label was taken off before."""
    if unlabelled:
        return f"the label was removed, but its pods were not looked for: {error.message}"
    if error.lost and not error.connecting:
        # The request was sent: a server that was only late does it all the same.
        return f"{error.message} Whether it was done shows when the cluster answers again."
    return error.message


def _evicted(results: Sequence[EvictionResult]) -> str:
    """What to say of evictions; raises PlatformError when pods stay."""
    stay = [(f"{result.namespace}/{result.pod}", result.error) for result in results if result.error is not None]
    amount = "1 pod" if len(results) == 1 else f"{len(results)} pods"
    if not stay:
        return f"label removed and {amount} evicted"
    by_reason: dict[str, list[str]] = {}
    for pod, error in stay:
        by_reason.setdefault(error.message, []).append(pod)
    shown = [f"{counted('pod', pods)}: {reason}" for reason, pods in list(by_reason.items())[:_REASONS_SHOWN]]
    if len(by_reason) > _REASONS_SHOWN:
        shown.append("Others stay for other reasons.")
    verb = "stays" if len(stay) == 1 else "stay"
    sentence = f"the label was removed, but {len(stay)} of {amount} {verb}. {' '.join(shown)}"
    raise PlatformError(stay[0][1].kind, sentence, reason="pods_stay")
