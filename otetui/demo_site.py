"""What the demo's site holds: a dozen users in every state, businesses, labels, requests that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import JsonValue

from backend.engine import Engine
from backend.models.nodes import Node
from backend.operations.accounts import AUDIT_USER, CREATE_SUB_USER, LIST_USERS, REGISTER
from backend.operations.businesses import AUDIT_BUSINESS, CREATE_BUSINESS, LIST_BUSINESSES
from backend.operations.clusters import ADD_CLUSTER, ADD_CLUSTER_LABEL
from backend.operations.nodes import ADD_NODE_LABEL, LIST_NODES
from backend.operations.site import CHANGE_SETTINGS
from backend.sandbox.process import SandboxProcess
from backend.session import Session

T = TypeVar("T")
_AT_ONCE = 16
_LABELLED_CLUSTERS = 3
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


async def fill_site(home: Path, sandbox: SandboxProcess) -> None:
    """Set a new site up in `home`, with the simulated clusters registered. Raises PlatformError."""
    engine = await Engine.open(home)
    try:
        await engine.set_up(ADMINISTRATOR, PASSWORD)
        session = engine.session()
        await session.login(ADMINISTRATOR, PASSWORD)
        await session.call(CHANGE_SETTINGS, siteName="Harbour City edge (demo)", refreshSeconds=15)
        behaviours = await asyncio.to_thread(_behaviours, sandbox)
        await _behave(sandbox, {name: "normal" for name, behaviour in behaviours.items() if behaviour != "normal"})
        names = await _add_clusters(session, sandbox)
        await _label_clusters(session, names)
        await _label_nodes(session)
        # Away before the businesses are approved, so that their namespaces wait; slow only when all is set up.
        await _behave(sandbox, {name: behaviour for name, behaviour in behaviours.items() if behaviour == "offline"})
        await _add_people(engine, session)
        await engine.worker.drain()
        await _behave(sandbox, {name: behaviour for name, behaviour in behaviours.items() if behaviour == "slow"})
        await engine.inventory.refresh_all()
    finally:
        await engine.close()


async def _some_at_a_time(works: Iterable[Awaitable[T]]) -> list[T]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(work: Awaitable[T]) -> T:
        async with gate:
            return await work

    return await asyncio.gather(*(one(work) for work in works))


async def _add_clusters(session: Session, sandbox: SandboxProcess) -> list[str]:
    """Register every cluster, while all of them answer."""
    kubeconfigs = await asyncio.to_thread(_kubeconfigs, sandbox.kubeconfig)
    await _some_at_a_time(
        session.call(ADD_CLUSTER, clusterName=name, kubeconfig=text) for name, text in kubeconfigs.items()
    )
    return list(kubeconfigs)


async def _behave(sandbox: SandboxProcess, behaviours: dict[str, str]) -> None:
    for name, behaviour in behaviours.items():
        await asyncio.to_thread(sandbox.set_behaviour, name, behaviour)


def _behaviours(sandbox: SandboxProcess) -> dict[str, str]:
    listed = sandbox.control("GET", "/control/clusters")["clusters"]
    rows = listed if isinstance(listed, list) else []
    return {str(row["name"]): str(row["behaviour"]) for row in rows if isinstance(row, dict)}


def _kubeconfigs(path: Path) -> dict[str, str]:
    """A kubeconfig per context: registering two hundred clusters must not parse the whole file two hundred times."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    clusters = {entry["name"]: entry for entry in document["clusters"]}
    users = {entry["name"]: entry for entry in document["users"]}
    return {
        context["name"]: yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": context["name"],
                "contexts": [context],
                "clusters": [clusters[context["context"]["cluster"]]],
                "users": [users[context["context"]["user"]]],
            }
        )
        for context in document["contexts"]
    }


async def _add_people(engine: Engine, session: Session) -> None:
    await _some_at_a_time(
        engine.session().call(
            REGISTER,
            user=person.user,
            password=PASSWORD,
            phone=person.phone,
            isAdmin=person.is_admin,
            realName=person.real_name,
        )
        for person in PEOPLE
    )
    ids = {user.user: user.id for user in (await session.call(LIST_USERS, pageSize=0)).data}
    for person in PEOPLE:
        if person.status or any(venture.owner == person.user for venture in VENTURES):
            await session.call(AUDIT_USER, userId=ids[person.user], status=person.status or 1)
    for venture in VENTURES:
        await _found(engine, session, venture)
    businesses = {business.name: business.id for business in (await session.call(LIST_BUSINESSES, pageSize=0)).data}
    for person in SUB_USERS:
        await session.call(
            CREATE_SUB_USER,
            user=person.user,
            password=PASSWORD,
            phone=person.phone,
            isAdmin=person.is_admin,
            realName=person.real_name,
            businessId=businesses[person.business],
        )


async def _found(engine: Engine, session: Session, venture: Venture) -> None:
    owner = engine.session()
    await owner.login(venture.owner, PASSWORD)
    await owner.call(
        CREATE_BUSINESS,
        name=venture.name,
        introduce=venture.introduce,
        objective=venture.objective,
        scale=venture.scale,
    )
    await owner.logout()
    if venture.status:
        found = (await session.call(LIST_BUSINESSES, name=venture.name)).data[0]
        await session.call(AUDIT_BUSINESS, id=found.id, status=venture.status, comment=venture.comment)


async def _label_clusters(session: Session, names: list[str]) -> None:
    for label, chosen in (("production", names[::2]), ("pilot", names[1::3]), ("port", names[:2])):
        if chosen:
            wanted: list[JsonValue] = [*chosen]
            await session.call(ADD_CLUSTER_LABEL, clusterName=wanted, clusterLabel=label)


async def _label_nodes(session: Session) -> None:
    """Label the nodes with a GPU, on the clusters that answer quickly; a few clusters of a large site are enough."""
    found = (await session.call(LIST_NODES, pageSize=0)).data
    by_cluster: dict[str, list[JsonValue]] = {}
    for node in found:
        if isinstance(node, Node) and node.gpu and node.reachable:
            by_cluster.setdefault(node.cluster_name, []).append(node.node_name)
    for cluster, nodes in list(by_cluster.items())[:_LABELLED_CLUSTERS]:
        await session.call(ADD_NODE_LABEL, clusterName=cluster, nodeName=nodes, nodeLabel="gpu")
