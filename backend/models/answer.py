"""What an operation answers: its data, and what goes beside it on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from backend.errors import ItemResult
from backend.models.base import Wire

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """A successful answer. `total` counts a list's rows under its filter; `results` has a row per item of a bulk."""

    data: T_co
    total: int | None = None
    meta: Wire | None = None
    results: Sequence[ItemResult] = ()
