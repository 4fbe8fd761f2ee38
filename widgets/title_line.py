"""The second line of a list: what it lists, how much of it and how fresh, and where the cursor is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import reactive

from widgets.one_line import OneLine, Part
from widgets.text import plural
from widgets.theme import TONES, Tone


class TitleText(OneLine):
    """The line but for its right end."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"title--bar", "title--name", *(f"title--{tone}" for tone in TONES)}

    base_component = "title--bar"

    name_text = reactive("")
    count = reactive("")
    filter_text = reactive("")
    marks = reactive("")
    note = reactive("")
    note_tone: reactive[Tone] = reactive[Tone]("")

    def parts(self) -> Sequence[Part]:
        """Title, count and filter at the left; marks and the note at the right."""
        return [
            Part(self.name_text, "title--name"),
            Part(self.count, "title--muted", 3),
            Part(f"filter: {self.filter_text}" if self.filter_text else "", "title--warn", 2),
            Part(self.marks, "title--accent", 1, is_right=True),
            Part(self.note, f"title--{self.note_tone or 'muted'}", 2, is_right=True),
        ]


class TitleRuler(OneLine):
    """The cursor's place: a widget of its own: it changes with every move and must cost few bytes."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"title--bar", "title--muted"}

    base_component = "title--bar"

    place = reactive("")

    def parts(self) -> Sequence[Part]:
        """The place, at the right."""
        return [Part(self.place, "title--muted", is_right=True)]


class TitleLine(Horizontal):
    """One line over a list. Says whenever the list is filtered, and how many rows are marked out of sight."""

    def __init__(self, title: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._text = TitleText()
        self._text.name_text = title
        self._ruler = TitleRuler()

    def compose(self) -> ComposeResult:
        """The title, and the cursor's place at the right end."""
        yield self._text
        yield self._ruler

    def show_title(self, title: str) -> None:
        """Another title."""
        self._text.name_text = title

    def show_count(self, shown: int, total: int | None = None) -> None:
        """How many rows the list has, and of how many when it is filtered."""
        self._text.count = f"{shown:,}" if total is None or total == shown else f"{shown:,} of {total:,}"

    def show_filter(self, text: str) -> None:
        """The filter that is on; empty for none."""
        self._text.filter_text = text

    def show_marks(self, count: int, hidden: int = 0) -> None:
        """How many rows are marked, and how many of them the list does not show."""
        out_of_sight = f", {hidden:,} not shown here" if hidden else ""
        self._text.marks = f"{plural(count, 'row')} marked{out_of_sight}" if count else ""

    def show_note(self, text: str, tone: Tone = "") -> None:
        """Something that holds for the whole list, such as `stale, 4m old`; empty for nothing."""
        self._text.note, self._text.note_tone = text, tone

    def show_place(self, index: int, count: int) -> None:
        """Where the cursor is."""
        self._ruler.place = f"{index + 1:,}/{count:,}" if count else ""
