"""The help of a screen: every key that works on it, and why those that are refused now are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.keys import DETAIL_TWINS, MOVING, REGISTRY, WIDGET_ACTIONS
from widgets.actions import AnyAction, Risk
from widgets.help_dialog import HelpDialog, HelpEntry, HelpGroup
from widgets.keys import keys_label
from widgets.table import VirtualTable

if TYPE_CHECKING:
    from screens.base import PlatformScreen

_EVERYWHERE = "Everywhere"


def help_dialog(screen: PlatformScreen[Any]) -> HelpDialog:
    """The help for `screen` as it is now."""
    title = screen.title_text or screen.place
    groups: dict[str, list[HelpEntry]] = {}
    frame = {action.id for action in REGISTRY.actions(_EVERYWHERE) if not action.group}
    for action in screen.offered():
        group = _EVERYWHERE if action.id in frame else action.group or title
        refused = screen.refusal(action) or ""
        groups.setdefault(group, []).append(_entry(action, refused))
    own = groups.pop(_EVERYWHERE, [])
    groups[MOVING] = _moving(is_list=bool(screen.query(VirtualTable)))
    groups[_EVERYWHERE] = own + [_entry(action) for action in WIDGET_ACTIONS]
    return HelpDialog(f"Keys: {title}", [HelpGroup(name, entries) for name, entries in groups.items()])


def _moving(*, is_list: bool) -> list[HelpEntry]:
    """The keys of the table, or of the detail, in the middle of the screen."""
    known = [action for action in REGISTRY.actions(_EVERYWHERE) if action.group == MOVING]
    opens = [HelpEntry("enter", "Open the row", "All about it.")]
    if is_list:
        return opens + [_entry(action) for action in known if action.id != "detail.copy"]
    return [_entry(action) for action in known if action.id in DETAIL_TWINS or action.id == "detail.copy"]


def _entry(action: AnyAction, refused: str = "") -> HelpEntry:
    more = [
        action.help.rstrip("."),
        "works on marked rows" if action.bulk else "",
        "asks first" if action.risk is Risk.DESTRUCTIVE else "",
    ]
    return HelpEntry(keys_label(REGISTRY.keys(action)), action.title, "; ".join(part for part in more if part), refused)
