"""What the way to the log-in screen must not import: each of these takes longer than a frame, some half a second."""

from __future__ import annotations

import json

from tests.processes import run_python

_HEAVY = frozenset(
    {
        "aiohttp",
        "argon2",
        "cryptography",
        "httpx",
        "jwt",
        "kubernetes",
        "pydantic",
        "pydantic_settings",
        "pysqlite3",
        "sqlite_utils",
        "starlette",
        "typer",
        "uvicorn",
        "yaml",
    }
)
# What the screen itself is made of: the error class and safe text, never the platform.
_BACKEND = frozenset({"backend", "backend.errors", "backend.safe_text"})
_PAINT = """
import asyncio, json, sys
sys.argv = ["otetui"]
import otetui.cli, otetui.console
from otetui.app import OtetuiApp

painted = []

class Painted(OtetuiApp):
    def _open_engine(self):
        # Called after the first paint: what follows it is not measured here.
        painted.extend(sys.modules)
        self.exit()

asyncio.run(Painted().run_async(headless=True))
print(json.dumps(painted))
"""


def _painted() -> set[str]:
    modules: list[str] = json.loads(run_python(_PAINT).splitlines()[-1])
    return set(modules)


def test_the_log_in_screen_is_painted_before_anything_heavy_is_imported() -> None:
    modules = _painted()
    assert "screens.login" in modules
    assert {name.partition(".")[0] for name in modules} & _HEAVY == set()
    assert {name for name in modules if name.partition(".")[0] == "backend"} <= _BACKEND


def test_the_log_in_screen_needs_no_list_no_dialog_and_no_other_screen() -> None:
    modules = _painted()
    assert {"widgets.table", "widgets.dialogs", "screens.places", "screens.list_screen", "otetui.commands"}.isdisjoint(
        modules
    )


def test_opening_the_site_brings_what_was_left_out() -> None:
    # So that the test above would notice: these names are what the engine really imports.
    loaded = set(json.loads(run_python("import otetui.opening, json, sys; print(json.dumps(list(sys.modules)))")))
    assert {"pydantic", "pysqlite3", "cryptography", "widgets.table", "screens.places"} <= loaded
