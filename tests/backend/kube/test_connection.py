from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar

import pytest

from backend.errors import PlatformError
from backend.kube.connection import APPLY_PATCH, Connection
from backend.kube.json_values import JsonObject, array, integer
from backend.kube.kubeconfig import read_kubeconfig
from tests.backend.kube.conftest import PATIENT, Connect
from tests.backend.kube.servers import (
    HOST,
    TOKEN,
    Authority,
    Handler,
    Raw,
    Request,
    Response,
    authority,
    encoded,
    kubeconfig,
    listen,
    refusal,
    serve,
    server_context,
    silence,
)

T = TypeVar("T")


def echo(request: Request) -> Response:
    return Response({"method": request.method, "path": request.path, "query": request.query})


async def test_requests_carry_path_query_token_and_our_name(connect: Connect) -> None:
    async with serve(echo) as server:
        connection = await connect(server.url + "/clusters/edge")
        found = await connection.get_json("/api/v1/nodes", {"labelSelector": "a=b,c in (d e)", "limit": 5})
    assert found["path"] == "/clusters/edge/api/v1/nodes"
    assert found["query"] == {"labelSelector": "a=b,c in (d e)", "limit": "5"}
    headers = server.requests[0].headers
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["user-agent"].startswith("otetui/")
    assert headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("method", "content_type"),
    [
        ("POST", "application/json"),
        ("PATCH", "application/merge-patch+json"),
        ("PATCH", APPLY_PATCH),
        ("DELETE", "application/json"),
    ],
)
async def test_bodies_are_sent_as_json(connect: Connect, method: str, content_type: str) -> None:
    body = {"metadata": {"labels": {"a": None, "b": "ü"}}}
    async with serve(echo) as server:
        connection = await connect(server.url)
        if method == "POST":
            answer = await connection.post_json("/x", body)
        elif method == "DELETE":
            answer = await connection.delete_json("/x", body)
        else:
            answer = await connection.patch_json("/x", body, content_type=content_type)
    assert answer["method"] == method
    assert server.requests[0].json == body
    assert server.requests[0].headers["content-type"].startswith(content_type)


async def test_paths_reach_the_server_as_they_were_quoted(connect: Connect) -> None:
    async with serve(echo) as server:
        connection = await connect(server.url)
        found = await connection.get_json("/api/v1/nodes/%2E%2E/a%2F..%2Fb%20c", {"labelSelector": "a=b+c"})
    assert found["path"] == "/api/v1/nodes/../a/../b c"
    assert server.requests[0].target == "/api/v1/nodes/%2E%2E/a%2F..%2Fb%20c?labelSelector=a%3Db%2Bc"


async def test_basic_and_certificate_sign_in(connect: Connect) -> None:
    pair = authority().issue("client")
    certificate: dict[str, object] = {
        "client-certificate-data": encoded(pair.certificate),
        "client-key-data": encoded(pair.key),
    }
    async with serve(echo, context=server_context(client_authority=authority().pem)) as server:
        connection = await connect(server.url, text=kubeconfig(server.url, user=certificate))
        assert (await connection.get_json("/version"))["path"] == "/version"
        assert "authorization" not in server.requests[0].headers
    async with serve(echo) as server:
        user: dict[str, object] = {"username": "ann", "password": "ü"}
        connection = await connect(server.url, text=kubeconfig(server.url, user=user))
        await connection.get_json("/version")
        assert server.requests[0].headers["authorization"] == "Basic YW5uOsO8"


async def test_nothing_is_written_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    if not hasattr(os, "memfd_create"):
        pytest.skip("this system has no files in memory")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    pair = authority().issue("client")
    user: dict[str, object] = {
        "client-certificate-data": encoded(pair.certificate),
        "client-key-data": encoded(pair.key),
    }
    await connect("https://127.0.0.1:1", text=kubeconfig("https://127.0.0.1:1", user=user))


async def test_without_memory_files_the_certificate_file_is_gone_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connect: Connect
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pair = authority().issue("client")
    user: dict[str, object] = {
        "client-certificate-data": encoded(pair.certificate),
        "client-key-data": encoded(pair.key),
    }
    await connect("https://127.0.0.1:1", text=kubeconfig("https://127.0.0.1:1", user=user))
    assert list(tmp_path.iterdir()) == []


