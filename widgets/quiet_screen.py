"""Screens that are not repainted whenever the focus moves."""

from __future__ import annotations

from typing import Final, TypeVar

from textual.reactive import Reactive
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

ResultT = TypeVar("ResultT")

# Textual repaints the whole screen when its focus changes: 10 KB for each tab. The two widgets repaint themselves.
_NOT_REPAINTED: Final = False


class QuietScreen(Screen[ResultT]):
    """A screen on which a change of focus repaints only the widgets that lose and get it."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=_NOT_REPAINTED)


class QuietModalScreen(ModalScreen[ResultT]):
    """A modal screen on which a change of focus repaints only the widgets that lose and get it."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=_NOT_REPAINTED)
