"""Reading a kubeconfig that somebody typed, pasted or pointed at (decision 21).

Everything here is plain computation that may take some tenths of a second for large texts: call it in a thread.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from backend.errors import ErrorKind, PlatformError
from backend.kube.credentials import Access, ExecPlugin, read_access
from backend.kube.kubeconfig_files import inline_files
from backend.kube.kubeconfig_text import Section, chosen_context, context_names, dump, entries, load

__all__ = ["Kubeconfig", "contexts", "exec_line", "inline_files", "open_document", "read_kubeconfig"]

# Stored with a document whose plug-in an operator has confirmed; read_kubeconfig never trusts one that was pasted.
_CONFIRMED = "otetui.io/confirmed-exec"


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """One context of a kubeconfig. `document` holds only this context and is secret; `exec_command` is the
    program of its exec plug-in with its arguments, empty without one.
    """

    context: str
    cluster: str
    user: str
    server: str
    namespace: str
    document: str = field(repr=False)
    exec_command: tuple[str, ...]
    insecure: bool


def contexts(text: str) -> list[str]:
    """Return the names of a kubeconfig's contexts, in its order.

    Raises PlatformError (INVALID, field kubeconfig) for text that is no kubeconfig.
    """
    return context_names(load(text))


def exec_line(text: str, context: str = "") -> str:
    """Return the exact command that a context's exec plug-in runs, which `allow_exec` has to repeat; "" without one."""
    document = load(text)
    plugin = read_access(document, chosen_context(document, context)).plugin
    return plugin.line if plugin else ""


def read_kubeconfig(text: str, context: str = "", *, allow_exec: str = "") -> Kubeconfig:
    """Read one context (default: the current one) of a kubeconfig and check all it holds.

    `allow_exec` confirms an exec plug-in: it must equal the command line with the variables that the kubeconfig
    sets, as `exec_line` returns it (decision 21). Raises PlatformError (INVALID, field kubeconfig) with the
    entry at fault and the remedy; reason `exec_plugin` when a plug-in is not confirmed, `unknown_context`,
    `kubeconfig_too_large`, `kubeconfig_not_yaml`, `kubeconfig_file_reference` and others.
    """
    document = load(text)
    access = read_access(document, chosen_context(document, context))
    if access.plugin:
        _require_confirmation(access.plugin, allow_exec)
    return Kubeconfig(
        context=access.context,
        cluster=access.cluster,
        user=access.user,
        server=access.server,
        namespace=access.namespace,
        document=dump(_minimised(access)),
        exec_command=(access.plugin.command, *access.plugin.arguments) if access.plugin else (),
        insecure=access.insecure,
    )


def open_document(document: str, context: str = "") -> Access:
    """Return what a document made by `read_kubeconfig` holds; an exec plug-in must carry its confirmation."""
    loaded = load(document)
    access = read_access(loaded, chosen_context(loaded, context))
    if access.plugin:
        confirmed = dict(entries(loaded, "extensions", "extension")).get(_CONFIRMED, {})
        _require_confirmation(access.plugin, str(confirmed.get("line", "")))
    return access


def _require_confirmation(plugin: ExecPlugin, confirmed: str) -> None:
    if confirmed == plugin.line:
        return
    changed = " The command confirmed was another one." if confirmed else ""
    raise PlatformError(
        ErrorKind.INVALID,
        f"This kubeconfig signs in by running a program on this machine:{changed} {plugin.line} -- "
        "confirm exactly this command to allow it.",
        reason="exec_plugin",
        field="kubeconfig",
        confirm=plugin.line,
    )


def _minimised(access: Access) -> Section:
    cluster: dict[str, object] = {"server": access.server}
    _add(cluster, "certificate-authority-data", _encoded(access.authority))
    _add(cluster, "tls-server-name", access.tls_server_name)
    _add(cluster, "proxy-url", access.proxy_url)
    if access.insecure:
        cluster["insecure-skip-tls-verify"] = True
    user: dict[str, object] = {}
    _add(user, "client-certificate-data", _encoded(access.client_certificate))
    _add(user, "client-key-data", _encoded(access.client_key))
    _add(user, "token", access.token)
    _add(user, "username", access.username)
    _add(user, "password", access.password)
    context: dict[str, object] = {"cluster": access.cluster, "user": access.user}
    _add(context, "namespace", access.namespace)
    document: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": access.context,
        "clusters": [{"name": access.cluster, "cluster": cluster}],
        "users": [{"name": access.user, "user": user}] if access.user else [],
        "contexts": [{"name": access.context, "context": context}],
    }
    if access.plugin:
        user["exec"] = _exec_body(access.plugin)
        document["extensions"] = [{"name": _CONFIRMED, "extension": {"line": access.plugin.line}}]
    return document


def _exec_body(plugin: ExecPlugin) -> Section:
    body: dict[str, object] = {
        "apiVersion": plugin.api_version,
        "command": plugin.command,
        "args": list(plugin.arguments),
        "env": [{"name": name, "value": value} for name, value in plugin.environment],
        "interactiveMode": "Never",
        "provideClusterInfo": plugin.provide_cluster_info,
    }
    _add(body, "installHint", plugin.install_hint)
    return body


def _add(body: dict[str, object], key: str, value: str) -> None:
    if value:
        body[key] = value


def _encoded(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode("ascii")
