"""The one place that makes text from users, clusters and registries safe to show."""

from __future__ import annotations

import re
import unicodedata

# Cc control, Cf format (bidi, zero width, tags), Cs surrogates, Co private use, Cn unassigned, Zl and Zp line ends.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that draw nothing: Hangul and Khmer fillers, variation selectors, the joiner.
_INVISIBLE = frozenset({"\u115f", "\u1160", "\u3164", "\uffa0", "\u17b4", "\u17b5", "\u034f", "\u2800"}) | {
    chr(code) for code in (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}
# What takes no cell of its own: combining marks, and letters and colours that join the one before.
_MARK_CATEGORIES = frozenset({"Mn", "Me", "Mc"})
_JOINING = re.compile("[\u1161-\u11ff\ud7b0-\ud7fb\U0001f3fb-\U0001f3ff]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e", "\x00": "\\0"}
_PLAIN = re.compile(r"[ -~\u00a1-\u00ac\u00ae-\u02ff]*")
_MAXIMUM_MARKS = 3


def _escape(character: str) -> str:
    short = _SHORT.get(character)
    if short is not None:
        return short
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def visible(text: str, limit: int = 0) -> str:
    """Return `text` on one line with every control, bidi, zero-width and other unseen character shown as an escape.

    Stacks of more than three combining marks are escaped too, so no cell overflows its line. `limit` is
    the most characters taken from `text` (0: all); what is cut is marked with an ellipsis.
    """
    cut = limit > 0 and len(text) > limit
    if cut:
        text = text[: limit - 1]
    if not _PLAIN.fullmatch(text):
        text = _escape_hidden(text)
    return text + "…" if cut else text


def _escape_hidden(text: str) -> str:
    shown: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARK_CATEGORIES or _JOINING.match(character) else 0
        hidden = category in _HIDDEN_CATEGORIES or character in _INVISIBLE or marks > _MAXIMUM_MARKS
        shown.append(_escape(character) if hidden else character)
    return "".join(shown)
