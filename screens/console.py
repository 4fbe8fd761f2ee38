"""What every screen may ask of the application that it runs in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from widgets.theme import ThemedApp

if TYPE_CHECKING:
    # Only for the types: the engine takes longer to import than the log-in screen may take to paint.
    from backend.errors import PlatformError
    from backend.session import Session


class ConsoleApp(ThemedApp[int]):
    """The application as screens see it; `otetui.app` fills it in."""

    session: Session
    """The logged-in person's way to the operations."""

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the engine is there."""

    @abstractmethod
    async def set_up(self, user: str, password: str) -> None:
        """Create the system administrator of a new site. Raises PlatformError."""

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
    def tell(self, error: PlatformError) -> None:
        """Show an error on the screen that the person looks at."""

    @abstractmethod
    def show_header(self) -> None:
        """Bring the header of the screen on top up to date."""
