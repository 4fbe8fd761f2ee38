"""A caller of simulated clusters over real HTTPS."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from backend.sandbox.cluster.documents import Document, JsonValue, dig, items, mapping, text
from backend.sandbox.cluster.kinds import NODES, PODS, ResourceKind
from backend.sandbox.cluster.store import ClusterStore
from backend.sandbox.clusters import Cluster
from backend.sandbox.server import Site

APPLY: Final = "application/apply-patch+yaml"
JSON_PATCH: Final = "application/json-patch+json"
MERGE: Final = "application/merge-patch+json"
STRATEGIC: Final = "application/strategic-merge-patch+json"
SECONDS: Final = 10.0

NAMESPACES: Final = "/api/v1/namespaces"
CONFIG_MAPS: Final = "/api/v1/namespaces/default/configmaps"
PODS_PATH: Final = "/api/v1/namespaces/default/pods"
NODES_PATH: Final = "/api/v1/nodes"
DEPLOYMENTS: Final = "/apis/apps/v1/namespaces/default/deployments"


@dataclass(frozen=True)
class Got:
    """An answer: its code and its JSON (an empty object for anything else)."""

    code: int
    document: Document
    text: str
    headers: httpx.Headers

    def at(self, *path: str) -> JsonValue:
        return dig(self.document, *path)

    def names(self) -> list[str]:
        return [text(dig(item, "metadata", "name")) for item in items(self.document.get("items"))]

    def refusal(self, code: int, reason: str) -> str:
        """Check that this is a well-formed Status of that code and reason; gives its message."""
        assert self.document.get("kind") == "Status", self.text
        assert self.document.get("apiVersion") == "v1"
        assert self.document.get("status") == "Failure"
        assert (self.code, self.document.get("code"), self.document.get("reason", "")) == (code, code, reason), (
            self.text
        )
        return text(self.document.get("message"))

    def causes(self) -> list[Document]:
        return [mapping(cause) for cause in items(self.at("details", "causes"))]


class Caller:
    """Calls one cluster as one user."""

    def __init__(self, client: httpx.AsyncClient, cluster: Cluster, token: str) -> None:
        self.client = client
        self.cluster = cluster
        self.token = token

    @property
    def store(self) -> ClusterStore:
        return self.cluster.store

    async def call(
        self,
        method: str,
        path: str,
        body: JsonValue | bytes = None,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Got:
        sent = {"user-agent": "tests/1.0", **({"authorization": f"Bearer {self.token}"} if self.token else {})}
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        if content is not None and content_type:
            sent["content-type"] = content_type
        response = await self.client.request(
            method,
            self.cluster.url + path,
            content=content,
            headers={**sent, **(headers or {})},
            params=dict(query or {}),
        )
        is_json = response.headers.get("content-type", "").startswith("application/json") and response.content
        loaded: JsonValue = response.json() if is_json else {}
        return Got(response.status_code, mapping(loaded), response.text, response.headers)

    async def get(self, path: str, **query: str) -> Got:
        return await self.call("GET", path, query=query)

    async def post(self, path: str, body: JsonValue | bytes, **query: str) -> Got:
        return await self.call("POST", path, body, query=query)

    async def put(self, path: str, body: JsonValue, **query: str) -> Got:
        return await self.call("PUT", path, body, query=query)

    async def delete(self, path: str, body: JsonValue | bytes = None, **query: str) -> Got:
        return await self.call("DELETE", path, body, query=query)

    async def patch(self, path: str, body: JsonValue | bytes, content_type: str = MERGE, **query: str) -> Got:
        return await self.call("PATCH", path, body, content_type, query=query)

    async def apply(self, path: str, body: JsonValue, manager: str, **query: str) -> Got:
        return await self.call("PATCH", path, body, APPLY, query={"fieldManager": manager, **query})

    async def go_on(self, path: str, token: str, **query: str) -> Got:
        """The next page of a list."""
        return await self.call("GET", path, query={"continue": token, **query})

    @asynccontextmanager
    async def watch(self, path: str, **query: str) -> AsyncIterator[Watch]:
        """An open watch; ends with the block."""
        async with self.client.stream(
            "GET",
            self.cluster.url + path,
            headers={"authorization": f"Bearer {self.token}"},
            params={"watch": "true", **query},
        ) as response:
            yield Watch(response)


class Watch:
    """The events of a watch, one after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, Document]:
        """The next event's type and object."""
        line = await asyncio.wait_for(anext(self._lines), SECONDS)
        event = json.loads(line)
        return event["type"], event["object"]

    async def rest(self) -> list[str]:
        """The types of all events until the stream ends."""
        return [json.loads(line)["type"] async for line in self._lines]


def trusting(site: Site) -> ssl.SSLContext:
    """TLS settings that trust the site's own authority only."""
    return ssl.create_default_context(cadata=site.authority_pem)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the condition holds; fails after the deadline."""
    deadline = asyncio.get_running_loop().time() + SECONDS
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not come true in time"
        await asyncio.sleep(0.01)


def config_map(name: str, data: dict[str, str] | None = None, **metadata: JsonValue) -> Document:
    """A config map."""
    document: Document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}
    if data is not None:
        document["data"] = dict(data)
    return document


def pod(name: str, node: str = "", labels: dict[str, str] | None = None, **metadata: JsonValue) -> Document:
    """A pod with one container."""
    spec: Document = {"containers": [{"name": "main", "image": "example:1"}]}
    if node:
        spec["nodeName"] = node
    described: Document = {"name": name, "labels": dict(labels or {}), **metadata}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": described, "spec": spec}


def deployment(name: str, containers: list[JsonValue], replicas: int | None = None) -> Document:
    """A deployment that selects its pods by the label `app`."""
    template: Document = {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers}}
    spec: Document = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if replicas is not None:
        spec["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def running(store: ClusterStore, document: Document) -> None:
    """Put a pod there that runs and is ready."""
    metadata = {"namespace": "default", **mapping(document["metadata"])}
    status: Document = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    store.put(PODS, {**document, "metadata": metadata, "status": status})


def node_names(store: ClusterStore, kind: ResourceKind = NODES) -> list[str]:
    return [stored.name for stored in store.objects(kind)]
