"""Exec plug-ins: real programs, run without a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from backend.errors import ErrorKind
from backend.kube.connection import Timeouts
from backend.kube.errors import KubeError
from tests.backend.kube.conftest import Connect
from tests.backend.kube.servers import (
    Request,
    Response,
    authority,
    kubeconfig,
    refusal,
    serve,
    server_context,
    write,
)

VERSION = "client.authentication.k8s.io/v1"


def plugin(script: Path, **change: object) -> dict[str, object]:
    body = {"apiVersion": VERSION, "command": sys.executable, "args": [str(script)], "interactiveMode": "IfAvailable"}
    return {"exec": {**body, **change}}


def answering(tmp_path: Path, status: str, before: str = "") -> Path:
    """A plug-in whose status is the Python expression `status`, where `n` counts its runs."""
    return write(
        tmp_path / "plugin.py",
        f"""
import json, os, pathlib, sys
runs = pathlib.Path({str(tmp_path / "runs")!r})
n = len(runs.read_text()) + 1 if runs.exists() else 1
runs.write_text("x" * n)
{before}
json.dump({{"apiVersion": {VERSION!r}, "kind": "ExecCredential", "status": {status}}}, sys.stdout)
""",
    )


def runs(tmp_path: Path) -> int:
    found = tmp_path / "runs"
    return len(found.read_text()) if found.exists() else 0


async def fails(connect: Connect, user: dict[str, object], timeouts: Timeouts | None = None) -> KubeError:
    async with serve(lambda _: Response({})) as server:
        text = kubeconfig(server.url, user=user)
        connection = await connect("", text=text, timeouts=timeouts or Timeouts(20, 20, 40))
        with pytest.raises(KubeError) as caught:
            await connection.get_json("/x")
        assert server.requests == []
    assert caught.value.stage == "unauthorized"
    return caught.value


async def test_the_token_of_a_plugin_signs_in_and_is_kept(tmp_path: Path, connect: Connect) -> None:
    user = plugin(answering(tmp_path, '{"token": f"token-{n}"}'))
    async with serve(lambda _: Response({})) as server:
        connection = await connect("", text=kubeconfig(server.url, user=user))
        assert runs(tmp_path) == 0
        await asyncio.gather(*(connection.get_json("/x") for _ in range(5)))
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer token-1"}
    assert runs(tmp_path) == 1


async def test_an_expired_token_is_renewed(tmp_path: Path, connect: Connect) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    status = f'{{"token": f"token-{{n}}", "expirationTimestamp": {soon!r} if n == 1 else {later!r}}}'
    user = plugin(answering(tmp_path, status))
    async with serve(lambda _: Response({})) as server:
        connection = await connect("", text=kubeconfig(server.url, user=user))
        for _ in range(3):
            await connection.get_json("/x")
    assert [request.headers["authorization"][-1] for request in server.requests] == ["1", "2", "2"]


async def test_a_token_that_is_refused_is_renewed_once(tmp_path: Path, connect: Connect) -> None:
    def handler(request: Request) -> Response:
        good = request.headers["authorization"] == "Bearer token-2" and request.path == "/x"
        return Response({}) if good else refusal(401, "Unauthorized")

    user = plugin(answering(tmp_path, '{"token": f"token-{n}"}'))
    async with serve(handler) as server:
        connection = await connect("", text=kubeconfig(server.url, user=user))
        await connection.get_json("/x")
        assert runs(tmp_path) == 2
        with pytest.raises(KubeError) as caught:
            await connection.get_json("/never")
    assert caught.value.stage == "unauthorized"
    assert runs(tmp_path) == 3


async def test_a_client_certificate_of_a_plugin_signs_in(tmp_path: Path, connect: Connect) -> None:
    pair = authority().issue("client")
    status = f'{{"clientCertificateData": {pair.certificate!r}, "clientKeyData": {pair.key!r}}}'
    user = plugin(answering(tmp_path, status))
    async with serve(lambda _: Response({}), context=server_context(client_authority=authority().pem)) as server:
        connection = await connect("", text=kubeconfig(server.url, user=user))
        assert await connection.get_json("/x") == {}


async def test_a_plugin_gets_its_variables_and_the_cluster_but_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connect: Connect
) -> None:
    monkeypatch.setenv("OTETUI_TOKEN", "ours")
    told = tmp_path / "told"
    before = f"pathlib.Path({str(told)!r}).write_text(json.dumps(dict(os.environ)))"
    script = answering(tmp_path, '{"token": "t"}', before)
    user = plugin(script, env=[{"name": "PROFILE", "value": "site 1"}], provideClusterInfo=True)
    async with serve(lambda _: Response({})) as server:
        connection = await connect("", text=kubeconfig(server.url, user=user))
        await connection.get_json("/x")
    environment = json.loads(told.read_text())
    assert environment["PROFILE"] == "site 1"
    assert environment["PATH"] == os.environ["PATH"]
    assert "OTETUI_TOKEN" not in environment
    information = json.loads(environment["KUBERNETES_EXEC_INFO"])
    assert (information["kind"], information["apiVersion"]) == ("ExecCredential", VERSION)
    assert information["spec"]["interactive"] is False
    assert information["spec"]["cluster"]["server"] == server.url


@pytest.mark.parametrize(
    ("status", "before", "words"),
    [
        ("{}", "", "neither a token nor"),
        ('{"token": "a\\nb"}', "", "neither a token nor"),
        ('{"clientCertificateData": "x"}', "", "neither a token nor"),
        ('{"clientCertificateData": "x", "clientKeyData": "y"}', "", "cannot be used"),
        ('{"token": "t", "expirationTimestamp": "soon"}', "", "did not print an ExecCredential"),
        ("{}", 'print("hello"); sys.exit(0)', "did not print an ExecCredential"),
        ("{}", 'print(json.dumps({"apiVersion": "other"})); sys.exit(0)', f"did not answer in {VERSION}"),
        ("{}", 'print("log in first\\x1b", file=sys.stderr); sys.exit(3)', "status 3: log in first\\e"),
        ("{}", 'sys.stdout.write("x" * 3_000_000); sys.exit(0)', "did not print an ExecCredential"),
        ("{}", "assert not sys.stdin.read(); open('/dev/tty')", "status 1"),
    ],
)
async def test_plugins_that_fail_say_why(
    tmp_path: Path, connect: Connect, status: str, before: str, words: str
) -> None:
    error = await fails(connect, plugin(answering(tmp_path, status, before)))
    assert words in error.message
    assert str(tmp_path) in error.message
    assert error.kind is ErrorKind.REMOTE


async def test_a_plugin_that_is_missing_says_how_to_get_it(tmp_path: Path, connect: Connect) -> None:
    user = plugin(tmp_path / "x", command=str(tmp_path / "missing"), installHint="run: install-it")
    error = await fails(connect, user)
    assert "No such file" in error.message
    assert "run: install-it" in error.message


async def test_a_plugin_that_hangs_is_killed_with_its_children(tmp_path: Path, connect: Connect) -> None:
    pids = tmp_path / "pids"
    command = f"sleep 60 & echo $$ $! > {shlex.quote(str(pids))}; wait"
    error = await fails(connect, plugin(tmp_path, command="/bin/sh", args=["-c", command]), Timeouts(20, 20, 2))
    assert error.kind is ErrorKind.TIMEOUT
    assert "did not end within 2 s" in error.message
    deadline = time.monotonic() + 10
    left = {int(pid) for pid in pids.read_text().split()}
    assert len(left) == 2
    while left and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
        left = {pid for pid in left if _runs(pid)}
    assert not left


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
