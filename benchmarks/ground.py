"""The sites that benchmarks run on, made once per run, and the console opened on them."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pysqlite3

from backend.engine import STORE_FILE, Engine
from backend.operations.site import CHANGE_SETTINGS
from backend.sandbox.process import SandboxProcess
from otetui.demo_site import ADMINISTRATOR, PASSWORD, fill_site
from tests.terminal import Terminal

CLUSTERS = 200
NODES = 50
_LONGEST_INTERVAL = 3600
_START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class BenchmarkSite:
    """A site that was set up, with its simulated clusters running in another process."""

    home: Path
    sandbox: SandboxProcess

    @property
    def environment(self) -> dict[str, str]:
        """What the program needs to run on this site."""
        return {"OTETUI_HOME": str(self.home)}

    def normal(self) -> None:
        """Let every cluster answer."""
        for name in self.behaviours():
            self.sandbox.set_behaviour(name, "normal")

    def behaviours(self) -> dict[str, str]:
        """How each cluster behaves now."""
        listed = self.sandbox.control("GET", "/control/clusters")["clusters"]
        rows = listed if isinstance(listed, list) else []
        return {str(row["name"]): str(row["behaviour"]) for row in rows if isinstance(row, dict)}


class Ground:
    """Makes sites when they are first asked for and takes them down at the end; a context manager."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._sites: dict[tuple[int | None, bool], BenchmarkSite] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="otetui-benchmarks-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def demo_site(self, *, life: bool = False) -> BenchmarkSite:
        """The demo's site of six clusters; with `life` nodes of theirs go and come back."""
        return self._site(None, None, life=life)

    def large_site(self) -> BenchmarkSite:
        """A site of 200 clusters with 50 nodes each, all of which answer."""
        return self._site(CLUSTERS, NODES, life=False)

    def copy(self, site: BenchmarkSite, refresh_seconds: int = _LONGEST_INTERVAL) -> BenchmarkSite:
        """The same site in a folder of its own, with another interval between refreshes, and people of some age."""
        home = Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copytree(site.home, home, dirs_exist_ok=True)
        asyncio.run(_set_interval(home, refresh_seconds))
        connection = pysqlite3.connect(str(home / STORE_FILE))
        with connection:
            # Ages of seconds change while something else is measured; those of days do not.
            connection.execute("UPDATE user SET created_at = created_at - 300000")
        connection.close()
        return BenchmarkSite(home, site.sandbox)

    def _site(self, clusters: int | None, nodes: int | None, *, life: bool) -> BenchmarkSite:
        site = self._sites.get((clusters, life))
        if site is None:
            folder = Path(tempfile.mkdtemp(dir=self.folder))
            sandbox = SandboxProcess(folder / "sandbox", clusters=clusters, nodes=nodes, life=life)
            sandbox.start(seconds=_START_SECONDS)
            self._stack.callback(sandbox.stop)
            site = self._sites[clusters, life] = BenchmarkSite(folder / "site", sandbox)
            asyncio.run(fill_site(site.home, sandbox))
            if clusters is not None:
                site.normal()
                asyncio.run(_refresh(site.home))
        return site


async def _refresh(home: Path) -> None:
    engine = await Engine.open(home)
    try:
        await engine.inventory.refresh_all()
    finally:
        await engine.close()


async def _set_interval(home: Path, seconds: int) -> None:
    engine = await Engine.open(home)
    try:
        session = engine.session()
        await session.login(ADMINISTRATOR, PASSWORD)
        await session.call(CHANGE_SETTINGS, refreshSeconds=seconds)
    finally:
        await engine.close()


def program(*arguments: str) -> list[str]:
    """The command line that runs otetui."""
    return [sys.executable, "-m", "otetui", *arguments]


@contextmanager
def console(environment: Mapping[str, str], *, columns: int = 120, lines: int = 40) -> Iterator[Terminal]:
    """The console in a terminal of its own, with the log-in screen up."""
    with Terminal(program(), columns=columns, lines=lines, environment=environment) as terminal:
        terminal.wait_for("Password")
        terminal.settle()
        yield terminal


@contextmanager
def console_at(
    site: BenchmarkSite, place: str, title: str, *, columns: int = 120, lines: int = 40
) -> Iterator[Terminal]:
    """The console with the administrator logged in and the screen `place` up, which shows `title`."""
    with console(site.environment, columns=columns, lines=lines) as terminal:
        log_in(terminal)
        terminal.settle(0.3)
        terminal.press(":")
        terminal.wait_for("account")
        terminal.type(place)
        terminal.press("enter")
        terminal.wait_for(title)
        terminal.settle(0.5)
        yield terminal


def log_in(terminal: Terminal) -> None:
    """Log in as the administrator and wait for the first list."""
    type_log_in(terminal)
    terminal.press("enter")
    terminal.wait_for("Audit inbox")


def type_log_in(terminal: Terminal) -> None:
    """Type name and password; enter is left to press."""
    terminal.type(ADMINISTRATOR)
    terminal.press("tab")
    terminal.type(PASSWORD)
    terminal.settle(0.3)


def prepare() -> None:
    """Make this process and its children run as installed programs do: with compiled modules."""
    import compileall

    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for package in ("otetui", "screens", "widgets", "backend", "benchmarks"):
        compileall.compile_dir(package, quiet=1)
