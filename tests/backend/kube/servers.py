"""A certificate authority and a small HTTPS server that answers, or misbehaves, as a test tells it to."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
TOKEN = "token-of-the-test"


def pem_of_key(key: ec.EllipticCurvePrivateKey, passphrase: bytes = b"") -> str:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM text."""

    certificate: str
    key: str


class Authority:
    def __init__(self, name: str = "test authority", parent: Authority | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = parent or self
        self.certificate = (
            _builder(self.name, signer.name, self.key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(signer.key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, *names: str, expired: bool = False, premature: bool = False) -> Pair:
        """Issue a certificate for host names and addresses (default: this machine)."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        days = -10 if expired else 10 if premature else 0
        certificate = (
            _builder(name, self.name, key, days)
            .add_extension(x509.SubjectAlternativeName([_general(name) for name in names or (HOST,)]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return Pair(certificate.public_bytes(serialization.Encoding.PEM).decode(), pem_of_key(key))


def _builder(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int = 0
) -> x509.CertificateBuilder:
    now = datetime.now(UTC) + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@cache
def authority() -> Authority:
    """The authority that kubeconfigs of these tests trust."""
    return Authority()


@cache
def server_pair() -> Pair:
    return authority().issue(HOST, "localhost")


def server_context(pair: Pair | None = None, client_authority: str = "") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chosen = pair or server_pair()
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(chosen.certificate + chosen.key)
        file.flush()
        context.load_cert_chain(file.name)
    if client_authority:
        context.load_verify_locations(cadata=client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def encoded(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


def kubeconfig(
    server: str,
    *,
    user: dict[str, object] | None = None,
    cluster: dict[str, object] | None = None,
    trusted: str | None = None,
) -> str:
    """A kubeconfig with one context, `edge`, which signs in with TOKEN and trusts the test authority."""
    found: dict[str, object] = {"server": server}
    if server.startswith("https") and trusted != "":
        found["certificate-authority-data"] = encoded(trusted or authority().pem)
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "edge",
            "contexts": [{"name": "edge", "context": {"cluster": "edge", "user": "admin", "namespace": "work"}}],
            "clusters": [{"name": "edge", "cluster": {**found, **(cluster or {})}}],
            "users": [{"name": "admin", "user": {"token": TOKEN} if user is None else user}],
        }
    )


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    target: str

    @property
    def json(self) -> object:
        return json.loads(self.body)


@dataclass(frozen=True)
class Response:
    """An answer; `body` that is not bytes is sent as JSON."""

    body: object = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        raw = isinstance(self.body, bytes)
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {
            "Content-Type": "text/plain" if raw else "application/json",
            "Content-Length": str(len(body)),
            **self.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Status\r\n{head}\r\n".encode() + body


def refusal(status: int, message: str, reason: str = "", **details: object) -> Response:
    """An answer as Kubernetes refuses."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": details,
        "code": status,
    }
    return Response(body, status)


Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Handler = Callable[[Request], "Response | Raw"]


class Server:
    """What a test server saw."""

    def __init__(self, port: int, scheme: str) -> None:
        self.port = port
        self.url = f"{scheme}://{HOST}:{port}"
        self.requests: list[Request] = []
        self.connections = 0


@asynccontextmanager
async def serve(
    handler: Handler, *, context: ssl.SSLContext | None = None, plain: bool = False
) -> AsyncGenerator[Server, None]:
    """Serve HTTP/1.1 over TLS on a free loopback port."""
    writers: set[asyncio.StreamWriter] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        writers.add(writer)
        try:
            while request := await _read(reader):
                server.requests.append(request)
                answer = handler(request)
                if not isinstance(answer, Response):
                    await answer(reader, writer)
                    break
                writer.write(answer.encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            # The client of a fault test goes away in the middle: that is the test.
            return
        finally:
            writer.close()
            writers.discard(writer)

    async with listen(connected, None if plain else context or server_context()) as port:
        server = Server(port, "http" if plain else "https")
        yield server
        for writer in list(writers):
            writer.transport.abort()


@asynccontextmanager
async def listen(
    connected: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    context: ssl.SSLContext | None = None,
) -> AsyncGenerator[int, None]:
    """Listen on a free loopback port and yield it; what still runs at the end is cancelled."""
    tasks: set[asyncio.Task[None]] = set()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await connected(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    listener = await asyncio.start_server(accepted, HOST, 0, ssl=context)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def blocking_tls(context: ssl.SSLContext) -> Generator[int, None, None]:
    """A TLS port that sends OpenSSL's alert when the handshake fails, which asyncio's server does not."""
    with socket.create_server((HOST, 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.settimeout(20)
                secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                with suppress(OSError):
                    secured.do_handshake()
                # A socket closed with unread data would take its alert back.
                with socket.socket(fileno=secured.detach()) as plain, suppress(OSError):
                    plain.shutdown(socket.SHUT_WR)
                    while plain.recv(65536):
                        pass

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the client goes."""
    await reader.read()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Request(method, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body, target)


async def free_port() -> int:
    """A port on which nothing listens."""
    async with listen(silence) as port:
        return port


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
