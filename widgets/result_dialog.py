"""What became of each item of an action on several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from backend.errors import ItemResult
from widgets.clipboard import copy
from widgets.columns import Cell, Column
from widgets.dialog import Dialog
from widgets.hints import Hint
from widgets.table import VirtualTable
from widgets.table_messages import RowHighlighted
from widgets.text import plural, safe

# The frame, the count, the sentence below the list, the answer, the keys, and the lines between them.
_OTHER_LINES: Final = 12


class ResultDialog(Dialog[None]):
    """Lists the items of a bulk action, failed ones first, with a sentence for each; the whole sentence below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy all results", show=False, id="dialog.copy"),
        Binding("q", "leave", "Close", show=False),
    ]

    def __init__(self, title: str, results: Sequence[ItemResult]) -> None:
        super().__init__(title)
        self.box_classes = "-large"
        # sorted() is stable: within failed and done the order of the request stays.
        self._results = sorted(results, key=lambda result: result.ok)
        columns: list[Column[int]] = [
            Column("state", "Result", self._state, width=8),
            Column("name", "Item", lambda place: self._results[place].name, minimum=12, maximum=32),
            Column("message", "What happened", lambda place: self._results[place].message, minimum=12, weight=3),
        ]
        self._table: VirtualTable[int] = VirtualTable(columns, int)
        self._sentence = Static(markup=False, classes="dialog--sentence")

    def _state(self, place: int) -> Cell:
        return Cell("OK", "good") if self._results[place].ok else Cell("failed", "bad")

    def body(self) -> Iterable[Widget]:
        """How many were done and how many not."""
        failed = sum(not result.ok for result in self._results)
        done = len(self._results) - failed
        text = f"{plural(done, 'item')} done" + (f", {failed:,} failed." if failed else ", none failed.")
        yield Static(safe(text), markup=False, classes="tone--bad" if failed else "tone--good")

    def footer(self) -> Iterable[Widget]:
        """The list, and the sentence of the item under the cursor in full."""
        yield self._table
        yield self._sentence

    def on_mount(self) -> None:
        """Fill the list."""
        super().on_mount()
        self._table.styles.height = 1 + max(1, min(len(self._results), self.app.size.height - _OTHER_LINES))
        self._table.set_rows(range(len(self._results)))
        self._table.focus()

    def hints(self) -> Sequence[Hint]:
        """Copy, move, close."""
        return [Hint("c", "copy all"), Hint("↓ ↑", "move"), Hint("esc", "close")]

    @on(RowHighlighted)
    def _highlighted(self, event: RowHighlighted) -> None:
        event.stop()
        if event.index < len(self._results):
            result = self._results[event.index]
            self._sentence.update(safe(result.message or ("Done." if result.ok else "Failed."), limit=1000))

    def action_copy(self) -> None:
        """Copy all results, one per line."""
        lines = [f"{'OK' if result.ok else 'failed'}\t{result.name}\t{result.message}" for result in self._results]
        self.say(copy(self.app, "\n".join(lines)), "good")
