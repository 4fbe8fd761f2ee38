"""The one action registry of the program, and the actions that every screen of the frame has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from widgets.actions import Action, ActionRegistry
from widgets.command_bar import History

REGISTRY: Final = ActionRegistry()
"""Hints, help, palette, key dispatch and remapping read it; `screens.places` fills it."""

GO: Final[Action[object]] = Action(
    "screen.go", "Go to", ":", help="Type the name of a screen; tab completes.", at_once=True
)
HELP: Final[Action[object]] = Action("screen.help", "Help", "?", help="All keys of this screen.")
REFRESH: Final[Action[object]] = Action(
    "screen.refresh", "Refresh", "r", help="Load again what is shown; changes come in by themselves."
)
FRAME_ACTIONS: Final = (GO, REFRESH, HELP)

PALETTE: Final[Action[object]] = Action(
    "app.palette", "Command palette", "ctrl+p", help="Every action and every screen, to search."
)
FULL_TEXT: Final[Action[object]] = Action(
    "message.full_text", "Read the last message in full", "ctrl+e", help="To read and copy it."
)
LEAVE: Final[Action[object]] = Action(
    "screen.leave", "Back", "escape", help="Unmarks first, then lifts the filter, then goes back."
)
QUIT: Final[Action[object]] = Action("app.quit", "Quit", "ctrl+q")
WIDGET_ACTIONS: Final = (PALETTE, FULL_TEXT, LEAVE, QUIT)
"""Keys that the application and the frame bind themselves."""

FILTER: Final[Action[object]] = Action(
    "list.filter", "Filter", "/", help="Narrow the list.", group="Lists", at_once=True
)
SORT: Final[Action[object]] = Action("list.sort", "Sort", "s", help="Sort by the next column.", group="Lists")
REVERSE: Final[Action[object]] = Action("list.reverse", "Reverse", "S", help="Turn the order round.", group="Lists")
LIST_ACTIONS: Final = (FILTER, SORT, REVERSE)

MOVING: Final = "Moving"
"""The group of the keys that move the cursor."""

COPY: Final[Action[object]] = Action("detail.copy", "Copy the value", "c", group=MOVING)
DETAIL_TWINS: Final[Mapping[str, str]] = {
    "table.down": "detail.down",
    "table.up": "detail.up",
    "table.page_down": "detail.page_down",
    "table.page_up": "detail.page_up",
    "table.first": "detail.first",
    "table.last": "detail.last",
}
"""Keys of lists with those of details that do the same: remapping one remaps both."""

COMMAND_HISTORY: Final = History()
"""What was typed after `:`, on whichever screen."""


def keymap() -> dict[str, str]:
    """The remapped keys by binding id, for the application: what moves in lists moves in details too."""
    keys = dict(REGISTRY.keymap)
    return {**keys, **{twin: keys[name] for name, twin in DETAIL_TWINS.items() if name in keys}}
