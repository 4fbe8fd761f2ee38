"""Registering real clusters (decision 21): what is shown of them, and why others are refused."""

from __future__ import annotations

import base64

import pytest
import yaml

from backend.errors import ErrorKind, PlatformError
from backend.kube.probe import CHECKS
from backend.operations.clusters import GET_CLUSTER, LIST_CLUSTERS
from tests.backend.sites import ADMINISTRATOR
from tests.live.conftest import Planes
from tests.live.control_plane import ControlPlane
from tests.live.outside import Document, Outside
from tests.live.processes import free_port
from tests.live.site import Operator

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]


async def _nothing_saved(site: Operator, name: str) -> bool:
    listed = await site.call(LIST_CLUSTERS, ADMINISTRATOR)
    unknown = await site.refusal(GET_CLUSTER, ADMINISTRATOR, clusterName=name)
    recorded = await site.activity(action="cluster.add")
    return (listed.total, unknown.code, recorded, _rows(site)) == (0, 404, [], 0)


def _rows(site: Operator) -> int:
    connection = site.outside()
    [[count]] = connection.execute("SELECT count(*) FROM cluster")
    connection.close()
    return int(count)


def _changed(kubeconfig: str, section: str, **changes: str) -> str:
    document: Document = yaml.safe_load(kubeconfig)
    document[f"{section}s"][0][section].update(changes)
    return yaml.safe_dump(document)


@pytest.mark.parametrize("sign_in", ["certificate", "token"])
async def test_clusters_are_tested_registered_listed_and_shown(
    site: Operator, control_planes: Planes, beside_first: Outside, sign_in: str
) -> None:
    for plane in control_planes:
        text = plane.kubeconfig_with_token() if sign_in == "token" else plane.kubeconfig()
        report = await site.report(plane.name, text)
        assert [(check.name, check.ok) for check in report.checks] == [(name, True) for name in CHECKS]
        assert (report.ok, report.version) == (True, plane.version)
        assert plane.name not in await site.cluster_names()
        await site.register_cluster(plane.name, text)
    listed = await site.call(LIST_CLUSTERS, ADMINISTRATOR)
    assert listed.total == 2
    assert [(row.cluster_name, row.is_ready, row.reachable, row.version, row.message) for row in listed.data] == [
        (plane.name, True, True, plane.version, "") for plane in control_planes
    ]
    assert listed.data[0].node_count == len(await beside_first.names("/api/v1/nodes"))
    wire = await site.wire("GET", f"/v1/cluster?clusterLabel={control_planes[1].name}", user=ADMINISTRATOR)
    assert isinstance(wire["data"], list)
    assert isinstance(wire["data"][0], dict)
    assert wire["data"][0].items() >= {"clusterName": control_planes[1].name, "isReady": True}.items()
    detail = await site.cluster(control_planes[0].name)
    assert (detail.server, detail.context) == (control_planes[0].url, f"admin@{control_planes[0].name}")
    assert detail.answer_time == detail.probe_time > 0


async def test_the_store_holds_no_credential_in_the_clear(site: Operator, first: ControlPlane) -> None:
    await site.register_cluster(first.name, first.kubeconfig_with_token())
    token: str = yaml.safe_load(first.kubeconfig_with_token())["users"][0]["user"]["token"]
    files = [path for path in site.home.iterdir() if path.is_file()]
    assert len(files) >= 2
    assert all(token.encode() not in path.read_bytes() for path in files)
    assert all(token not in str(entry) for entry in await site.activity())


async def test_an_account_without_the_rights_is_told_which_it_lacks(site: Operator, first: ControlPlane) -> None:
    for text in (first.kubeconfig("limited"), first.kubeconfig_with_token("limited")):
        error = await site.refusal_to_register("edge", text)
        assert (error.kind, error.reason, error.field) == (ErrorKind.REMOTE, "cluster_check_failed", "kubeconfig")
        for lacking in (
            "list, watch, get and patch nodes",
            "get, list, create and patch namespaces",
            "list pods",
            "create pods/eviction",
        ):
            assert lacking in error.message
        report = await site.report("edge", text)
        assert [check.ok for check in report.checks] == [True] * 5 + [False]
        assert (report.ok, report.checks[-1].message) == (False, error.message)
        assert await _nothing_saved(site, "edge")


async def test_credentials_that_the_cluster_does_not_know(site: Operator, first: ControlPlane) -> None:
    for text, named in (
        (first.kubeconfig_with_token("nobody"), "nobody@live-1"),
        (first.kubeconfig("nobody"), "nobody@live-1"),
    ):
        error = await site.refusal_to_register("edge", text)
        assert error.kind is ErrorKind.REMOTE
        assert "did not accept" in error.message
        assert named in error.message
        assert "fresh kubeconfig" in error.message
        assert await _failed_check(site, text) == ("authentication", error.message)
        assert await _nothing_saved(site, "edge")


async def test_a_certificate_of_another_authority(site: Operator, control_planes: Planes) -> None:
    first, second = control_planes
    other: Document = yaml.safe_load(second.kubeconfig())
    text = _changed(
        first.kubeconfig(),
        "cluster",
        **{"certificate-authority-data": other["clusters"][0]["cluster"]["certificate-authority-data"]},
    )
    error = await site.refusal_to_register("edge", text)
    assert "certificate-authority-data of the kubeconfig did not sign" in error.message
    assert await _failed_check(site, text) == ("tls", error.message)
    assert await _nothing_saved(site, "edge")


async def test_a_port_where_nobody_listens(site: Operator, first: ControlPlane) -> None:
    port = free_port()
    text = _changed(first.kubeconfig(), "cluster", server=f"https://127.0.0.1:{port}")
    error = await site.refusal_to_register("edge", text)
    assert f"refused the connection to 127.0.0.1:{port}" in error.message
    assert await _failed_check(site, text) == ("tcp", error.message)
    assert await _nothing_saved(site, "edge")


async def test_a_client_certificate_whose_key_is_another_ones(site: Operator, first: ControlPlane) -> None:
    other: Document = yaml.safe_load(first.kubeconfig("limited"))
    text = _changed(first.kubeconfig(), "user", **{"client-key-data": other["users"][0]["user"]["client-key-data"]})
    error = await site.refusal_to_register("edge", text)
    assert (error.kind, error.field) == (ErrorKind.INVALID, "kubeconfig")
    assert base64.b64decode(other["users"][0]["user"]["client-key-data"]).decode() not in error.message
    assert await _nothing_saved(site, "edge")


async def test_the_same_name_is_refused_and_a_removed_one_is_free_again(site: Operator, control_planes: Planes) -> None:
    first, second = control_planes
    await site.register_cluster("edge", first.kubeconfig())
    error = await site.refusal_to_register("Edge", second.kubeconfig())
    assert (error.kind, error.reason) == (ErrorKind.CONFLICT, "cluster_name_taken")
    assert (await site.cluster("edge")).server == first.url
    removed = await site.wire("DELETE", "/v1/cluster", {"clusterName": ["edge"]}, user=ADMINISTRATOR)
    assert removed["code"] == 200
    await site.register_cluster("Edge", second.kubeconfig())
    assert (await site.cluster("Edge")).server == second.url


async def _failed_check(site: Operator, kubeconfig: str) -> tuple[str, str]:
    try:
        report = await site.report("edge", kubeconfig)
    except PlatformError as error:
        pytest.fail(f"the test of a connection ended with {error!r}")
    failed = [check for check in report.checks if not check.ok]
    assert all(check.message == "not tried" for check in failed[1:])
    return failed[0].name, failed[0].message
