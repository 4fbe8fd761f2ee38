"""Users: the list, a user's detail, approval, sub-users, password reset, deletion (operations 5-8, 11)."""

from __future__ import annotations

from collections.abc import Sequence
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
from screens.detail_screen import Detail, DetailAction, DetailScreen
from screens.resource import Query, Resource, RowAction
from screens.words import ROLES, USER_STATUS, ago, yes_no
from widgets.actions import Action, Risk
from widgets.columns import Cell, Column
from widgets.detail import Line, Section
from widgets.form import Field, FieldValue
from widgets.message_line import Severity
from widgets.text import NOTHING, when

if TYPE_CHECKING:
    from screens.list_screen import ListScreen

_APPROVED, _NOT_APPROVED, _FORBIDDEN = 1, 2, 3


def _label(user: User) -> str:
    return user.user


def _parameters(query: Query) -> dict[str, JsonValue]:
    parameters: dict[str, JsonValue] = {
        "name": query.text,
        "orderBy": query.order_by or "id",
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


async def _set_status(screen: ListScreen[User], users: list[User], status: int, done: str) -> None:
    async def audit(user: User) -> None:
        await screen.session.call(AUDIT_USER, userId=user.id, status=status)

    await screen.each(users, _label, audit, done)


async def _approve(screen: ListScreen[User], users: list[User]) -> None:
    await _set_status(screen, users, _APPROVED, "approved")


async def _disapprove(screen: ListScreen[User], users: list[User]) -> None:
    lost = ["They are logged out and cannot log in until approved."]
    if await screen.ask_confirm("Disapprove", "user", [user.user for user in users], lost):
        await _set_status(screen, users, _NOT_APPROVED, "disapproved")


async def _disable(screen: ListScreen[User], users: list[User]) -> None:
    lost = ["They are logged out at once and cannot log in until approved again."]
    if await screen.ask_confirm("Disable", "user", [user.user for user in users], lost):
        await _set_status(screen, users, _FORBIDDEN, "disabled")


async def _delete(screen: ListScreen[User], users: list[User]) -> None:
    lost = [
        "Their account, phone number and sessions are gone for good.",
        "A business that they applied for and that is still pending is disapproved.",
        "The activity log keeps their user name.",
    ]
    if not await screen.ask_confirm("Delete", "user", [user.user for user in users], lost, typed=True):
        return

    async def delete(user: User) -> None:
        await screen.session.call(DELETE_USER, userid=user.id)

    await screen.each(users, _label, delete, "deleted")


async def _reset_password(screen: ListScreen[User], users: list[User]) -> None:
    user = users[0]

    async def reset(values: dict[str, FieldValue]) -> None:
        await screen.session.call(RESET_PASSWORD, userId=user.id, password=values["password"])

    fields = [
        Field("password", "New password", kind="password", required=True, help=PASSWORD_HELP, check=check_password)
    ]
    note = f"{user.user} is logged out everywhere, and a lock after failed log-ins is lifted."
    if await screen.ask_form(f"Reset the password of {user.user}", fields, reset, button="Reset", note=note):
        screen.say(f"The password of {user.user} was reset. Tell them in person.", Severity.DONE)


PASSWORD_HELP = "8 to 20 characters with an upper-case letter, a lower-case letter and a digit"  # noqa: S105


async def _create(screen: ListScreen[User], _users: list[User]) -> None:
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
            screen.say(
                "A sub-user belongs to a business, and none is approved yet. Approve one first.", Severity.REFUSED
            )
            return
        choices = [(str(business.id), business.name) for business in found.data]
        fields.insert(0, Field("businessId", "Business", kind="choice", required=True, choices=choices))

    async def create(values: dict[str, FieldValue]) -> None:
        parameters: dict[str, JsonValue] = {**values}
        if "businessId" in values:
            parameters["businessId"] = int(values["businessId"])
        await screen.session.call(CREATE_SUB_USER, **parameters)

    if await screen.ask_form("New sub-user", fields, create, button="Create"):
        screen.say("The user was created and may log in at once.", Severity.DONE)


def _open(screen: ListScreen[User], user: User) -> None:
    screen.app.push_screen(DetailScreen(user_detail(user.id, user.user)))


def user_detail(user_id: int, name: str, actions: Sequence[DetailAction] = ()) -> Detail:
    """The detail of one user."""

    async def load(session: Session) -> list[Section]:
        user = (await session.call(GET_USER, userid=user_id)).data
        return [
            Section(
                "User",
                [
                    Line("User name", user.user),
                    Line("Real name", user.real_name),
                    Line("Phone", user.phone or NOTHING),
                    Line("Status", USER_STATUS[user.status]),
                    Line("Role", ROLES[user.role]),
                    Line("Registered as", "administrator" if user.is_admin else "general user"),
                    Line("Built in", yes_no(user.built_in)),
                ],
            ),
            Section("Business", [Line("Business", user.business_name or NOTHING)]),
            Section("Times", [Line("Created", when(user.create_time)), Line("Updated", when(user.update_time))]),
        ]

    return Detail(f"User {name}", load, frozenset({Topic.USERS, Topic.BUSINESSES}), actions)


def _role(user: User) -> Cell:
    return Cell(ROLES[user.role], "accent" if user.role >= Role.BUSINESS_ADMINISTRATOR else "")


USERS: Resource[User] = Resource(
    name="users",
    title="Users",
    operation=LIST_USERS,
    columns=(
        Column("user_name", "USER", _label, weight=2, minimum=12, maximum=30),
        Column("realName", "REAL NAME", lambda user: user.real_name, weight=2, minimum=10, maximum=30, priority=2),
        Column("status", "STATUS", lambda user: USER_STATUS[user.status], width=12),
        Column("role", "ROLE", _role, width=17, priority=2),
        Column("business", "BUSINESS", lambda user: user.business_name or NOTHING, minimum=10, maximum=24, priority=3),
        Column("phone", "PHONE", lambda user: user.phone or NOTHING, width=16, priority=4),
        Column("id", "AGE", lambda user: ago(user.create_time), width=5, align="right", priority=3),
    ),
    key=lambda user: user.id,
    label=_label,
    topics=frozenset({Topic.USERS, Topic.BUSINESSES}),
    empty="There are no users yet.",
    empty_hint="People register on the log-in screen; you approve them in the inbox.",
    parameters=_parameters,
    filter_hint="user name or real name",
    orders=(("id", "id"), ("user_name", "user_name")),
    open=_open,
    actions=(
        RowAction(
            Action("user.approve", "Approve", "a", Risk.REVERSIBLE, AUDIT_USER.id, bulk=True),
            _approve,
            _refuse_approved,
        ),
        RowAction(
            Action("user.disapprove", "Disapprove", "d", Risk.REVERSIBLE, AUDIT_USER.id, bulk=True),
            _disapprove,
            _refuse_disapproved,
        ),
        RowAction(
            Action("user.disable", "Disable", "x", Risk.REVERSIBLE, AUDIT_USER.id, bulk=True),
            _disable,
            _refuse_disabled,
        ),
        RowAction(
            Action("user.create", "New sub-user", "n", Risk.REVERSIBLE, CREATE_SUB_USER.id), _create, needs_row=False
        ),
        RowAction(
            Action("user.reset_password", "Reset password", "p", Risk.REVERSIBLE, RESET_PASSWORD.id), _reset_password
        ),
        RowAction(
            Action("user.delete", "Delete", "ctrl+d", Risk.DESTRUCTIVE, DELETE_USER.id, bulk=True),
            _delete,
            _refuse_built_in,
        ),
    ),
)
