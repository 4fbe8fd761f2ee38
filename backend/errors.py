"""The platform's one error class, its kinds, and the result of one item of a bulk operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class ErrorKind(Enum):
    """What went wrong, with the numeric code that callers of an operation see (decision 2)."""

    BAD_REQUEST = 400
    UNAUTHENTICATED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    CONFLICT = 409
    PRECONDITION = 412
    INVALID = 422
    INTERNAL = 500
    REMOTE = 502
    TIMEOUT = 504


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item of an operation on several: `code` is 200 or an error's code."""

    name: str
    code: int
    message: str

    @property
    def ok(self) -> bool:
        """Whether this item was done."""
        return self.code < ErrorKind.BAD_REQUEST.value


class PlatformError(Exception):
    """A refusal or failure that a person can act on.

    `message` is one sentence for a person that names the object and the remedy. `reason` is a stable
    word for programs, such as `user_name_taken`. `field` is the request's field at fault, if any.
    `results` lists the items of a bulk operation of which some failed. `confirm` is what the caller must repeat
    to have it done all the same, if that is possible.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        reason: str = "",
        field: str = "",
        results: Sequence[ItemResult] = (),
        confirm: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.reason = reason or kind.name.lower()
        self.field = field
        self.results = tuple(results)
        self.confirm = confirm

    @property
    def code(self) -> int:
        """The numeric code of the answer, e.g. 404."""
        return self.kind.value


def bulk_failure(results: Sequence[ItemResult], what: str) -> PlatformError | None:
    """The error of a bulk operation of which some items failed, or None when all were done.

    `what` says in the passive what was to be done, e.g. "labelled". The error takes the kind of the
    first failed item and carries every item's result.
    """
    failed = [result for result in results if not result.ok]
    if not failed:
        return None
    first = failed[0]
    count = "" if len(results) == 1 else f"{len(failed)} of {len(results)} were not {what}. "
    named = first.message if len(results) == 1 else f"{first.name}: {first.message}"
    return PlatformError(ErrorKind(first.code), f"{count}{named}", reason="items_failed", results=results)
