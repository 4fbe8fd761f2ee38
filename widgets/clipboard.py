"""Copying over SSH: the terminal is asked (OSC 52) to put a text on the clipboard of the machine it runs on."""

from __future__ import annotations

from typing import Any, Final

from textual.app import App

from widgets.text import plural

MOST_BYTES: Final = 74_000
"""What every terminal takes: several cut off the base64 text at 100,000 characters."""


def copy(app: App[Any], text: str) -> str:
    """Copy `text` and say in a sentence what was copied; a text that terminals would refuse is cut."""
    data = text.encode("utf-8", "replace")
    whole = data[:MOST_BYTES].decode("utf-8", "ignore")
    app.copy_to_clipboard(whole)
    if len(data) > MOST_BYTES:
        return f"Copied the first {plural(len(whole), 'character')} of {len(text):,}: terminals take no more."
    return f"Copied {plural(len(whole), 'character')}, if this terminal allows it (OSC 52)."
