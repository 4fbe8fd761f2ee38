"""A form over the screen that asked for it: it stays, with its values, until the platform has taken them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget

from backend.errors import ErrorKind, PlatformError
from widgets.dialog import Dialog
from widgets.form import Field, FieldValue, Form
from widgets.hints import Hint
from widgets.text import in_a_row

Submit = Callable[[dict[str, FieldValue]], Awaitable[object]]

ENDED: Final = frozenset({ErrorKind.UNAUTHENTICATED})
"""Errors that no other value mends: the dialog closes with them, and its `error` says which it was."""


class FormDialog(Dialog[bool]):
    """Asks for values and hands them to `submit`. True when it took them; False, or None, when the person left.

    A refusal is shown at the field that it names, and everything stays as it was entered.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave", show=False, id="form.leave")]

    def __init__(
        self, title: str, fields: Sequence[Field], submit: Submit, *, verb: str = "Save", about: str = ""
    ) -> None:
        super().__init__(title)
        self.box_classes = "-form"
        self.error: PlatformError | None = None
        self._submit = submit
        self._verb = verb
        self._form = Form(fields, about=about)
        self._form.answer_line = self.say

    def middle(self) -> Iterable[Widget]:
        """The form."""
        yield self._form

    def hints(self) -> Sequence[Hint]:
        """How to go on, to send and to leave."""
        verb = in_a_row(self._verb)
        passwords = [Hint("ctrl+t", "show password")] if self._form.has_passwords else []
        fields = self._form.fields
        if len(fields) == 1 and fields[0].kind != "multiline":
            return [Hint("enter", verb), *passwords, Hint("esc", "leave")]
        return [Hint("ctrl+s", verb), Hint("enter", "next field"), *passwords, Hint("esc", "leave")]

    @on(Form.Submitted)
    def _submitted(self, event: Form.Submitted) -> None:
        event.stop()
        self._send(event.values)

    @work(group="submit", exclusive=True)
    async def _send(self, values: dict[str, FieldValue]) -> None:
        self._form.set_busy(busy=True)
        try:
            await self._submit(values)
        except PlatformError as error:
            if error.kind in ENDED:
                self.error = error
                self.answer(value=False)
            else:
                self._form.show_error(error)
            return
        self.answer(value=True)

    def action_leave(self) -> None:
        """Leave; when something was entered, only on the second time."""
        if self._form.may_leave():
            self.answer(value=False)