async def test_an_intermediate_authority_and_a_pinned_certificate_are_trusted(connect: Connect) -> None:
    intermediate = Authority("intermediate", parent=authority())
    pair = intermediate.issue(HOST)
    async with serve(echo, context=server_context(pair)) as server:
        for trusted in (intermediate.pem, pair.certificate):
            connection = await connect(server.url, text=kubeconfig(server.url, trusted=trusted))
            assert (await connection.get_json("/version"))["path"] == "/version"


async def test_insecure_and_tls_server_name(connect: Connect) -> None:
    pair = Authority("unknown").issue("api.edge.example")
    async with serve(echo, context=server_context(pair)) as server:
        insecure = kubeconfig(server.url, cluster={"insecure-skip-tls-verify": True}, trusted="")
        assert await (await connect(server.url, text=insecure)).get_json("/version")
    pair = authority().issue("api.edge.example")
    async with serve(echo, context=server_context(pair)) as server:
        named = kubeconfig(server.url, cluster={"tls-server-name": "api.edge.example"})
        assert await (await connect(server.url, text=named)).get_json("/version")


async def test_plain_http_on_this_machine(connect: Connect) -> None:
    async with serve(echo, plain=True) as server:
        connection = await connect(server.url)
        assert (await connection.get_json("/version"))["path"] == "/version"


async def test_connections_are_kept_and_at_most_four_requests_run_at_once(connect: Connect) -> None:
    running = most = 0

    def handler(request: Request) -> Response:
        return Response({"running": running})

    async with serve(handler) as server:
        connection = await connect(server.url)
        ask = connection.exchange._ask_once

        async def counted(*arguments: object) -> object:
            nonlocal running, most
            running += 1
            most = max(most, running)
            try:
                return await ask(*arguments)  # type: ignore[arg-type]
            finally:
                running -= 1

        connection.exchange._ask_once = counted  # type: ignore[method-assign, assignment]
        await asyncio.gather(*(connection.get_json("/x") for _ in range(40)))
        assert len(server.requests) == 40
    assert most == 4
    assert server.connections <= 4


