"""The fields of a form: what is asked for, and the control that takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Literal

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.suggester import Suggester
from textual.widget import Widget

from widgets.inputs import QuietInput, QuietTextArea
from widgets.line_widget import LineWidget
from widgets.lines import LineBuilder
from widgets.text import fit, width_of

FieldKind = Literal["text", "password", "multiline", "bool", "choice", "path"]
FieldValue = str | bool

LONGEST_VALUE: Final = 4000
_MOST_ENTRIES: Final = 2000


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `name` is what the platform calls it, `title` what people read, `help` what it takes.

    `check` raises ValueError with what is wrong, said so that it reads on after the title: "needs a digit".
    `choices` are pairs of a value and its title. `value` is what the field holds at first, `maximum` the most
    characters it takes. A bool is true or false; every other kind is a text.
    """

    name: str
    title: str
    kind: FieldKind = "text"
    required: bool = False
    value: FieldValue = ""
    help: str = ""
    check: Callable[[str], object] | None = None
    maximum: int = LONGEST_VALUE
    choices: Sequence[tuple[str, str]] = ()
    placeholder: str = ""

    @property
    def initial(self) -> FieldValue:
        """What the control holds at first: of a choice the first one unless `value` names another."""
        if self.kind == "bool":
            return bool(self.value)
        keys = [key for key, _ in self.choices]
        if self.kind == "choice" and self.value not in keys:
            return keys[0] if keys else ""
        return str(self.value)

    def problem(self, value: FieldValue) -> str:
        """What is wrong with a value, as a sentence without full stop, or nothing."""
        if isinstance(value, bool):
            return ""
        if not value.strip():
            return f"{self.title} is missing" if self.required else ""
        if len(value) > self.maximum:
            return f"{self.title} takes at most {self.maximum:,} characters; these are {len(value):,}"
        try:
            if self.check is not None:
                self.check(value)
        except ValueError as error:
            return f"{self.title} {error}"
        return ""


class FieldChanged(Message):
    """A toggle or a picker has another value."""

    def __init__(self, sender: Widget) -> None:
        super().__init__()
        self.sender = sender

    @property
    def control(self) -> Widget:
        """The control."""
        return self.sender


class _Control(LineWidget, can_focus=True):
    """A control of one line that is not typed into."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"control--base", "control--focus", "control--muted"}

    def shown(self) -> tuple[str, str]:
        """The value, and what is said beside it."""
        raise NotImplementedError

    def line(self, y: int) -> Strip:
        """The value on the ground of a field, as wide as it needs; the rest beside it."""
        del y
        style = self.get_component_rich_style
        value, beside = self.shown()
        width = self.size.width
        line = LineBuilder()
        shown = fit(value, width)
        line.add(shown, style("control--focus" if self.has_focus else "control--base"))
        left = width - width_of(shown)
        line.add(fit(f"  {beside}", left) if left else "", style("control--muted"))
        return line.strip().adjust_cell_length(width, style("control--muted"))


class Toggle(_Control):
    """Yes or no. Space changes it, y and n set it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "set(None)", "Change", show=False, id="toggle.change"),
        Binding("y", "set(True)", "Yes", show=False),
        Binding("n", "set(False)", "No", show=False),
    ]

    value = reactive(default=False)

    def __init__(self, *, value: bool, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.set_reactive(Toggle.value, value)

    def shown(self) -> tuple[str, str]:
        """A box with a cross, and the word."""
        return ("[x] yes" if self.value else "[ ] no "), ("space changes it" if self.has_focus else "")

    def action_set(self, value: bool | None) -> None:  # noqa: FBT001 - an action's parameter
        """Set the value; None changes it."""
        self.value = not self.value if value is None else value

    def watch_value(self) -> None:
        """Tell the form."""
        self.post_message(FieldChanged(self))


class Picker(_Control):
    """One of several. Left and right go through them, space lists them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "step(1)", "Next choice", show=False, id="picker.next"),
        Binding("left,h", "step(-1)", "Previous choice", show=False, id="picker.previous"),
        Binding("space", "open", "List the choices", show=False, id="picker.list"),
    ]

    value = reactive("")

    def __init__(self, field: Field, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._title = field.title
        self._choices = tuple(field.choices)
        self.set_reactive(Picker.value, str(field.initial))

    @property
    def _place(self) -> int:
        return next((place for place, (key, _) in enumerate(self._choices) if key == self.value), 0)

    def shown(self) -> tuple[str, str]:
        """The choice between the signs for left and right, and how many there are."""
        if not self._choices:
            return "nothing to choose from", ""
        beside = f"{self._place + 1} of {len(self._choices)}, space lists them" if self.has_focus else ""
        return f"◂ {fit(self._choices[self._place][1], 40)} ▸", beside

    def action_step(self, step: int) -> None:
        """Take the next or the previous choice."""
        if self._choices:
            self.value = self._choices[(self._place + step) % len(self._choices)][0]

    @work(group="picker", exclusive=True)
    async def action_open(self) -> None:
        """Choose from a list."""
        # The log-in form has nothing to choose from, and must not wait for dialogs and tables to be imported.
        from widgets.dialogs import Choice, ChoiceDialog

        choices = [Choice(key, title) for key, title in self._choices]
        if choices:
            chosen = await self.app.push_screen_wait(ChoiceDialog(self._title, choices, selected=self.value))
            self.value = self.value if chosen is None else chosen

    def watch_value(self) -> None:
        """Tell the form."""
        self.post_message(FieldChanged(self))


class PathSuggester(Suggester):
    """Completes the path of a file, looking into folders beside the event loop."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first entry that begins like `value`, folders with a slash; None when there is none."""
        return await asyncio.to_thread(_complete, value)


def _complete(value: str) -> str | None:
    folder, _, begun = value.rpartition("/")
    root = "/" if value.startswith("/") else ""
    try:
        place = Path(folder or root).expanduser()
        found = sorted(
            entry.name + ("/" if entry.is_dir() else "")
            for entry, _ in zip(place.iterdir(), range(_MOST_ENTRIES), strict=False)
            if entry.name.startswith(begun) and (begun or not entry.name.startswith("."))
        )
    except (OSError, RuntimeError):
        # An unreadable folder, or a home folder of nobody: nothing to offer while someone types.
        return None
    return value + found[0][len(begun) :] if found else None


def control_of(field: Field) -> Widget:
    """The control for a field."""
    name = f"field-{field.name}"
    if field.kind == "bool":
        return Toggle(value=bool(field.initial), id=name)
    if field.kind == "choice":
        return Picker(field, id=name)
    if field.kind == "multiline":
        return QuietTextArea(str(field.initial), placeholder=field.placeholder, id=name)
    return QuietInput(
        str(field.initial),
        placeholder=field.placeholder,
        password=field.kind == "password",
        max_length=field.maximum,
        suggester=PathSuggester() if field.kind == "path" else None,
        id=name,
    )


def value_of(control: Widget) -> FieldValue:
    """What a control holds."""
    if isinstance(control, QuietTextArea):
        return control.text
    if isinstance(control, QuietInput | Toggle | Picker):
        return control.value
    raise TypeError(f"{control!r} is not a control of a form")
