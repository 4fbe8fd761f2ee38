"""What an operation is, and the groups of roles that may call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from backend.models.answer import Answer
from backend.models.base import Request, Role
from backend.services.catalog import Services

R_co = TypeVar("R_co", covariant=True)

ANY = frozenset(Role)
MEMBERS = frozenset({Role.GENERAL_USER, Role.BUSINESS_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR})
OWNERS = frozenset({Role.APPROVED, *MEMBERS})
ADMINISTRATORS = frozenset({Role.BUSINESS_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR})
SYSTEM_ONLY = frozenset({Role.SYSTEM_ADMINISTRATOR})
APPLICANTS = frozenset({Role.APPROVED, Role.BUSINESS_ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class Operation(Generic[R_co]):
    """One operation. `callers` None means that no token is asked for; `number` 0 marks an extension.

    `handler` picks the operation's method from the services. `aliases` are paths that the API documents'
    examples use by mistake and that work too. `changes` says whether it writes; refusals of those are recorded.
    """

    id: str
    number: int
    title: str
    method: str
    path: str
    callers: frozenset[Role] | None
    request: type[Request]
    handler: Callable[[Services], Callable[..., Awaitable[Answer[R_co]]]]
    changes: bool = True
    aliases: tuple[str, ...] = ()
