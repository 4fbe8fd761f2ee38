"""Every way in which a cluster does not answer, or answers nonsense, over real sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from backend.errors import ErrorKind
from backend.kube.connection import Connection, Timeouts
from backend.kube.errors import KubeError
from tests.backend.kube.conftest import HASTY, Connect
from tests.backend.kube.servers import (
    HOST,
    Authority,
    Pair,
    Raw,
    Response,
    authority,
    blocking_tls,
    encoded,
    free_port,
    kubeconfig,
    listen,
    serve,
    server_context,
    silence,
)


async def failure(connection: Connection, path: str = "/api/v1/nodes") -> KubeError:
    with pytest.raises(KubeError) as caught:
        await connection.get_json(path)
    error = caught.value
    assert error.kind in {ErrorKind.REMOTE, ErrorKind.TIMEOUT}
    assert error.reason == f"cluster_{error.stage}"
    assert error.message.endswith(".")
    return error


def raw(data: bytes) -> Raw:
    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return send


def stalled(data: bytes) -> Raw:
    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await reader.read()

    return send


def no_name(number: int) -> Callable[..., object]:
    def look_up(*_: object, **__: object) -> object:
        raise socket.gaierror(number, "no such name")

    return look_up


async def test_a_port_that_refuses(connect: Connect) -> None:
    port = await free_port()
    error = await failure(await connect(f"https://{HOST}:{port}", name="edge-7"))
    assert (error.stage, error.status, error.retryable, error.kind) == ("tcp", 0, True, ErrorKind.REMOTE)
    assert error.message.startswith(f"Cluster edge-7 refused the connection to {HOST}:{port}")
    assert error.lost


@pytest.mark.parametrize(
    ("number", "words"),
    [(socket.EAI_NONAME, "the name edge.example does not exist"), (socket.EAI_AGAIN, "could not be looked up")],
)
async def test_a_name_that_cannot_be_found(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, number: int, words: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", no_name(number))
    error = await failure(await connect("https://edge.example:6443"))
    assert (error.stage, error.kind, error.retryable) == ("dns", ErrorKind.REMOTE, True)
    assert words in error.message


async def test_a_name_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    answer = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        answer.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error = await failure(await connect("https://edge.example:6443", timeouts=HASTY))
    answer.set()
    assert (error.stage, error.kind) == ("dns", ErrorKind.TIMEOUT)
    assert "0.3 s" in error.message


async def test_a_host_that_takes_no_connection(connect: Connect) -> None:
    with backlogged_port() as port:
        error = await failure(await connect(f"https://{HOST}:{port}", timeouts=HASTY))
    assert (error.stage, error.kind, error.connecting) == ("timeout", ErrorKind.TIMEOUT, True)
    assert "did not take a connection" in error.message
    assert "0.3 s" in error.message


@contextmanager
def backlogged_port() -> Iterator[int]:
    """A port whose queue of connections is full, so that the next one waits."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for queued in waiting:
            queued.setblocking(False)
            queued.connect_ex((HOST, port))
        try:
            yield port
        finally:
            for queued in waiting:
                queued.close()


async def test_a_handshake_that_hangs(connect: Connect) -> None:
    async with listen(silence) as port:
        error = await failure(await connect(f"https://{HOST}:{port}", timeouts=HASTY))
    assert (error.stage, error.connecting, error.retryable) == ("timeout", True, True)


async def test_a_server_that_accepts_and_says_nothing(connect: Connect) -> None:
    async with serve(lambda _: silence) as server:
        error = await failure(await connect(server.url, timeouts=Timeouts(connect=20, read=0.3, total=20)))
    assert (error.stage, error.kind, error.connecting) == ("timeout", ErrorKind.TIMEOUT, False)
    assert "accepted the connection but did not answer within 0.3 s" in error.message


async def test_an_answer_that_stops_in_the_middle(connect: Connect) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    async with serve(lambda _: stalled(head + b'{"a":')) as server:
        error = await failure(await connect(server.url, timeouts=Timeouts(connect=20, read=0.3, total=20)))
    assert (error.stage, error.retryable) == ("timeout", True)


async def test_an_answer_that_drips_for_ever(connect: Connect) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with serve(lambda _: drip) as server:
        error = await failure(await connect(server.url, timeouts=Timeouts(connect=20, read=20, total=1)))
    assert (error.stage, error.kind) == ("timeout", ErrorKind.TIMEOUT)
    assert "did not finish its answer within 1 s" in error.message


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (Authority("unknown").issue(HOST), "did not sign"),
        (authority().issue(HOST, expired=True), "has expired"),
        (authority().issue(HOST, premature=True), "not valid yet"),
        (authority().issue("other.example"), "other names"),
    ],
    ids=["unknown-authority", "expired", "premature", "other-name"],
)
async def test_certificates_that_are_not_trusted(connect: Connect, pair: Pair, words: str) -> None:
    async with serve(lambda _: Response({}), context=server_context(pair)) as server:
        error = await failure(await connect(server.url))
    assert (error.stage, error.retryable) == ("tls", False)
    assert words in error.message
    assert server.requests == []


