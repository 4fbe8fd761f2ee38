"""What every screen may ask of the application that it runs in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import App

if TYPE_CHECKING:
    # Only for the types: the engine takes longer to import than the log-in screen may take to paint.
    from backend.errors import PlatformError
    from backend.notifier import Topic
    from backend.session import Session


class ConsoleApp(App[int]):
    """The application as screens see it; `otetui.app` fills it in."""

    session: Session
    """The logged-in person's way to the operations."""

    @abstractmethod
    def go(self, place: str) -> None:
        """Show the screen with this name."""

    @abstractmethod
    def places(self) -> Mapping[str, str]:
        """The screens that this person may go to: name to title."""

    @abstractmethod
    def logged_in(self) -> None:
        """Show the first screen for the person who has just logged in."""

    @abstractmethod
    def logged_out(self, reason: str) -> None:
        """Show the log-in screen, with the sentence `reason` on it."""

    @abstractmethod
    def failed(self, error: PlatformError) -> bool:
        """Take an error that concerns the whole console (an ended session); False when the screen must show it."""

    @abstractmethod
    def changed(self, *topics: Topic) -> None:
        """Refresh the header and whatever shows these topics."""

    @abstractmethod
    def key_map(self) -> Mapping[str, str]:
        """The remapped keys of the settings file: action id to key."""
