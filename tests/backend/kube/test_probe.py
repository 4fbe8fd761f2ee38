from __future__ import annotations

import socket
import time

import pytest

from backend.kube import probe
from backend.kube.connection import Timeouts
from backend.kube.probe import CHECKS, NEEDED, Permission, ProbeReport
from tests.backend.kube.clusters import Cluster
from tests.backend.kube.conftest import HASTY, Connect
from tests.backend.kube.servers import (
    HOST,
    Authority,
    Handler,
    Response,
    authority,
    free_port,
    kubeconfig,
    listen,
    refusal,
    serve,
    server_context,
    silence,
)


def outcome(report: ProbeReport) -> list[str]:
    """Each check as one sign: + passed, - failed, . not tried."""
    assert [check.name for check in report.checks] == list(CHECKS)
    for check in report.checks:
        assert check.message
        assert check.tried or (not check.ok and check.message == "not tried")
    return ["+" if check.ok else "-" if check.tried else "." for check in report.checks]


async def test_all_is_well(connect: Connect) -> None:
    async with serve(Cluster().handle) as server:
        report = await probe.test_connection(await connect(server.url))
    assert "".join(outcome(report)) == "++++++"
    assert report.ok
    assert report.version == "v1.31.2+k3s1"
    assert report.missing == ()
    reviews = [request for request in server.requests if request.method == "POST"]
    assert len(reviews) == len(NEEDED)


async def test_plain_http_is_said(connect: Connect) -> None:
    async with serve(Cluster().handle, plain=True) as server:
        report = await probe.test_connection(await connect(server.url))
    assert report.ok
    assert "plain http" in report.checks[2].message


async def test_missing_permissions_are_named_in_one_sentence(connect: Connect) -> None:
    cluster = Cluster(denied={("list", "nodes"), ("patch", "nodes"), ("create", "pods/eviction")})
    async with serve(cluster.handle) as server:
        report = await probe.test_connection(await connect(server.url, name="edge-1"))
    assert "".join(outcome(report)) == "+++++-"
    assert report.missing == (
        Permission("list", "nodes"),
        Permission("patch", "nodes"),
        Permission("create", "pods/eviction"),
    )
    assert report.message == (
        "Cluster edge-1 does not allow this account to list and patch nodes and create pods/eviction; "
        "grant it a ClusterRole with these verbs."
    )


async def test_more_permissions_may_be_asked_for(connect: Connect) -> None:
    needed = (*NEEDED, Permission("patch", "deployments", "apps"))
    async with serve(Cluster(denied={("patch", "deployments")}).handle) as server:
        report = await probe.test_connection(await connect(server.url), needed=needed)
    assert "patch deployments.apps" in report.message


@pytest.mark.parametrize(
    ("version", "ok"),
    [
        ("v1.25.0", True),
        ("v1.24.17", False),
        ("v1.9.0", False),
        ("v2.0.0", True),
        ("v1.30.2-gke.1+x", True),
        ("what", False),
    ],
)
async def test_versions(connect: Connect, version: str, ok: bool) -> None:
    async with serve(Cluster(version=version).handle) as server:
        report = await probe.test_connection(await connect(server.url))
    assert "".join(outcome(report)) == ("++++++" if ok else "++++-.")
    assert report.version == version
    if not ok:
        assert version in report.message
        assert "1.25" in report.message


async def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    def look_up(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    report = await probe.test_connection(await connect("https://edge.example"))
    assert "".join(outcome(report)) == "-....."
    assert "edge.example does not exist" in report.message


async def test_a_port_that_refuses(connect: Connect) -> None:
    report = await probe.test_connection(await connect(f"https://{HOST}:{await free_port()}"))
    assert "".join(outcome(report)) == "+-...."
    assert "refused the connection" in report.message


async def test_a_certificate_is_described_when_it_is_refused(connect: Connect) -> None:
    pair = authority().issue("other.example", "10.0.0.1", expired=False)
    async with serve(Cluster().handle, context=server_context(pair)) as server:
        report = await probe.test_connection(await connect(server.url))
    assert "".join(outcome(report)) == "++-..."
    assert "other names" in report.message
    assert "It is for other.example, 10.0.0.1, valid from 20" in report.message
    assert server.requests == []


async def test_an_unknown_authority(connect: Connect) -> None:
    async with serve(Cluster().handle, context=server_context(Authority("x").issue(HOST))) as server:
        report = await probe.test_connection(await connect(server.url))
    assert "".join(outcome(report)) == "++-..."
    assert "did not sign" in report.message


async def test_a_handshake_that_hangs(connect: Connect) -> None:
    async with listen(silence) as port:
        report = await probe.test_connection(await connect(f"https://{HOST}:{port}", timeouts=HASTY))
    assert "".join(outcome(report)) == "++-..."


async def test_a_server_that_does_not_answer(connect: Connect) -> None:
    async with serve(lambda _: silence) as server:
        connection = await connect(server.url, timeouts=Timeouts(20, 0.3, 20))
        report = await probe.test_connection(connection)
    assert "".join(outcome(report)) == "+++-.."
    assert "did not answer within 0.3 s" in report.message


async def test_the_whole_test_has_a_limit(connect: Connect) -> None:
    async with serve(lambda _: silence) as server:
        connection = await connect(server.url)
        started = time.monotonic()
        report = await probe.test_connection(connection, limit=1.5)
    assert time.monotonic() - started < 10
    assert "".join(outcome(report)) == "+++-.."
    assert "1.5 s" in report.message


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (lambda _: refusal(401, "Unauthorized"), "did not accept the credentials of user admin"),
        (lambda _: Response(b"<html>", headers={"Content-Type": "text/html"}), "text/html"),
        (
            Cluster(reviews=refusal(403, 'User "system:anonymous" cannot create resource')).handle,
            "does not know us",
        ),
    ],
    ids=["401", "html", "anonymous"],
)
async def test_signing_in_fails(connect: Connect, handler: Handler, words: str) -> None:
    async with serve(handler) as server:
        report = await probe.test_connection(await connect(server.url))
    assert "".join(outcome(report)) == "+++-.."
    assert words in report.message


async def test_an_account_that_may_not_ask_for_its_permissions(connect: Connect) -> None:
    cluster = Cluster(reviews=refusal(403, 'User "ann" cannot create resource "selfsubjectaccessreviews"'))
    async with serve(cluster.handle) as server:
        report = await probe.test_connection(await connect(server.url))
    assert "".join(outcome(report)) == "+++++-"
    assert "selfsubjectaccessreviews" in report.message


async def test_through_a_proxy_that_refuses(connect: Connect) -> None:
    async with serve(lambda _: Response(b"", 403), plain=True) as proxy:
        text = kubeconfig("https://edge.example:6443", cluster={"proxy-url": proxy.url})
        report = await probe.test_connection(await connect("", text=text))
    assert "".join(outcome(report)) == "++-..."
    assert "the proxy answered 403" in report.message
