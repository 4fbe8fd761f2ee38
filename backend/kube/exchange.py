"""Requests and streams of one connection, with their time-outs and limits. Heavy: imports aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from urllib.parse import urlsplit

import aiohttp

from backend.kube.answers import Answer, Asked, refusal
from backend.kube.credentials import Access
from backend.kube.errors import KubeError
from backend.kube.failures import Peer, TooLargeError, explain
from backend.kube.sign_in import SignIn
from backend.kube.timeouts import Timeouts
from backend.kube.transport import Transport

MAXIMUM_LINE = 8 * 1024 * 1024
# A busy cluster must not take all sockets, and a slow link not all requests at once. Streams are not counted.
_REQUESTS_AT_ONCE = 4
_STREAM_GRACE = 30.0
_UNAUTHORIZED, _REFUSED = 401, 400


class Exchange:
    """Asks one cluster. Started on the loop that uses it."""

    def __init__(self, access: Access, transport: Transport, timeouts: Timeouts, label: str, maximum_body: int) -> None:
        parts = urlsplit(access.server)
        self.address = parts.netloc
        self.label = label
        self._transport = transport
        self._timeouts = timeouts
        self._maximum_body = maximum_body
        self._sign_in = SignIn(access, transport, label, timeouts.total)
        self._slots = asyncio.Semaphore(_REQUESTS_AT_ONCE)
        self.peer = Peer(
            label=label,
            address=parts.netloc,
            seconds_to_connect=timeouts.connect,
            seconds_to_answer=timeouts.read,
            authority=bool(access.authority),
        )
        self._closed = False
        transport.start(timeouts.connect)

    def asked(self, method: str, path: str) -> Asked:
        """What an error says was asked."""
        return Asked(self.label, method, path, self._sign_in.description)

    async def ask(self, method: str, target: str, headers: Mapping[str, str], body: object) -> Answer:
        """Send one request and read its whole answer, whatever its status; raises KubeError without an answer."""
        async with self._slots:
            answer = await self._ask_once(method, target, headers, body)
            if answer.status == _UNAUTHORIZED and self._sign_in.forget():
                answer = await self._ask_once(method, target, headers, body)
        return answer

    async def lines(self, target: str, headers: Mapping[str, str], seconds: float) -> AsyncGenerator[bytes, None]:
        """Yield the lines of an answer that goes on for up to `seconds`; ends when the server ends it."""
        path = target.partition("?")[0]
        response: aiohttp.ClientResponse | None = None
        try:
            response = await self._begin(target, headers, seconds)
            if response.status == _UNAUTHORIZED and self._sign_in.forget():
                response.close()
                response = await self._begin(target, headers, seconds)
            if response.status >= _REFUSED:
                async with asyncio.timeout(self._timeouts.read):
                    answer = await self._whole(response)
                raise refusal(answer, self.asked("GET", path))
            async for line in _split(response):
                yield line
        except (aiohttp.ClientError, OSError, TooLargeError) as error:
            raise self._explained(error) from error
        finally:
            if response is not None:
                response.close()

    async def close(self) -> None:
        """End all requests and connections."""
        self._closed = True
        await self._transport.close()

    async def _ask_once(self, method: str, target: str, headers: Mapping[str, str], body: object) -> Answer:
        signed = await self._headers(headers)
        answering = False
        try:
            async with asyncio.timeout(self._timeouts.total) as deadline:
                patience = self._client_timeout(self._timeouts.read)
                response = await self._transport.send(method, target, signed, body, patience)
                answering = True
                return await self._whole(response)
        except (aiohttp.ClientError, OSError, TooLargeError) as error:
            if deadline.expired():
                raise self._too_late(answering=answering) from None
            raise self._explained(error) from error
        except (AssertionError, RuntimeError) as error:
            # So aiohttp tells of a session that was closed under a request.
            if self._closed:
                raise self._closed_here() from error
            raise

    async def _begin(self, target: str, headers: Mapping[str, str], seconds: float) -> aiohttp.ClientResponse:
        signed = await self._headers(headers)
        patience = self._client_timeout(seconds + _STREAM_GRACE)
        # An API server sends the head of a stream at once, long before the first line.
        async with asyncio.timeout(2 * self._timeouts.connect + self._timeouts.read):
            return await self._transport.send("GET", target, signed, None, patience)

    async def _whole(self, response: aiohttp.ClientResponse) -> Answer:
        parts: list[bytes] = []
        size = 0
        try:
            async for chunk in response.content.iter_any():
                size += len(chunk)
                if size > self._maximum_body:
                    raise TooLargeError(self._maximum_body)
                parts.append(chunk)
        finally:
            # Gives the connection back after a whole answer, ends it otherwise.
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, b"".join(parts))

    async def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        if self._closed:
            raise self._closed_here()
        return {**headers, **await self._sign_in.headers()}

    def _closed_here(self) -> KubeError:
        return KubeError("tcp", f"{self.label}: the connection has been closed; open a new one.")

    def _client_timeout(self, read: float) -> aiohttp.ClientTimeout:
        connect = self._timeouts.connect
        # The look-up of the name has a limit of its own, which must fall first to be told from the rest.
        return aiohttp.ClientTimeout(total=None, connect=2 * connect, sock_connect=connect, sock_read=read)

    def _explained(self, error: aiohttp.ClientError | OSError | TooLargeError) -> Exception:
        return explain(error, self.peer) or error

    def _too_late(self, *, answering: bool) -> KubeError:
        what = "did not finish its answer" if answering else "did not answer"
        return KubeError(
            "timeout",
            f"{self.label} {what} within {self._timeouts.total:g} s; the link may be too slow.",
            retryable=True,
        )


async def _split(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    parts: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            whole = b"".join([*parts, line])
            parts, size = [], 0
            if whole.strip():
                yield whole
        if rest:
            parts.append(rest)
            size += len(rest)
        if size > MAXIMUM_LINE:
            raise TooLargeError(MAXIMUM_LINE)
    if b"".join(parts).strip():
        raise aiohttp.ClientPayloadError
