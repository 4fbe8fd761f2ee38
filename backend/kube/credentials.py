"""What a kubeconfig's context holds, checked: where the API server is, how to trust it and how to sign in."""

from __future__ import annotations

import base64
import binascii
import re
import shlex
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from backend.errors import PlatformError
from backend.kube.kubeconfig_text import Section, flag, named, refused, shown, string
from backend.kube.network import is_loopback
from backend.safe_text import visible

FILE_REFERENCES = {
    "certificate-authority": "certificate-authority-data",
    "client-certificate": "client-certificate-data",
    "client-key": "client-key-data",
    "tokenFile": "token",
}
EXEC_API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_IMPERSONATION = ("as", "as-uid", "as-groups", "as-user-extra")
_LONGEST_LINE = 4000


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """A program that signs in. `line` is all that the operator confirms: environment, program and arguments."""

    api_version: str
    command: str
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    install_hint: str
    provide_cluster_info: bool

    @property
    def line(self) -> str:
        """The exact command line, as a shell would take it, led by the variables that the kubeconfig sets."""
        return shlex.join([*(f"{name}={value}" for name, value in self.environment), self.command, *self.arguments])


@dataclass(frozen=True, slots=True)
class Access:
    """One context of a kubeconfig. Certificates and keys are PEM text; what is secret is not in the repr."""

    context: str
    cluster: str
    user: str
    namespace: str
    server: str
    tls_server_name: str
    proxy_url: str = field(repr=False)
    insecure: bool
    authority: str = field(repr=False)
    client_certificate: str = field(repr=False)
    client_key: str = field(repr=False)
    token: str = field(repr=False)
    username: str = field(repr=False)
    password: str = field(repr=False)
    plugin: ExecPlugin | None = field(repr=False)

    @property
    def anonymous(self) -> bool:
        """Whether the context holds nothing to sign in with."""
        return not (self.client_certificate or self.token or self.username or self.plugin)


def read_access(document: Section, context: str) -> Access:
    """Return what the context named `context` holds; raise PlatformError naming the entry at fault."""
    body = named(document, "contexts", "context", context)
    where = f"context {shown(context)}"
    cluster_name = string(body, "cluster", where)
    user_name = string(body, "user", where)
    if not cluster_name:
        raise refused(f"The {where} of the kubeconfig names no cluster.")
    cluster = named(document, "clusters", "cluster", cluster_name)
    user = named(document, "users", "user", user_name) if user_name else {}
    in_cluster, in_user = f"cluster {shown(cluster_name)}", f"user {shown(user_name)}"
    _refuse_what_we_do_not_do(cluster, in_cluster)
    _refuse_what_we_do_not_do(user, in_user)
    certificate, key = _client_pair(user, in_user)
    access = Access(
        context=context,
        cluster=cluster_name,
        user=user_name,
        namespace=string(body, "namespace", where),
        server=_server(string(cluster, "server", in_cluster), in_cluster),
        tls_server_name=_host_name(string(cluster, "tls-server-name", in_cluster), in_cluster),
        proxy_url=_proxy(string(cluster, "proxy-url", in_cluster), in_cluster),
        insecure=flag(cluster, "insecure-skip-tls-verify", in_cluster),
        authority=_authority(cluster, in_cluster),
        client_certificate=certificate,
        client_key=key,
        token=_token(string(user, "token", in_user), in_user),
        username=string(user, "username", in_user),
        password=string(user, "password", in_user),
        plugin=_plugin(user, in_user),
    )
    _check_combination(access, in_cluster, in_user)
    return access


def _refuse_what_we_do_not_do(body: Section, where: str) -> None:
    for key, inline in FILE_REFERENCES.items():
        superseded = key != "tokenFile" and bool(body.get(inline))
        if body.get(key) and not superseded:
            raise refused(
                f"The {where} refers to a file with '{key}', which is not part of the text; "
                "inline it with: kubectl config view --flatten --minify.",
                "kubeconfig_file_reference",
            )
    if body.get("auth-provider"):
        raise refused(
            f"The {where} uses an auth-provider, which Kubernetes removed in 1.26; use its exec plug-in or a token.",
            "kubeconfig_auth_provider",
        )
    for key in _IMPERSONATION:
        if body.get(key):
            raise refused(f"The {where} acts for somebody else ('{key}'), which is not supported; sign in directly.")


def _check_combination(access: Access, in_cluster: str, in_user: str) -> None:
    if access.insecure and access.authority:
        raise refused(f"The {in_cluster} has both certificate-authority-data and insecure-skip-tls-verify; keep one.")
    if bool(access.username) != bool(access.password):
        raise refused(f"The {in_user} needs both a username and a password.")
    ways = {"token": access.token, "username": access.username, "exec": access.plugin}
    given = [name for name, value in ways.items() if value]
    if len(given) > 1:
        raise refused(f"The {in_user} signs in in more than one way ({' and '.join(given)}); keep one.")


