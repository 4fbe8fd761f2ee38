"""A form from field specs: labels, live validation below the field, the platform's errors at the field they name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events, on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from backend.errors import PlatformError
from widgets.fields import Field, FieldChanged, FieldValue, control_of, value_of
from widgets.inputs import QuietInput
from widgets.one_line import OneLine, Part
from widgets.text import fit, safe, safe_lines, width_of
from widgets.theme import Tone

__all__ = ["Field", "FieldValue", "Form"]

_WIDEST_TITLE: Final = 26
_SIGN: Final = 2


class FieldTitle(OneLine):
    """The title of a field; the one that has the focus has the cursor's sign, the required ones a star."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"field--base", "field--title", "field--here", "field--star"}

    base_component = "field--base"
    margin = 0
    gap = 1

    is_here = reactive(default=False)

    def __init__(self, field: Field) -> None:
        super().__init__()
        self._field = field

    def parts(self) -> Sequence[Part]:
        """Sign, title, star."""
        style = "field--here" if self.is_here else "field--title"
        return [
            Part(">" if self.is_here else " ", style),
            Part(fit(self._field.title, _WIDEST_TITLE), style),
            Part("*" if self._field.required else "", "field--star"),
        ]


class FieldRow(Vertical):
    """A field: its title and its control in one line, and below what it takes or what is wrong with it."""

    def __init__(self, field: Field, title_width: int) -> None:
        super().__init__(classes=f"-{field.kind}")
        self.field = field
        self.control = control_of(field)
        self._title = FieldTitle(field)
        self._title.styles.width = title_width
        self._note = Static(safe(field.help), markup=False, classes="field--note")
        self._note.styles.margin = (0, 0, 0, title_width)

    def compose(self) -> ComposeResult:
        """Title, control, note."""
        with Horizontal():
            yield self._title
            yield self.control
        yield self._note

    @property
    def value(self) -> FieldValue:
        """What the control holds."""
        return value_of(self.control)

    def show_problem(self, problem: str) -> None:
        """Show what is wrong, or again what the field takes."""
        self._note.set_class(bool(problem), "-problem")
        self._note.update(safe(f"✗ {problem}" if problem else self.field.help, limit=1000))

    def on_descendant_focus(self) -> None:
        """The cursor's sign comes to this field."""
        self._title.is_here = True

    def on_descendant_blur(self) -> None:
        """The cursor's sign goes."""
        self._title.is_here = False


