"""From the text of a kubeconfig to plain mappings, within limits that hold for text typed or pasted by anybody."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from backend.errors import ErrorKind, PlatformError
from backend.safe_text import visible

if TYPE_CHECKING:
    import yaml

MAXIMUM_SIZE = 1024 * 1024
_MAXIMUM_DEPTH = 40
_MAXIMUM_EVENTS = 100_000
_SHOWN_NAME = 80
_SHOWN_CONTEXTS = 20

Section = Mapping[str, object]


def refused(message: str, reason: str = "kubeconfig_invalid") -> PlatformError:
    """The error for a kubeconfig that cannot be used."""
    return PlatformError(ErrorKind.INVALID, message, reason=reason, field="kubeconfig")


def shown(name: str) -> str:
    """A name from a kubeconfig as it may stand in a sentence."""
    return visible(name, _SHOWN_NAME)


def load(text: str) -> dict[str, object]:
    """Parse a kubeconfig. Raises PlatformError (INVALID, field kubeconfig) without ever quoting the text.

    At most 1 MiB, one document, no anchors or aliases, a mapping of `kind: Config`. Scalars stay text, as
    kubectl reads them (a token of digits is no number), except null. Takes up to 0.5 s for the largest text:
    call it in a thread.
    """
    if len(text) > MAXIMUM_SIZE or len(text.encode("utf-8", "replace")) > MAXIMUM_SIZE:
        raise refused(
            "The kubeconfig is larger than 1 MiB; take only one context: kubectl config view --flatten --minify.",
            "kubeconfig_too_large",
        )
    import yaml

    try:
        _check_events(text)
        document: object = yaml.load(text, Loader=_loader())  # noqa: S506 (a safe loader without number types)
    except yaml.YAMLError as error:
        raise refused(_yaml_sentence(error), "kubeconfig_not_yaml") from None
    except (ValueError, RecursionError):
        raise refused("The kubeconfig is not valid YAML text.", "kubeconfig_not_yaml") from None
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise refused("The kubeconfig must be a YAML mapping with clusters, users and contexts.", "kubeconfig_not_yaml")
    kind = document.get("kind") or "Config"
    if kind != "Config":
        raise refused(f"This is a Kubernetes object of kind {shown(str(kind))}, not a kubeconfig (kind Config).")
    return document


def dump(document: Section) -> str:
    """Write a kubeconfig as YAML."""
    import yaml

    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=1 << 20)


def named(document: Section, section: str, kind: str, name: str) -> dict[str, object]:
    """Return the body of the entry `name` of a section, e.g. ("clusters", "cluster", "edge-1")."""
    found = [body for entry, body in entries(document, section, kind) if entry == name]
    if not found:
        raise refused(f"The kubeconfig has no {kind} named {shown(name)}; its {section} do not list it.")
    if len(found) > 1:
        raise refused(f"The kubeconfig has more than one {kind} named {shown(name)}; keep the right one.")
    return found[0]


def entries(document: Section, section: str, kind: str) -> list[tuple[str, dict[str, object]]]:
    """Return the names and bodies of a section's entries, in the order of the text."""
    listed = document.get(section)
    if listed is None or listed == "":
        return []
    if not isinstance(listed, list):
        raise refused(f"'{section}' of the kubeconfig must be a list.")
    result: list[tuple[str, dict[str, object]]] = []
    for entry in listed:
        name = entry.get("name") if isinstance(entry, dict) else None
        body = (entry.get(kind) or {}) if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name or not isinstance(body, dict):
            raise refused(f"An entry of '{section}' of the kubeconfig lacks its name or its '{kind}' mapping.")
        result.append((name, body))
    return result


def context_names(document: Section) -> list[str]:
    """Return the names of all contexts, each once, in the order of the text."""
    return list(dict.fromkeys(name for name, _ in entries(document, "contexts", "context")))


def chosen_context(document: Section, context: str) -> str:
    """Return the context to use: `context`, else the current one, else the only one."""
    names = context_names(document)
    if not names:
        raise refused("The kubeconfig has no contexts; make one with kubectl config set-context.", "unknown_context")
    current = document.get("current-context")
    wanted = context or (current if isinstance(current, str) else "")
    if not wanted and len(names) == 1:
        return names[0]
    if wanted in names:
        return wanted
    listed = ", ".join(shown(name) for name in names[:_SHOWN_CONTEXTS])
    more = f" and {len(names) - _SHOWN_CONTEXTS} more" if len(names) > _SHOWN_CONTEXTS else ""
    what = f"has no context {shown(wanted)}" if wanted else "has no current context"
    raise refused(f"The kubeconfig {what}; choose one of: {listed}{more}.", "unknown_context")


def string(body: Section, key: str, where: str) -> str:
    """Return the text under `key`, "" when absent; `where` names the entry for the error."""
    value = body.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise refused(f"'{key}' of {where} must be text.")
    return value


def flag(body: Section, key: str, where: str) -> bool:
    """Return the boolean under `key`, false when absent."""
    value = string(body, key, where)
    if value.lower() not in {"true", "false", ""}:
        raise refused(f"'{key}' of {where} must be true or false.")
    return value.lower() == "true"


@cache
def _loader() -> type[yaml.SafeLoader]:
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    null = "tag:yaml.org,2002:null"
    kept = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag == null]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return type("KubeconfigLoader", (base,), {"yaml_implicit_resolvers": kept})


def _check_events(text: str) -> None:
    import yaml

    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_loader())):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise refused("The kubeconfig uses YAML anchors or aliases; write the values out.", "kubeconfig_aliases")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAXIMUM_DEPTH or count > _MAXIMUM_EVENTS:
            raise refused("The kubeconfig is nested too deeply or has too many entries; paste only one context.")


def _yaml_sentence(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    return f"The kubeconfig is not valid YAML{where}; copy the whole file, with its indentation."
