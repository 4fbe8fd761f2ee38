"""The demo: the console on simulated clusters, with a site worth looking at. Nothing outlives it."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from pathlib import Path


def run_demo(clusters: int | None, nodes: int | None) -> int:
    """Start the simulated clusters, fill a site, open the console on it; returns the exit code.

    Raises PlatformError when the simulation or the store cannot be started.
    """
    from backend.errors import ErrorKind, PlatformError
    from backend.sandbox.process import SandboxError, SandboxProcess
    from otetui.console import run_console
    from otetui.demo_site import ADMINISTRATOR, PASSWORD, fill_site

    home = Path(tempfile.mkdtemp(prefix="otetui-demo-"))
    try:
        print("Starting the simulated clusters ...", flush=True)
        with SandboxProcess(home / "sandbox", clusters=clusters, nodes=nodes) as sandbox:
            print("Filling the demo's site ...", flush=True)
            asyncio.run(fill_site(home / "site", sandbox))
            os.environ["OTETUI_HOME"] = str(home / "site")
            return run_console(hint=f"Demo: log in as {ADMINISTRATOR} with {PASSWORD}, like all its users.")
    except SandboxError as error:
        raise PlatformError(ErrorKind.INTERNAL, str(error), reason="sandbox_failed") from error
    finally:
        shutil.rmtree(home, ignore_errors=True)
