"""What stands in the place of a list or a detail while there is nothing to show: loading, empty, error."""

from __future__ import annotations

from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer
from textual.widgets import Static

from backend.errors import PlatformError
from widgets.text import safe, safe_lines

LOADING_AFTER_SECONDS: Final = 0.15


class StatePanel(Vertical):
    """One of three states, or hidden. Put it beside the table: whichever of the two is not displayed takes no room.

    Loading shows only after a moment, so that what loads at once does not flicker, and never moves.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._sentence = Static(markup=False, classes="state--sentence")
        self._next_step = Static(markup=False, classes="state--next")
        self._timer: Timer | None = None
        self.display = False

    def compose(self) -> ComposeResult:
        """The sentence and the next step."""
        yield self._sentence
        yield self._next_step

    def show_loading(self, text: str = "Loading…") -> None:
        """Say that it loads, unless `hide` or another state comes within a moment."""
        self.hide()
        self._timer = self.set_timer(LOADING_AFTER_SECONDS, lambda: self._show("loading", text, ""))

    def show_empty(self, sentence: str, next_step: str = "") -> None:
        """Say that there is nothing, and what to do next."""
        self._show("empty", sentence, next_step)

    def show_error(self, error: BaseException, *, retry_key: str = "r") -> None:
        """Say what went wrong with its remedy, and which key tries again."""
        text = error.message if isinstance(error, PlatformError) else f"Unexpected {type(error).__name__}: {error}"
        self._show("error", text, f"Press {retry_key} to try again." if retry_key else "")

    def hide(self) -> None:
        """There is something to show."""
        self._stop()
        self.display = False

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _show(self, state: str, sentence: str, next_step: str) -> None:
        self._stop()
        self.set_classes(f"-{state}")
        lead = safe("Error: ", self.app.theme_variables.get("tone-bad", "")) if state == "error" else safe("")
        self._sentence.update(lead.append(safe_lines(sentence, limit=2000)))
        self._next_step.update(safe(next_step, limit=1000))
        self.display = True
