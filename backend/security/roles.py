"""Roles are derived from what the store says of a user, never stored (decision 12)."""

from __future__ import annotations

from backend.models.accounts import UserStatus
from backend.models.base import Role
from backend.models.businesses import BusinessStatus

ROLE_NAMES = {
    Role.PENDING: "awaiting approval",
    Role.APPROVED: "approved, without business",
    Role.GENERAL_USER: "general user",
    Role.BUSINESS_ADMINISTRATOR: "business administrator",
    Role.SYSTEM_ADMINISTRATOR: "system administrator",
}


def derive_role(*, status: int, is_admin: bool, built_in: bool, business_status: int | None) -> Role:
    """The role of a user with this status whose business, if any, has `business_status`."""
    if built_in:
        return Role.SYSTEM_ADMINISTRATOR
    if status != UserStatus.APPROVED:
        return Role.PENDING
    if business_status != BusinessStatus.APPROVED:
        return Role.APPROVED
    return Role.BUSINESS_ADMINISTRATOR if is_admin else Role.GENERAL_USER
