"""What the terminal shows, so that a repaint sends only what is not there already.

Textual paints a screen up to three times when a dialog opens or closes. This reads its updates where they are
written; there is no public place for it, which is why tests hold it to the bytes it saves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.control import Control
from rich.segment import Segment

# Textual keeps these to itself; without them every repaint would be sent.
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

_Piece = tuple[int, int, Strip]


class _Rendered(CompositorUpdate):
    """An update that is rendered already."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render_segments(self, console: Console) -> str:
        del console
        return self._text


class SentLines:
    """The pieces of lines that were sent last, by line and column; what of an update is there already is left out."""

    def __init__(self) -> None:
        self._lines: dict[int, dict[int, Strip]] = {}
        self._size = (0, 0)

    def forget(self) -> None:
        """The terminal may show anything: the next repaint sends all of it."""
        self._lines.clear()

    def unsent(self, update: CompositorUpdate, console: Console) -> CompositorUpdate | None:
        """What of an update must be sent; None when the terminal shows it all. Counts as sent from now on."""
        if isinstance(update, LayoutUpdate):
            if self._size != (update.region.width, update.region.height):
                self._size = (update.region.width, update.region.height)
                self.forget()
            pieces = _pieces_of_layout(update)
        elif isinstance(update, ChopsUpdate):
            pieces = _pieces_of_chops(update)
        else:
            self.forget()
            return update
        written: list[str] = []
        end = (-1, -1)
        for left, y, strip in pieces:
            for x, new in self._changed(left, y, strip):
                # The terminal's cursor stands where the last part ended.
                written.append("" if end == (x, y) else Control.move_to(x, y).segment.text)
                written.append(new.render(console))
                end = (x + new.cell_length, y)
        return _Rendered("".join(written)) if written else None

    def _changed(self, start: int, y: int, strip: Strip) -> Iterable[tuple[int, Strip]]:
        """The parts of a piece that the terminal does not show, with their columns; the piece is noted."""
        line = self._lines.setdefault(y, {})
        old = line.get(start)
        if old is not None and old.cell_length == strip.cell_length:
            line[start] = strip
            return () if old == strip else _differing(start, old, strip)
        end = start + strip.cell_length
        for other in [other for other, held in line.items() if other < end and other + held.cell_length > start]:
            del line[other]
        line[start] = strip
        return ((start, strip),)


def _differing(start: int, old: Strip, new: Strip) -> Iterator[tuple[int, Strip]]:
    """The runs of segments of `new` that `old` does not have at the same column."""
    shown = dict(_placed(start, old))
    run: list[Segment] = []
    run_start = start
    for x, segment in _placed(start, new):
        if shown.get(x) == segment:
            if run:
                yield run_start, Strip(run)
            run = []
            continue
        if not run:
            run_start = x
        run.append(segment)
    if run:
        yield run_start, Strip(run)


def _placed(start: int, strip: Strip) -> Iterator[tuple[int, Segment]]:
    """The segments of a strip with their columns."""
    x = start
    for segment in strip:
        yield x, segment
        x += segment.cell_length


def _pieces_of_layout(update: LayoutUpdate) -> Iterator[_Piece]:
    for y, strips in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in strips:
            yield x, y, strip
            x += strip.cell_length


def _pieces_of_chops(update: ChopsUpdate) -> Iterator[_Piece]:
    """The pieces as Textual's own rendering has them: from where a piece begins, cut at the end of its span."""
    for y, start, stop in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x > stop or end <= start:
                continue
            yield x, y, strip if start <= x < stop and end <= stop else strip.crop(0, min(end, stop) - x)
