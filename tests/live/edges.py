"""One cluster for the same test on a real control plane and on the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from backend.kube.connection import Connection, Timeouts
from backend.kube.kubeconfig import read_kubeconfig
from backend.sandbox.process import SandboxProcess
from tests.backend.delivery.waiting import until
from tests.live.control_plane import ControlPlane
from tests.live.outside import Outside
from tests.live.site import frozen

NAME = "edge"
"""What every one of them is registered as, so that what is said of it can be compared."""

_RBAC = "/apis/rbac.authorization.k8s.io/v1"


class Freeze(Protocol):
    def __call__(self) -> AbstractContextManager[None]:
        """Let the cluster take requests and not answer them meanwhile."""


@dataclass(frozen=True)
class Edge:
    """A cluster. `limited` is the kubeconfig of an account that may only read; `stranger` that of nobody it knows."""

    kubeconfig: str
    context: str
    limited: str
    limited_context: str
    stranger: str
    outside: Outside
    version: str
    freeze: Freeze
    has_controllers: bool
    simulated: bool = False

    @asynccontextmanager
    async def connected(self, *, limited: bool = False, timeouts: Timeouts | None = None) -> AsyncIterator[Connection]:
        """The gateway's connection to it."""
        text, context = (self.limited, self.limited_context) if limited else (self.kubeconfig, self.context)
        document = read_kubeconfig(text, context)
        async with await Connection.open(document.document, timeouts=timeouts, name=NAME) as connection:
            yield connection


@asynccontextmanager
async def real_edge(plane: ControlPlane) -> AsyncIterator[Edge]:
    """A control plane whose user "limited" may read everything meanwhile."""
    async with Outside(plane.kubeconfig_with_token()) as outside, _reading(plane, outside):
        yield Edge(
            kubeconfig=plane.kubeconfig_with_token(),
            context="",
            limited=plane.kubeconfig_with_token("limited"),
            limited_context="",
            stranger=plane.kubeconfig_with_token("nobody"),
            outside=outside,
            version=plane.version,
            freeze=lambda: frozen(plane),
            has_controllers=plane.has_controllers,
        )


@asynccontextmanager
async def granted(outside: Outside, name: str, rules: list[dict[str, list[str]]]) -> AsyncIterator[None]:
    """Allow the user "limited" what `rules` say, in the whole cluster, meanwhile."""
    group = "rbac.authorization.k8s.io"
    role = {"metadata": {"name": name}, "rules": rules}
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "limited"}],
    }
    await outside.create(f"{_RBAC}/clusterroles", role)
    await outside.create(f"{_RBAC}/clusterrolebindings", binding)
    try:
        yield
    finally:
        await outside.delete(f"{_RBAC}/clusterrolebindings/{name}")
        await outside.delete(f"{_RBAC}/clusterroles/{name}")


@asynccontextmanager
async def _reading(plane: ControlPlane, outside: Outside) -> AsyncIterator[None]:
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]
    async with granted(outside, "otetui-test-reader", rules):
        await until_listing_nodes_is(plane, HTTPStatus.OK)
        yield
    await until_listing_nodes_is(plane, HTTPStatus.FORBIDDEN)


async def until_listing_nodes_is(plane: ControlPlane, status: HTTPStatus) -> None:
    """Wait until the authorizer has heard what the user "limited" may do."""

    def ask() -> int:
        with plane.client("limited") as client:
            return client.get("/api/v1/nodes?limit=1").status_code

    async def is_so() -> bool:
        return await asyncio.to_thread(ask) == status

    await until(is_so, 20, f"{status} for limited")


@asynccontextmanager
async def simulated_edge(sandbox: SandboxProcess, name: str) -> AsyncIterator[Edge]:
    """A cluster of the sandbox."""
    text = sandbox.kubeconfig.read_text(encoding="utf-8")
    async with Outside(text, name) as outside:
        yield Edge(
            kubeconfig=text,
            context=name,
            limited=sandbox.limited_kubeconfig.read_text(encoding="utf-8"),
            limited_context=name,
            stranger=text.replace(outside.token, "unknown"),
            outside=outside,
            version=(await outside.get("/version"))["gitVersion"],
            freeze=lambda: _hanging(sandbox, name),
            has_controllers=True,
            simulated=True,
        )


@contextmanager
def _hanging(sandbox: SandboxProcess, name: str) -> Iterator[None]:
    sandbox.set_behaviour(name, "hanging")
    try:
        yield
    finally:
        sandbox.set_behaviour(name, "normal")
