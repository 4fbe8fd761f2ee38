"""Tells who listens within this process that something in the store has changed."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Topic(StrEnum):
    """What a change was about; screens refresh on the topics that they show."""

    USERS = "users"
    BUSINESSES = "businesses"
    CLUSTERS = "clusters"
    NODES = "nodes"
    WORK = "work"
    SETTINGS = "settings"
    ACTIVITY = "activity"


Listener = Callable[[frozenset[Topic]], None]


class Notifier:
    """Calls listeners on the event loop's thread; a listener must only schedule work, never do it."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; returns the function that removes it."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def publish(self, *topics: Topic) -> None:
        """Tell every listener that what these topics show has changed."""
        told = frozenset(topics)
        for listener in tuple(self._listeners):
            listener(told)
