"""Clusters: registration and labels (operations 16-20; decisions 21-24)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backend.delivery.worker import Worker
from backend.errors import ErrorKind, ItemResult, PlatformError
from backend.kube.connection import Connection
from backend.kube.kubeconfig import Kubeconfig, contexts, read_kubeconfig
from backend.kube.probe import ProbeReport, test_connection
from backend.models.answer import Answer
from backend.models.base import Done, Nothing
from backend.models.clusters import (
    AddCluster,
    ChangeClusterLabel,
    CheckResult,
    Cluster,
    ClusterDetail,
    ClusterLabel,
    ConnectionReport,
    GetCluster,
    ListClusters,
    ListContexts,
    ListLabelsOfCluster,
    NameClusters,
)
from backend.notifier import Topic
from backend.services.connections import Connections, box_label
from backend.services.inventory import Inventory
from backend.services.lookup import counted, require_cluster, require_clusters
from backend.services.platform import Caller, Platform
from backend.services.record import record_change
from backend.services.sighting import Look, look_at, save_look
from backend.store import clusters, work
from backend.store.clusters import StoredCluster
from backend.store.database import Transaction

_OK = 200


@dataclass(frozen=True, slots=True)
class _Candidate:
    kubeconfig: Kubeconfig
    connection: Connection
    report: ProbeReport


class Clusters:
    """The rules for clusters and their labels."""

    def __init__(self, platform: Platform, connections: Connections, inventory: Inventory, worker: Worker) -> None:
        self._platform = platform
        self._connections = connections
        self._inventory = inventory
        self._worker = worker

    async def list_clusters(self, _caller: Caller, request: ListClusters) -> Answer[list[Cluster]]:
        """Operation 16: by name; a cluster's own name works as a label (decision 23)."""
        found, total = await self._platform.database.read(lambda tx: clusters.list_clusters(tx, request))
        return Answer(found, total)

    async def get_cluster(self, caller: Caller, request: GetCluster) -> Answer[ClusterDetail]:
        """One cluster with its registration and those of its namespaces that the caller may see; an extension."""
        # Others than the system administrator see their own business only (decision 20); no business has id 0.
        business_id = None if caller.is_system_administrator else caller.business_id or 0

        def look(transaction: Transaction) -> ClusterDetail:
            return clusters.get_detail(transaction, require_cluster(transaction, request.cluster_name), business_id)

        return Answer(await self._platform.database.read(look))

    async def add_cluster_label(self, caller: Caller, request: ChangeClusterLabel) -> Answer[Done]:
        """Operation 17: all named clusters or none; one that has the label already is no error."""
        now = self._platform.clock.now()

        def label(transaction: Transaction) -> list[ItemResult]:
            results = []
            for name, cluster_id in require_clusters(transaction, request.cluster_name).items():
                if clusters.add_label(transaction, cluster_id, request.cluster_label, now):
                    after = {"label": request.cluster_label}
                    record_change(transaction, caller, now, "cluster.add_label", f"cluster/{name}", after=after)
                    results.append(ItemResult(name, _OK, "labelled"))
                else:
                    results.append(ItemResult(name, _OK, "had the label already"))
            return results

        results = await self._platform.database.write(label)
        self._platform.notifier.publish(Topic.CLUSTERS)
        return Answer(Done(), results=results)

    async def delete_cluster_label(self, caller: Caller, request: ChangeClusterLabel) -> Answer[Done]:
        """Operation 18: from all named clusters or none; one that has no such label is no error."""
        now = self._platform.clock.now()
        label = request.cluster_label

        def unlabel(transaction: Transaction) -> list[ItemResult]:
            results = []
            for name, cluster_id in require_clusters(transaction, request.cluster_name).items():
                if clusters.delete_label(transaction, cluster_id, label):
                    before = {"label": label}
                    record_change(transaction, caller, now, "cluster.delete_label", f"cluster/{name}", before=before)
                    message = "label removed"
                else:
                    message = "did not have the label"
                own = "; its own name keeps working as a label" if name == label else ""
                results.append(ItemResult(name, _OK, message + own))
            return results

        results = await self._platform.database.write(unlabel)
        self._platform.notifier.publish(Topic.CLUSTERS)
        return Answer(Done(), results=results)

    async def list_cluster_labels(self, _caller: Caller, _request: Nothing) -> Answer[list[str]]:
        """Operation 19: every label that some cluster carries, in order."""
        found = await self._platform.database.read(clusters.list_labels)
        return Answer(found, len(found))

    async def get_labels_of_cluster(self, _caller: Caller, request: ListLabelsOfCluster) -> Answer[list[ClusterLabel]]:
        """Operation 20."""

        def look(transaction: Transaction) -> tuple[list[ClusterLabel], int]:
            cluster_id = require_cluster(transaction, request.cluster_name)
            return clusters.labels_of(transaction, cluster_id, request.page, request.page_size)

        found, total = await self._platform.database.read(look)
        return Answer(found, total)

    async def list_contexts(self, _caller: Caller, request: ListContexts) -> Answer[list[str]]:
        """The contexts of a kubeconfig in its order; an extension. Raises PlatformError (INVALID)."""
        found = await asyncio.to_thread(contexts, request.kubeconfig)
        return Answer(found, len(found))

    async def test_cluster(self, _caller: Caller, request: AddCluster) -> Answer[ConnectionReport]:  # noqa: PT019
        """What `add_cluster` would find, without registering anything; a failed check is part of the answer.

        Raises PlatformError: CONFLICT for a name in use, INVALID for a kubeconfig that cannot be used.
        """
        async with self._candidate(request) as candidate:
            report = candidate.report
        checks = [CheckResult.model_construct(name=c.name, ok=c.ok, message=c.message) for c in report.checks]
        return Answer(ConnectionReport.model_construct(ok=report.ok, version=report.version, checks=checks))

    async def add_cluster(self, caller: Caller, request: AddCluster) -> Answer[Done]:
        """Register a cluster once its connection has passed every check (decision 21); an extension.

        In the same transaction the namespaces of all approved businesses become wanted there (decision 19).
        Raises PlatformError: CONFLICT for a name in use, INVALID for a kubeconfig that cannot be used, REMOTE or
        TIMEOUT with the sentence of the check that failed.
        """
        async with self._candidate(request) as candidate:
            if not candidate.report.ok:
                raise _refused(candidate.report)
            look = await look_at(candidate.connection)
            await self._register(caller, request, candidate.kubeconfig, look)
        self._platform.notifier.publish(Topic.CLUSTERS, Topic.NODES, Topic.WORK)
        self._worker.wake()
        return Answer(Done())

    @asynccontextmanager
    async def _candidate(self, request: AddCluster) -> AsyncIterator[_Candidate]:
        await self._platform.database.read(lambda tx: _refuse_name_in_use(tx, request.cluster_name))
        kubeconfig = await asyncio.to_thread(
            read_kubeconfig, request.kubeconfig, request.context, allow_exec=request.allow_exec
        )
        async with await Connection.open(
            kubeconfig.document, kubeconfig.context, name=request.cluster_name
        ) as connection:
            yield _Candidate(kubeconfig, connection, await test_connection(connection))

    async def _register(self, caller: Caller, request: AddCluster, kubeconfig: Kubeconfig, look: Look) -> None:
        now = self._platform.clock.now()
        name = request.cluster_name
        stored = StoredCluster(
            id=0,
            name=name,
            context=kubeconfig.context,
            server=kubeconfig.server,
            kubeconfig=self._platform.box.box(kubeconfig.document.encode(), box_label(name)),
            created_at=now,
        )

        def register(transaction: Transaction) -> None:
            _refuse_name_in_use(transaction, name)
            cluster_id = clusters.insert(transaction, stored)
            save_look(transaction, cluster_id, look, now)
            wanted = work.want_all_namespaces(transaction, cluster_id, now)
            after = {
                "server": stored.server,
                "context": stored.context,
                # The program alone: its arguments and variables may hold secrets.
                "exec": kubeconfig.exec_command[0] if kubeconfig.exec_command else "",
                "insecure": kubeconfig.insecure,
                "namespacesWanted": wanted,
            }
            record_change(transaction, caller, now, "cluster.add", f"cluster/{name}", after=after)

        await self._platform.database.write(register)

    async def remove_clusters(self, caller: Caller, request: NameClusters) -> Answer[Done]:
        """Forget clusters, all named or none; what was delivered to them stays there. An extension."""
        now = self._platform.clock.now()

        def remove(transaction: Transaction) -> list[int]:
            found = require_clusters(transaction, request.cluster_name)
            for cluster_id in found.values():
                _remove(transaction, caller, cluster_id, now)
            return list(found.values())

        removed = await self._platform.database.write(remove)
        await self._connections.drop(removed)
        self._platform.notifier.publish(Topic.CLUSTERS, Topic.NODES, Topic.WORK, Topic.BUSINESSES)
        return Answer(Done())

    async def refresh_clusters(self, _caller: Caller, request: NameClusters) -> Answer[Done]:
        """Ask clusters for their figures now, and try their work now; an extension.

        One that does not answer is a result with the code of its failure, not an error of the operation.
        """
        found = await self._platform.database.read(lambda tx: require_clusters(tx, request.cluster_name))
        looks = await self._inventory.refresh(list(found.values()))
        await self._worker.retry([cluster_id for cluster_id in looks if looks[cluster_id].sighting.reachable])
        results = [_result(name, looks.get(cluster_id)) for name, cluster_id in found.items()]
        return Answer(Done(), results=results)


