"""Registering clusters, their labels, and what is shown of them, against clusters on loopback."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from backend.errors import ErrorKind, PlatformError
from backend.kube import connection
from backend.kube.timeouts import Timeouts
from backend.models.base import Nothing
from backend.models.clusters import (
    AddCluster,
    ChangeClusterLabel,
    GetCluster,
    ListClusters,
    ListContexts,
    ListLabelsOfCluster,
    NameClusters,
)
from backend.services.platform import SYSTEM
from tests.backend.delivery.site import insert_business
from tests.backend.kube.servers import TOKEN, Response, free_port, kubeconfig
from tests.backend.services.site import Site


def label(*names: str, label: str = "gpu") -> ChangeClusterLabel:
    return ChangeClusterLabel(clusterName=list(names), clusterLabel=label)


async def names(site: Site, cluster_label: str) -> list[str]:
    answer = await site.clusters.list_clusters(SYSTEM, ListClusters(clusterLabel=cluster_label))
    assert answer.total == len(answer.data)
    return [row.cluster_name for row in answer.data]


async def test_a_registered_cluster_shows_what_was_seen_at_once(site: Site) -> None:
    edge = await site.registered("edge-1", nodes=3)
    row = await site.row("edge-1")
    assert (row.node_count, row.ready_node_count, row.is_ready, row.reachable) == (3, 3, True, True)
    assert (row.version, row.message, row.waiting_work) == ("v1.31.2+k3s1", "", 0)
    assert row.probe_time == row.answer_time > 0
    detail = (await site.clusters.get_cluster(SYSTEM, GetCluster(clusterName="edge-1"))).data
    assert (detail.server, detail.context, detail.namespaces) == (edge.server.url, "edge", [])
    [entry] = await site.entries()
    assert (entry.action, entry.object, entry.user) == ("cluster.add", "cluster/edge-1", "otetui")


async def test_credentials_are_boxed_and_never_recorded(site: Site) -> None:
    await site.registered("edge-1")
    await site.platform.database.close()
    with sqlite3.connect(site.platform.database.path) as store:
        dump = "\n".join(
            str(row) for table in ("cluster", "activity") for row in store.execute(f"SELECT * FROM {table}")
        )
    assert "edge-1" in dump
    assert TOKEN not in dump


async def test_a_name_can_be_used_once_whatever_its_case(site: Site) -> None:
    edge = await site.registered("Edge-1")
    for name in ("Edge-1", "edge-1"):
        with pytest.raises(PlatformError, match="A cluster named Edge-1 is registered already") as caught:
            await site.clusters.add_cluster(SYSTEM, AddCluster(clusterName=name, kubeconfig=edge.kubeconfig))
        assert (caught.value.kind, caught.value.field) == (ErrorKind.CONFLICT, "clusterName")


async def test_of_two_registrations_at_once_under_one_name_one_is_refused(site: Site) -> None:
    edge = await site.edge("edge-1")
    outcomes = await asyncio.gather(
        *(site.clusters.add_cluster(SYSTEM, edge.request) for _ in range(3)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, PlatformError)]
    assert [error.reason for error in refused] == ["cluster_name_taken"] * 2
    assert await names(site, "all") == ["edge-1"]


async def test_a_cluster_that_fails_its_checks_is_not_registered(site: Site) -> None:
    edge = await site.edge("edge-1")
    edge.cluster.denied.add(("patch", "nodes"))
    with pytest.raises(PlatformError, match="patch nodes") as caught:
        await site.clusters.add_cluster(SYSTEM, edge.request)
    assert caught.value.kind is ErrorKind.REMOTE
    with pytest.raises(PlatformError, match="refused the connection") as caught:
        await site.clusters.add_cluster(
            SYSTEM, AddCluster(clusterName="edge-2", kubeconfig=kubeconfig(f"https://127.0.0.1:{await free_port()}"))
        )
    assert caught.value.kind is ErrorKind.REMOTE
    with pytest.raises(PlatformError) as caught:
        await site.clusters.add_cluster(SYSTEM, AddCluster(clusterName="edge-3", kubeconfig="nonsense"))
    assert (caught.value.kind, caught.value.field) == (ErrorKind.INVALID, "kubeconfig")
    assert await names(site, "all") == []
    assert await site.entries() == []


async def test_a_cluster_that_does_not_answer_in_time_is_told_from_one_that_refuses(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = await site.edge("edge-1")
    edge.silent = True
    monkeypatch.setattr(connection, "Timeouts", lambda: Timeouts(connect=5, read=0.3, total=5))
    with pytest.raises(PlatformError, match=r"did not answer within 0\.3 s") as caught:
        await site.clusters.add_cluster(SYSTEM, edge.request)
    assert caught.value.kind is ErrorKind.TIMEOUT
    assert await names(site, "all") == []


async def test_a_kubeconfig_over_one_mebibyte_is_refused_before_it_is_parsed(site: Site) -> None:
    with pytest.raises(PlatformError, match="larger than 1 MiB"):
        await site.clusters.add_cluster(SYSTEM, AddCluster(clusterName="edge-1", kubeconfig="a" * 2**21))


async def test_a_program_in_a_kubeconfig_runs_only_when_its_exact_command_is_confirmed(
    site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    edge = await site.edge("edge-1")
    ran = tmp_path_factory.mktemp("plugin") / "ran"
    script = ran.with_name("sign-in")
    token = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"fresh"}}'
    script.write_text(f"#!/bin/sh\ntouch {ran}\necho '{token}'\n")
    script.chmod(0o700)
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(script),
        "interactiveMode": "Never",
        "env": [{"name": "CLIENT_SECRET", "value": "hush"}],
    }
    text = kubeconfig(edge.server.url, user={"exec": plugin})
    for allowed in ("", str(script) + " --other"):
        with pytest.raises(PlatformError, match="running a program on this machine") as caught:
            await site.clusters.add_cluster(
                SYSTEM, AddCluster(clusterName="edge-1", kubeconfig=text, allowExec=allowed)
            )
        assert caught.value.reason == "exec_plugin"
    assert not ran.exists()
    exact = f"CLIENT_SECRET=hush {script}"
    await site.clusters.add_cluster(SYSTEM, AddCluster(clusterName="edge-1", kubeconfig=text, allowExec=exact))
    assert ran.exists()
    # And later, from the store, without anybody confirming again.
    await site.refresh("edge-1")
    assert (await site.row("edge-1")).reachable
    [entry] = await site.entries()
    assert entry.after["exec"] == str(script)
    assert "hush" not in str(entry)


async def test_a_test_reports_every_check_and_saves_nothing(site: Site) -> None:
    edge = await site.edge("edge-1")
    report = (await site.clusters.test_cluster(SYSTEM, edge.request)).data
    assert (report.ok, report.version) == (True, "v1.31.2+k3s1")
    assert [check.name for check in report.checks] == [
        "dns",
        "tcp",
        "tls",
        "authentication",
        "version",
        "permissions",
    ]
    edge.cluster.denied |= {("patch", "nodes"), ("create", "pods/eviction")}
    report = (await site.clusters.test_cluster(SYSTEM, edge.request)).data
    assert not report.ok
    assert [check.ok for check in report.checks] == [True, True, True, True, True, False]
    assert "create pods/eviction" in report.checks[-1].message
    assert await names(site, "all") == []
    await site.registered("edge-2")
    with pytest.raises(PlatformError) as caught:
        await site.clusters.test_cluster(SYSTEM, AddCluster(clusterName="edge-2", kubeconfig=edge.kubeconfig))
    assert caught.value.kind is ErrorKind.CONFLICT


async def test_contexts_are_listed_in_their_order(site: Site) -> None:
    answer = await site.clusters.list_contexts(SYSTEM, ListContexts(kubeconfig=kubeconfig("https://127.0.0.1:1")))
    assert (answer.data, answer.total) == (["edge"], 1)
    with pytest.raises(PlatformError) as caught:
        await site.clusters.list_contexts(SYSTEM, ListContexts(kubeconfig="- a\n- b"))
    assert caught.value.kind is ErrorKind.INVALID


async def test_the_list_is_by_name_and_takes_labels_and_names(site: Site) -> None:
    for name in ("beta", "Alpha", "gamma"):
        await site.registered(name, nodes=0)
    await site.clusters.add_cluster_label(SYSTEM, label("gamma", "Alpha"))
    await site.clusters.add_cluster_label(SYSTEM, label("gamma", label="beta"))
    assert await names(site, "all") == ["Alpha", "beta", "gamma"]
    assert await names(site, "gpu") == ["Alpha", "gamma"]
    assert await names(site, "beta") == ["beta", "gamma"]
    assert await names(site, "BETA") == []
    assert await names(site, "gp%") == []
    page = await site.clusters.list_clusters(SYSTEM, ListClusters(page=2, pageSize=2))
    assert ([row.cluster_name for row in page.data], page.total) == (["gamma"], 3)
    assert (await site.row("Alpha")).labels == ["gpu"]


async def test_labelling_takes_all_named_clusters_or_none(site: Site) -> None:
    await site.registered("edge-1", nodes=0)
    with pytest.raises(PlatformError, match="Clusters nope, gone are not registered") as caught:
        await site.clusters.add_cluster_label(SYSTEM, label("edge-1", "nope", "gone"))
    assert (caught.value.kind, caught.value.field) == (ErrorKind.NOT_FOUND, "clusterName")
    assert (await site.clusters.list_cluster_labels(SYSTEM, Nothing())).data == []
    first = await site.clusters.add_cluster_label(SYSTEM, label("edge-1", "edge-1"))
    again = await site.clusters.add_cluster_label(SYSTEM, label("edge-1"))
    assert [result.message for result in (*first.results, *again.results)] == ["labelled", "had the label already"]
    assert [entry.action for entry in await site.entries()] == ["cluster.add_label", "cluster.add"]


async def test_labels_are_listed_per_cluster_and_over_all(site: Site) -> None:
    await site.registered("edge-1", nodes=0)
    await site.registered("edge-2", nodes=0)
    for name in ("c", "a", "b"):
        await site.clusters.add_cluster_label(SYSTEM, label("edge-1", label=name))
    await site.clusters.add_cluster_label(SYSTEM, label("edge-2", label="a"))
    assert (await site.clusters.list_cluster_labels(SYSTEM, Nothing())).data == ["a", "b", "c"]
    page = await site.clusters.get_labels_of_cluster(
        SYSTEM, ListLabelsOfCluster(clusterName="edge-1", page=2, pageSize=2)
    )
    assert ([row.cluster_label for row in page.data], page.total) == (["c"], 3)
    assert page.data[0].create_time > 0
    with pytest.raises(PlatformError) as caught:
        await site.clusters.get_labels_of_cluster(SYSTEM, ListLabelsOfCluster(clusterName="Edge-1"))
    assert caught.value.kind is ErrorKind.NOT_FOUND


async def test_removing_a_label_is_repeatable_and_says_that_a_name_keeps_working(site: Site) -> None:
    await site.registered("edge-1", nodes=0)
    await site.clusters.add_cluster_label(SYSTEM, label("edge-1"))
    assert [
        (await site.clusters.delete_cluster_label(SYSTEM, label("edge-1", label=name))).results[0].message
        for name in ("gpu", "gpu", "edge-1")
    ] == [
        "label removed",
        "did not have the label",
        "did not have the label; its own name keeps working as a label",
    ]
    assert await names(site, "gpu") == []
    assert (await site.entries())[0].before == {"label": "gpu"}


async def test_removing_clusters_forgets_all_of_them_and_leaves_what_was_delivered(site: Site) -> None:
    first = await site.registered("edge-1")
    await site.registered("edge-2")
    await site.platform.database.write(lambda tx: insert_business(tx, "acme"))
    await site.registered("edge-3")
    await site.worker.drain()
    with pytest.raises(PlatformError, match="Cluster nope is not registered"):
        await site.clusters.remove_clusters(SYSTEM, NameClusters(clusterName=["edge-1", "nope"]))
    assert await names(site, "all") == ["edge-1", "edge-2", "edge-3"]
    await site.clusters.remove_clusters(SYSTEM, NameClusters(clusterName=["edge-3", "edge-1", "edge-3"]))
    assert await names(site, "all") == ["edge-2"]
    rows = await site.platform.database.read(
        lambda tx: [tx.count(f"SELECT count(*) FROM {table}") for table in ("node", "cluster_state", "work")]
    )
    assert rows == [2, 1, 0]
    removed = [entry for entry in await site.entries() if entry.action == "cluster.remove"]
    assert sorted((entry.object, entry.message) for entry in removed) == [
        ("cluster/edge-1", "Nothing had been delivered to it."),
        ("cluster/edge-3", "Namespace ns1 and what runs there were left on the cluster."),
    ]
    # Registered anew under the same name, it is a new cluster with its own connection.
    first.cluster.version = "v1.32.0"
    await site.clusters.add_cluster(SYSTEM, first.request)
    assert (await site.row("edge-1")).version == "v1.32.0"


async def test_refreshing_asks_now_and_gives_a_result_for_each(site: Site) -> None:
    here, away = await site.registered("edge-1"), await site.registered("edge-2")
    here.cluster.nodes.pop()
    here.cluster.ready = Response(b"[-]etcd failed\nreadyz check failed\n", 500)
    away.gone = True
    answer = await site.clusters.refresh_clusters(SYSTEM, NameClusters(clusterName=["edge-2", "edge-1"]))
    first, second = answer.results
    assert (first.name, first.code) == ("edge-2", 502)
    assert first.message.startswith("Cluster edge-2 ")
    assert (second.name, second.code) == ("edge-1", 200)
    assert second.message == "Cluster edge-1 says that it is not ready: etcd."
    shown = await site.row("edge-1")
    assert (shown.reachable, shown.is_ready, shown.node_count) == (True, False, 1)
    with pytest.raises(PlatformError) as caught:
        await site.clusters.refresh_clusters(SYSTEM, NameClusters(clusterName=["edge-1", "nope"]))
    assert caught.value.kind is ErrorKind.NOT_FOUND