async def test_an_authority_that_only_the_system_could_know(connect: Connect) -> None:
    async with serve(lambda _: Response({})) as server:
        error = await failure(await connect(server.url, text=kubeconfig(server.url, trusted="")))
    assert error.stage == "tls"
    assert "add certificate-authority-data" in error.message


async def test_a_server_that_speaks_only_old_tls(connect: Connect) -> None:
    context = server_context()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with blocking_tls(context) as port:
        error = await failure(await connect(f"https://{HOST}:{port}"))
    assert error.stage == "tls"
    assert "older than 1.2" in error.message


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_a_port_that_does_not_speak_tls(connect: Connect, greeting: bytes) -> None:
    async with listen(stalled(greeting)) as port:
        error = await failure(await connect(f"https://{HOST}:{port}"))
    assert error.stage == "tls"
    assert "does not speak TLS" in error.message


async def test_a_client_certificate_that_the_server_refuses(connect: Connect) -> None:
    context = server_context(client_authority=Authority("clients").pem)
    pair = authority().issue("client")
    user: dict[str, object] = {
        "client-certificate-data": encoded(pair.certificate),
        "client-key-data": encoded(pair.key),
    }
    with blocking_tls(context) as port:
        error = await failure(await connect("", text=kubeconfig(f"https://{HOST}:{port}", user=user)))
        assert error.stage == "tls"
        assert "refused our client certificate" in error.message
        error = await failure(await connect(f"https://{HOST}:{port}"))
        assert error.stage == "tls"
        assert "wants a client certificate" in error.message


async def test_a_connection_closed_without_an_answer(connect: Connect) -> None:
    async with serve(lambda _: raw(b"")) as server:
        error = await failure(await connect(server.url))
    assert (error.stage, error.retryable) == ("tcp", True)
    assert "without an answer" in error.message


async def test_a_connection_reset(connect: Connect) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with serve(lambda _: reset) as server:
        error = await failure(await connect(server.url))
    assert (error.stage, error.retryable) == ("tcp", True)


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 100\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"],
    ids=["length", "chunked"],
)
async def test_a_body_that_is_cut_off(connect: Connect, head: bytes) -> None:
    async with serve(lambda _: raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + head)) as server:
        error = await failure(await connect(server.url))
    assert (error.stage, error.retryable) == ("protocol", True)
    assert "broke off its answer" in error.message


@pytest.mark.parametrize("data", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00\x01\x02\r\n\r\n"])
async def test_an_answer_that_is_not_http(connect: Connect, data: bytes) -> None:
    async with serve(lambda _: raw(data)) as server:
        error = await failure(await connect(server.url))
    assert error.stage == "protocol"
    assert "HTTP" in error.message


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (b"<html>Log in</html>", "text/html; charset=utf-8", "text/html instead of JSON"),
        (b'{"a":', "application/json", "JSON that cannot be read"),
        (b"[1]", "application/json", "JSON that cannot be read"),
        (b'{"a":"\xff"}', "application/json", "JSON that cannot be read"),
        (b"[" * 100_000, "application/json", "JSON that cannot be read"),
        (b'{"a":' * 20_000, "application/json", "JSON that cannot be read"),
        (b"", "application/json", "JSON that cannot be read"),
    ],
    ids=["html", "cut", "list", "bytes", "deep", "deep-objects", "empty"],
)
async def test_an_answer_that_is_not_the_json_asked_for(
    connect: Connect, body: bytes, content_type: str, words: str
) -> None:
    async with serve(lambda _: Response(body, headers={"Content-Type": content_type})) as server:
        connection = await connect(server.url)
        error = await failure(connection)
        with pytest.raises(KubeError) as caught:
            [page async for page in connection.pages("/api/v1/nodes", dict)]
    for found in (error, caught.value):
        assert (found.stage, found.status, found.retryable) == ("protocol", 200, False)
        assert words in found.message


async def test_redirects_are_not_followed(connect: Connect) -> None:
    async with serve(lambda _: Response({})) as other:
        headers = {"Location": f"{other.url}/login?user=a"}
        async with serve(lambda _: Response(b"", 302, headers)) as server:
            error = await failure(await connect(server.url))
    assert other.requests == []
    assert (error.stage, error.status) == ("protocol", 302)
    assert f"{HOST}:{other.port}" in error.message


async def test_a_body_over_the_limit_is_not_read(connect: Connect) -> None:
    body = b'{"a":"' + b"x" * 300_000 + b'"}'
    async with serve(lambda _: Response(body, headers={"Content-Type": "application/json"})) as server:
        assert await (await connect(server.url)).get_json("/x")
        error = await failure(await connect(server.url, maximum_body=200_000))
    assert error.stage == "protocol"
    assert "larger than 200000 bytes" in error.message


async def test_a_proxy_that_refuses_or_is_not_there(connect: Connect) -> None:
    async with serve(lambda _: Response(b"", 407), plain=True) as proxy:
        text = kubeconfig("https://edge.example:6443", cluster={"proxy-url": proxy.url})
        error = await failure(await connect("", text=text))
        assert error.stage == "tcp"
        assert "the proxy answered 407" in error.message
    text = kubeconfig("https://edge.example:6443", cluster={"proxy-url": f"http://{HOST}:{await free_port()}"})
    error = await failure(await connect("", text=text))
    assert error.stage == "tcp"
    assert "the proxy cannot be reached" in error.message
