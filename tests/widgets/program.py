"""A list screen to be run in a real terminal: `python -m tests.widgets.program ROWS`.

F opens a form, U and O change a row in view and one out of view, R refreshes without a change.
"""

from __future__ import annotations

import sys
import time

from textual import events

from tests.widgets.hosts import HostApp, ListScreen, Person, people
from widgets.form import Field
from widgets.form_dialog import FormDialog


async def _take(values: object) -> None:
    del values


class ListProgram(HostApp):
    """The list screen with keys for what the tests measure."""

    def __init__(self, count: int) -> None:
        self.rows = people(count)
        super().__init__(first=lambda: ListScreen(self.rows))

    def on_key(self, event: events.Key) -> None:
        if not isinstance(self.screen, ListScreen):
            return
        table = self.screen.table
        if event.key == "F":
            self.push_screen(FormDialog("New user", [Field("a", "Alpha"), Field("b", "Beta")], _take))
        elif event.key == "U":
            table.update_row(3, Person(3, f"changed{time.monotonic_ns()}", "pending", "changed"))
        elif event.key == "O":
            table.update_row(900, Person(900, "changed"))
        elif event.key == "R":
            table.set_rows(list(self.rows))


if __name__ == "__main__":
    ListProgram(int(sys.argv[1])).run()
