"""How Python is set for a console, each time in a process of its own, and when the console asks for it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from otetui import app as application
from otetui.app import OtetuiApp
from tests.processes import run_python

_SECONDS = 30
_REPORT = """
import gc, json, os, sys
from otetui.interpreter import settle, start_quickly

start_quickly()
early = [gc.isenabled(), gc.get_freeze_count(), sys.getswitchinterval(), os.environ["TEXTUAL_FPS"]]
settle()
print(json.dumps([early, gc.isenabled(), gc.get_freeze_count()]))
"""


def test_garbage_is_searched_only_after_the_start_and_only_among_what_came_since() -> None:
    early, enabled, frozen = json.loads(run_python(_REPORT, env={"TEXTUAL_FPS": "30"}))
    assert early[:2] == [False, 0]
    assert early[2] < 0.005
    assert enabled
    assert frozen > 1000
    # Whoever sets the frames per second keeps them.
    assert early[3] == "30"


async def test_the_console_settles_once_its_site_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTETUI_HOME", str(tmp_path))
    monkeypatch.setattr(application, "_SETTLED_SECONDS", 0.01)
    settled = asyncio.Event()
    app = OtetuiApp(when_settled=settled.set)
    async with app.run_test():
        await asyncio.wait_for(settled.wait(), _SECONDS)
        assert app.is_open
