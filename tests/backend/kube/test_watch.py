from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from backend.kube import exchange
from backend.kube.connection import WatchEvent
from backend.kube.errors import KubeError
from backend.kube.inventory import watch_nodes
from tests.backend.kube.conftest import Connect
from tests.backend.kube.servers import Raw, Request, Response, refusal, serve

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
PATH = "/api/v1/nodes"


def event(kind: str, version: str, name: str = "edge-1") -> bytes:
    found = {"kind": "Node", "metadata": {"name": name, "resourceVersion": version}}
    return json.dumps({"type": kind, "object": found}).encode() + b"\n"


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def stream(*pieces: bytes, end: bool = True) -> Raw:
    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        for piece in pieces:
            writer.write(chunk(piece))
            await writer.drain()
        if end:
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        else:
            await reader.read()

    return send


async def collect(events: AsyncGenerator[WatchEvent, None]) -> list[tuple[str, str]]:
    return [(found.type, found.resource_version) async for found in events]


async def test_events_are_read_line_by_line_however_they_are_cut(connect: Connect) -> None:
    lines = event("ADDED", "1") + event("MODIFIED", "2") + b"\n" + event("BOOKMARK", "9")
    pieces = [lines[at : at + 7] for at in range(0, len(lines), 7)]
    async with serve(lambda _: stream(*pieces)) as server:
        connection = await connect(server.url)
        found = await collect(connection.watch(PATH, "1", params={"fieldSelector": "a=b"}, seconds=5))
    assert found == [("ADDED", "1"), ("MODIFIED", "2"), ("BOOKMARK", "9")]
    assert server.requests[0].query == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "5",
        "resourceVersion": "1",
        "fieldSelector": "a=b",
    }


async def test_a_version_that_is_too_old(connect: Connect) -> None:
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    line = json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"
    for handler in (lambda _: stream(line), lambda _: refusal(410, "too old resource version", "Expired")):
        async with serve(handler) as server:
            connection = await connect(server.url)
            with pytest.raises(KubeError) as caught:
                await collect(connection.watch(PATH, "1"))
        assert (caught.value.stage, caught.value.status, caught.value.retryable) == ("gone", 410, True)
        assert "too old" in caught.value.message


@pytest.mark.parametrize(
    ("line", "retryable"),
    [(b"<html>\n", False), (b'{"type":"ADDED"', True)],
    ids=["not-json", "cut"],
)
async def test_lines_that_cannot_be_read(connect: Connect, line: bytes, retryable: bool) -> None:
    async with serve(lambda _: stream(event("ADDED", "1"), line)) as server:
        connection = await connect(server.url)
        with pytest.raises(KubeError) as caught:
            await collect(connection.watch(PATH))
    assert (caught.value.stage, caught.value.retryable) == ("protocol", retryable)


async def test_a_line_without_end_is_given_up(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAXIMUM_LINE", 100_000)
    async with serve(lambda _: stream(*[b"x" * 10_000] * 20, end=False)) as server:
        connection = await connect(server.url)
        with pytest.raises(KubeError, match="larger than") as caught:
            await collect(connection.watch(PATH))
    assert caught.value.stage == "protocol"


async def test_a_link_that_breaks_in_a_watch(connect: Connect) -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(event("ADDED", "1")))
        await writer.drain()

    async with serve(lambda _: broken) as server:
        connection = await connect(server.url)
        events = connection.watch(PATH)
        assert (await anext(events)).type == "ADDED"
        with pytest.raises(KubeError) as caught:
            await anext(events)
    assert caught.value.retryable


async def test_a_watch_that_is_left_ends_its_connection(connect: Connect) -> None:
    gone = asyncio.Event()

    async def watched(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stream(event("ADDED", "1"), end=False)(reader, writer)
        gone.set()

    async with serve(lambda _: watched) as server:
        connection = await connect(server.url)
        async with aclosing(connection.watch(PATH)) as events:
            async for found in events:
                assert found.type == "ADDED"
                break
        await asyncio.wait_for(gone.wait(), 10)


async def test_a_cancelled_watch_ends_its_connection(connect: Connect) -> None:
    gone, seen = asyncio.Event(), asyncio.Event()

    async def watched(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stream(event("ADDED", "1"), end=False)(reader, writer)
        gone.set()

    async with serve(lambda _: watched) as server:
        connection = await connect(server.url)

        async def follow() -> None:
            async for _ in watch_nodes(connection):
                seen.set()

        task = asyncio.create_task(follow())
        await asyncio.wait_for(seen.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(gone.wait(), 10)


async def test_watches_do_not_take_the_places_of_requests(connect: Connect) -> None:
    def handler(request: Request) -> Raw | Response:
        if "watch" in request.query:
            return stream(event("ADDED", "1"), end=False)
        return Response({"kind": "NodeList"})

    async with serve(handler) as server:
        connection = await connect(server.url)
        watches = [connection.watch(PATH) for _ in range(8)]
        for watch in watches:
            assert (await anext(watch)).type == "ADDED"
        assert await connection.get_json(PATH)
        for watch in watches:
            await watch.aclose()


async def test_watching_nodes_goes_on_where_the_server_ended_it(connect: Connect) -> None:
    answers = [
        stream(event("ADDED", "900", "b"), event("ADDED", "700", "a")),
        stream(event("ADDED", "900", "b"), event("BOOKMARK", "1000")),
        stream(event("MODIFIED", "1001", "a"), event("DELETED", "1002", "b")),
        stream(end=False),
    ]
    versions: list[str] = []

    def handler(request: Request) -> Raw:
        versions.append(request.query.get("resourceVersion", ""))
        return answers[len(versions) - 1]

    async with serve(handler) as server:
        connection = await connect(server.url)
        connection.pause_after_short_watch = 0.01
        found: list[tuple[str, str]] = []
        async with aclosing(watch_nodes(connection)) as events:
            async for change in events:
                found.append((change.type, change.node.name))
                if len(found) == 5:
                    break
    assert found == [("ADDED", "b"), ("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]
    # Without a bookmark the versions of the first events mean nothing: the first is asked again from the start.
    assert versions[:3] == ["", "", "1000"]


async def test_watching_nodes_from_a_version(connect: Connect) -> None:
    async with serve(lambda _: stream(event("MODIFIED", "8"), end=False)) as server:
        connection = await connect(server.url)
        async with aclosing(watch_nodes(connection, "7")) as events:
            change = await anext(events)
    assert (change.type, change.node.name, change.node.resource_version) == ("MODIFIED", "edge-1", "8")
    assert server.requests[0].query["resourceVersion"] == "7"
