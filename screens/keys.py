"""The one action registry of the program, and the actions that every screen of the frame has."""

from __future__ import annotations

from typing import Final

from widgets.actions import Action, ActionRegistry
from widgets.command_bar import History

REGISTRY: Final = ActionRegistry()
"""Hints, help, palette, key dispatch and remapping read it; `screens.places` fills it."""

GO: Final[Action[object]] = Action("screen.go", "Go to", ":", help="Type the name of a screen; tab completes.")
HELP: Final[Action[object]] = Action("screen.help", "Help", "?", help="All keys of this screen.")
REFRESH: Final[Action[object]] = Action("screen.refresh", "Refresh", "r", help="Load again what is shown.")
FRAME_ACTIONS: Final = (REFRESH, GO, HELP)

FILTER: Final[Action[object]] = Action("list.filter", "Filter", "/", help="Narrow the list.", group="Lists")
SORT: Final[Action[object]] = Action("list.sort", "Sort", "s", help="Sort by the next column.", group="Lists")
REVERSE: Final[Action[object]] = Action("list.reverse", "Reverse", "S", help="Turn the order round.", group="Lists")
LIST_ACTIONS: Final = (FILTER, SORT, REVERSE)

COMMAND_HISTORY: Final = History()
"""What was typed after `:`, on whichever screen."""
