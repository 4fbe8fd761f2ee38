"""What a simulated site looks like: its clusters, their nodes, and how well their links behave."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from backend.sandbox.cluster.lifecycle import Pace

CURRENT_VERSION = "v1.34.2"
OLDER_VERSION = "v1.27.16"
SLOW_SECONDS = 1.5
_SMALLEST_WITH_FAULTS = 5
_OFFLINE_EVERY = 50
_SLOW_NUMBER = 3


class Behaviour(Enum):
    """How a cluster's API server can be reached."""

    NORMAL = "normal"
    OFFLINE = "offline"
    SLOW = "slow"
    HANGING = "hanging"
    FLAPPING = "flapping"


class Machine(Enum):
    """A make of machine: what a node of it says about its hardware and system is in `machines.py`."""

    CONTROL_PLANE = "control-plane"
    GATEWAY = "gateway"
    CAMERA = "camera"
    INFERENCE = "inference"
    SERVER = "server"
    TILL = "till"


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One node; `ready` false means that its kubelet has gone silent, `cordoned` that it takes no new pods."""

    name: str
    machine: Machine = Machine.SERVER
    ready: bool = True
    cordoned: bool = False


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """One cluster.

    `delay` is how long a slow one takes for each answer, in seconds; a flapping one is away for the first
    `away_seconds` of each `period_seconds`. `own_port` gives it a listening socket of its own, so that it really
    refuses connections while it is offline; a cluster that begins offline always has one.
    """

    name: str
    nodes: tuple[NodeSpec, ...] = ()
    version: str = CURRENT_VERSION
    behaviour: Behaviour = Behaviour.NORMAL
    delay: float = SLOW_SECONDS
    away_seconds: float = 10.0
    period_seconds: float = 30.0
    own_port: bool = False


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """A site: clusters, and how time passes in them.

    `life_seconds` is the time between two changes that happen by themselves (a node goes or comes back), and
    `heartbeat_seconds` that between two heartbeats of a node; 0 turns either off. `seed` makes them repeatable.
    """

    clusters: tuple[ClusterSpec, ...]
    life_seconds: float = 0.0
    heartbeat_seconds: float = 0.0
    pace: Pace = field(default_factory=Pace)
    memory: int = 1000
    seed: int = 1


def _nodes(prefix: str, *groups: tuple[str, Machine, int]) -> tuple[NodeSpec, ...]:
    return tuple(
        NodeSpec(f"{prefix}-{role}-{number:02}", machine)
        for role, machine, count in groups
        for number in range(1, count + 1)
    )


def demo_site(*, life: bool = True) -> SiteSpec:
    """The site of the demo: six edge locations of a traffic and retail operator, one offline and one slow."""
    hamburg = _nodes(
        "ham", ("ctl", Machine.CONTROL_PLANE, 1), ("cam", Machine.CAMERA, 3), ("gpu", Machine.INFERENCE, 2)
    )
    lyon = _nodes("lys", ("ctl", Machine.CONTROL_PLANE, 1), ("cam", Machine.CAMERA, 2), ("gw", Machine.GATEWAY, 2))
    rotterdam = _nodes(
        "rtm", ("ctl", Machine.CONTROL_PLANE, 1), ("srv", Machine.SERVER, 5), ("gpu", Machine.INFERENCE, 1)
    )
    porto = _nodes("opo", ("srv", Machine.SERVER, 1), ("till", Machine.TILL, 2))
    gdansk = _nodes("gdn", ("ctl", Machine.CONTROL_PLANE, 1), ("gw", Machine.GATEWAY, 3))
    turin = _nodes("trn", ("ctl", Machine.CONTROL_PLANE, 1), ("cam", Machine.CAMERA, 3), ("gw", Machine.GATEWAY, 1))
    away = NodeSpec("lys-gw-03", Machine.GATEWAY, ready=False)
    cordoned = NodeSpec("rtm-srv-06", Machine.SERVER, cordoned=True)
    clusters = (
        ClusterSpec("hamburg-elbe-tunnel", hamburg),
        ClusterSpec("lyon-ring-north", (*lyon, away)),
        ClusterSpec("rotterdam-warehouse", (*rotterdam, cordoned)),
        ClusterSpec("porto-store-214", porto, version=OLDER_VERSION),
        ClusterSpec("gdansk-tram-depot", gdansk, behaviour=Behaviour.SLOW),
        ClusterSpec("turin-toll-plaza", turin, behaviour=Behaviour.OFFLINE),
    )
    if not life:
        return SiteSpec(clusters)
    return SiteSpec(clusters, life_seconds=20.0, heartbeat_seconds=60.0)


def generated_site(clusters: int, nodes: int, *, life: bool = False) -> SiteSpec:
    """A site of any size: `edge-001` and so on; about one of fifty is offline (one at least from five on), one slow."""
    machines = (Machine.SERVER, Machine.GATEWAY, Machine.CAMERA, Machine.SERVER, Machine.INFERENCE)
    made: list[ClusterSpec] = []
    for number in range(1, clusters + 1):
        name = f"edge-{number:03}"
        members = tuple(
            NodeSpec(
                f"{name}-node-{position:03}",
                Machine.CONTROL_PLANE if position == 1 else machines[position % len(machines)],
                ready=(number, position) != (2, 2),
                cordoned=(number, position) == (1, nodes),
            )
            for position in range(1, nodes + 1)
        )
        behaviour = Behaviour.NORMAL
        if clusters >= _SMALLEST_WITH_FAULTS:
            if number % _OFFLINE_EVERY == 0 or number == clusters < _OFFLINE_EVERY:
                behaviour = Behaviour.OFFLINE
            elif number == _SLOW_NUMBER:
                behaviour = Behaviour.SLOW
        made.append(ClusterSpec(name, members, behaviour=behaviour))
    if not life:
        return SiteSpec(tuple(made))
    return SiteSpec(tuple(made), life_seconds=20.0, heartbeat_seconds=300.0)