async def test_compressed_answers_are_read(connect: Connect) -> None:
    body = gzip.compress(json.dumps({"items": ["x" * 1000] * 500}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    async with serve(lambda _: Response(body, headers=headers)) as server:
        connection = await connect(server.url)
        assert len(array(await connection.get_json("/x"), "items")) == 500


def in_pages(total: int) -> Handler:
    def handler(request: Request) -> Response:
        start = int(request.query.get("continue", "0"))
        end = min(start + int(request.query["limit"]), total)
        items = [{"number": number} for number in range(start, end)]
        token = str(end) if end < total else ""
        metadata = {"resourceVersion": "7", "remainingItemCount": total - end, "continue": token}
        return Response({"metadata": metadata, "items": items})

    return handler


async def test_lists_are_read_in_pages(connect: Connect) -> None:
    async with serve(in_pages(23)) as server:
        connection = await connect(server.url)
        pages = [page async for page in connection.pages("/x", lambda item: integer(item, "number"), page_size=10)]
    assert [len(page.items) for page in pages] == [10, 10, 3]
    assert [number for page in pages for number in page.items] == list(range(23))
    assert [page.remaining for page in pages] == [13, 3, 0]
    assert pages[-1].resource_version == "7"
    assert pages[-1].token == ""


async def test_an_empty_list_is_one_empty_page(connect: Connect) -> None:
    async with serve(lambda _: Response({"metadata": {}, "items": None})) as server:
        connection = await connect(server.url)
        assert [page.items async for page in connection.pages("/x", dict)] == [[]]


async def test_a_server_that_repeats_a_page_for_ever_is_found_out(connect: Connect) -> None:
    async with serve(lambda _: Response({"metadata": {"continue": "again"}, "items": [{}]})) as server:
        connection = await connect(server.url)
        with pytest.raises(PlatformError, match="again and again"):
            [page async for page in connection.pages("/x", dict)]
    assert len(server.requests) == 2


async def test_decoding_a_large_page_leaves_the_loop_turns(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [{"names": [f"example.org/image-{number}@sha256:{'a' * 64}"], "sizeBytes": 1} for number in range(60)]
    body = json.dumps({"metadata": {}, "items": [{"images": images}] * 400}).encode()
    turns = 0
    seen: list[int] = []
    threads: set[int] = set()

    def narrow(_: JsonObject) -> None:
        threads.add(threading.get_ident())
        seen.append(turns)

    async with serve(lambda _: Response(body, headers={"Content-Type": "application/json"})) as server:
        connection = await connect(server.url)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(0.0005)
        try:
            pages = asyncio.create_task(_all(connection.pages("/x", narrow)))
            while not pages.done():
                await asyncio.sleep(0)
                turns += 1
        finally:
            sys.setswitchinterval(interval)
        assert len((await pages)[0].items) == 400
    assert threads
    assert threading.get_ident() not in threads
    # Between the first item and the last, the loop went on: one call for all of them would not let it.
    assert seen[-1] > seen[0]


async def _all(pages: AsyncGenerator[T, None]) -> list[T]:
    return [page async for page in pages]


async def test_a_connection_that_is_closed_refuses(connect: Connect) -> None:
    async with serve(echo) as server:
        connection = await connect(server.url)
        await connection.get_json("/x")
        await connection.close()
        with pytest.raises(PlatformError, match="closed"):
            await connection.get_json("/x")


async def test_it_is_an_async_context_manager() -> None:
    async with serve(echo) as server:
        document = read_kubeconfig(kubeconfig(server.url)).document
        async with await Connection.open(document, "edge", timeouts=PATIENT) as connection:
            assert await connection.get_json("/x")


async def test_the_repr_and_errors_hold_no_secret(connect: Connect) -> None:
    async with serve(lambda _: refusal(401, "Unauthorized")) as server:
        connection = await connect(server.url)
        with pytest.raises(PlatformError) as caught:
            await connection.get_json("/x")
    assert TOKEN not in repr(connection) + caught.value.message + repr(caught.value)


async def test_a_cancelled_request_frees_its_place(connect: Connect) -> None:
    hanging: list[Request] = []
    all_hang = asyncio.Event()

    def handler(request: Request) -> Response | Raw:
        if request.path != "/hang":
            return echo(request)
        hanging.append(request)
        if len(hanging) == 4:
            all_hang.set()
        return silence

    async with serve(handler) as server:
        connection = await connect(server.url)
        tasks = [asyncio.create_task(connection.get_json("/hang")) for _ in range(4)]
        await asyncio.wait_for(all_hang.wait(), 20)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        assert (await connection.get_json("/x"))["path"] == "/x"


async def test_the_environment_proxy_is_used_like_kubectl_does(
    monkeypatch: pytest.MonkeyPatch, connect: Connect
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8,.inside.example")
    for server, proxied in [
        ("https://api.example:6443", True),
        ("https://10.1.2.3:6443", False),
        ("https://11.1.2.3:6443", True),
        ("https://a.inside.example", False),
        ("https://127.0.0.1:6443", False),
        ("https://localhost:6443", False),
    ]:
        assert bool((await connect(server)).proxy) is proxied, server
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.example")
    with pytest.raises(PlatformError, match="HTTPS_PROXY"):
        await connect("https://api.example:6443")


async def test_requests_go_through_the_proxy_of_the_kubeconfig(connect: Connect) -> None:
    targets: list[str] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        targets.append(head.split(" ")[1])
        there_reader, there_writer = await asyncio.open_connection(HOST, int(targets[-1].rpartition(":")[2]))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))

    async with serve(echo) as server, listen(tunnel) as port:
        proxied = kubeconfig(server.url, cluster={"proxy-url": f"http://{HOST}:{port}"})
        connection = await connect(server.url, text=proxied)
        assert (await connection.get_json("/version"))["path"] == "/version"
        await connection.close()
    assert targets == [f"{HOST}:{server.port}"]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    writer.close()


async def test_leaving_a_paged_list_early_is_clean(connect: Connect) -> None:
    async with serve(in_pages(100)) as server:
        connection = await connect(server.url)
        async with aclosing(connection.pages("/x", dict, page_size=10)) as pages:
            async for page in pages:
                assert len(page.items) == 10
                break
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "module",
    ["errors", "connection", "timeouts", "answers", "inventory", "labels", "namespaces", "probe", "kubeconfig"],
)
def test_importing_costs_no_heavy_module(module: str) -> None:
    code = (
        f"import backend.kube.{module}, sys; "
        "print(sorted({'kubernetes', 'aiohttp', 'yaml', 'cryptography', 'pydantic', 'textual'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
