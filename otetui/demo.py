"""The demo: the console on simulated clusters, with a site worth looking at. Nothing outlives it."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "Demo-pass1"  # noqa: S105 - the demo's users all share it, and the log-in screen says so
ADMINISTRATOR = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the demo. `status` is their registration's; `business` whom they work for, if anyone."""

    user: str
    real_name: str
    phone: str
    is_admin: bool = False
    status: int = 1
    business: str = ""


@dataclass(frozen=True, slots=True)
class Venture:
    """A business of the demo and what became of its application."""

    name: str
    owner: str
    introduce: str
    objective: str
    scale: str
    status: int
    comment: str = ""


PEOPLE = (
    Person("chen.wei", "Chen Wei 陈伟", "+8613800138001", is_admin=True),
    Person("maria.silva", "Maria Silva", "+351912345678", is_admin=True),
    Person("o.haddad", "Omar Haddad", "+971501234567", is_admin=True),
    Person("j.lindqvist", "Johanna Lindqvist", "+46701234567", is_admin=True),
    Person("k.mensah", "Kwame Mensah", "+233201234567", is_admin=True),
    Person("tanaka", "田中 美咲", "+819012345678", is_admin=True, status=0),
    Person("r.oconnor", "Rory O'Connor", "+353861234567", is_admin=True, status=0),
    Person("p.novak", "Petra Nováková", "+420601234567", status=0),
    Person("guest-crew", "Night shift [temp]", "+4915112345678", status=2),
    Person("old.contractor", "Ivan Petrov", "+359881234567", status=3),
)
SUB_USERS = (
    Person("li.na", "Li Na 李娜", "+8613800138002", business="port-vision"),
    Person("zhang.min", "Zhang Min 张敏", "+8613800138003", is_admin=True, business="port-vision"),
    Person("a.costa", "André Costa", "+351913456789", business="metro-flow"),
)
VENTURES = (
    Venture(
        "port-vision",
        "chen.wei",
        "Camera analytics for container terminals.",
        "Count and read containers at the quay, close to the cameras.",
        "4 sites, 2 GPU nodes each, 200 cameras",
        1,
        "Agreed with port operations.",
    ),
    Venture(
        "metro-flow",
        "maria.silva",
        "Passenger flow in metro stations.",
        "Warn of crowding on platforms within two seconds.",
        "12 stations, one node each",
        1,
        "Pilot for six months.",
    ),
    Venture(
        "cold-chain",
        "o.haddad",
        "Temperature watch in refrigerated stores.",
        "Raise an alert before goods spoil.",
        "30 stores, small gateways",
        0,
    ),
    Venture(
        "tunnel-watch",
        "j.lindqvist",
        "Smoke and stopped-vehicle detection in road tunnels.",
        "Detect within five seconds, also when the uplink is cut.",
        "3 tunnels, 2 nodes each, one with a GPU",
        0,
    ),
    Venture(
        "ad-screens",
        "k.mensah",
        "Targeted advertising on public screens.",
        "Choose clips by audience.",
        "80 screens",
        2,
        "Faces may not be analysed for advertising here.",
    ),
)


def run_demo(clusters: int | None, nodes: int | None) -> int:
    """Start the simulated clusters, fill a site, open the console on it; returns the exit code.

    Raises PlatformError when the simulation or the store cannot be started.
    """
    from backend.sandbox.process import SandboxProcess

    home = Path(tempfile.mkdtemp(prefix="otetui-demo-"))
    try:
        print("Starting the simulated clusters ...", flush=True)
        with SandboxProcess(home / "sandbox", clusters=clusters, nodes=nodes) as sandbox:
            print("Filling the demo's site ...", flush=True)
            asyncio.run(_fill(home / "site", sandbox))
            os.environ["OTETUI_HOME"] = str(home / "site")
            from otetui.console import run_console

            return run_console(hint=f"Demo: log in as {ADMINISTRATOR} with {PASSWORD} (all users share it)")
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def _fill(home: Path, sandbox: object) -> None:
    from backend.engine import Engine

    engine = await Engine.open(home)
    try:
        await engine.set_up(ADMINISTRATOR, PASSWORD)
        await Filler(engine).fill(sandbox)
    finally:
        await engine.close()
