"""Taking the files that a kubeconfig refers to into its text."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

from backend.kube.credentials import FILE_REFERENCES
from backend.kube.kubeconfig_text import chosen_context, dump, entries, load, named, refused, shown, string

MAXIMUM_FILE_SIZE = 1024 * 1024
_RAW = "token"


def inline_files(text: str, base: Path, context: str = "") -> str:
    """Return the kubeconfig with the files it refers to replaced by their content.

    `base` is the directory of the kubeconfig, which relative paths start from. With `context`, only that
    context's cluster and user are taken in, so that a file missing for another one does not matter. A relative
    path of an exec plug-in becomes absolute. Each file may hold 1 MiB. Reads files: call it in a thread.
    Raises PlatformError (INVALID, field kubeconfig) naming the entry and the file.
    """
    document = load(text)
    wanted = _wanted(document, context) if context else None
    for section, kind in (("clusters", "cluster"), ("users", "user")):
        for name, body in entries(document, section, kind):
            if wanted is None or (kind, name) in wanted:
                _inline_entry(body, f"{kind} {shown(name)}", base)
    return dump(document)


def _wanted(document: dict[str, object], context: str) -> set[tuple[str, str]]:
    body = named(document, "contexts", "context", chosen_context(document, context))
    return {(kind, string(body, kind, f"context {shown(context)}")) for kind in ("cluster", "user")}


def _inline_entry(body: dict[str, object], where: str, base: Path) -> None:
    for key, inline in FILE_REFERENCES.items():
        path = string(body, key, where)
        body.pop(key, None)
        # kubectl: inline data goes before a certificate's file, a token's file before the inline token.
        if not path or (inline != _RAW and body.get(inline)):
            continue
        content = _read(base / path, f"'{key}' of {where}")
        if inline == _RAW:
            body[inline] = content.decode("utf-8", "replace").strip()
        else:
            body[inline] = base64.b64encode(content).decode("ascii")
    plugin = body.get("exec")
    if isinstance(plugin, dict):
        command = string(plugin, "command", where)
        if "/" in command:
            plugin["command"] = os.path.normpath(base.absolute() / command)


def _read(path: Path, what: str) -> bytes:
    name = shown(str(path))
    try:
        # O_NONBLOCK: opening a pipe must not wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) and error.strerror else "not a valid path"
        raise refused(f"{what} names {name}, which cannot be read: {problem}.", "kubeconfig_file") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise refused(f"{what} names {name}, which is not a regular file.", "kubeconfig_file")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(MAXIMUM_FILE_SIZE + 1)
    if len(content) > MAXIMUM_FILE_SIZE:
        raise refused(f"{what} names {name}, which is larger than 1 MiB.", "kubeconfig_file")
    return content
