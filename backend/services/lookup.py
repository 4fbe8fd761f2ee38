"""Finding what a request names, or saying which of it is not there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backend.errors import ErrorKind, PlatformError
from backend.safe_text import visible
from backend.store import clusters
from backend.store.database import Transaction

_SHOWN_NAMES = 5
_SHOWN_CHARACTERS = 80


def require_clusters(transaction: Transaction, names: Sequence[str]) -> dict[str, int]:
    """The ids of the named clusters, each once, in the order given.

    Raises PlatformError (NOT_FOUND, field clusterName) that names those that are not registered.
    """
    found = clusters.find(transaction, names)
    unknown = [name for name in dict.fromkeys(names) if name not in found]
    if unknown:
        verb = "is" if len(unknown) == 1 else "are"
        raise PlatformError(
            ErrorKind.NOT_FOUND,
            f"{counted('cluster', unknown)} {verb} not registered; nothing was done. See the list of clusters.",
            reason="unknown_cluster",
            field="clusterName",
        )
    return {name: found[name] for name in dict.fromkeys(names)}


def require_cluster(transaction: Transaction, name: str) -> int:
    """The id of the named cluster. Raises PlatformError like `require_clusters`."""
    return require_clusters(transaction, [name])[name]


def counted(word: str, names: Sequence[str]) -> str:
    """E.g. "Clusters a, b and 3 more" for a sentence; `word` is the singular."""
    shown = ", ".join(visible(name, _SHOWN_CHARACTERS) for name in names[:_SHOWN_NAMES])
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    plural = "" if len(names) == 1 else "s"
    return f"{word.capitalize()}{plural} {shown}{more}"


def each_once(names: Iterable[str]) -> list[str]:
    """The names without repetitions, in their order."""
    return list(dict.fromkeys(names))
