"""Users, their status, and tokens (operations 1-11)."""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from backend.models.base import Id, Line, Name, Order, Paged, Request, Wire

_USER_NAME = re.compile(r"[A-Za-z0-9._-]{1,50}")
_PHONE = re.compile(r"\+?[0-9]{1,15}")


class UserStatus(IntEnum):
    """Where a user's registration stands."""

    PENDING = 0
    APPROVED = 1
    NOT_APPROVED = 2
    FORBIDDEN = 3


def check_password(password: str) -> str:
    """Return `password` when it keeps the rule of decision 8, else raise ValueError naming what is missing."""
    missing = [
        what
        for what, found in (
            ("an upper-case letter", any("A" <= character <= "Z" for character in password)),
            ("a lower-case letter", any("a" <= character <= "z" for character in password)),
            ("a digit", any("0" <= character <= "9" for character in password)),
        )
        if not found
    ]
    if not 8 <= len(password) <= 20:
        missing.insert(0, "8 to 20 characters")
    if missing:
        msg = f"needs {', '.join(missing)}"
        raise ValueError(msg)
    if any(unicodedata.category(character) == "Cs" for character in password):
        msg = "holds half a character"
        raise ValueError(msg)
    return password


def check_user_name(name: str) -> str:
    """Return `name` when it keeps the rule of decision 11, else raise ValueError."""
    if not _USER_NAME.fullmatch(name):
        msg = "takes 1 to 50 letters, digits, '.', '_' or '-'"
        raise ValueError(msg)
    return name


def check_phone(phone: str) -> str:
    """Return `phone` when it keeps the rule of decision 11, else raise ValueError."""
    if not _PHONE.fullmatch(phone):
        msg = "takes 1 to 15 digits after an optional +"
        raise ValueError(msg)
    return phone


UserName = Annotated[str, AfterValidator(check_user_name)]
NewPassword = Annotated[str, AfterValidator(check_password)]
Phone = Annotated[str, AfterValidator(check_phone)]
# A password that is only compared may have any shape, but not any size: hashing is costly.
GivenPassword = Annotated[str, StringConstraints(max_length=1024)]


class Login(Request):
    """Operation 1."""

    user: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    password: GivenPassword


class Register(Request):
    """Operation 3."""

    user: UserName
    password: NewPassword
    phone: Phone
    is_admin: bool
    real_name: Name


class ChangePassword(Request):
    """Operation 4."""

    old_password: GivenPassword
    password: NewPassword


class DeleteUser(Request):
    """Operation 5; the path writes `userid` in lower case."""

    user_id: Id = Field(alias="userid")


class ResetPassword(Request):
    """Operation 6."""

    user_id: Id
    password: NewPassword


class ListUsers(Paged):
    """Operation 7; `status`, `name`, `businessId` narrow the list and are extensions."""

    order_by: Literal["id", "user_name"] = "id"
    order: Order = "asc"
    status: UserStatus | None = None
    name: Line = ""
    business_id: Id | None = None


class AuditUser(Request):
    """Operation 8."""

    user_id: Id
    status: Annotated[int, Field(ge=0, le=3)]


class CreateSubUser(Register):
    """Operation 11; `businessId` is for the system administrator, who must name the business (decision 14)."""

    business_id: Id | None = None


class TokenAnswer(Wire):
    """The new token; `expireTime` is in unix seconds."""

    token: str
    expire_time: int


class User(Wire):
    """A row of operation 7; what follows `updateTime` are extensions."""

    id: int
    user: str
    status: UserStatus
    real_name: str
    phone: str
    create_time: int
    update_time: int
    is_admin: bool
    role: int
    business_id: int | None
    business_name: str
    built_in: bool


class AuthorizationInfo(Wire):
    """Operation 10; `userId`, `businessId`, `businessName`, `isAdmin` and `expireTime` are extensions."""

    display_name: str
    has_repo_account: bool
    role: int
    private_project: bool
    enable_ingress: bool
    enable_alert: bool
    enable_admin_auto_deploy: bool
    user_id: int
    is_admin: bool
    business_id: int | None
    business_name: str
    expire_time: int
