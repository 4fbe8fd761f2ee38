"""One cluster's `kubernetes.aio` client: session, TLS and proxy. Heavy: imported when first used, in a thread."""

from __future__ import annotations

import os
import socket
import ssl
import tempfile
from asyncio import sslproto
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from yarl import URL

from backend.kube.credentials import Access
from backend.kube.network import environment_proxy, keepalive_socket, look_up

_HTTP_REDIRECTS = range(300, 400)
_KEEPALIVE_SECONDS = 75.0
# asyncio holds a buffer of this size for every open TLS connection, of its own accord 256 KiB: with 200 clusters
# that is 50 MiB for nothing, since a record of TLS has at most 16 KiB.
sslproto.SSLProtocol.max_size = 32 * 1024


@cache
def user_agent() -> str:
    """What we call ourselves to servers, e.g. otetui/1.2.3."""
    try:
        return f"otetui/{version('otetui')}"
    except PackageNotFoundError:
        return "otetui"


class RedirectRefusedError(aiohttp.ClientError):
    """The server sent us elsewhere; an API server never does, and credentials must not follow."""

    def __init__(self, status: int, location: str) -> None:
        super().__init__(f"redirected with {status}")
        self.status = status
        self.location = location


class _Resolver(AbstractResolver):
    def __init__(self, timeout: float) -> None:
        self._timeout = timeout

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=kind, proto=protocol, flags=socket.AI_NUMERICHOST
            )
            for kind, _, protocol, address, port in await look_up(host, port, self._timeout)
            if family in {socket.AF_UNSPEC, kind}
        ]

    async def close(self) -> None:
        """Nothing is held between look-ups."""


async def _refuse_redirects(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    response = await handler(request)
    if response.status in _HTTP_REDIRECTS:
        location = response.headers.get("Location", "")
        response.close()
        raise RedirectRefusedError(response.status, location)
    return response


class Transport:
    """Sends requests to one cluster. Made in a thread, started and used on one loop, then closed."""

    def __init__(self, access: Access) -> None:
        """Build the client and its TLS context; raises PlatformError for a bad proxy in the environment."""
        self.server = access.server
        self.tls_server_name = access.tls_server_name
        self.proxy = access.proxy_url or environment_proxy(access.server)
        self.expiry: datetime | None = None
        configuration = Configuration(
            host=access.server,
            ca_cert_data=access.authority or None,
            verify_ssl=not access.insecure,
            tls_server_name=access.tls_server_name or None,
            proxy=self.proxy or None,
        )
        # kubectl takes authorities without key identifiers, which the strict flag of Python 3.13 refuses.
        configuration.disable_strict_ssl_verification = True
        self._configuration: Any = configuration
        self._client: Any = ApiClient(configuration)
        self._client.user_agent = user_agent()
        self.context: ssl.SSLContext = self._client.rest_client.ssl_context
        # kubectl trusts an intermediate authority or a server's own certificate when the kubeconfig holds it.
        self.context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        self.context.set_alpn_protocols(["http/1.1"])
        if access.client_certificate:
            self.use_client_certificate(access.client_certificate, access.client_key)
        self._connector: aiohttp.TCPConnector | None = None

    def use_client_certificate(self, certificate: str, key: str) -> None:
        """Sign in with this PEM certificate on connections made from now on."""
        from cryptography import x509

        _load_chain(self.context, certificate + key)
        self.expiry = x509.load_pem_x509_certificates(certificate.encode())[0].not_valid_after_utc

    def start(self, connect_timeout: float) -> None:
        """Make the connection pool; to be called once, on the loop that will send."""
        self._connector = aiohttp.TCPConnector(
            limit=0,
            # Longer than the time between two refreshes: every new connection costs a handshake.
            keepalive_timeout=_KEEPALIVE_SECONDS,
            ssl=self.context,
            resolver=_Resolver(connect_timeout),
            socket_factory=keepalive_socket,
        )
        self._configuration.client_session_kwargs = {
            "connector": self._connector,
            "cookie_jar": aiohttp.DummyCookieJar(),
            # Would send what ~/.netrc holds; proxies of the environment are already found.
            "trust_env": False,
            "middlewares": (_refuse_redirects,),
        }

    async def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: object,
        timeout: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        """Send one request and return when the head of the answer is there; the caller reads and closes it."""
        # Encoded already: nothing may be normalised away or quoted twice.
        url = URL(self.server + target, encoded=True)
        sent = {**headers, "User-Agent": self._client.user_agent}
        answer = await self._client.call_api(method, url, sent, body, _request_timeout=timeout)
        response: aiohttp.ClientResponse = answer.response
        return response

    async def close(self) -> None:
        """End all connections."""
        await self._client.close()
        if self._connector is not None:
            await self._connector.close()


def _load_chain(context: ssl.SSLContext, pem: str) -> None:
    # ssl reads certificates from files only: one in memory where there is such a thing, else a private one.
    def no_passphrase() -> str:
        return ""

    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        descriptor = os.memfd_create("client", os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem.encode())
            file.flush()
            context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=no_passphrase)
        return
    descriptor, path = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem.encode())
        context.load_cert_chain(path, password=no_passphrase)
    finally:
        Path(path).unlink()
