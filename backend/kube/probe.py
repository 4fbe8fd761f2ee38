"""A staged test of a connection: how far it gets, and what is missing for our work."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from backend.errors import ErrorKind
from backend.kube.certificates import describe_certificate
from backend.kube.connection import Connection
from backend.kube.errors import KubeError
from backend.kube.inventory import server_version
from backend.kube.json_values import boolean, text
from backend.kube.network import look_up

CheckName = Literal["dns", "tcp", "tls", "authentication", "version", "permissions"]
CHECKS: tuple[CheckName, ...] = ("dns", "tcp", "tls", "authentication", "version", "permissions")
OLDEST_VERSION = (1, 25)
LONGEST_TEST = 15.0
NOT_TRIED = "not tried"

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_ANONYMOUS = "system:anonymous"
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Permission:
    """A verb on a resource, as RBAC names them; `resource` may hold a subresource, e.g. pods/eviction."""

    verb: str
    resource: str
    group: str = ""


# What the platform does on a cluster; everywhere, since namespaces come and go.
NEEDED = (
    *(Permission(verb, "nodes") for verb in ("list", "watch", "get", "patch")),
    *(Permission(verb, "namespaces") for verb in ("get", "list", "create", "patch")),
    Permission("list", "pods"),
    Permission("create", "pods/eviction"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One stage of the test; `tried` is false for those after the first that failed."""

    name: CheckName
    ok: bool
    message: str
    tried: bool = True


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """All checks in their order; `version` is "" when it was not reached; `missing` are permissions we lack.

    `timed_out` says that a check failed because no answer came in time.
    """

    checks: tuple[Check, ...]
    version: str
    missing: tuple[Permission, ...] = ()
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Whether the cluster can be used."""
        return all(check.ok for check in self.checks)

    @property
    def message(self) -> str:
        """The sentence of the check that failed, or that all is well."""
        return next((check.message for check in self.checks if not check.ok), f"Kubernetes {self.version} is ready.")


async def test_connection(
    connection: Connection,
    *,
    needed: tuple[Permission, ...] = NEEDED,  # noqa: PT028 (not a test of ours)
    limit: float = LONGEST_TEST,  # noqa: PT028
) -> ProbeReport:
    """Test name, TCP, TLS, sign-in, version (1.25 or newer) and permissions, and stop at the first that fails.

    Takes at most `limit` seconds. Raises nothing that the cluster is to blame for: failures are checks.
    """
    return await _Probe(connection, needed, limit).run()


class _Probe:
    def __init__(self, connection: Connection, needed: tuple[Permission, ...], limit: float) -> None:
        self._connection = connection
        self._needed = needed
        self._limit = limit
        self._done: list[Check] = []
        self._version = ""
        self._missing: tuple[Permission, ...] = ()
        self._refused: KubeError | None = None
        self._first_allowed = False
        target = urlsplit(connection.proxy or connection.server)
        self._host = target.hostname or ""
        self._port = target.port or _PORTS[target.scheme]

    async def run(self) -> ProbeReport:
        stages: tuple[Callable[[], Awaitable[None]], ...] = (
            self._dns,
            self._tcp,
            self._tls,
            self._sign_in,
            self._check_version,
            self._permissions,
        )
        timed_out = False
        try:
            async with asyncio.timeout(self._limit):
                for stage in stages:
                    await stage()
        except KubeError as error:
            timed_out = error.kind is ErrorKind.TIMEOUT
            self._fail(self._stage_of(error), error.message)
        except TimeoutError:
            timed_out = True
            label = self._connection.label
            self._fail(CHECKS[len(self._done)], f"{label} did not pass this within {self._limit:g} s for all tests.")
        tried = {check.name for check in self._done}
        left = (Check(name, ok=False, message=NOT_TRIED, tried=False) for name in CHECKS if name not in tried)
        return ProbeReport((*self._done, *left), self._version, self._missing, timed_out)

    def _pass(self, message: str) -> None:
        self._done.append(Check(CHECKS[len(self._done)], ok=True, message=message))

    def _fail(self, name: CheckName, message: str) -> None:
        while CHECKS[len(self._done)] != name:
            self._pass("passed")
        self._done.append(Check(name, ok=False, message=message))

    def _stage_of(self, error: KubeError) -> CheckName:
        now = CHECKS[len(self._done)]
        # Through a proxy a whole request shows whether TLS works, and may fail later than that.
        after_tls = now == "tls" and bool(self._connection.proxy) and not (error.connecting or error.stage == "tls")
        return "authentication" if after_tls else now

    async def _dns(self) -> None:
        from backend.kube.failures import dns_error

        connection = self._connection
        try:
            found = await look_up(self._host, self._port, connection.timeouts.connect)
        except OSError as error:
            raise dns_error(error, self._host, connection.exchange.peer) from None
        addresses = list(dict.fromkeys(address for *_, address, _ in found))
        named = f"{self._host} is {', '.join(addresses[:4])}"
        self._pass("the address needs no look-up" if addresses == [self._host] else named)

    async def _tcp(self) -> None:
        from backend.kube.failures import connect_timeout, tcp_error

        connection = self._connection
        try:
            async with asyncio.timeout(connection.timeouts.connect):
                _, writer = await asyncio.open_connection(self._host, self._port, happy_eyeballs_delay=0.25)
        except TimeoutError:
            raise connect_timeout(connection.exchange.peer) from None
        except OSError as error:
            raise tcp_error(error, connection.exchange.peer) from None
        writer.close()
        via = "the proxy at " if connection.proxy else ""
        self._pass(f"{via}{self._host} takes connections on port {self._port}")

    async def _tls(self) -> None:
        connection = self._connection
        if connection.proxy:
            self._version = await server_version(connection)
        elif connection.tls:
            await self._shake_hands()
        trust = "the certificate is not verified" if connection.insecure else "the certificate is trusted"
        self._pass(trust if connection.tls else "not used: plain http on this machine")

    async def _shake_hands(self) -> None:
        from backend.kube.failures import certificate_error, connect_timeout, tcp_error

        connection = self._connection
        peer, seconds = connection.exchange.peer, connection.timeouts.connect
        name = connection.tls_server_name or self._host
        try:
            async with asyncio.timeout(seconds):
                _, writer = await asyncio.open_connection(
                    self._host, self._port, ssl=connection.tls_context, server_hostname=name, happy_eyeballs_delay=0.25
                )
        except ssl.SSLCertVerificationError as error:
            refused = certificate_error(error, peer)
            detail = await describe_certificate(self._host, self._port, name, seconds)
            raise KubeError("tls", f"{refused.message} {detail}".rstrip()) from None
        except TimeoutError:
            raise connect_timeout(peer) from None
        except OSError as error:
            raise tcp_error(error, peer) from None
        writer.close()

    async def _sign_in(self) -> None:
        connection = self._connection
        self._version = self._version or await server_version(connection)
        try:
            self._first_allowed = await self._may(self._needed[0])
        except KubeError as error:
            if error.stage != "forbidden":
                raise
            if _ANONYMOUS in error.message:
                raise KubeError(
                    "unauthorized",
                    f"{connection.label} does not know us: it takes us for {_ANONYMOUS}; "
                    "take a kubeconfig with a token or a client certificate.",
                    status=error.status,
                ) from None
            self._refused = error
        self._pass("signed in")

    async def _check_version(self) -> None:
        match = re.match(r"v?([0-9]{1,4})\.([0-9]{1,4})", self._version)
        if match is None or (int(match[1]), int(match[2])) < OLDEST_VERSION:
            oldest = ".".join(map(str, OLDEST_VERSION))
            raise KubeError(
                "protocol",
                f"{self._connection.label} runs Kubernetes {self._version}; {oldest} or newer is needed: upgrade it.",
            )
        self._pass(f"Kubernetes {self._version}")

    async def _permissions(self) -> None:
        if self._refused:
            raise self._refused
        asked = [self._may(permission) for permission in self._needed[1:]]
        answers: list[bool] = [self._first_allowed]
        # All are waited for: none may go on in the background after the report.
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer
            answers.append(answer)
        self._missing = tuple(
            permission for permission, allowed in zip(self._needed, answers, strict=True) if not allowed
        )
        if self._missing:
            raise KubeError(
                "forbidden",
                f"{self._connection.label} does not allow this account to {_listed(self._missing)}; "
                "grant it a ClusterRole with these verbs.",
            )
        self._pass(f"all {len(self._needed)} permissions are there")

    async def _may(self, permission: Permission) -> bool:
        resource, _, subresource = permission.resource.partition("/")
        attributes = {
            "verb": permission.verb,
            "group": permission.group,
            "resource": resource,
            "subresource": subresource,
        }
        review = await self._connection.post_json(
            _REVIEWS,
            {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes},
            },
        )
        if text(review, "kind") != "SelfSubjectAccessReview":
            raise KubeError("protocol", f"{self._connection.label} did not answer a question about permissions.")
        return boolean(review, "status", "allowed")


def _listed(missing: tuple[Permission, ...]) -> str:
    by_resource: dict[str, list[str]] = {}
    for permission in missing:
        name = f"{permission.resource}.{permission.group}" if permission.group else permission.resource
        by_resource.setdefault(name, []).append(permission.verb)
    phrases = [f"{_and(verbs)} {resource}" for resource, verbs in by_resource.items()]
    return _and(phrases)


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
