"""Users: the list, a user's detail, approval, sub-users, password reset, deletion (operations 5-8, 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import JsonValue

from backend.models.accounts import User, check_password, check_phone, check_user_name
from backend.models.base import Role
from backend.notifier import Topic
from backend.operations.accounts import (
    AUDIT_USER,
    CREATE_SUB_USER,
    DELETE_USER,
    GET_USER,
    LIST_USERS,
    RESET_PASSWORD,
)
from backend.operations.businesses import LIST_BUSINESSES
from backend.session import Session
from screens.base import listed
from screens.resource import Detail, Query, Resource, RowAction
from screens.words import ROLES, USER_STATUS, ago
from widgets.actions import Action, Risk
from widgets.columns import Cell, Column
from widgets.detail import Line, Section
from widgets.form import Field, FieldValue
from widgets.message_line import Severity
from widgets.text import NOTHING, when

if TYPE_CHECKING:
    from screens.list_screen import ListScreen

_PENDING, _APPROVED, _NOT_APPROVED, _FORBIDDEN = range(4)


def _label(user: User) -> str:
    return user.user


def _parameters(query: Query) -> dict[str, JsonValue]:
    parameters: dict[str, JsonValue] = {
        "name": query.text,
        "orderBy": query.order_by or "user_name",
        "order": "desc" if query.descending else "asc",
    }
    return {**parameters, **query.scope}


def _refuse_built_in(user: User) -> str:
    return f"{user.user} is the built-in administrator" if user.built_in else ""


def _refuse_approved(user: User) -> str:
    return f"{user.user} is approved already" if user.status == _APPROVED else _refuse_built_in(user)


def _refuse_disapproved(user: User) -> str:
    return f"{user.user} is not approved already" if user.status == _NOT_APPROVED else _refuse_built_in(user)


def _refuse_disabled(user: User) -> str:
    return f"{user.user} is disabled already" if user.status == _FORBIDDEN else _refuse_built_in(user)


async def _set_status(screen: ListScreen[User], users: list[User], status: int, done: str) -> bool:
    async def audit(user: User) -> None:
        await screen.session.call(AUDIT_USER, userId=user.id, status=status)

    return await screen.each(users, _label, audit, done)


async def _approve(screen: ListScreen[User], users: list[User]) -> bool:
    # One pending user is what the key is for; many at once, or one who was refused before, is asked about.
    again = [user.user for user in users if user.status != _PENDING]
    if again or len(users) > 1:
        gained = ["They may log in."]
        if again:
            gained.append(f"Disapproved or disabled before: {listed(again)}.")
        if not await screen.ask_confirm("Approve", "user", [user.user for user in users], gained):
            return False
    return await _set_status(screen, users, _APPROVED, "approved")


async def _disapprove(screen: ListScreen[User], users: list[User]) -> bool:
    lost = ["They are logged out at once and cannot log in until approved."]
    if not await screen.ask_confirm("Disapprove", "user", [user.user for user in users], lost):
        return False
    return await _set_status(screen, users, _NOT_APPROVED, "disapproved")


async def _disable(screen: ListScreen[User], users: list[User]) -> bool:
    lost = ["They are logged out at once and cannot log in until approved again."]
    if not await screen.ask_confirm("Disable", "user", [user.user for user in users], lost):
        return False
    return await _set_status(screen, users, _FORBIDDEN, "disabled")


async def _delete(screen: ListScreen[User], users: list[User]) -> bool:
    lost = [
        "Their account, phone number and sessions are gone for good.",
        "A business that they applied for and that is still pending is disapproved.",
        "The activity log keeps their user name.",
    ]
    if not await screen.ask_confirm("Delete", "user", [user.user for user in users], lost, typed=True):
        return False

    async def delete(user: User) -> None:
        await screen.session.call(DELETE_USER, userid=user.id)

    return await screen.each(users, _label, delete, "deleted")


async def _reset_password(screen: ListScreen[User], users: list[User]) -> bool:
    user = users[0]

    async def reset(values: dict[str, FieldValue]) -> None:
        await screen.session.call(RESET_PASSWORD, userId=user.id, password=values["password"])

    fields = [
        Field("password", "New password", kind="password", required=True, help=PASSWORD_HELP, check=check_password)
    ]
    note = f"{user.user} is logged out everywhere, and a lock after failed log-ins is lifted."
    if not await screen.ask_form(f"Reset the password of {user.user}", fields, reset, button="Reset", note=note):
        return False
    screen.say(f"The password of {user.user} was reset. Tell them in person.", Severity.DONE)
    return True


PASSWORD_HELP = "8 to 20 characters with an upper-case letter, a lower-case letter and a digit"  # noqa: S105


async def _create(screen: ListScreen[User], _users: list[User]) -> bool:
    info = screen.session.info
    fields = [
        Field("user", "User name", required=True, help="letters, digits, . _ -", check=check_user_name),
        Field("realName", "Real name", required=True),
        Field("phone", "Phone", required=True, help="digits, with + in front if you like", check=check_phone),
        Field("password", "Password", kind="password", required=True, help=PASSWORD_HELP, check=check_password),
        Field("isAdmin", "Administrator", kind="bool", help="may manage the users and audits of the business"),
    ]
    if info is not None and info.role == Role.SYSTEM_ADMINISTRATOR:
        found = await screen.session.call(LIST_BUSINESSES, status=1, pageSize=0)
        if not found.data:
            why = "A sub-user belongs to a business, and none is approved yet. Approve one in the inbox first."
            screen.say(why, Severity.REFUSED)
            return False
        choices = [(str(business.id), business.name) for business in found.data]
        fields.insert(0, Field("businessId", "Business", kind="choice", required=True, choices=choices))

    async def create(values: dict[str, FieldValue]) -> None:
        parameters: dict[str, JsonValue] = {**values}
        if "businessId" in values:
            parameters["businessId"] = int(values["businessId"])
        await screen.session.call(CREATE_SUB_USER, **parameters)

    if not await screen.ask_form("New sub-user", fields, create, button="Create"):
        return False
    screen.say("The user was created and may log in at once.", Severity.DONE)
    screen.refresh_data()
    return True


def user_detail(user_id: int, name: str) -> Detail:
    """The detail of one user."""

    async def load(session: Session) -> list[Section]:
        return _sections((await session.call(GET_USER, userid=user_id)).data)

    return Detail(f"User {name}", load, frozenset({Topic.USERS, Topic.BUSINESSES}))


def _sections(user: User) -> list[Section]:
    lines = [
        Line("User name", user.user),
        Line("Real name", user.real_name),
        Line("Phone", user.phone or NOTHING),
        Line("Status", USER_STATUS[user.status]),
        Line("Role", _role(user)),
        Line("Business", _business(user)),
        Line("Registered as", _kind(user)),
        Line("Created", f"{when(user.create_time)} ({ago(user.create_time)} ago)"),
        Line("Updated", f"{when(user.update_time)} ({ago(user.update_time)} ago)"),
    ]
    sections = [Section("User", lines)]
    if user.status == _PENDING:
        sections.append(Section("If approved", [Line("", _IF_ADMINISTRATOR if user.is_admin else _IF_GENERAL_USER)]))
    return sections


_IF_ADMINISTRATOR = "They may apply for a business of their own, which is audited too."
_IF_GENERAL_USER = "They belong to no business, and see none: a business administrator must create a sub-user for them."


def _kind(user: User) -> str:
    if user.built_in:
        return "the built-in administrator"
    return "administrator" if user.is_admin else "general user"


def _role(user: User) -> Cell:
    if user.role == Role.PENDING and user.status != _PENDING:
        return Cell(NOTHING)
    return Cell(ROLES[user.role], "accent" if user.role >= Role.BUSINESS_ADMINISTRATOR else "")


def _business(user: User) -> str:
    # Before it is approved, the business that a user applied for is not theirs.
    return user.business_name if user.business_name and user.role >= Role.GENERAL_USER else NOTHING


USERS: Resource[User] = Resource(
    name="users",
    title="Users",
    operation=LIST_USERS,
    columns=(
        Column("user_name", "USER", _label, weight=2, minimum=16, maximum=30),
        Column("realName", "REAL NAME", lambda user: user.real_name, weight=2, minimum=14, maximum=30, priority=2),
        Column("status", "STATUS", lambda user: USER_STATUS[user.status], width=12),
        Column("role", "ROLE", _role, width=17, priority=2),
        Column("business", "BUSINESS", _business, minimum=14, maximum=24, priority=3),
        Column("phone", "PHONE", lambda user: user.phone or NOTHING, width=16, priority=4),
        Column("id", "AGE", lambda user: ago(user.create_time), width=5, align="right", priority=2),
    ),
    key=lambda user: user.id,
    label=_label,
    topics=frozenset({Topic.USERS, Topic.BUSINESSES}),
    empty="There are no users yet.",
    empty_hint="People register on the log-in screen; you approve them in the inbox. n makes a sub-user.",
    parameters=_parameters,
    filter_hint="user name or real name",
    orders=(("user_name", "user_name"), ("id", "id")),
    falling=frozenset({"id"}),
    detail=lambda user: user_detail(user.id, user.user),
    actions=(
        RowAction(
            Action("user.approve", "Approve", "a", Risk.REVERSIBLE, AUDIT_USER.id, bulk=True, help="They may log in."),
            _approve,
            _refuse_approved,
        ),
        RowAction(
            Action(
                "user.disapprove",
                "Disapprove",
                "d",
                Risk.REVERSIBLE,
                AUDIT_USER.id,
                bulk=True,
                help="They are logged out and may not log in.",
            ),
            _disapprove,
            _refuse_disapproved,
        ),
        RowAction(
            Action(
                "user.disable",
                "Disable",
                "x",
                Risk.REVERSIBLE,
                AUDIT_USER.id,
                bulk=True,
                help="They are logged out and may not log in.",
            ),
            _disable,
            _refuse_disabled,
        ),
        RowAction(
            Action("user.create", "New sub-user", "n", Risk.REVERSIBLE, CREATE_SUB_USER.id, help="Of a business."),
            _create,
            needs_row=False,
        ),
        RowAction(
            Action(
                "user.reset_password",
                "Reset password",
                "p",
                Risk.REVERSIBLE,
                RESET_PASSWORD.id,
                help="Ends their sessions, lifts a lock.",
            ),
            _reset_password,
        ),
        RowAction(
            Action(
                "user.delete",
                "Delete",
                "ctrl+d",
                Risk.DESTRUCTIVE,
                DELETE_USER.id,
                bulk=True,
                help="Their account is gone for good.",
            ),
            _delete,
            _refuse_built_in,
            then="back",
        ),
    ),
)
