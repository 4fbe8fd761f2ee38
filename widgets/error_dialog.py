"""A message in full: an error with what happened to each item, to read and copy."""

from __future__ import annotations

from typing import Self

from widgets.dialog import TextDialog
from widgets.message_line import Notice, Severity


class ErrorDialog(TextDialog):
    """Shows a message of the message line with everything that did not fit there."""

    @classmethod
    def of(cls, notice: Notice) -> Self:
        """The dialog for a notice."""
        is_error = notice.severity is Severity.ERROR
        text = f"{notice.text}\n\n{notice.detail}" if notice.detail else notice.text
        dialog = cls(notice.severity.word or "Message", text)
        dialog.box_classes = "-danger" if is_error else ""
        return dialog
