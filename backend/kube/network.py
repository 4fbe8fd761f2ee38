"""Name look-ups, sockets and proxies of connections to clusters."""

from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import ipaddress
import os
import socket
import threading
from urllib.parse import urlsplit

from backend.errors import ErrorKind, PlatformError

Address = tuple[socket.AddressFamily, int, int, str, int]

# A link that died without a word is noticed after 20 s + 3 probes of 10 s.
_KEEPALIVE = (("TCP_KEEPIDLE", 20), ("TCP_KEEPALIVE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


async def look_up(host: str, port: int, timeout: float) -> list[Address]:
    """Return (family, kind, protocol, address, port) for each address of `host`.

    Raises OSError: socket.gaierror for a name without addresses, TimeoutError after `timeout` seconds. Every
    look-up has a thread of its own, because a name server that does not answer holds its thread for half a
    minute: a shared pool would make other clusters wait, and the program's exit too.
    """
    answer: concurrent.futures.Future[list[Address]] = concurrent.futures.Future()
    threading.Thread(target=_look_up, args=(host, port, answer), name=f"dns-{host}", daemon=True).start()
    try:
        async with asyncio.timeout(timeout):
            return await asyncio.wrap_future(answer)
    except TimeoutError:
        # The number tells it from a time-out of the whole connection.
        raise TimeoutError(errno.ETIMEDOUT, "the name server did not answer in time") from None


def _look_up(host: str, port: int, answer: concurrent.futures.Future[list[Address]]) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        answer.set_exception(error if isinstance(error, OSError) else socket.gaierror(socket.EAI_NONAME, str(error)))
    else:
        answer.set_result([(family, kind, proto, str(at[0]), port) for family, kind, proto, _, at in found])


def keepalive_socket(address: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """Make a TCP socket that notices when its peer is gone; `address` starts with family, type and protocol."""
    made = socket.socket(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        option = getattr(socket, name, None)
        if option is not None:
            made.setsockopt(socket.IPPROTO_TCP, option, value)
    return made


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def environment_proxy(server: str) -> str:
    """Return the proxy that HTTPS_PROXY and NO_PROXY ask for, as kubectl does, or "".

    This machine itself is never asked for through a proxy. Raises PlatformError for a proxy that is no URL.
    """
    from urllib.request import getproxies_environment

    parts = urlsplit(server)
    host = parts.hostname or ""
    if parts.scheme != "https" or is_loopback(host):
        return ""
    proxy = getproxies_environment().get("https", "")
    if not proxy or _bypassed(host, parts.port):
        return ""
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(proxy).scheme not in {"http", "https"} or not urlsplit(proxy).hostname:
        raise PlatformError(
            ErrorKind.INVALID,
            "The environment variable HTTPS_PROXY must be an http or https URL.",
            reason="proxy_invalid",
        )
    return proxy


def _bypassed(host: str, port: int | None) -> bool:
    from urllib.request import proxy_bypass

    if proxy_bypass(f"{host}:{port}" if port else host):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    exceptions = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    return any(address in network for network in map(_network, exceptions.split(",")) if network is not None)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
