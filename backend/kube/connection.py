"""A connection to one cluster: raw JSON in and out, and every failure as a KubeError.

Importing this module is cheap; kubernetes and aiohttp are imported, in a thread, by the first `Connection.open`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from backend.kube.answers import Answer, not_json, refusal, status_error
from backend.kube.errors import KubeError
from backend.kube.json_values import JsonObject, NotJsonError, decode_list, decode_object, integer, mapping, text
from backend.kube.timeouts import Timeouts
from backend.safe_text import visible

if TYPE_CHECKING:
    from backend.kube.credentials import Access
    from backend.kube.exchange import Exchange
    from backend.kube.transport import Transport

__all__ = ["Connection", "Page", "Timeouts", "WatchEvent"]

T = TypeVar("T")
Parameters = Mapping[str, str | int]

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
MAXIMUM_BODY = 64 * 1024 * 1024

# Up to this size, decoding takes less than a millisecond.
_DECODED_ON_THE_LOOP = 64 * 1024
_SHORTEST_WATCH = 1.0
_LONGEST_PAUSE = 30.0
# One thread: several would take turns with each other and the loop would wait for all of them.
_helper = ThreadPoolExecutor(1, thread_name_prefix="kube-helper")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list. `token` gets the next part, "" at the end; `remaining` is how many follow, if known."""

    items: list[T]
    resource_version: str
    token: str
    remaining: int


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """A line of a watch: ADDED, MODIFIED, DELETED or BOOKMARK, and the object."""

    type: str
    object: JsonObject

    @property
    def resource_version(self) -> str:
        """The version to go on from."""
        return text(self.object, "metadata", "resourceVersion")


