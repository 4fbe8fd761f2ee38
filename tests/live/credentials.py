"""Who may talk to a control plane of the live tests, and with what."""

from __future__ import annotations

import csv
import secrets
import ssl
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import yaml

from tests.live.pki import Authority, KeyPair, signing_key

if TYPE_CHECKING:
    from pathlib import Path

User = Literal["admin", "limited", "nobody"]

SERVER_NAMES: Final = (
    "127.0.0.1",
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
_GROUPS: Final[dict[User, tuple[str, ...]]] = {"admin": ("system:masters",), "limited": ()}


@dataclass(frozen=True, slots=True)
class _Identity:
    pair: KeyPair
    token: str


class Credentials:
    """Certificates, keys and tokens of one control plane, kept in one directory.

    "admin" may do everything and "limited" only what a role binding grants it.
    The server does not know "nobody": a certificate from another authority and
    a token that is in no file.
    """

    def __init__(self, directory: Path, cluster: str, server: str) -> None:
        """Write all files to `directory`; `server` is the URL clients connect to."""
        self._directory = directory
        self._cluster = cluster
        self._server = server
        authority = Authority(f"{cluster} authority")
        stranger = Authority("unknown authority")
        self._ca = authority.certificate
        self._identities = {
            user: _Identity(
                (authority if user in _GROUPS else stranger).client(user, _GROUPS.get(user, ())),
                secrets.token_urlsafe(24),
            )
            for user in _users()
        }
        self._write_pair("ca", authority.pair)
        self._write_pair("server", authority.server("kube-apiserver", SERVER_NAMES))
        self._write("service-accounts.key", signing_key())
        self._write_tokens()
        for user, identity in self._identities.items():
            self._write_pair(user, identity.pair)
            self._write(f"{user}.kubeconfig", self.kubeconfig(user).encode())

    def path(self, name: str) -> Path:
        """Return the path of one of the files, such as "ca.crt" or "admin.kubeconfig"."""
        return self._directory / name

    def kubeconfig(self, user: User) -> str:
        """Return a kubeconfig file's text that authenticates with a client certificate."""
        pair = self._identities[user].pair
        return self._kubeconfig(
            user,
            {"client-certificate-data": _base64(pair.certificate), "client-key-data": _base64(pair.key)},
        )

    def kubeconfig_with_token(self, user: User) -> str:
        """Return a kubeconfig file's text that authenticates with a bearer token."""
        return self._kubeconfig(user, {"token": self.token(user)})

    def token(self, user: User) -> str:
        """Return the user's bearer token."""
        return self._identities[user].token

    def ssl_context(self, user: User | None) -> ssl.SSLContext:
        """Return a TLS context that trusts the server and presents the user's certificate, if any."""
        context = ssl.create_default_context(cadata=self._ca.decode("ascii"))
        if user is not None:
            context.load_cert_chain(self.path(f"{user}.crt"), self.path(f"{user}.key"))
        return context

    def _kubeconfig(self, user: User, how: dict[str, str]) -> str:
        context = f"{user}@{self._cluster}"
        cluster = {"server": self._server, "certificate-authority-data": _base64(self._ca)}
        document: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": self._cluster, "cluster": cluster}],
            "users": [{"name": context, "user": how}],
            "contexts": [{"name": context, "context": {"cluster": self._cluster, "user": context}}],
            "current-context": context,
        }
        return yaml.safe_dump(document, sort_keys=False)

    def _write_tokens(self) -> None:
        path = self.path("tokens.csv")
        path.touch(mode=0o600)
        with path.open("w", encoding="utf-8", newline="") as output:
            rows = csv.writer(output)
            for user, groups in _GROUPS.items():
                rows.writerow([self._identities[user].token, user, user, ",".join(groups)])

    def _write_pair(self, name: str, pair: KeyPair) -> None:
        self._write(f"{name}.crt", pair.certificate)
        self._write(f"{name}.key", pair.key)

    def _write(self, name: str, content: bytes) -> None:
        path = self.path(name)
        path.touch(mode=0o600)
        path.write_bytes(content)


def _users() -> tuple[User, ...]:
    return get_args(User)


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
