"""The keys of a screen, explained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from widgets.actions import EVERYWHERE, ActionRegistry, AnyAction, Risk
from widgets.dialog import TextDialog
from widgets.keys import keys_label
from widgets.text import safe, width_of

_RISKS: Final = {Risk.READ: "", Risk.REVERSIBLE: "", Risk.DESTRUCTIVE: "asks first"}
_KEY_CELLS: Final = 16
_TITLE_CELLS: Final = 28
_HELP_CELLS: Final = 30


class HelpEntry(NamedTuple):
    """One key: how it is written, what it does, more about it, and why it is refused now."""

    keys: str
    title: str
    help: str = ""
    refused: str = ""


class HelpGroup(NamedTuple):
    """Keys that belong together."""

    title: str
    entries: Sequence[HelpEntry]


def help_groups(
    registry: ActionRegistry, screen: str, refusals: Callable[[str], str | None] = lambda _: None
) -> list[HelpGroup]:
    """The keys of a screen and those that work everywhere, by group; `refusals` says by id why one is refused now."""
    groups: dict[str, list[HelpEntry]] = {}
    for name in dict.fromkeys((screen, EVERYWHERE)):
        for action in registry.actions(name):
            entry = HelpEntry(keys_label(registry.keys(action)), action.title, _more(action), refusals(action.id) or "")
            groups.setdefault(action.group or name, []).append(entry)
    return [HelpGroup(title, entries) for title, entries in groups.items()]


def _more(action: AnyAction) -> str:
    return "; ".join(
        part for part in (action.help, "works on marked rows" if action.bulk else "", _RISKS[action.risk]) if part
    )


class HelpDialog(TextDialog):
    """Lists keys by group; those that are refused now say why."""

    def __init__(self, title: str, groups: Sequence[HelpGroup]) -> None:
        self._groups = tuple(groups)
        super().__init__(title, "\n".join(self._plain()))
        self.box_classes = "-large"

    def _plain(self) -> Iterable[str]:
        for group in self._groups:
            yield group.title
            for entry in group.entries:
                yield "  ".join(part for part in ("", entry.keys, entry.title, entry.help, entry.refused) if part)

    def body(self) -> Iterable[Widget]:
        """A title for each group and a line for each key, the notes below it."""
        for place, group in enumerate(self._groups):
            yield Static(safe(group.title), markup=False, classes=f"help--group {'-first' if not place else ''}")
            for entry in group.entries:
                beside = entry.help if width_of(entry.help) <= _HELP_CELLS else ""
                yield Static(_line(entry, beside), markup=False, classes="help--entry")
                below = "" if beside else entry.help
                for note, tone in ((below, "muted"), (entry.refused and f"Not now: {entry.refused}", "warn")):
                    if note:
                        yield Static(safe(note), markup=False, classes=f"help--note tone--{tone}")


def _line(entry: HelpEntry, beside: str) -> Content:
    keys = entry.keys + " " * max(2, _KEY_CELLS - width_of(entry.keys))
    title = entry.title + " " * max(2, _TITLE_CELLS - width_of(entry.title)) if beside else entry.title
    return safe(keys, "bold").append(safe(title)).append(safe(beside, "$tone-muted"))
