"""The kubeconfig of a site: a context for each cluster, with everything it needs inside."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend.sandbox.cluster.authorization import USERS

if TYPE_CHECKING:
    from backend.sandbox.certificates import CertificateAuthority
    from backend.sandbox.clusters import Cluster


def write_kubeconfig(
    clusters: Iterable[Cluster], authority: CertificateAuthority, user: str, *, certificates: bool = False
) -> str:
    """The kubeconfig of one user for all clusters, as YAML; the current context is the first cluster's.

    With `certificates` the user shows a client certificate, otherwise a token for each cluster.
    """
    trusted = b64encode(authority.certificate).decode()
    signed: dict[str, str] = {}
    if certificates:
        credential = authority.client(user, USERS[user].groups)
        signed["client-certificate-data"] = b64encode(credential.certificate).decode()
        signed["client-key-data"] = b64encode(credential.key).decode()
    servers, users, contexts = ["clusters:"], ["users:"], ["contexts:"]
    first = ""
    for cluster in clusters:
        first = first or cluster.name
        login = f"{cluster.name}-{user}"
        servers += _entry(cluster.name, "cluster", {"server": cluster.url, "certificate-authority-data": trusted})
        users += _entry(login, "user", signed or {"token": cluster.tokens[user]})
        contexts += _entry(cluster.name, "context", {"cluster": cluster.name, "user": login})
    head = ["apiVersion: v1", "kind: Config", f"current-context: {json.dumps(first)}"]
    return "\n".join([*head, *servers, *contexts, *users]) + "\n"


def _entry(name: str, sort: str, members: dict[str, str]) -> list[str]:
    # A JSON string is a YAML string, whatever is in it.
    lines = [f"    {member}: {json.dumps(value)}" for member, value in members.items()]
    return [f"- name: {json.dumps(name)}", f"  {sort}:", *lines]