class FormScroll(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Holds the fields. Up and down are left to the form, where they go from field to field."""


class Form(Vertical):
    """Fields one under the other; scrolls when they do not fit. Enter goes on and submits on the last; ctrl+s submits.

    While someone types in a field for the first time, a half-typed value is no mistake yet: problems show once the
    field was left, and then follow each keystroke. Whoever holds the form may give it an `answer_line` of his own for
    what fits in one line, so that nothing moves.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "Submit", show=False, id="form.submit"),
        Binding("ctrl+t", "show_passwords", "Show or hide passwords", show=False, id="form.show_passwords"),
        # With priority, and moving the focus at once: what is typed or pasted right behind a tab or an enter
        # must land in the next field. A password must not appear in the field before it.
        Binding("enter", "next_field", "Next field", show=False, id="form.next", priority=True),
        # Not so on the last field: what was typed there before must have arrived when the form is submitted.
        Binding("enter", "submit", "Submit", show=False),
        Binding("tab", "step(1)", "Next field", show=False, id="form.tab", priority=True),
        Binding("shift+tab", "step(-1)", "Previous field", show=False, id="form.shift_tab", priority=True),
        Binding("down", "app.focus_next", "Next field", show=False, id="form.down"),
        Binding("up", "app.focus_previous", "Previous field", show=False, id="form.up"),
    ]

    @dataclass
    class Submitted(Message):
        """The form was submitted and every field is in order; values by field name, texts as typed."""

        form: Form
        values: dict[str, FieldValue]

        @property
        def control(self) -> Form:
            """The form, for selectors of `@on`."""
            return self.form

    def __init__(
        self,
        fields: Sequence[Field],
        *,
        about: str = "",
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self.fields = tuple(fields)
        self._about = about
        self.is_busy = False
        self.answer_line: Callable[[str, Tone], None] | None = None
        self._touched: set[str] = set()
        self._refused: set[str] = set()
        self._is_warned = False
        width = max((width_of(fit(field.title, _WIDEST_TITLE)) for field in self.fields), default=0) + _SIGN + 4
        self._rows = {field.name: FieldRow(field, width) for field in self.fields}
        self._state = Static(markup=False, classes="form--state")
        self._state.display = False

    def compose(self) -> ComposeResult:
        """What it is about and the fields, and below them what holds for all."""
        with FormScroll():
            if self._about:
                yield Static(safe_lines(self._about), markup=False, classes="form--about")
            yield from self._rows.values()
        yield self._state

    def on_mount(self) -> None:
        """Begin in the first field."""
        if self.fields:
            self.focus_field(self.fields[0].name)

    # Values

    def control_of(self, name: str) -> Widget:
        """The control of a field."""
        return self._rows[name].control

    def focus_field(self, name: str) -> None:
        """Put the focus on a field."""
        self._rows[name].control.focus()

    @property
    def values(self) -> dict[str, FieldValue]:
        """What all fields hold."""
        return {name: row.value for name, row in self._rows.items()}

    @property
    def is_dirty(self) -> bool:
        """Whether anything was entered that leaving would lose."""
        return any(row.value != row.field.initial for row in self._rows.values())

    @property
    def has_passwords(self) -> bool:
        """Whether there is something to show with ctrl+t."""
        return any(field.kind == "password" for field in self.fields)

    # What is wrong, and what is going on

    def show_state(self, text: str, tone: Tone = "muted") -> None:
        """Show below the fields what holds for all of them; empty for nothing."""
        if self.answer_line is not None:
            fits = "\n" not in text and width_of(text) <= self.size.width - 2
            self.answer_line(text if fits else "", tone)
            text = "" if fits else text
        self._state.update(safe_lines(text, limit=2000))
        self._state.set_classes(f"form--state {f'tone--{tone}' if tone else ''}")
        self._state.display = bool(text)

    def show_problem(self, name: str, problem: str) -> bool:
        """Show a problem that the platform found at the field that it named; False when there is no such field."""
        row = self._rows.get(name)
        if row is None:
            return False
        self._touched.add(name)
        self._refused.add(name)
        row.show_problem(problem)
        row.control.focus()
        row.scroll_visible(animate=False)
        return True

    def show_error(self, error: PlatformError) -> None:
        """Show the platform's refusal: at the field it names, otherwise below the fields. The values stay."""
        self.set_busy(busy=False)
        if not self.show_problem(error.field, error.message):
            self.show_state(f"✗ {error.message}", "bad")
            first = next((name for name, row in self._rows.items() if row.control.has_focus), self.fields[0].name)
            self.focus_field(first)

    def set_busy(self, *, busy: bool, text: str = "Saving…") -> None:
        """Lock the fields while the platform works on what was submitted, and say so; nothing moves."""
        self.is_busy = busy
        for row in self._rows.values():
            row.control.disabled = busy
        self.show_state(text if busy else "", "busy")

    def may_leave(self) -> bool:
        """Whether leaving loses nothing, or the person was told what it loses and asks to leave again."""
        if self.is_busy:
            self.show_state("Still saving: wait for the answer.", "warn")
            return False
        if self.is_dirty and not self._is_warned:
            self._is_warned = True
            self.show_state("Leaving loses what you entered. Press esc again to leave.", "warn")
            return False
        return True

    # Typing

    @on(events.DescendantBlur)
    def _left_field(self, event: events.DescendantBlur) -> None:
        name = _name_of(event.widget)
        row = self._rows.get(name)
        # What the platform refused stays refused until it is changed.
        if row is not None and (row.value or name in self._touched) and not self.is_busy and name not in self._refused:
            self._touched.add(name)
            row.show_problem(row.field.problem(row.value))

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(FieldChanged)
    def _changed(self, event: Input.Changed | TextArea.Changed | FieldChanged) -> None:
        event.stop()
        name = _name_of(event.control)
        row = self._rows.get(name)
        self._refused.discard(name)
        if self._is_warned:
            self._is_warned = False
            self.show_state("")
        if row is not None and name in self._touched:
            row.show_problem(row.field.problem(row.value))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    def action_next_field(self) -> None:
        """Go to the next field; on the last, and in a text of several lines, enter does what it does there."""
        if isinstance(self.screen.focused, TextArea) or self._here() == len(self.fields) - 1:
            raise SkipAction
        self.action_step(1)

    def action_step(self, fields: int) -> None:
        """Go some fields on, round the ends."""
        place = (self._here() + fields) % len(self.fields)
        self.screen.set_focus(self._rows[self.fields[place].name].control)

    def _here(self) -> int:
        focused = self.screen.focused
        return next((place for place, row in enumerate(self._rows.values()) if row.control is focused), 0)

    def action_submit(self) -> None:
        """Submit when every field is in order; otherwise go to the first one that is not."""
        if self.is_busy:
            return
        wrong = []
        for name, row in self._rows.items():
            problem = row.field.problem(row.value)
            self._touched.add(name)
            self._refused.discard(name)
            row.show_problem(problem)
            if problem:
                wrong.append(row)
        if wrong:
            self.focus_field(wrong[0].field.name)
            wrong[0].scroll_visible(animate=False)
            return
        self.show_state("")
        self.post_message(self.Submitted(self, self.values))

    def action_show_passwords(self) -> None:
        """Show passwords as typed, or hide them again."""
        for row in self._rows.values():
            if row.field.kind == "password" and isinstance(row.control, QuietInput):
                row.control.password = not row.control.password


def _name_of(control: Widget) -> str:
    return (control.id or "").removeprefix("field-")
