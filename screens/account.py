"""My account: who I am here, password, log out (operations 4, 9, 10)."""

from __future__ import annotations

from typing import ClassVar

from backend.models.accounts import AuthorizationInfo, check_password
from backend.models.base import Role
from backend.notifier import Topic
from backend.operations.accounts import CHANGE_PASSWORD, LOGOUT
from screens.register import check_repeated
from screens.sections_screen import SectionsScreen
from screens.users import PASSWORD_HELP
from screens.words import ROLES
from widgets.actions import Action, Risk
from widgets.detail import Line, Section
from widgets.form import Field, FieldValue
from widgets.text import NOTHING, when

_PASSWORD: Action[object] = Action(
    "account.password", "Change password", "p", Risk.REVERSIBLE, CHANGE_PASSWORD.id, help="Ends all your sessions."
)
_LOGOUT: Action[object] = Action("account.logout", "Log out", "o", Risk.REVERSIBLE, LOGOUT.id)
_NEXT_STEP = {
    Role.PENDING: "Your registration waits for the system administrator. You will see more once it is approved.",
    Role.APPROVED: "You belong to no business yet.",
}


class AccountScreen(SectionsScreen[None]):
    """The logged-in person's own account."""

    place = "account"
    title_text = "My account"
    own_actions: ClassVar[tuple[Action[object], ...]] = (_PASSWORD, _LOGOUT)
    topics = frozenset({Topic.USERS, Topic.BUSINESSES})

    def __init__(self) -> None:
        super().__init__(self.own_actions)

    def current_context(self) -> None:
        """These actions are always possible."""

    async def sections(self) -> list[Section]:
        """Who this is, asked anew: the role may have changed."""
        return _sections(await self.session.look())

    async def perform(self, action: Action[None]) -> None:
        """Change the password, log out, or what the frame does."""
        if action.id == _PASSWORD.id:
            self.run_action_safely(self._change_password)
        elif action.id == _LOGOUT.id:
            self.console.go("logout")
        else:
            await super().perform(action)

    async def _change_password(self) -> None:
        async def change(values: dict[str, FieldValue]) -> None:
            check_repeated(values)
            await self.session.call(CHANGE_PASSWORD, oldPassword=values["oldPassword"], password=values["password"])

        fields = [
            Field("oldPassword", "Old password", kind="password", required=True),
            Field("password", "New password", kind="password", required=True, help=PASSWORD_HELP, check=check_password),
            Field("repeated", "New password again", kind="password", required=True),
        ]
        note = "All your sessions end: you log in again with the new password."
        if await self.ask_form("Change my password", fields, change, button="Change", note=note):
            self.console.logged_out("Your password was changed. Log in with the new one.")


def _sections(info: AuthorizationInfo) -> list[Section]:
    lines = [
        Line("User name", info.display_name),
        Line("Role", ROLES[info.role]),
        Line("Registered as", "administrator" if info.is_admin else "general user"),
        Line("Business", info.business_name or NOTHING),
        Line("Session until", f"{when(info.expire_time)}; it is renewed while you work"),
    ]
    sections = [Section("Account", lines)]
    if info.role in _NEXT_STEP:
        hint = _NEXT_STEP[Role(info.role)]
        if info.role == Role.APPROVED:
            how = ":businesses, then n to apply." if info.is_admin else "ask a business administrator for a sub-user."
            hint = f"{hint} Next: {how}"
        sections.append(Section("What comes next", [Line("", hint)]))
    return sections
