"""Takes the README's pictures: runs the console on the demo's site, without a terminal, and saves its screens."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from backend.sandbox.process import SandboxProcess
from otetui.demo_site import ADMINISTRATOR, PASSWORD, fill_site

PICTURES = Path(__file__).parent / "pictures"
SIZE = (110, 30)
_SCREENS = (("inbox", ()), ("clusters", ()), ("nodes", ()), ("businesses", ("enter",)), ("users", ()), ("activity", ()))
_SECONDS = 30


async def take_pictures(home: Path) -> None:
    """Log in and save a picture of each screen as SVG."""
    os.environ["OTETUI_HOME"] = str(home)
    from otetui.app import OtetuiApp

    app = OtetuiApp()
    async with app.run_test(size=SIZE) as pilot:
        async with asyncio.timeout(_SECONDS):
            while not app.is_open:
                await pilot.pause(0.05)
        await pilot.press(*ADMINISTRATOR, "enter", *PASSWORD, "enter")
        await pilot.pause(2)
        for name, keys in _SCREENS:
            app.go(name)
            await pilot.pause(1)
            await pilot.press(*keys)
            await pilot.pause(1)
            # Without this, some programs that show SVG swallow the spaces between columns.
            picture = app.export_screenshot().replace("<svg ", '<svg xml:space="preserve" ', 1)
            (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")


def main() -> None:
    """Fill a demo site, take the pictures, clear up."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with SandboxProcess(directory / "sandbox", life=False) as sandbox:
            asyncio.run(fill_site(directory / "site", sandbox))
            asyncio.run(take_pictures(directory / "site"))


if __name__ == "__main__":
    main()
