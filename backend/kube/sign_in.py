"""The credentials of a connection, with those that a kubeconfig's exec plug-in makes (decision 21)."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from backend.kube.credentials import Access, ExecPlugin
from backend.kube.errors import KubeError
from backend.kube.json_values import JsonObject, NotJsonError, decode_object, mapping, text
from backend.kube.transport import Transport
from backend.safe_text import visible

_LARGEST_OUTPUT = 1024 * 1024
_LARGEST_COMPLAINT = 64 * 1024
_RENEW_BEFORE = timedelta(seconds=30)
_OUR_VARIABLES = "OTETUI_"
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class ExecCredential:
    """What a plug-in answered: a token, or a PEM certificate with its key, and until when it holds."""

    token: str = field(repr=False)
    certificate: str = field(repr=False)
    key: str = field(repr=False)
    expiry: datetime | None


class SignIn:
    """Makes the Authorization header of each request; runs the plug-in at first use and when its answer expires."""

    def __init__(self, access: Access, transport: Transport, label: str, timeout: float) -> None:
        self._access = access
        self._transport = transport
        self._label = label
        self._timeout = timeout
        self._credential: ExecCredential | None = None
        self._lock = asyncio.Lock()

    @property
    def description(self) -> str:
        """What we sign in with, for a sentence; says so when the client certificate has expired."""
        access = self._access
        if access.anonymous:
            return "a request without credentials"
        expiry = self._transport.expiry
        if expiry is not None and expiry < datetime.now(UTC):
            return f"the client certificate, which expired on {expiry:%Y-%m-%d}"
        return f"the credentials of user {visible(access.user, 80)}"

    def forget(self) -> bool:
        """Drop what the plug-in answered; returns whether there was anything, so that asking again makes sense."""
        had, self._credential = self._credential is not None, None
        return had

    async def headers(self) -> dict[str, str]:
        """Return the headers that sign a request in; raises KubeError when the plug-in fails."""
        access = self._access
        if access.token:
            return {"Authorization": f"Bearer {access.token}"}
        if access.username:
            pair = base64.b64encode(f"{access.username}:{access.password}".encode()).decode("ascii")
            return {"Authorization": f"Basic {pair}"}
        if access.plugin is None:
            return {}
        async with self._lock:
            credential = self._credential
            if credential is None or _expired(credential):
                credential = await run_plugin(access, access.plugin, self._label, self._timeout)
                if credential.certificate:
                    await asyncio.to_thread(self._use_certificate, credential)
                self._credential = credential
        return {"Authorization": f"Bearer {credential.token}"} if credential.token else {}

    def _use_certificate(self, credential: ExecCredential) -> None:
        try:
            self._transport.use_client_certificate(credential.certificate, credential.key)
        except (OSError, ValueError):
            raise _failed(self._label, self._access.plugin, "gave a client certificate that cannot be used") from None


def _expired(credential: ExecCredential) -> bool:
    return credential.expiry is not None and credential.expiry - _RENEW_BEFORE <= datetime.now(UTC)


async def run_plugin(access: Access, plugin: ExecPlugin, label: str, timeout: float) -> ExecCredential:
    """Run an exec plug-in without a terminal and return its answer.

    Follows client.authentication.k8s.io/v1. Raises KubeError (unauthorized) when it cannot be started, fails,
    takes longer than `timeout` seconds, or answers something else.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command,
            *plugin.arguments,
            env=_environment(access, plugin),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # Away from our terminal: it must neither ask there nor get our keys.
            start_new_session=True,
        )
    except OSError as error:
        hint = f" ({visible(plugin.install_hint, _SHOWN)})" if plugin.install_hint else ""
        raise _failed(label, plugin, f"could not be started: {error.strerror}{hint}") from None
    try:
        async with asyncio.timeout(timeout):
            output, complaint = await asyncio.gather(
                _read(process.stdout, _LARGEST_OUTPUT), _read(process.stderr, _LARGEST_COMPLAINT)
            )
            status = await process.wait()
    except TimeoutError:
        raise _failed(label, plugin, f"did not end within {timeout:g} s", timed_out=True) from None
    finally:
        await _end(process)
    if status != 0:
        said = visible(complaint.decode("utf-8", "replace").strip(), _SHOWN)
        raise _failed(label, plugin, f"ended with status {status}" + (f": {said}" if said else ""))
    return _credential(output, label, plugin)


def _credential(output: bytes, label: str, plugin: ExecPlugin) -> ExecCredential:
    try:
        answer = decode_object(output)
        status = mapping(answer, "status")
        expires = text(status, "expirationTimestamp")
        expiry = datetime.fromisoformat(expires) if expires else None
    except (NotJsonError, ValueError):
        raise _failed(label, plugin, "did not print an ExecCredential in JSON") from None
    if text(answer, "apiVersion") != plugin.api_version:
        raise _failed(label, plugin, f"did not answer in {plugin.api_version}")
    token, certificate, key = (text(status, name) for name in ("token", "clientCertificateData", "clientKeyData"))
    if not (token.isascii() and token.isprintable()) or not (token or (certificate and key)):
        raise _failed(label, plugin, "gave neither a token nor a client certificate with its key")
    if expiry is not None and expiry.tzinfo is None:
        expiry = expiry.replace(tzinfo=UTC)
    return ExecCredential(token=token, certificate=certificate, key=key, expiry=expiry)


def _environment(access: Access, plugin: ExecPlugin) -> dict[str, str]:
    spec: dict[str, object] = {"interactive": False}
    if plugin.provide_cluster_info:
        spec["cluster"] = _cluster_info(access)
    information = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    # Our own variables hold secrets of the platform.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OUR_VARIABLES)}
    return {**inherited, **dict(plugin.environment), "KUBERNETES_EXEC_INFO": json.dumps(information)}


def _cluster_info(access: Access) -> JsonObject:
    information: dict[str, object] = {"server": access.server}
    if access.tls_server_name:
        information["tls-server-name"] = access.tls_server_name
    if access.insecure:
        information["insecure-skip-tls-verify"] = True
    if access.authority:
        information["certificate-authority-data"] = base64.b64encode(access.authority.encode()).decode("ascii")
    if access.proxy_url:
        information["proxy-url"] = access.proxy_url
    return information


async def _read(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(limit)):
        # What is over the limit is still read, so that the program does not wait for us.
        kept += chunk[: limit - len(kept)]
    return bytes(kept)


async def _end(process: asyncio.subprocess.Process) -> None:
    # Its children hold the pipes open; they belong to its session.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _failed(label: str, plugin: ExecPlugin | None, what: str, *, timed_out: bool = False) -> KubeError:
    line = visible(plugin.line if plugin else "", _SHOWN)
    return KubeError(
        "unauthorized",
        f"{label}: the program that signs in ({line}) {what}; run it in a shell to see why.",
        retryable=timed_out,
        timed_out=timed_out,
    )
