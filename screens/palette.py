"""The command palette: every action of the screen and every place to go to, to search by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.widgets import Input

from screens.base import PlatformScreen
from screens.keys import HELP, REGISTRY
from widgets.text import safe, width_of

_TITLE_CELLS = 30
_KEY_CELLS = 8


class _Entry(NamedTuple):
    title: str
    key: str
    more: str
    run: Callable[[], object]


class ConsoleCommands(Provider):
    """Actions first, those that are refused now with the reason; then the places."""

    async def discover(self) -> Hits:
        """Everything, before anything was typed."""
        for entry in self._entries():
            yield DiscoveryHit(_shown(entry), entry.run, entry.title)

    async def search(self, query: str) -> Hits:
        """What fits the words that were typed, the best first."""
        matcher = self.matcher(query)
        for entry in self._entries():
            score = matcher.match(entry.title)
            if score > 0:
                yield Hit(score, _shown(entry), entry.run, entry.title)

    def _entries(self) -> Iterator[_Entry]:
        screen = self.screen
        if not isinstance(screen, PlatformScreen):
            return
        for action in screen.offered():
            if action.id != HELP.id:
                refused = screen.refusal(action)
                more = f"not now: {refused}" if refused else action.help
                yield _Entry(action.title, REGISTRY.label(action), more, partial(_attempt, screen, action.id))
        for name, title in screen.console.places().items():
            yield _Entry(title, f":{name}", "", partial(screen.console.go, name))


async def _attempt(screen: PlatformScreen[Any], action_id: str) -> None:
    await screen.attempt(action_id)


def _shown(entry: _Entry) -> Content:
    """Title, key and more in one line; nothing in it is markup, for reasons hold names."""
    title = entry.title + " " * max(2, _TITLE_CELLS - width_of(entry.title))
    key = entry.key + " " * max(2, _KEY_CELLS - width_of(entry.key))
    return safe(title).append(safe(key, "bold")).append(safe(entry.more, "$tone-muted"))


class QuietPalette(CommandPalette):
    """Textual's palette without what sends bytes while nothing happens."""

    def __init__(self) -> None:
        super().__init__([ConsoleCommands], placeholder="Search an action or a screen", id="--command-palette")

    def on_mount(self) -> None:
        """No blinking cursor."""
        self.query_one(Input).cursor_blink = False
