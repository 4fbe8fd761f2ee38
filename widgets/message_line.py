"""The line over the hints: why a key was refused, what came of an action, what went wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final

from textual.reactive import reactive

from backend.errors import PlatformError
from widgets.one_line import OneLine, Part
from widgets.text import fit, width_of
from widgets.theme import TONES, Tone

_KEPT: Final = 50


class Severity(Enum):
    """What kind of message it is; each has a word, so that colour alone never says it."""

    NOTE = ("", "")
    BUSY = ("Working", "busy")
    DONE = ("Done", "good")
    REFUSED = ("Not possible", "warn")
    WARNING = ("Warning", "warn")
    ERROR = ("Error", "bad")

    @property
    def word(self) -> str:
        """The word in front of the message."""
        return self.value[0]

    @property
    def tone(self) -> Tone:
        """The tone of that word."""
        tone: Tone = next((tone for tone in TONES if tone == self.value[1]), "")
        return tone


@dataclass(frozen=True, slots=True)
class Notice:
    """A message: one sentence, and for errors whatever else is worth copying."""

    severity: Severity
    text: str
    detail: str = ""


class MessageLine(OneLine):
    """Shows the last message. It stays until the next key, an error until the next message or `clear`.

    Behind it stands what holds all the time (`standing`), shown when there is no message.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"message--bar", "message--text", *(f"message--{tone}" for tone in TONES)}

    base_component = "message--bar"

    notice: reactive[Notice | None] = reactive[Notice | None](None)
    standing = reactive("")
    full_text_key = "ctrl+e"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._past: deque[Notice] = deque(maxlen=_KEPT)

    def show(self, text: str, severity: Severity = Severity.NOTE, *, detail: str = "") -> None:
        """Show a message in place of the last one."""
        self.notice = Notice(severity, text, detail)
        self._past.append(self.notice)

    def show_error(self, error: BaseException) -> None:
        """Show what went wrong: a PlatformError's own sentence, or the kind and text of an unexpected error."""
        if isinstance(error, PlatformError):
            results = "\n".join(f"{result.name}: {result.message}" for result in error.results)
            self.show(error.message, Severity.ERROR, detail=results)
        else:
            self.show(f"Unexpected error {type(error).__name__}: {error}", Severity.ERROR)

    def settle(self) -> None:
        """A key was pressed: a message has been read; an error and work in progress stay."""
        if self.notice is not None and self.notice.severity not in {Severity.ERROR, Severity.BUSY}:
            self.notice = None

    def clear(self) -> None:
        """Show no message."""
        self.notice = None

    @property
    def last_notice(self) -> Notice | None:
        """The message that is shown, or the last that was."""
        return self.notice or (self._past[-1] if self._past else None)

    @property
    def past(self) -> Sequence[Notice]:
        """The last messages, oldest first."""
        return tuple(self._past)

    def parts(self) -> Sequence[Part]:
        """The severity's word, the sentence, and how to read all of it when it does not fit."""
        notice = self.notice
        if notice is None:
            return [Part(self.standing, "message--muted")]
        word = notice.severity.word
        tone = f"message--{notice.severity.tone}" if notice.severity.tone else "message--text"
        lead = f"{word}:" if word else ""
        room = self.size.width - 2 * self.margin - (len(lead) + 1 if lead else 0)
        is_cut = bool(notice.detail) or width_of(fit(notice.text, room + 1)) > room
        return [
            Part(notice.text, "message--text", lead=lead, lead_component=tone),
            Part(f"{self.full_text_key} all of it" if is_cut else "", "message--muted", is_right=True),
        ]
