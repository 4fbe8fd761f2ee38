"""The smallest Textual application, to hold the console against."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Label


class BareApp(App[None]):
    """A label and nothing else."""

    TEXT = "bare Textual"

    def compose(self) -> ComposeResult:
        """The label."""
        yield Label(self.TEXT)


if __name__ == "__main__":
    BareApp().run()