class Connection:
    """One cluster, as one of its users. Use as an async context manager, or call `close`.

    At most four requests run at once, the others wait for their turn; watches are not counted. No redirect is
    followed. An answer is read up to `maximum_body` bytes.
    """

    def __init__(self, access: Access, transport: Transport, timeouts: Timeouts, name: str, maximum_body: int) -> None:
        """Use `open`."""
        from backend.kube.exchange import Exchange

        where = urlsplit(access.server)
        self.server = access.server
        self.label = f"Cluster {visible(name, 80)}" if name else f"The cluster at {where.netloc}"
        self.timeouts = timeouts
        self.proxy = transport.proxy
        self.tls = where.scheme == "https"
        self.insecure = access.insecure
        self.tls_context = transport.context
        self.tls_server_name = access.tls_server_name
        self.anonymous = access.anonymous
        self.pause_after_short_watch = _SHORTEST_WATCH
        self._exchange: Exchange = Exchange(access, transport, timeouts, self.label, maximum_body)

    @classmethod
    async def open(
        cls,
        document: str,
        context: str = "",
        *,
        timeouts: Timeouts | None = None,
        name: str = "",
        maximum_body: int = MAXIMUM_BODY,
    ) -> Self:
        """Prepare a connection from a document of `read_kubeconfig`; nothing is sent yet.

        `name` is what errors call the cluster, by default its address. Raises PlatformError (INVALID) for a
        document that cannot be used.
        """
        access, transport = await asyncio.get_running_loop().run_in_executor(_helper, _prepare, document, context)
        return cls(access, transport, timeouts or Timeouts(), name, maximum_body)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End all requests, watches and connections."""
        await self._exchange.close()

    @property
    def exchange(self) -> Exchange:
        """What sends the requests; for this package."""
        return self._exchange

    async def get_json(self, path: str, params: Parameters | None = None) -> JsonObject:
        """Return the object at `path`, e.g. /api/v1/nodes/edge-1. Lists of objects: `pages`."""
        return await self._json("GET", path, params)

    async def post_json(self, path: str, body: JsonObject, params: Parameters | None = None) -> JsonObject:
        """Create an object, or one of the reviews that are answered at once."""
        return await self._json("POST", path, params, body, JSON)

    async def patch_json(
        self, path: str, body: JsonObject, params: Parameters | None = None, *, content_type: str = MERGE_PATCH
    ) -> JsonObject:
        """Change an object; `content_type` says how: MERGE_PATCH, or APPLY_PATCH for server-side apply."""
        return await self._json("PATCH", path, params, body, content_type)

    async def delete_json(
        self, path: str, body: JsonObject | None = None, params: Parameters | None = None
    ) -> JsonObject:
        """Delete an object; `body` holds DeleteOptions."""
        return await self._json("DELETE", path, params, body, JSON)

    async def ask(
        self,
        method: str,
        path: str,
        params: Parameters | None = None,
        body: JsonObject | None = None,
        *,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Answer:
        """Send one request and return its answer whatever its status; raises KubeError when there is none."""
        headers = {"Accept": accept, "Content-Type": content_type}
        return await self._exchange.ask(method, _target(path, params), headers, body)

    async def pages(
        self,
        path: str,
        narrow: Callable[[JsonObject], T],
        params: Parameters | None = None,
        *,
        page_size: int = 250,
    ) -> AsyncGenerator[Page[T], None]:
        """Read a list in pages, keeping of each item only what `narrow` returns; `narrow` may run in a thread.

        Raises KubeError; `gone` when the list took so long that the cluster forgot where we were.
        """
        token = ""
        while True:
            wanted = {**(params or {}), "limit": page_size, **({"continue": token} if token else {})}
            page = await self._page(path, narrow, wanted)
            if page.token and page.token == token:
                raise KubeError("protocol", f"{self.label} gives the same page of {path} again and again.")
            yield page
            token = page.token
            if not token:
                return
            # Whoever waits on the loop gets a turn between pages.
            await asyncio.sleep(0)

    async def watch(
        self,
        path: str,
        resource_version: str = "",
        *,
        params: Parameters | None = None,
        seconds: int = 240,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Yield what changes in a list from `resource_version` on (default: all there is, then changes), bookmarks too.

        Ends when the cluster ends it, at the latest after `seconds`. Raises KubeError; `gone` when the version is
        too old: list again. Wrap it in `contextlib.aclosing` when the loop over it may be left early.
        """
        wanted: dict[str, str | int] = {**(params or {}), "watch": "true", "allowWatchBookmarks": "true"}
        wanted["timeoutSeconds"] = seconds
        if resource_version:
            wanted["resourceVersion"] = resource_version
        async with aclosing(self._exchange.lines(_target(path, wanted), {"Accept": JSON}, seconds)) as lines:
            async for line in lines:
                yield self._event(line, path)

    async def follow(
        self,
        path: str,
        resource_version: str = "",
        *,
        params: Parameters | None = None,
        seconds: int = 240,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Watch for ever: like `watch`, and taken up again where the cluster ended it."""
        version, real = resource_version, bool(resource_version)
        pause = self.pause_after_short_watch
        while True:
            started = time.monotonic()
            async with aclosing(self.watch(path, version, params=params, seconds=seconds)) as events:
                async for event in events:
                    # The events that say what there is at the start come in any order of versions.
                    real = real or event.type != "ADDED"
                    version = event.resource_version if real else version
                    yield event
            if time.monotonic() - started >= _SHORTEST_WATCH:
                pause = self.pause_after_short_watch
                continue
            # A server that ends each watch at once must not be asked without a pause.
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _json(
        self,
        method: str,
        path: str,
        params: Parameters | None,
        body: JsonObject | None = None,
        content_type: str = JSON,
    ) -> JsonObject:
        answer = await self.ask(method, path, params, body, content_type=content_type)
        return await self._decoded(answer, method, path, decode_object)

    async def _page(self, path: str, narrow: Callable[[JsonObject], T], params: Parameters) -> Page[T]:
        answer = await self.ask("GET", path, params)
        decoded = await self._decoded(answer, "GET", path, lambda body: decode_list(body, narrow))
        metadata = mapping(decoded.rest, "metadata")
        return Page(
            items=decoded.items,
            resource_version=text(metadata, "resourceVersion"),
            token=text(metadata, "continue"),
            remaining=integer(metadata, "remainingItemCount"),
        )

    async def _decoded(self, answer: Answer, method: str, path: str, decode: Callable[[bytes], T]) -> T:
        if not answer.ok:
            raise refusal(answer, self._exchange.asked(method, path))
        try:
            if len(answer.body) <= _DECODED_ON_THE_LOOP:
                return decode(answer.body)
            return await asyncio.get_running_loop().run_in_executor(_helper, decode, answer.body)
        except NotJsonError:
            raise not_json(answer, self._exchange.asked(method, path)) from None

    def _event(self, line: bytes, path: str) -> WatchEvent:
        asked = self._exchange.asked("GET", path)
        try:
            decoded = decode_object(line)
        except NotJsonError:
            raise not_json(Answer(200, {"content-type": JSON}, line), asked) from None
        kind, found = text(decoded, "type"), mapping(decoded, "object")
        if kind == "ERROR":
            raise status_error(integer(found, "code") or 500, found, visible(text(found, "message"), 500), asked)
        return WatchEvent(kind, found)


def _prepare(document: str, context: str) -> tuple[Access, Transport]:
    from backend.kube.exchange import Exchange  # noqa: F401 (so that the thread, not the loop, imports it)
    from backend.kube.kubeconfig import open_document
    from backend.kube.transport import Transport

    access = open_document(document, context)
    return access, Transport(access)


def _target(path: str, params: Parameters | None) -> str:
    return f"{path}?{urlencode(params, quote_via=quote)}" if params else path
