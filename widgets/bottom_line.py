"""The place over the hints that the message line and the prompt share, so that the list never moves."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from widgets.command_bar import BarClosed, Command, CommandBar, History, Mode
from widgets.message_line import MessageLine


class BottomLine(Container):
    """One line: the message line, or the prompt while it is open."""

    def __init__(
        self,
        commands: Iterable[Command] = (),
        *,
        command_history: History | None = None,
        filter_history: History | None = None,
    ) -> None:
        super().__init__()
        self.message = MessageLine()
        self.bar = CommandBar(commands, command_history=command_history, filter_history=filter_history)
        self.bar.display = False
        self._focused: Widget | None = None

    def compose(self) -> ComposeResult:
        """The message line, and the prompt that is not shown yet."""
        yield self.message
        yield self.bar

    def open(self, mode: Mode, text: str = "", *, about: str = "") -> None:
        """Open the prompt; when it closes, the focus goes back to where it is now."""
        if not self.bar.display:
            self._focused = self.screen.focused
        self.message.display = False
        self.bar.display = True
        self.bar.open(mode, text, about=about)

    @on(BarClosed)
    def _bar_closed(self) -> None:
        if not self.bar.display:
            return
        if self.bar.has_focus_within and self._focused is not None and self._focused.is_attached:
            self.screen.set_focus(self._focused)
        self.bar.display = False
        self.message.display = True
