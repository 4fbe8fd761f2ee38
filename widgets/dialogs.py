"""Questions: confirm, give a comment, choose one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from widgets.columns import Cell, Column
from widgets.dialog import Dialog
from widgets.hints import Hint
from widgets.inputs import QuietInput, QuietTextArea
from widgets.keys import key_label
from widgets.table import VirtualTable
from widgets.table_messages import RowSelected
from widgets.text import in_a_row, plural, safe, safe_lines

ValueT = TypeVar("ValueT")

_CONFIRM_KEYS: Final = ("y", "c")
_MOST_LINES: Final = 500
_MOST_CHOICES: Final = 14


class ConfirmDialog(Dialog[bool]):
    """Says what will be lost and asks. True only when it was confirmed; esc, or anything else, keeps everything.

    With `confirm_word` (the object's name) that word must be typed. Without it one key confirms, never the key that
    opened the dialog (`opened_by`) and never enter.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"confirm_key({key!r})", "Confirm", show=False) for key in _CONFIRM_KEYS),
        Binding("n", "leave", "Keep", show=False),
        Binding("enter", "enter", "", show=False),
    ]

    def __init__(
        self,
        title: str,
        what_is_lost: Sequence[str],
        confirm_word: str = "",
        *,
        verb: str = "Delete",
        opened_by: str = "",
    ) -> None:
        super().__init__(title)
        self.box_classes = "-danger"
        self._lines = tuple(what_is_lost)
        self._word = confirm_word
        self._verb = verb
        self._key = next(key for key in _CONFIRM_KEYS if key != opened_by)
        self._input = QuietInput(id="confirm-word")

    def body(self) -> Iterable[Widget]:
        """What will be lost, a line for each thing."""
        for line in self._lines[:_MOST_LINES]:
            yield Static(safe(f"• {line}"), markup=False, classes="dialog--item")
        if len(self._lines) > _MOST_LINES:
            yield Static(safe(f"… and {len(self._lines) - _MOST_LINES:,} more"), classes="dialog--item")

    def footer(self) -> Iterable[Widget]:
        """The word to type, and where."""
        if self._word:
            yield Static(
                safe("Type ").append(safe(self._word, "bold")).append(safe(" to confirm:")),
                markup=False,
                classes="dialog--ask",
            )
            yield self._input

    def hints(self) -> Sequence[Hint]:
        """The confirming key, bracketed until the word is right, and how to keep everything."""
        title = in_a_row(self._verb)
        if self._word:
            return [Hint("enter", title, self._is_typed), Hint("esc", "keep")]
        return [Hint(self._key, title), Hint("esc", "keep")]

    @property
    def _is_typed(self) -> bool:
        return self._input.value.strip() == self._word.strip()

    @on(Input.Changed)
    def _typed(self) -> None:
        self.say("")
        self.refresh_hints()

    @on(Input.Submitted)
    def _entered(self) -> None:
        if self._is_typed:
            self.answer(value=True)
        else:
            self.say("That is not the name. Nothing was done.", "warn")

    def action_confirm_key(self, key: str) -> None:
        """Confirm by key, where no word is asked for."""
        if self._word or key != self._key:
            self.action_enter()
        else:
            self.answer(value=True)

    def action_enter(self) -> None:
        """Enter alone never confirms."""
        self.say(f"Press {self._key} to confirm or esc to keep.", "warn")

    def action_leave(self) -> None:
        """Keep everything."""
        self.answer(value=False)


class PromptDialog(Dialog[str | None]):
    """Asks for a text, such as the comment of an audit; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "Send", show=False, id="dialog.submit"),
    ]

    def __init__(
        self,
        title: str,
        question: str,
        *,
        verb: str = "OK",
        required: bool = False,
        placeholder: str = "",
        value: str = "",
        max_length: int = 0,
        multiline: bool = False,
    ) -> None:
        super().__init__(title)
        self._question = question
        self._verb = verb
        self._required = required
        self._max_length = max_length
        self._input: QuietInput | QuietTextArea
        if multiline:
            self._input = QuietTextArea(value, placeholder=placeholder)
        else:
            self._input = QuietInput(value, placeholder=placeholder, max_length=max_length)

    @property
    def value(self) -> str:
        """What was typed, without spaces around it."""
        return (self._input.value if isinstance(self._input, QuietInput) else self._input.text).strip()

    def body(self) -> Iterable[Widget]:
        """The question."""
        yield Static(safe_lines(self._question), markup=False)

    def footer(self) -> Iterable[Widget]:
        """The input."""
        yield self._input

    def on_mount(self) -> None:
        """Begin typing at once."""
        super().on_mount()
        self._input.focus()

    def hints(self) -> Sequence[Hint]:
        """How to send, bracketed while a required text is missing, and how to leave."""
        key = "enter" if isinstance(self._input, QuietInput) else "ctrl+s"
        ready = bool(self.value) or not self._required
        return [Hint(key, in_a_row(self._verb), ready), Hint("esc", "cancel")]

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _typed(self) -> None:
        self.say("")
        self.refresh_hints()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_submit()

    def action_submit(self) -> None:
        """Close with the text, or say what is wrong with it."""
        value = self.value
        if self._required and not value:
            self.say("This needs a text.", "warn")
        elif self._max_length and len(value) > self._max_length:
            self.say(f"At most {plural(self._max_length, 'character')}; these are {len(value):,}.", "warn")
        else:
            self.answer(value)


@dataclass(frozen=True, slots=True)
class Choice(Generic[ValueT]):
    """One of several: its value, its title, and what it means."""

    value: ValueT
    title: str
    help: str = ""


class ChoiceDialog(Dialog[ValueT | None], Generic[ValueT]):
    """Asks for one of several; None when it was left."""

    def __init__(
        self, title: str, choices: Sequence[Choice[ValueT]], *, question: str = "", selected: ValueT | None = None
    ) -> None:
        super().__init__(title)
        self._choices = tuple(choices)
        self._question = question
        self._selected = selected
        columns: list[Column[int]] = [
            Column("title", "", lambda place: self._choices[place].title, minimum=10, maximum=40),
            Column(
                "help", "", lambda place: Cell(self._choices[place].help, "muted"), minimum=10, weight=2, priority=2
            ),
        ]
        has_help = any(choice.help for choice in choices)
        self._table: VirtualTable[int] = VirtualTable(columns if has_help else columns[:1], int, show_header=False)

    def middle(self) -> Iterable[Widget]:
        """The question and the choices."""
        if self._question:
            yield Static(safe_lines(self._question), markup=False, classes="dialog--question")
        yield self._table

    def on_mount(self) -> None:
        """Begin at the present choice."""
        super().on_mount()
        self._table.styles.height = max(1, min(len(self._choices), _MOST_CHOICES))
        self._table.set_rows(range(len(self._choices)))
        places = [place for place, choice in enumerate(self._choices) if choice.value == self._selected]
        self._table.focus()
        if places:
            self._table.move_cursor(places[0])

    def hints(self) -> Sequence[Hint]:
        """Choose or leave."""
        return [Hint("enter", "choose"), Hint(f"{key_label('down')} {key_label('up')}", "move"), Hint("esc", "cancel")]

    @on(RowSelected)
    def _chosen(self, event: RowSelected) -> None:
        event.stop()
        self.answer(self._choices[event.index].value)
