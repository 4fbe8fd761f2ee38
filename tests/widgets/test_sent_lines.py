"""Whatever is left out of updates, the terminal shows what Textual painted."""

from __future__ import annotations

from io import StringIO

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from widgets.sent_lines import SentLines

WIDTH, HEIGHT, CUT = 24, 4, 10

_styles = st.sampled_from([None, Style(bold=True), Style(reverse=True)])
_texts = st.text(alphabet="ab 日", min_size=1, max_size=9)


def _console() -> Console:
    return Console(file=StringIO(), force_terminal=True, color_system="truecolor", width=WIDTH, _environ={})


def _strip(parts: list[tuple[str, Style | None]], width: int) -> Strip:
    return Strip([Segment(text, style) for text, style in parts]).adjust_cell_length(width).simplify()


_lines = st.lists(st.tuples(_texts, _styles), min_size=1, max_size=4)
_screens = st.lists(st.tuples(_lines, _lines), min_size=HEIGHT, max_size=HEIGHT)
_updates = st.lists(st.one_of(_screens, st.tuples(st.integers(0, HEIGHT - 1), st.booleans(), _lines)), max_size=6)


def _layout(lines: list[tuple[Strip, Strip]]) -> LayoutUpdate:
    return LayoutUpdate([list(line) for line in lines], Region(0, 0, WIDTH, HEIGHT))


def _chops(y: int, x: int, strip: Strip) -> ChopsUpdate:
    chops: list[dict[int, Strip | None]] = [{} for _ in range(HEIGHT)]
    ends: list[list[int]] = [[] for _ in range(HEIGHT)]
    chops[y] = {0: strip if x == 0 else None, CUT: strip if x == CUT else None}
    ends[y] = [CUT, WIDTH]
    return ChopsUpdate(chops, [(y, x, x + strip.cell_length)], ends)


def _show(stream: pyte.Stream, update: CompositorUpdate | None) -> None:
    if update is not None:
        stream.feed(update.render_segments(_console()).replace("\n", ""))


@given(_updates)
def test_the_screen_is_the_same_with_and_without_leaving_out(updates: list[object]) -> None:
    saved, plain = pyte.Screen(WIDTH, HEIGHT), pyte.Screen(WIDTH, HEIGHT)
    saved_stream, plain_stream = pyte.Stream(saved), pyte.Stream(plain)
    sent = SentLines()
    for made in updates:
        update: CompositorUpdate
        if isinstance(made, tuple):
            y, is_left, parts = made
            update = _chops(y, 0 if is_left else CUT, _strip(parts, CUT if is_left else WIDTH - CUT))
        else:
            assert isinstance(made, list)
            update = _layout([(_strip(left, CUT), _strip(right, WIDTH - CUT)) for left, right in made])
        _show(plain_stream, update)
        _show(saved_stream, sent.unsent(update, _console()))
        assert saved.display == plain.display
        assert [dict(saved.buffer[y]) for y in range(HEIGHT)] == [dict(plain.buffer[y]) for y in range(HEIGHT)]


def _plain(text: str) -> LayoutUpdate:
    return _layout([(_strip([(text, None)], CUT), _strip([("right", Style(bold=True))], WIDTH - CUT))] * HEIGHT)


def test_the_same_screen_is_not_sent_twice() -> None:
    sent = SentLines()
    assert sent.unsent(_plain("a"), _console()) is not None
    assert sent.unsent(_plain("a"), _console()) is None


def test_only_the_part_that_differs_is_sent() -> None:
    sent = SentLines()
    sent.unsent(_plain("a"), _console())
    update = sent.unsent(_plain("b"), _console())
    assert update is not None
    text = update.render_segments(_console())
    assert "right" not in text
    assert text.count("b") == HEIGHT


def test_after_another_size_or_unknown_writing_everything_is_sent() -> None:
    sent = SentLines()
    sent.unsent(_plain("a"), _console())
    sent.forget()
    assert sent.unsent(_plain("a"), _console()) is not None
    other = LayoutUpdate([[_strip([("x", None)], 5)]], Region(0, 0, 5, 1))
    sent.unsent(other, _console())
    update = sent.unsent(_plain("a"), _console())
    assert update is not None
    assert update.render_segments(_console()).count("right") == HEIGHT
    foreign = CompositorUpdate()
    assert sent.unsent(foreign, _console()) is foreign
    assert sent.unsent(_plain("a"), _console()) is not None
