"""What screens ask before they do something: a confirmation, values, a label, a comment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from screens.base import PlatformScreen, listed
from widgets.dialogs import ConfirmDialog
from widgets.form import Field, FieldValue
from widgets.form_dialog import FormDialog
from widgets.text import plural

ContextT = TypeVar("ContextT")


class AskingScreen(PlatformScreen[ContextT], Generic[ContextT]):
    """A screen that asks."""

    opened_by = ""
    """The key that began the present action: it must not confirm it."""
    left_out_note = ""
    """What is said in a dialog of the rows that the present action leaves out."""

    async def ask_confirm(
        self,
        verb: str,
        noun: str,
        names: Sequence[str],
        lost: Sequence[str],
        *,
        typed: bool = False,
        word: str = "",
        key_title: str = "",
    ) -> bool:
        """Ask before something is lost. `typed`: the name must be typed (the count, for several), or `word`.

        `key_title` says what the confirming key does where `verb` is too long for that.
        """
        what = f"{noun} {names[0]}" if len(names) == 1 else plural(len(names), noun)
        lines = [] if len(names) == 1 else [listed(names)]
        lines += [note for note in (self.left_out_note,) if note]
        confirm = (word or (names[0] if len(names) == 1 else str(len(names)))) if typed else ""
        dialog = ConfirmDialog(
            f"{verb} {what}?", [*lines, *lost], confirm, verb=key_title or verb, opened_by=self.opened_by
        )
        answer = await self.app.push_screen_wait(dialog)
        return bool(answer)

    async def ask_form(
        self,
        title: str,
        fields: Sequence[Field],
        submit: Callable[[dict[str, FieldValue]], Awaitable[None]],
        *,
        button: str = "Save",
        note: str = "",
    ) -> bool:
        """Ask for several values and hand them to `submit` until it takes them; False when the person left."""

        async def guarded(values: dict[str, FieldValue]) -> None:
            await self.guarded(lambda: submit(values))

        about = "\n".join(line for line in (note, self.left_out_note) if line)
        dialog = FormDialog(title, fields, guarded, verb=button, about=about)
        answer = await self.app.push_screen_wait(dialog)
        if dialog.error is not None:
            raise dialog.error
        return bool(answer)

    async def ask_text(
        self,
        title: str,
        name: str,
        *,
        button: str = "OK",
        note: str = "",
        help: str = "",  # noqa: A002 - a form field's name
        check: Callable[[str], object] | None = None,
        value: str = "",
    ) -> str | None:
        """Ask for one line; None when the person left."""
        given: list[str] = []

        async def take(values: dict[str, FieldValue]) -> None:
            given.append(str(values["text"]).strip())

        field = Field("text", name, required=True, help=help, check=check, value=value)
        return given[0] if await self.ask_form(title, [field], take, button=button, note=note) else None

    async def ask_choice(
        self, title: str, name: str, choices: Sequence[str], *, button: str = "OK", note: str = ""
    ) -> str | None:
        """Ask for one of several; None when the person left."""
        given: list[str] = []

        async def take(values: dict[str, FieldValue]) -> None:
            given.append(str(values["choice"]))

        field = Field("choice", name, kind="choice", required=True, choices=[(choice, choice) for choice in choices])
        return given[0] if await self.ask_form(title, [field], take, button=button, note=note) else None

    async def ask_comment(self, verb: str, names: Sequence[str], *, required: bool) -> str | None:
        """Ask for the comment of a decision on these; None when the person left."""
        what = names[0] if len(names) == 1 else plural(len(names), "request")
        given: list[str] = []

        async def take(values: dict[str, FieldValue]) -> None:
            given.append(str(values["comment"]))

        why = "needed: the applicant reads why" if required else "may stay empty; the applicant reads it"
        field = Field("comment", "Comment", required=required, help=why, maximum=1000)
        note = "" if len(names) == 1 else listed(names)
        return given[0] if await self.ask_form(f"{verb} {what}", [field], take, button=verb, note=note) else None
