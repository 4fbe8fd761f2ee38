"""The one way from other people's text to the screen, and how ages, times and sizes are written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.style import Style

from backend.safe_text import visible

LONGEST: Final = 20_000
"""The most characters that are ever laid out at once; a longer text is cut, and says so."""

ELLIPSIS: Final = "…"
NOTHING: Final = "—"

_AGES: Final = ((60, 1, "s"), (3600, 60, "m"), (86_400, 3600, "h"), (730 * 86_400, 86_400, "d"))
_YEAR: Final = 365 * 86_400
_SIZES: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_SIZE_STEP: Final = 1024
_WHOLE_FROM: Final = 100
# A base character may carry this many marks before visible() shows them as escapes.
_MARKS_PER_CELL: Final = 4


def safe(text: str, style: str | Style = "", *, limit: int = LONGEST) -> Content:
    """`text` as content for one line: nothing in it is markup, and every unseen character shows as an escape.

    `limit` is the most characters taken from `text`; what is cut off is marked with an ellipsis.
    """
    return Content.styled(visible(text, limit), style)


def safe_lines(text: str, style: str | Style = "", *, limit: int = LONGEST) -> Content:
    """Like `safe`, for text of several lines: line ends stay line ends."""
    cut = len(text) > limit
    lines = [visible(line) for line in text[:limit].replace("\r\n", "\n").split("\n")]
    return Content.styled("\n".join(lines) + (ELLIPSIS if cut else ""), style)


def checked(content: Content) -> Content:
    """`content`, or its text with escapes and without styles when it holds what must not reach a terminal."""
    if len(content) > LONGEST:
        content = content[:LONGEST]
    plain = content.plain
    shown = visible(plain)
    return content if shown == plain else Content(shown)


def width_of(text: str) -> int:
    """How many terminal cells `text` takes: wide characters take two, combining marks none."""
    return cell_len(text)


def fit(text: str, width: int) -> str:
    """`text` made safe and cut to at most `width` cells, the cut marked with an ellipsis.

    Takes the time of what is shown, not of what is given: a text of megabytes costs no more than one of a line.
    """
    if width <= 0:
        return ""
    longest = width * _MARKS_PER_CELL + 1
    cut = len(text) > longest
    shown = visible(text[:longest])
    if not cut and cell_len(shown) <= width:
        return shown
    return set_cell_size(shown, width - 1).rstrip(" ") + ELLIPSIS


def age(seconds: float) -> str:
    """How long ago, in one unit: `12s`, `4m`, `3h`, `2d`, `2y`. A moment in the future is `0s`."""
    seconds = max(0, int(seconds))
    for below, unit, letter in _AGES:
        if seconds < below:
            return f"{seconds // unit}{letter}"
    return f"{seconds // _YEAR}y"


def when(unix: int) -> str:
    """A moment, given in unix seconds, as local date and time: `2031-03-05 14:22`; a dash for none (0)."""
    if unix <= 0:
        return NOTHING
    try:
        return f"{datetime.fromtimestamp(unix, UTC).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return f"@{unix}"


def size(byte_count: int) -> str:
    """An amount of bytes in the largest fitting binary unit: `512 B`, `1.5 KiB`, `16 GiB`."""
    amount = float(max(0, byte_count))
    unit = 0
    while round(amount, 1) >= _SIZE_STEP and unit < len(_SIZES) - 1:
        amount /= _SIZE_STEP
        unit += 1
    return _amount(amount, _SIZES[unit])


def _amount(amount: float, unit: str) -> str:
    shown = f"{amount:.0f}" if amount >= _WHOLE_FROM or amount == int(amount) else f"{amount:.1f}".removesuffix(".0")
    return f"{shown} {unit}"


def plural(count: int, one: str, many: str = "") -> str:
    """A counted noun: `1 user`, `3 users`, `12,400 users`; `many` when it is not `one` with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def in_a_row(title: str) -> str:
    """A title as it stands among others: without its capital, unless the first word is in capitals, such as OK."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]
