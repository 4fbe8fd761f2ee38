"""Choosing which fields of a list's rows are answered (decision 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import JsonValue

from backend.errors import ErrorKind, PlatformError
from backend.models.base import Wire
from backend.safe_text import visible

_SHOWN = 60


def wanted_fields(model: type[Wire], field: str) -> tuple[str, ...]:
    """The names in a comma list of a model's response names, each once; () when it is empty.

    Raises PlatformError (INVALID, field `field`) for a name that the rows do not have.
    """
    if not field.strip():
        return ()
    names = dict.fromkeys(name.strip() for name in field.split(","))
    known = [item.alias or name for name, item in model.model_fields.items()]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise PlatformError(
            ErrorKind.INVALID,
            f"field: {visible(unknown[0], _SHOWN) or 'an empty name'} is not a response field; "
            f"choose from {', '.join(known)}.",
            reason="unknown_field",
            field="field",
        )
    return tuple(names)


def select_fields(rows: Sequence[Wire], names: Iterable[str]) -> list[dict[str, JsonValue]]:
    """The rows as on the wire, with only the fields named, in that order."""
    wanted = tuple(names)
    dumped = (row.model_dump(by_alias=True, mode="json") for row in rows)
    return [{name: row[name] for name in wanted} for row in dumped]
