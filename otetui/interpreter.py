"""How Python itself is set for a console: quick to start, and answering keys while threads compute."""

from __future__ import annotations

import gc
import os
import sys

_SWITCH_SECONDS = 0.001
_FRAMES_PER_SECOND = 120


def start_quickly() -> None:
    """Put off the search for garbage until `settle`. To be called before Textual is imported."""
    gc.disable()
    # A thread that decodes answers or reads the store gives way to the loop after this time instead of 5 ms.
    sys.setswitchinterval(_SWITCH_SECONDS)
    # What a key changes besides its own line is painted with the next frame: half as late as with Textual's 60.
    os.environ.setdefault("TEXTUAL_FPS", str(_FRAMES_PER_SECOND))


def settle() -> None:
    """Search for garbage from now on, but only among what comes: what is there stays as long as the program runs.

    Each search through the modules and connections of a large site would stop the loop for 50 to 100 ms.
    """
    gc.freeze()
    gc.enable()
