"""The ASGI application of a site: finds the cluster a request is for, passes its gate, and sends its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.sandbox.cluster.answers import Answer, Line, Stream, not_a_page
from backend.sandbox.cluster.authorization import USERS, User
from backend.sandbox.cluster.codec import BODY_LIMIT
from backend.sandbox.cluster.requests import parse
from backend.sandbox.clusters import Cluster
from backend.sandbox.site import Behaviour

PREFIX = "/clusters/"
_STREAM_TYPE = b"application/json"


class SiteApplication:
    """Serves all clusters of a site below `/clusters/NAME`, and everything else by the control application."""

    def __init__(self, clusters: Mapping[str, Cluster], control: ASGIApp) -> None:
        self._clusters = clusters
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = str(scope.get("path", ""))
        if not path.startswith(PREFIX):
            await self._control(scope, receive, send)
            return
        name, slash, rest = path.removeprefix(PREFIX).partition("/")
        cluster = self._clusters.get(name)
        if cluster is None:
            await _send_answer(send, not_a_page())
            return
        await _Exchange(cluster, scope, receive, send).run(slash + rest or "/")


class _Exchange:
    """One request to one cluster."""

    def __init__(self, cluster: Cluster, scope: Scope, receive: Receive, send: Send) -> None:
        self._cluster = cluster
        self._scope = scope
        self._receive = receive
        self._send = send
        self._line = Line()
        self._headers: dict[bytes, bytes] = dict(scope["headers"])

    async def run(self, path: str) -> None:
        presence = self._cluster.presence
        presence.join(self._line)
        try:
            await self._serve(path)
        finally:
            presence.leave(self._line)

    async def _serve(self, path: str) -> None:
        presence = self._cluster.presence
        query = self._scope["query_string"].decode("latin-1")
        target = parse(self._scope["method"], path, query)
        user = self._user()
        request = replace(
            target,
            user=user.name if user else "",
            user_agent=self._header(b"user-agent"),
            accept=self._header(b"accept"),
            content_type=self._header(b"content-type"),
            body=b"" if presence.is_away else await self._body(),
        )
        entry = self._cluster.journal.note(request, request.user)
        if presence.behaviour is not Behaviour.NORMAL and not await self._admitted():
            await self._hang_up()
            return
        answer = self._cluster.api.answer(request, user, self._line)
        if isinstance(answer, Answer):
            entry["code"] = answer.code
            await _send_answer(self._send, answer, head_only=self._scope["method"] == "HEAD")
        else:
            entry["code"] = 200
            await self._stream(answer)

    async def _admitted(self) -> bool:
        listener = asyncio.create_task(self._listen())
        try:
            return await self._cluster.presence.admit(self._line)
        finally:
            await _end(listener)

    async def _stream(self, stream: Stream) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", _STREAM_TYPE)]}
        await self._send(start)
        # The headers go out with the first piece: a watcher must learn at once that its watch stands.
        await self._send({"type": "http.response.body", "body": b"", "more_body": True})
        listener = asyncio.create_task(self._listen())
        try:
            async for line in stream.lines:
                if self._line.is_cut:
                    break
                await self._send({"type": "http.response.body", "body": line, "more_body": True})
        finally:
            await _end(listener)
        if self._line.is_cut:
            await self._hang_up()
        else:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _listen(self) -> None:
        """Wait until the caller hangs up."""
        while True:
            message: Message = await self._receive()
            if message["type"] == "http.disconnect":
                self._line.cut()
                return

    async def _hang_up(self) -> None:
        """Cut the connection without another word."""
        self._scope["state"]["transport"].abort()
        await self._listen()

    async def _body(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._line.cut()
                break
            piece = message.get("body", b"")
            size += len(piece)
            # What is too large is read to its end, so that the caller gets to see the refusal.
            if size <= BODY_LIMIT + len(piece):
                pieces.append(piece)
            more = message.get("more_body", False)
        return b"".join(pieces)

    def _header(self, name: bytes) -> str:
        return self._headers.get(name, b"").decode("latin-1")

    def _user(self) -> User | None:
        """Who asks: by token, or by a certificate of the site's authority."""
        scheme, _, token = self._header(b"authorization").partition(" ")
        if scheme:
            return self._cluster.user_of(token.strip()) if scheme.lower() == "bearer" else None
        certificate = self._scope["state"]["transport"].get_extra_info("peercert")
        return USERS.get(common_name(certificate)) if certificate else None


def common_name(certificate: Mapping[str, object]) -> str:
    """The common name in a certificate as the ssl module shows it."""
    subject = cast("tuple[tuple[tuple[str, str], ...], ...]", certificate.get("subject", ()))
    return next((value for part in subject for name, value in part if name == "commonName"), "")


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _send_answer(send: Send, answer: Answer, *, head_only: bool = False) -> None:
    headers = [
        (b"content-type", answer.media_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"cache-control", b"no-cache, private"),
        *((name.encode(), value.encode()) for name, value in answer.headers.items()),
    ]
    await send({"type": "http.response.start", "status": answer.code, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head_only else answer.body, "more_body": False})
