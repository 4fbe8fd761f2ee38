"""The servers of a site: one TLS port that the clusters share, and ports of their own for those that may refuse."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from backend.sandbox.application import SiteApplication
from backend.sandbox.clusters import Cluster
from backend.sandbox.control import Control
from backend.sandbox.identity import SHARED_PORT, Identity
from backend.sandbox.kubeconfig import write_kubeconfig
from backend.sandbox.life import Life
from backend.sandbox.site import Behaviour, SiteSpec

if TYPE_CHECKING:
    from backend.sandbox.cluster.store import ClusterStore

HOST = "127.0.0.1"
_BACKLOG = 2048
_KEEP_ALIVE_SECONDS = 180
_LAST_SECONDS = 1
_LAST_TURNS = 100


class _Protocol(H11Protocol):
    """Uvicorn's protocol, with its transport in the request's state: a cluster that goes away cuts connections."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Uvicorn's server, which begins and ends without waiting; signals are the business of whoever runs the loop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()

    async def main_loop(self) -> None:
        """Keep the Date header right until the server is to stop."""
        while not self.stopping.is_set():
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the ports, let requests that are nearly done end, and cut the connections."""
        for server in self.servers:
            server.close()
        for opened in sockets or []:
            opened.close()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_LAST_SECONDS)
        for connection in list(self.server_state.connections):
            if isinstance(connection, _Protocol):
                connection.transport.abort()
        # Connections are lost a few turns of the loop later.
        for _ in range(_LAST_TURNS):
            if not self.server_state.connections:
                break
            await asyncio.sleep(0)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def protocol(self) -> asyncio.Protocol:
        """A protocol for a connection that arrived on another port than the server's own."""
        return _Protocol(self.config, self.server_state, {})

    def cut_port(self, port: int) -> None:
        """Cut all connections that came in on the port."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, _Protocol) and connection.server is not None and connection.server[1] == port:
                connection.transport.abort()


class OwnPort:
    """A port that refuses connections until it is opened, and again once it is closed."""

    def __init__(self, server: _Server, context: ssl.SSLContext, number: int = 0) -> None:
        self._server = server
        self._context = context
        self._socket = _bound_socket_like(number)
        self.port: int = self._socket.getsockname()[1]
        self._listener: asyncio.Server | None = None
        self._settling: asyncio.Task[None] | None = None
        self._wanted = False

    def want(self, *, is_open: bool) -> None:
        """Open or close the port soon."""
        self._wanted = is_open
        if self._settling is None or self._settling.done():
            self._settling = asyncio.get_running_loop().create_task(self._settle())

    async def settled(self) -> None:
        """Wait until the port is what it is wanted to be."""
        if self._settling is not None:
            await self._settling

    async def _settle(self) -> None:
        # What is wanted may change while a port is being opened.
        while self._wanted is (self._listener is None):
            if self._wanted:
                self._listener = await asyncio.get_running_loop().create_server(
                    self._server.protocol, sock=self._socket, ssl=self._context, backlog=_BACKLOG
                )
            else:
                self._shut()

    def _shut(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._server.cut_port(self.port)
        # The number stays ours: bound, not listening, it refuses.
        self._socket = _bound_socket(self.port)

    def close(self) -> None:
        """Give the port back."""
        if self._settling is not None:
            self._settling.cancel()
        if self._listener is not None:
            self._listener.close()
        self._socket.close()


def _bound_socket(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound


def _bound_socket_like(port: int) -> socket.socket:
    """A socket on the port that a site had before, or on any when somebody else has taken that."""
    try:
        return _bound_socket(port)
    except OSError:
        return _bound_socket(0)


class Site:
    """A running site. Use `running_site`, or `start` and `stop`, within an event loop."""

    def __init__(self, spec: SiteSpec, identity: Identity | None = None) -> None:
        self.spec = spec
        self.identity = identity or Identity()
        self.clusters: dict[str, Cluster] = {}
        for cluster in spec.clusters:
            tokens = self.identity.tokens_of(cluster.name)
            self.clusters[cluster.name] = Cluster(cluster, spec, tokens, self._presence_changed)
        if len(self.clusters) != len(spec.clusters):
            raise ValueError("Two clusters of the site have the same name; give each a name of its own.")
        self.authority = self.identity.authority
        self.control = Control(self.clusters, self.identity.control_token)
        self._own_ports: dict[str, OwnPort] = {}
        self._life = Life(self.clusters, spec)
        application = SiteApplication(self.clusters, self.control.application())
        config = uvicorn.Config(
            application,
            http=_Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )
        config.load()
        config.ssl = self.authority.context()
        self._context = config.ssl
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None
        self.port = 0

    @property
    def base(self) -> str:
        """The address of the shared server, below which the control endpoint is."""
        return f"https://{HOST}:{self.port}"

    @property
    def authority_pem(self) -> str:
        """The certificate to check the site's servers against."""
        return self.authority.certificate.decode()

    def store(self, cluster: str) -> ClusterStore:
        """The objects of a cluster, to be used from the site's own event loop."""
        return self.clusters[cluster].store

    def kubeconfig(self, user: str = "admin", *, certificates: bool = False) -> str:
        """A kubeconfig with a context per cluster for the user, by token or by client certificate."""
        return write_kubeconfig(self.clusters.values(), self.authority, user, certificates=certificates)

    def control_file(self) -> str:
        """What `control.json` holds: where the control endpoint is, its token, and how to check its certificate."""
        fields = {"address": self.base, "token": self.control.token, "certificateAuthority": self.authority_pem}
        return json.dumps(fields, indent=2) + "\n"

    async def start(self) -> None:
        """Open the ports and let time pass in the clusters; OSError when no port can be had."""
        shared = _bound_socket_like(self.identity.ports.get(SHARED_PORT, 0))
        self.port = self.identity.ports[SHARED_PORT] = shared.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[shared]))
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
                raise OSError("The sandbox's server ended before it had begun.")
            await asyncio.sleep(0)
        for cluster in self.clusters.values():
            await self._place(cluster)
            # Most clusters are normal, and there is nothing to change about those.
            if cluster.spec.behaviour is not Behaviour.NORMAL:
                cluster.presence.behave(cluster.spec.behaviour)
        self._life.start()

    async def _place(self, cluster: Cluster) -> None:
        offline = cluster.spec.behaviour is Behaviour.OFFLINE
        cluster.port = self.port
        if cluster.spec.own_port or offline:
            own = OwnPort(self._server, self._context, self.identity.ports.get(cluster.name, 0))
            self.identity.ports[cluster.name] = own.port
            self._own_ports[cluster.name] = own
            cluster.port = own.port
            own.want(is_open=not offline)
            await own.settled()
        cluster.api.address = f"{HOST}:{cluster.port}"

    def _presence_changed(self, cluster: Cluster, away: bool) -> None:  # noqa: FBT001 - a callback's one argument
        own = self._own_ports.get(cluster.name)
        if own is not None:
            own.want(is_open=not away)

    async def stop(self) -> None:
        """Cut everybody off and close the ports; takes well under two seconds."""
        self._life.stop()
        for cluster in self.clusters.values():
            cluster.stop()
        for own in self._own_ports.values():
            own.close()
        self._server.stopping.set()
        if self._serving is not None:
            await self._serving


@contextlib.asynccontextmanager
async def running_site(spec: SiteSpec) -> AsyncIterator[Site]:
    """A site served within the caller's own event loop, for as long as the block lasts."""
    site = Site(spec)
    try:
        await site.start()
        yield site
    finally:
        await site.stop()


def write_private(path: Path, content: str) -> None:
    """Put a file that only its owner can read in place, whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(content, encoding="utf-8")
    draft.replace(path)
