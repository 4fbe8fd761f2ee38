"""What all dialogs share: a box on an opaque ground, its keys in the last line, esc leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from widgets.clipboard import copy
from widgets.hints import Hint, HintsLine
from widgets.quiet_screen import QuietModalScreen
from widgets.text import safe, safe_lines
from widgets.theme import Tone

ResultT = TypeVar("ResultT")


class DialogBody(VerticalScroll, can_focus=False):
    """The part of a dialog that scrolls when it does not fit; the dialog's own keys scroll it."""


class Dialog(QuietModalScreen[ResultT]):
    """A question or a text over the screen. Opaque, because a dimmed screen would be sent twice over the line.

    A subclass implements `hints` and `body`, or what takes its place (`middle`); it may add lines above the hints
    (`footer`). The last line but one is kept free for answers to keys (`say`), so that nothing moves.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", show=False, id="dialog.leave"),
        Binding("down", "scroll_body(1)", "Scroll down", show=False, id="dialog.down"),
        Binding("up", "scroll_body(-1)", "Scroll up", show=False, id="dialog.up"),
        Binding("pagedown", "page_body(1)", "Next page", show=False, id="dialog.page_down"),
        Binding("pageup", "page_body(-1)", "Previous page", show=False, id="dialog.page_up"),
    ]

    box_classes = ""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._dialog_title = title
        self._feedback = Static(markup=False, classes="dialog--feedback")

    def compose(self) -> ComposeResult:
        """The box: body, footer, feedback, keys."""
        with Vertical(classes=f"dialog--box {self.box_classes}") as box:
            box.border_title = safe(self._dialog_title, limit=200)
            yield from self.middle()
            with Vertical(classes="dialog--foot"):
                with Vertical(classes="dialog--footer"):
                    yield from self.footer()
                    yield self._feedback
                yield HintsLine()

    def middle(self) -> Iterable[Widget]:
        """The part above the foot: what `body` has, scrolling when it is long."""
        if body := list(self.body()):
            yield DialogBody(*body)

    def body(self) -> Iterable[Widget]:
        """What the dialog shows."""
        return ()

    def footer(self) -> Iterable[Widget]:
        """What stays in view below the body."""
        return ()

    def hints(self) -> Sequence[Hint]:
        """The dialog's keys."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show the keys."""
        self.refresh_hints()

    def refresh_hints(self) -> None:
        """Show the keys as they are now."""
        self.query_one(HintsLine).show(self.hints())

    def say(self, text: str, tone: Tone = "muted") -> None:
        """Answer to a key in a line of its own; empty takes the line away."""
        self._feedback.update(safe(text, limit=1000))
        self._feedback.set_classes(f"dialog--feedback {f'tone--{tone}' if tone else ''}")

    def answer(self, value: ResultT | None) -> None:
        """Close with an answer, or with None."""
        # Waiting for the dialog to go would wait for the handler that this is called from.
        _ = self.dismiss(value)

    def action_leave(self) -> None:
        """Close without an answer."""
        self.answer(None)

    def action_scroll_body(self, lines: int) -> None:
        """Scroll the body by lines."""
        for body in self.query(DialogBody):
            body.scroll_relative(y=lines, animate=False)

    def action_page_body(self, pages: int) -> None:
        """Scroll the body by pages."""
        for body in self.query(DialogBody):
            body.scroll_relative(y=pages * max(1, body.size.height - 1), animate=False)


class TextDialog(Dialog[None]):
    """A text to read, scroll and copy."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy the text", show=False, id="dialog.copy"),
        Binding("j", "scroll_body(1)", "Scroll down", show=False),
        Binding("k", "scroll_body(-1)", "Scroll up", show=False),
        Binding("q,enter", "leave", "Close", show=False),
    ]

    def __init__(self, title: str, text: str, *, tone: Tone = "") -> None:
        super().__init__(title)
        self.text = text
        self._tone = tone

    def body(self) -> Iterable[Widget]:
        """The text, wrapped."""
        yield Static(safe_lines(self.text), markup=False, classes=f"tone--{self._tone}" if self._tone else None)

    def hints(self) -> Sequence[Hint]:
        """Copy, scroll, close."""
        return [Hint("c", "copy"), Hint("↓ ↑", "scroll"), Hint("esc", "close")]

    def action_copy(self) -> None:
        """Copy the whole text, what is not shown of it included."""
        self.say(copy(self.app, self.text), "good")
