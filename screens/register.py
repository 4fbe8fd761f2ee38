"""The forms before anyone is logged in: a registration (operation 3), and a new site's administrator (decision 7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from backend.errors import ErrorKind, PlatformError
from backend.models.accounts import check_password, check_phone, check_user_name
from backend.operations.accounts import REGISTER
from screens.console import ConsoleApp
from screens.incidents import unexpected
from screens.users import PASSWORD_HELP
from widgets.form import Field, FieldValue
from widgets.form_dialog import FormDialog


def _password_fields(values: Sequence[str] = ("password", "repeated")) -> list[Field]:
    password, repeated = values
    return [
        Field(password, "Password", kind="password", required=True, help=PASSWORD_HELP, check=check_password),
        Field(repeated, "Password again", kind="password", required=True),
    ]


def check_repeated(values: dict[str, FieldValue]) -> None:
    """Take the repeated password out of `values`. Raises PlatformError when it is another one."""
    if values.pop("repeated") != values["password"]:
        raise PlatformError(ErrorKind.INVALID, "The two passwords differ. Type them again.", field="repeated")


async def _guarded(run: Callable[[], Awaitable[object]]) -> None:
    """Run what a form submits. Raises PlatformError only, which the form shows."""
    try:
        await run()
    except PlatformError:
        raise
    except Exception as error:
        raise unexpected(error, "The form") from error


async def register(console: ConsoleApp) -> bool:
    """Ask for a registration until the platform takes it; False when the person left."""
    fields = [
        Field("user", "User name", required=True, help="letters, digits, . _ -", check=check_user_name),
        Field("realName", "Real name", required=True),
        Field("phone", "Phone", required=True, help="digits, with + in front if you like", check=check_phone),
        *_password_fields(),
        Field("isAdmin", "Administrator", kind="bool", help="tick it to apply for a business of your own"),
    ]

    async def submit(values: dict[str, FieldValue]) -> None:
        check_repeated(values)
        await _guarded(lambda: console.session.call(REGISTER, **values))

    note = "The system administrator approves registrations."
    answer = await console.push_screen_wait(FormDialog("Register", fields, submit, verb="Register", about=note))
    return bool(answer)


async def set_up(console: ConsoleApp) -> str:
    """Ask for the new site's system administrator; returns the user name, empty when the person left."""
    fields = [Field("user", "User name", required=True, value="admin", check=check_user_name), *_password_fields()]
    taken: list[str] = []

    async def submit(values: dict[str, FieldValue]) -> None:
        check_repeated(values)
        await _guarded(lambda: console.set_up(str(values["user"]), str(values["password"])))
        taken.append(str(values["user"]))

    note = "This site is new: it needs its system administrator. There is no default password."
    await console.push_screen_wait(FormDialog("Set the site up", fields, submit, verb="Set up", about=note))
    return taken[0] if taken else ""
