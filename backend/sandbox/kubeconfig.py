"""The kubeconfig of a site: a context for each cluster, with everything it needs inside."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING

import yaml

from backend.sandbox.cluster.authorization import USERS
from backend.sandbox.cluster.documents import Document, JsonValue

if TYPE_CHECKING:
    from backend.sandbox.certificates import CertificateAuthority
    from backend.sandbox.clusters import Cluster


def write_kubeconfig(
    clusters: Iterable[Cluster], authority: CertificateAuthority, user: str, *, certificates: bool = False
) -> str:
    """The kubeconfig of one user for all clusters; the current context is the first cluster's.

    With `certificates` the user shows a client certificate, otherwise a token for each cluster.
    """
    contexts: list[JsonValue] = []
    servers: list[JsonValue] = []
    users: list[JsonValue] = []
    trusted = b64encode(authority.certificate).decode()
    signed: Document = {}
    if certificates:
        credential = authority.client(user, USERS[user].groups)
        signed = {
            "client-certificate-data": b64encode(credential.certificate).decode(),
            "client-key-data": b64encode(credential.key).decode(),
        }
    for cluster in clusters:
        login = f"{cluster.name}-{user}"
        servers.append(
            {"name": cluster.name, "cluster": {"server": cluster.url, "certificate-authority-data": trusted}}
        )
        users.append({"name": login, "user": dict(signed) if signed else {"token": cluster.tokens[user]}})
        contexts.append({"name": cluster.name, "context": {"cluster": cluster.name, "user": login}})
    document: Document = {"apiVersion": "v1", "kind": "Config", "clusters": servers, "users": users}
    document["contexts"] = contexts
    document["current-context"] = next((str(_name(context)) for context in contexts), "")
    # Anchors for the certificate that all clusters share would puzzle the people who read the file.
    return yaml.dump(document, Dumper=_plain_dumper(), sort_keys=False)


def _name(context: JsonValue) -> JsonValue:
    return context["name"] if isinstance(context, dict) else ""


def _plain_dumper() -> type[yaml.SafeDumper]:
    class Dumper(yaml.SafeDumper):
        """Writes the same text twice rather than an anchor and an alias."""

        def ignore_aliases(self, _data: object) -> bool:
            return True

    return Dumper