def _refuse_name_in_use(transaction: Transaction, name: str) -> None:
    taken = clusters.name_in_use(transaction, name)
    if taken:
        raise PlatformError(
            ErrorKind.CONFLICT,
            f"A cluster named {taken} is registered already. Choose another name, or remove that one first.",
            reason="cluster_name_taken",
            field="clusterName",
        )


def _refused(report: ProbeReport) -> PlatformError:
    kind = ErrorKind.TIMEOUT if report.timed_out else ErrorKind.REMOTE
    return PlatformError(kind, report.message, reason="cluster_check_failed", field="kubeconfig")


def _remove(transaction: Transaction, caller: Caller, cluster_id: int, now: int) -> None:
    stored = clusters.get(transaction, cluster_id)
    if stored is None:
        return
    left = work.delivered_objects(transaction, cluster_id, work.NAMESPACE)
    labels, _ = clusters.labels_of(transaction, cluster_id, page=1, page_size=0)
    before = {
        "server": stored.server,
        "context": stored.context,
        "labels": [label.cluster_label for label in labels],
        "namespaces": left,
    }
    places = f"{counted('namespace', left)} and what runs there were left on the cluster." if left else ""
    message = places or "Nothing had been delivered to it."
    clusters.remove(transaction, cluster_id)
    record_change(transaction, caller, now, "cluster.remove", f"cluster/{stored.name}", before=before, message=message)


def _result(name: str, look: Look | None) -> ItemResult:
    if look is None:
        return ItemResult(name, ErrorKind.NOT_FOUND.value, "was removed meanwhile")
    if look.error is not None:
        return ItemResult(name, look.error.code, look.error.message)
    nodes = f"{look.sighting.ready_node_count} of {look.sighting.node_count} nodes are ready"
    return ItemResult(name, _OK, look.sighting.message or nodes)
