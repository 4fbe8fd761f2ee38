"""How keys are written: one spelling inside the program, one for people, and which ones there are."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, InvalidBinding
from textual.keys import Keys, key_to_character

_MODIFIERS: Final = frozenset({"ctrl", "shift", "alt", "super", "meta", "hyper"})
_NAMED: Final = frozenset(key.value for key in Keys)
_LABELS: Final = {
    # Textual's short names for these are no Unicode names, so it finds no characters for them.
    "slash": "/",
    "backslash": "\\",
    "at": "@",
    "minus": "-",
    "plus": "+",
    "underscore": "_",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "delete": "del",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def normal_keys(keys: str) -> tuple[str, ...]:
    """The keys of a comma-separated list in Textual's spelling: `?` is `question_mark`. Empty when there is none."""
    if keys == ",":
        return ("comma",)
    try:
        return tuple(binding.key for binding in Binding.make_bindings([Binding(keys, "none")]))
    except InvalidBinding:
        return ()


def is_key(key: str) -> bool:
    """Whether a key in Textual's spelling is one that a terminal can send."""
    *modifiers, name = key.split("+")
    if not _MODIFIERS.issuperset(modifiers) or not name:
        return False
    return name in _NAMED or name in _LABELS or len(name) == 1 or key_to_character(name) is not None


def key_label(key: str) -> str:
    """A key as people write it: `?`, `esc`, `space`, `ctrl+p`, `G`."""
    *modifiers, name = key.split("+")
    if name in _LABELS:
        label = _LABELS[name]
    else:
        character = key_to_character(name)
        label = name if character is None or not character.isprintable() or character.isspace() else character
    return "+".join([*modifiers, label])


def keys_label(keys: str) -> str:
    """All keys of a comma-separated list as people write them: `↓ j`."""
    return " ".join(key_label(key) for key in normal_keys(keys))
