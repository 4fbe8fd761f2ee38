"""The same story against the sandbox, which refuses what an API server refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from backend.delivery.worker import Drained
from backend.errors import ErrorKind, PlatformError
from backend.kube.kubeconfig import contexts
from backend.models.businesses import AuditBusiness, GetBusiness
from backend.models.clusters import AddCluster, ListClusters
from backend.models.nodes import AddNodeLabel, DeleteNodeLabel, ListNodes, NodesMeta
from backend.sandbox.process import SandboxProcess
from backend.services.platform import SYSTEM
from tests.backend.delivery.site import insert_business
from tests.backend.delivery.waiting import until
from tests.backend.services.site import Site


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path / "sandbox", clusters=4, nodes=3, life=False) as process:
        yield process


@pytest.fixture
async def registered(site: Site, sandbox: SandboxProcess) -> list[str]:
    """All of the sandbox's clusters, registered under the names of their contexts."""
    text = sandbox.kubeconfig.read_text(encoding="utf-8")
    names = contexts(text)
    await asyncio.gather(
        *(
            site.clusters.add_cluster(SYSTEM, AddCluster(clusterName=name, kubeconfig=text, context=name))
            for name in names
        )
    )
    return names


async def states(site: Site, business: int) -> dict[str, str]:
    answer = await site.businesses.list_namespaces(SYSTEM, GetBusiness(id=business))
    return {row.cluster_name: row.state for row in answer.data}


async def approve(site: Site, name: str) -> int:
    business = await site.platform.database.write(lambda tx: insert_business(tx, name, status=0))
    await site.businesses.audit_business(SYSTEM, AuditBusiness(id=business, status=1, comment=""))
    return business


async def test_namespaces_reach_every_cluster_and_the_one_that_was_offline_later(
    site: Site, sandbox: SandboxProcess, registered: list[str]
) -> None:
    away = registered[-1]
    await asyncio.to_thread(sandbox.set_behaviour, away, "offline")
    async with site.working():
        business = await approve(site, "acme")
        wanted = {name: "waiting" if name == away else "delivered" for name in registered}

        async def all_but_one() -> bool:
            return await states(site, business) == wanted

        await until(all_but_one)
        await asyncio.to_thread(sandbox.set_behaviour, away, "normal")

        async def everywhere() -> bool:
            return set((await states(site, business)).values()) == {"delivered"}

        await until(everywhere)
    # Once more from the start: what is there already stays, and is no conflict.
    await site.platform.database.write(lambda tx: tx.change("UPDATE work SET state = 'waiting', not_before = 0"))
    assert await site.worker.drain() == Drained(delivered=len(registered), waiting=0, conflict=0)


async def test_a_foreign_namespace_is_left_alone(site: Site, sandbox: SandboxProcess, registered: list[str]) -> None:
    foreign: dict[str, JsonValue] = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "ns1", "labels": {"app.kubernetes.io/managed-by": "flux"}},
    }
    await asyncio.to_thread(sandbox.add_objects, registered[0], [foreign])
    assert await approve(site, "acme") == 1
    assert await site.worker.drain() == Drained(delivered=len(registered) - 1, waiting=0, conflict=1)
    assert (await states(site, 1))[registered[0]] == "conflict"


async def test_figures_and_labels_of_nodes(site: Site, registered: list[str]) -> None:
    listed = await site.clusters.list_clusters(SYSTEM, ListClusters())
    assert [(row.cluster_name, row.node_count, row.reachable) for row in listed.data] == [
        (name, 3, True) for name in sorted(registered)
    ]
    answer = await site.nodes.list_nodes(SYSTEM, ListNodes(pageSize=0))
    assert isinstance(answer.meta, NodesMeta)
    # One node of the second cluster is silent.
    assert (answer.total, answer.meta.ready_node_count) == (12, 11)
    cluster = registered[0]
    node = f"{cluster}-node-001"
    await site.nodes.add_node_label(SYSTEM, AddNodeLabel(nodeName=[node], nodeLabel="gpu", clusterName=cluster))
    await site.inventory.refresh_all()
    found = await site.nodes.list_nodes(SYSTEM, ListNodes(nodeLabel="gpu", field="nodeName,labels"))
    assert found.data == [{"nodeName": node, "labels": ["gpu"]}]
    await site.nodes.delete_node_label(
        SYSTEM, DeleteNodeLabel(nodeName=[node], nodeLabel="gpu", clusterName=cluster, deleteDeploy=True)
    )
    await site.inventory.refresh_all()
    assert (await site.nodes.list_nodes(SYSTEM, ListNodes(nodeLabel="gpu"))).total == 0


async def test_an_account_without_the_rights_is_refused_with_what_it_lacks(site: Site, sandbox: SandboxProcess) -> None:
    text = sandbox.limited_kubeconfig.read_text(encoding="utf-8")
    with pytest.raises(PlatformError, match=r"does not allow this account to .*patch nodes") as caught:
        await site.clusters.add_cluster(
            SYSTEM, AddCluster(clusterName="edge", kubeconfig=text, context=contexts(text)[0])
        )
    assert caught.value.kind is ErrorKind.REMOTE
