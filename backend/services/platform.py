"""What every service works with, and who calls it."""

from __future__ import annotations

from dataclasses import dataclass

from backend.clock import Clock
from backend.models.base import Role
from backend.notifier import Notifier
from backend.security.box import SecretBox
from backend.store.database import Database


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever calls an operation, as the store knows them at this moment."""

    user_id: int | None
    user: str
    role: Role
    is_admin: bool = False
    business_id: int | None = None
    business_name: str = ""
    token_id: str = ""
    expires_at: int = 0

    @property
    def is_system_administrator(self) -> bool:
        """Whether this is the built-in administrator (role 4)."""
        return self.role is Role.SYSTEM_ADMINISTRATOR


NOBODY = Caller(None, "", Role.PENDING)
"""The caller of operations that take no token."""

SYSTEM = Caller(None, "otetui", Role.SYSTEM_ADMINISTRATOR)
"""The platform itself, for what it does unasked."""


@dataclass(frozen=True, slots=True)
class Platform:
    """The parts that services share."""

    database: Database
    box: SecretBox
    clock: Clock
    notifier: Notifier