def _server(server: str, where: str) -> str:
    if not server:
        raise refused(f"The {where} has no server address.")
    fault = f"The server address of {where}"
    try:
        parts = urlsplit(server)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise refused(f"{fault} is not a valid URL.") from None
    if parts.scheme not in {"https", "http"} or not _HOST.fullmatch(host) or port == 0:
        raise refused(f"{fault} must be an https URL with a host, such as https://10.0.0.1:6443.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise refused(f"{fault} must not hold a user, a password, a query or a fragment.")
    if parts.scheme == "http" and not is_loopback(host):
        raise refused(f"{fault} must be https; http is taken only for this machine itself.")
    path = parts.path.rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9._~:@!$&'()*+,;=%-]+)*", path) or {".", ".."} & set(path.split("/")):
        raise refused(f"{fault} has a path with characters that do not belong there.")
    netloc = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{netloc}{f':{port}' if port else ''}{path}"


def _host_name(name: str, where: str) -> str:
    if name and not _HOST.fullmatch(name):
        raise refused(f"'tls-server-name' of {where} is not a host name.")
    return name


def _proxy(url: str, where: str) -> str:
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(_HOST.fullmatch(parts.hostname or "")) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or not url.isascii() or not url.isprintable() or " " in url:
        raise refused(f"'proxy-url' of {where} must be an http or https URL; SOCKS proxies are not supported.")
    return url


def _token(token: str, where: str) -> str:
    token = token.strip()
    if token and not _TOKEN.fullmatch(token):
        raise refused(f"The token of {where} holds spaces or characters that no token has; copy it again.")
    return token


def _plugin(user: Section, where: str) -> ExecPlugin | None:
    body = user.get("exec")
    if not body:
        return None
    if not isinstance(body, dict):
        raise refused(f"'exec' of {where} must be a mapping.")
    where = f"the exec plug-in of {where}"
    api_version = string(body, "apiVersion", where)
    if api_version not in EXEC_API_VERSIONS:
        raise refused(f"The apiVersion of {where} must be {' or '.join(EXEC_API_VERSIONS)}.")
    if string(body, "interactiveMode", where) == "Always":
        raise refused(f"{where.capitalize()} wants to ask questions (interactiveMode Always); use a token instead.")
    arguments, environment = body.get("args") or [], body.get("env") or []
    plugin = ExecPlugin(
        api_version=api_version,
        command=string(body, "command", where),
        arguments=tuple(_texts(arguments, f"'args' of {where}")),
        environment=tuple(_environment(environment, where)),
        install_hint=string(body, "installHint", where),
        provide_cluster_info=flag(body, "provideClusterInfo", where),
    )
    if not plugin.command:
        raise refused(f"'command' of {where} is missing.")
    # What the operator reads must be what runs.
    if visible(plugin.line) != plugin.line or len(plugin.line) > _LONGEST_LINE:
        raise refused(f"The command of {where} is longer than {_LONGEST_LINE} characters or holds invisible ones.")
    if "/" in plugin.command and not plugin.command.startswith("/"):
        raise refused(f"The command of {where} must be a program's name or its absolute path.")
    return plugin


def _texts(values: object, what: str) -> list[str]:
    if not isinstance(values, list):
        raise refused(f"{what} must be a list of texts.")
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != len(values):
        raise refused(f"{what} must be a list of texts.")
    return texts


def _environment(values: object, where: str) -> list[tuple[str, str]]:
    result: list[tuple[str, str]] = []
    for item in values if isinstance(values, list) else [values]:
        body: Section = item if isinstance(item, dict) else {}
        name, value = string(body, "name", where), string(body, "value", where)
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise refused(f"'env' of {where} must be a list of names and values.")
        result.append((name, value))
    return result


def _pem(body: Section, key: str, where: str, kind: str) -> str:
    encoded = string(body, key, where)
    if not encoded:
        return ""
    try:
        text = base64.b64decode("".join(encoded.split()), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise refused(f"'{key}' of {where} is not valid base64; copy it again.") from None
    if "Proc-Type: 4,ENCRYPTED" in text:
        raise _passphrase(key, where)
    blocks = [match[0] for match in _PEM.finditer(text) if match[1].endswith(kind)]
    if not blocks:
        raise refused(f"'{key}' of {where} holds no PEM block of a {kind.lower()}; copy it again.")
    return "\n".join(blocks) + "\n"


def _passphrase(key: str, where: str) -> PlatformError:
    return refused(f"'{key}' of {where} is encrypted with a passphrase; use a key without one.")


def _authority(cluster: Section, where: str) -> str:
    pem = _pem(cluster, "certificate-authority-data", where, "CERTIFICATE")
    if not pem:
        return ""
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        raise refused(f"'certificate-authority-data' of {where} holds no certificate that can be read.") from None
    return pem


def _client_pair(user: Section, where: str) -> tuple[str, str]:
    certificate = _pem(user, "client-certificate-data", where, "CERTIFICATE")
    key = _pem(user, "client-key-data", where, "PRIVATE KEY")
    if not certificate and not key:
        return "", ""
    if not certificate or not key:
        missing = "client-key-data" if certificate else "client-certificate-data"
        raise refused(f"The {where} lacks '{missing}': a client certificate needs its key.")
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    try:
        public = x509.load_pem_x509_certificates(certificate.encode())[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise refused(f"'client-certificate-data' of {where} holds no certificate that can be read.") from None
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except TypeError:
        raise _passphrase("client-key-data", where) from None
    except (ValueError, UnsupportedAlgorithm):
        raise refused(f"'client-key-data' of {where} holds no private key that can be read.") from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*form) != public.public_bytes(*form):
        raise refused(f"'client-key-data' of {where} does not belong to its client certificate.")
    return certificate, key
