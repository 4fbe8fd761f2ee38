"""What a sandbox keeps in its folder so that it can be stopped and started again under the same kubeconfig."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backend.sandbox.certificates import CertificateAuthority, Credential
from backend.sandbox.cluster.authorization import USERS

IDENTITY_FILE = "identity.json"
SHARED_PORT = ""


@dataclass
class Identity:
    """Authority, ports and tokens. Objects are not kept: a sandbox that starts again has those of its beginning."""

    authority: CertificateAuthority = field(default_factory=CertificateAuthority)
    ports: dict[str, int] = field(default_factory=dict)
    """The shared port under SHARED_PORT, and those that clusters have of their own, by cluster."""
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    """Each cluster's tokens, by user."""
    control_token: str = field(default_factory=lambda: secrets.token_hex(20))

    def tokens_of(self, cluster: str) -> dict[str, str]:
        """The tokens of a cluster's users, made where there are none yet."""
        return self.tokens.setdefault(cluster, {user: secrets.token_hex(20) for user in USERS})

    def document(self) -> str:
        """What is kept, as JSON."""
        kept = self.authority.credential
        fields = {
            "certificate": kept.certificate.decode(),
            "key": kept.key.decode(),
            "ports": self.ports,
            "tokens": self.tokens,
            "controlToken": self.control_token,
        }
        return json.dumps(fields) + "\n"


def load_identity(directory: Path) -> Identity:
    """The identity kept in a folder, or a new one when there is none or it cannot be used any more."""
    path = directory / IDENTITY_FILE
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        kept = Credential(str(fields["certificate"]).encode(), str(fields["key"]).encode())
        return Identity(
            CertificateAuthority(kept),
            {str(name): int(port) for name, port in fields["ports"].items()},
            {str(cluster): _tokens(users) for cluster, users in fields["tokens"].items()},
            str(fields["controlToken"]),
        )
    except (FileNotFoundError, ValueError, KeyError, AttributeError, TypeError):
        return Identity()


def _tokens(users: Mapping[str, object]) -> dict[str, str]:
    return {user: str(users[user]) for user in USERS}
