"""The prompt in the place of the message line: `:` goes to a screen by name, `/` filters the list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import Input

from widgets.inputs import QuietInput
from widgets.one_line import OneLine, Part

Mode = Literal["command", "filter"]

DEBOUNCE_SECONDS: Final = 0.15
_SIGNS: Final[dict[Mode, str]] = {"command": ":", "filter": "/"}
_HISTORY: Final = 100
_OFFERED: Final = 8


class Command(NamedTuple):
    """A name that can be typed after `:`, and what it leads to."""

    name: str
    title: str = ""


@dataclass
class CommandGiven(Message):
    """A known command was entered; `argument` is what was typed after its name."""

    name: str
    argument: str


@dataclass
class FilterChanged(Message):
    """The filter's text is another: sent a moment after typing pauses, and at once on enter and on esc."""

    text: str


@dataclass
class BarClosed(Message):
    """The prompt has closed: the list has the focus again."""


@dataclass
class History:
    """What was entered before, newest last; one object may serve several screens."""

    entries: list[str] = field(default_factory=list)

    def add(self, entry: str) -> None:
        """Remember an entry; one that is there already moves to the end."""
        if entry:
            self.entries = [*(held for held in self.entries if held != entry), entry][-_HISTORY:]


def completions(commands: Iterable[Command], typed: str) -> list[Command]:
    """The commands that fit what was typed: those that begin with it first, then those that hold it."""
    wanted = typed.strip().lower()
    known = sorted(commands)
    begins = [command for command in known if command.name.lower().startswith(wanted)]
    holds = [command for command in known if wanted in command.name.lower() and command not in begins]
    return begins + holds


class Offers(OneLine):
    """What can be entered, beside the prompt."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"offers--bar", "offers--chosen", "offers--other", "offers--problem"}

    base_component = "offers--bar"
    margin = 0

    offers: reactive[tuple[str, ...]] = reactive[tuple[str, ...]](())
    chosen = reactive(-1)
    problem = reactive("")

    def parts(self) -> Sequence[Part]:
        """The problem, or the names with the chosen one marked by brackets."""
        if self.problem:
            return [Part(self.problem, "offers--problem")]
        return [
            Part(f"[{name}]", "offers--chosen") if place == self.chosen else Part(name, "offers--other", 2)
            for place, name in enumerate(self.offers)
        ]


class Sign(OneLine):
    """The sign in front of the prompt."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"offers--bar", "offers--chosen"}

    base_component = "offers--bar"
    margin = 0

    sign = reactive("")

    def parts(self) -> Sequence[Part]:
        """The sign alone."""
        return [Part(self.sign, "offers--chosen")]


class CommandBar(Horizontal):
    """A prompt of one line. Tab completes, up and down bring back former entries, enter takes, esc leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete(1)", "Complete", show=False, id="prompt.complete"),
        Binding("shift+tab", "complete(-1)", "Complete backwards", show=False, id="prompt.complete_back"),
        Binding("up", "recall(-1)", "Former entry", show=False, id="prompt.former"),
        Binding("down", "recall(1)", "Later entry", show=False, id="prompt.later"),
        Binding("escape", "cancel", "Leave the prompt", show=False, id="prompt.cancel"),
    ]

    def __init__(
        self,
        commands: Iterable[Command] = (),
        *,
        command_history: History | None = None,
        filter_history: History | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self.commands = tuple(commands)
        self._histories: dict[Mode, History] = {
            "command": command_history or History(),
            "filter": filter_history or History(),
        }
        self._mode: Mode = "command"
        self._about = ""
        self._before = ""
        self._sent = ""
        self._place = 0
        self._candidates: list[Command] = []
        self._timer: Timer | None = None
        self._is_closing = False
        self._sign = Sign()
        self._input = QuietInput()
        self._offers = Offers()

    def compose(self) -> ComposeResult:
        """Sign, input, offers."""
        yield self._sign
        yield self._input
        yield self._offers

    @property
    def mode(self) -> Mode:
        """What the prompt is for now."""
        return self._mode

    def open(self, mode: Mode, text: str = "", *, about: str = "") -> None:
        """Take the focus for a command or a filter; `text` stands there to begin with, `about` says what it takes."""
        self._mode = mode
        self._about = about
        self._before = self._sent = text if mode == "filter" else ""
        self._place = len(self._history.entries)
        self._sign.sign = _SIGNS[mode]
        with self.prevent(Input.Changed):
            self._input.value = text
        self._input.cursor_position = len(text)
        self._offer()
        self._is_closing = False
        # At once, not by a message: characters that were typed or pasted behind the key must find the prompt.
        self.screen.set_focus(self._input)

    @property
    def _history(self) -> History:
        return self._histories[self._mode]

    def _offer(self) -> None:
        self._offers.problem = ""
        self._offers.chosen = -1
        if self._mode == "filter":
            offers = (self._about, "enter keeps the filter", "esc takes it back")
            self._offers.offers = tuple(offer for offer in offers if offer)
            return
        self._candidates = completions(self.commands, self._input.value)
        self._offers.offers = tuple(command.name for command in self._candidates[:_OFFERED])

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._is_closing:
            return
        self._offer()
        if self._mode == "filter":
            if self._timer is not None:
                self._timer.stop()
            self._timer = self.set_timer(DEBOUNCE_SECONDS, self._send_filter)

    def _send_filter(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        text = self._input.value.strip()
        if text != self._sent:
            self._sent = text
            self.post_message(FilterChanged(text))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        entry = self._input.value.strip()
        if self._mode == "filter":
            self._send_filter()
        elif entry and not self._give(entry):
            return
        self._history.add(entry)
        self._is_closing = True
        self.post_message(BarClosed())

    def _give(self, entry: str) -> bool:
        name, _, argument = entry.partition(" ")
        found = completions(self.commands, name)
        exact = [command for command in found if command.name.lower() == name.lower()]
        begins = [command for command in found if command.name.lower().startswith(name.lower())]
        if self._offers.chosen >= 0:
            exact = [self._candidates[self._offers.chosen]]
        if not exact and len(begins) != 1:
            self._offers.problem = f"{'Several screens begin' if begins else 'No screen begins'} with {name!r}."
            return False
        self.post_message(CommandGiven((exact or begins)[0].name, argument.strip()))
        return True

    def action_complete(self, step: int) -> None:
        """Put the next name that fits into the prompt."""
        if self._mode == "filter" or not self._candidates:
            return
        offers = len(self._offers.offers)
        chosen = (self._offers.chosen + step) % offers if self._offers.chosen >= 0 else (0 if step > 0 else offers - 1)
        with self.prevent(Input.Changed):
            self._input.value = self._candidates[chosen].name
        self._input.cursor_position = len(self._input.value)
        self._offers.problem = ""
        self._offers.chosen = chosen

    def action_recall(self, step: int) -> None:
        """Bring back a former entry."""
        entries = self._history.entries
        self._place = max(0, min(self._place + step, len(entries)))
        self._input.value = entries[self._place] if self._place < len(entries) else ""
        self._input.cursor_position = len(self._input.value)

    def action_cancel(self) -> None:
        """Leave the prompt; a filter is again what it was before."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._mode == "filter" and self._sent != self._before:
            self.post_message(FilterChanged(self._before))
        self.post_message(BarClosed())

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """A prompt that loses the focus closes."""
        del event
        if self.display and self.screen.is_current and self.screen.focused is not self._input:
            self.post_message(BarClosed())
