"""The sandbox as a process of its own: serves a site until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

from backend.sandbox.identity import IDENTITY_FILE, load_identity
from backend.sandbox.server import Site, write_private
from backend.sandbox.site import SiteSpec, demo_site, generated_site

KUBECONFIG = "kubeconfig"
LIMITED_KUBECONFIG = "kubeconfig-limited"
CONTROL_FILE = "control.json"
DEFAULT_NODES = 5


def site_spec(clusters: int | None, nodes: int | None, *, life: bool) -> SiteSpec:
    """The demo's site, or one of the size that is asked for."""
    if clusters is None and nodes is None:
        return demo_site(life=life)
    return generated_site(clusters or 1, DEFAULT_NODES if nodes is None else nodes, life=life)


def serve(
    directory: Path,
    *,
    clusters: int | None = None,
    nodes: int | None = None,
    life: bool = True,
    ready: Callable[[], None],
    lifeline: int | None = None,
) -> None:
    """Serve a site in the foreground until SIGTERM or SIGINT, or until the `lifeline` is closed.

    A folder that a sandbox served from before keeps its addresses and credentials, as long as its ports are free.
    Writes `kubeconfig`, `kubeconfig-limited` and `control.json` into the directory (only their owner can read them)
    and then calls `ready`. `lifeline` is a file descriptor whose other end the starting process holds: at its death
    the sandbox stops too. Raises OSError when the directory cannot be written.
    """
    asyncio.run(_serve(directory, site_spec(clusters, nodes, life=life), ready, lifeline))


async def _serve(directory: Path, spec: SiteSpec, ready: Callable[[], None], lifeline: int | None) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if lifeline is not None:
        _watch_lifeline(loop, lifeline, stopping)
    site = Site(spec, load_identity(directory))
    try:
        await site.start()
        _write_files(site, directory)
        ready()
        await stopping.wait()
    finally:
        await site.stop()


def _write_files(site: Site, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    write_private(directory / IDENTITY_FILE, site.identity.document())
    write_private(directory / LIMITED_KUBECONFIG, site.kubeconfig("limited"))
    write_private(directory / CONTROL_FILE, site.control_file())
    write_private(directory / KUBECONFIG, site.kubeconfig())


def _watch_lifeline(loop: asyncio.AbstractEventLoop, lifeline: int, stopping: asyncio.Event) -> None:
    def look() -> None:
        if not os.read(lifeline, 1024):
            loop.remove_reader(lifeline)
            stopping.set()

    loop.add_reader(lifeline, look)
