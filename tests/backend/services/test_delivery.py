"""From an approval to namespaces on clusters: all of them, late ones, those that were away, and conflicts."""

from __future__ import annotations

import asyncio

from backend.delivery.worker import Drained
from backend.models.base import Role
from backend.models.businesses import AuditBusiness, GetBusiness, NamespaceDelivery
from backend.models.clusters import GetCluster
from backend.services.platform import SYSTEM, Caller
from tests.backend.delivery.site import insert_business
from tests.backend.delivery.waiting import until
from tests.backend.kube.clusters import namespace
from tests.backend.services.site import Edge, Site


async def approve(site: Site, name: str = "acme") -> int:
    business = await site.platform.database.write(lambda tx: insert_business(tx, name, status=0))
    await site.businesses.audit_business(SYSTEM, AuditBusiness(id=business, status=1, comment=""))
    return business


async def deliveries(site: Site, business: int) -> dict[str, NamespaceDelivery]:
    answer = await site.businesses.list_namespaces(SYSTEM, GetBusiness(id=business))
    return {row.cluster_name: row for row in answer.data}


async def states(site: Site, business: int) -> dict[str, str]:
    return {name: row.state for name, row in (await deliveries(site, business)).items()}


def labels(edge: Edge, name: str) -> object:
    metadata = edge.cluster.namespaces[name]["metadata"]
    assert isinstance(metadata, dict)
    return metadata["labels"]


async def test_an_approval_reaches_all_clusters_and_those_that_were_away_once_they_answer(site: Site) -> None:
    here, there, away = [await site.registered(name) for name in ("edge-1", "edge-2", "edge-3")]
    away.gone = True
    async with site.working():
        business = await approve(site)

        async def the_others_have_it() -> bool:
            found = await states(site, business)
            return found == {"edge-1": "delivered", "edge-2": "delivered", "edge-3": "waiting"}

        await until(the_others_have_it)
        for edge in (here, there):
            assert labels(edge, f"ns{business}") == {
                "app.kubernetes.io/managed-by": "otetui",
                "otetui.io/business": str(business),
            }

        async def says_why() -> bool:
            return (await deliveries(site, business))["edge-3"].message.startswith("Cluster edge-3 ")

        await until(says_why)
        assert (await site.row("edge-3")).waiting_work == 1
        away.gone = False

        async def all_have_it() -> bool:
            return set((await states(site, business)).values()) == {"delivered"}

        await until(all_have_it)
    assert f"ns{business}" in away.cluster.namespaces
    assert (await site.row("edge-3")).waiting_work == 0


async def test_a_look_that_finds_a_cluster_back_delivers_at_once_whatever_the_backoff(site: Site) -> None:
    edge = await site.registered("edge-1")
    edge.gone = True
    await site.refresh("edge-1")
    business = await approve(site)
    # As after many failures: due in an hour.
    hour = site.platform.clock.monotonic() + 3_600_000
    await site.platform.database.write(
        lambda tx: tx.change(
            "INSERT INTO cluster_backoff (cluster_id, failures, not_before, boot, message)"
            " SELECT id, 20, ?, ?, 'away' FROM cluster",
            (hour, site.platform.clock.boot()),
        )
    )
    async with site.working():
        await asyncio.sleep(0.2)
        assert await states(site, business) == {"edge-1": "waiting"}
        edge.gone = False
        await site.inventory.refresh_all()

        async def delivered() -> bool:
            return await states(site, business) == {"edge-1": "delivered"}

        await until(delivered, seconds=5)


async def test_a_cluster_registered_later_gets_the_namespaces_of_approved_businesses_only(site: Site) -> None:
    first, second = await approve(site), await approve(site, "second")
    pending = await site.platform.database.write(lambda tx: insert_business(tx, "pending", status=0))
    edge = await site.registered("edge-1")
    assert await site.worker.drain() == Drained(delivered=2, waiting=0, conflict=0)
    assert set(edge.cluster.namespaces) == {f"ns{first}", f"ns{second}"}
    assert await states(site, pending) == {}


async def test_another_owners_namespace_is_a_conflict_until_it_is_free(site: Site) -> None:
    edge = await site.registered("edge-1")
    edge.cluster.namespaces["ns1"] = namespace("ns1", **{"app.kubernetes.io/managed-by": "flux"})
    business = await approve(site)
    assert business == 1
    assert await site.worker.drain() == Drained(delivered=0, waiting=0, conflict=1)
    [row] = (await deliveries(site, business)).values()
    assert row.state == "conflict"
    assert "belongs to another owner (app.kubernetes.io/managed-by=flux)" in row.message
    assert labels(edge, "ns1") == {"app.kubernetes.io/managed-by": "flux"}
    edge.cluster.namespaces["ns1"] = namespace("ns1")
    async with site.working():
        # Nobody waits for the five minutes: asking for a refresh tries it again.
        await site.refresh("edge-1")

        async def adopted() -> bool:
            return await states(site, business) == {"edge-1": "delivered"}

        await until(adopted, seconds=5)
    assert labels(edge, "ns1") == {"app.kubernetes.io/managed-by": "otetui", "otetui.io/business": "1"}


async def test_a_namespace_that_is_being_deleted_is_tried_again_until_it_is_gone(site: Site) -> None:
    edge = await site.registered("edge-1")
    edge.cluster.namespaces["ns1"] = namespace("ns1", phase="Terminating")
    async with site.working():
        business = await approve(site)

        async def tried_twice() -> bool:
            return (await deliveries(site, business))["edge-1"].attempts >= 2

        await until(tried_twice)
        row = (await deliveries(site, business))["edge-1"]
        assert (row.state, "still deleting" in row.message) == ("waiting", True)
        del edge.cluster.namespaces["ns1"]

        async def delivered() -> bool:
            return await states(site, business) == {"edge-1": "delivered"}

        await until(delivered)


async def test_a_cluster_removed_while_work_waits_takes_its_work_along(site: Site) -> None:
    edge = await site.registered("edge-1")
    edge.gone = True
    await approve(site)
    async with site.working():
        await until(lambda: edge.asked("GET", "/api/v1/namespaces/ns1") > 0)
        await site.platform.database.write(lambda tx: tx.change("DELETE FROM cluster"))
    assert await site.worker.drain() == Drained(delivered=0, waiting=0, conflict=0)


async def test_a_cluster_shows_others_only_the_namespace_of_their_own_business(site: Site) -> None:
    await site.registered("edge-1")
    own, other = await approve(site, "own"), await approve(site, "other")

    async def seen(caller: Caller) -> list[int]:
        answer = await site.clusters.get_cluster(caller, GetCluster(clusterName="edge-1"))
        return [row.business_id for row in answer.data.namespaces]

    assert await seen(SYSTEM) == [own, other]
    assert await seen(Caller(7, "ann", Role.GENERAL_USER, business_id=own)) == [own]
    assert await seen(Caller(8, "bob", Role.GENERAL_USER)) == []
