"""Input fields that are quiet on the line and show hidden characters."""

from __future__ import annotations

from typing import Final

from rich.highlighter import Highlighter
from rich.text import Text
from textual.suggester import Suggester
from textual.widgets import Input, TextArea

from backend.safe_text import visible

_STAND_IN: Final = "\N{REPLACEMENT CHARACTER}"


def stand_ins(text: str) -> str:
    """`text` with each unseen character replaced by one visible sign, so that positions in it stay what they are."""
    shown = visible(text)
    if shown == text:
        return text
    return "".join(character if visible(character) == character else _STAND_IN for character in text)


class _HiddenCharacters(Highlighter):
    """Replaces unseen characters by signs in what is drawn; the value keeps them."""

    def __call__(self, text: str | Text) -> Text:
        plain = text if isinstance(text, str) else text.plain
        shown = stand_ins(plain)
        if shown == plain and isinstance(text, Text):
            return text
        return Text(shown, no_wrap=True, overflow="ignore", end="")

    def highlight(self, text: Text) -> None:
        """Nothing is coloured."""


class QuietInput(Input):
    """An input of one line whose cursor does not blink: a blinking one sends kilobytes each second."""

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        password: bool = False,
        max_length: int = 0,
        suggester: Suggester | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(
            value,
            placeholder=stand_ins(placeholder),
            highlighter=_HiddenCharacters(),
            password=password,
            max_length=max_length,
            suggester=suggester,
            select_on_focus=False,
            compact=True,
            id=id,
            classes=classes,
        )
        self.cursor_blink = False


class QuietTextArea(TextArea):
    """An input of several lines whose cursor does not blink."""

    def __init__(
        self,
        text: str = "",
        *,
        placeholder: str = "",
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(
            text,
            placeholder=stand_ins(placeholder),
            soft_wrap=True,
            tab_behavior="focus",
            compact=True,
            highlight_cursor_line=False,
            id=id,
            classes=classes,
        )
        self.cursor_blink = False

    def get_line(self, line_index: int) -> Text:
        """The line as it is drawn: unseen characters replaced by signs."""
        return Text(stand_ins(self.document.get_line(line_index)), end="", no_wrap=True)
