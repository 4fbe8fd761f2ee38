"""The derived role of every kind of user (decision 12)."""

from __future__ import annotations

from itertools import product

import pytest

from backend.models.accounts import UserStatus
from backend.models.base import Role
from backend.models.businesses import BusinessStatus
from backend.security.roles import ROLE_NAMES, derive_role

APPROVED, PENDING = UserStatus.APPROVED, UserStatus.PENDING


@pytest.mark.parametrize(
    ("status", "is_admin", "business_status", "role"),
    [
        (APPROVED, True, BusinessStatus.APPROVED, 3),
        (APPROVED, False, BusinessStatus.APPROVED, 2),
        (APPROVED, True, None, 1),
        (APPROVED, False, None, 1),
        (APPROVED, True, BusinessStatus.PENDING, 1),
        (APPROVED, False, BusinessStatus.PENDING, 1),
        (APPROVED, True, BusinessStatus.DISAPPROVED, 1),
        (APPROVED, True, BusinessStatus.DELETED, 1),
        (APPROVED, False, BusinessStatus.DELETED, 1),
        (PENDING, True, None, 0),
        (PENDING, True, BusinessStatus.APPROVED, 0),
        (UserStatus.NOT_APPROVED, True, BusinessStatus.APPROVED, 0),
        (UserStatus.FORBIDDEN, False, BusinessStatus.APPROVED, 0),
    ],
)
def test_the_role_of_a_user(status: int, is_admin: bool, business_status: int | None, role: int) -> None:
    assert derive_role(status=status, is_admin=is_admin, built_in=False, business_status=business_status) == role


def test_only_the_built_in_user_is_system_administrator() -> None:
    for status, is_admin, business_status in product(UserStatus, (True, False), (None, *BusinessStatus)):
        ordinary = derive_role(status=status, is_admin=is_admin, built_in=False, business_status=business_status)
        assert ordinary < Role.SYSTEM_ADMINISTRATOR
    built_in = derive_role(status=APPROVED, is_admin=True, built_in=True, business_status=None)
    assert built_in is Role.SYSTEM_ADMINISTRATOR


def test_every_role_has_a_name_for_people() -> None:
    assert set(ROLE_NAMES) == set(Role)
    assert len(set(ROLE_NAMES.values())) == len(Role)
