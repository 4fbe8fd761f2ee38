"""A cluster as its own administrator sees it, beside the platform: plain requests with a kubeconfig's token."""

from __future__ import annotations

import ssl
from base64 import b64decode
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

Document = dict[str, Any]
OTHERS = "somebody-else"
"""The field manager of what these requests write."""

_SECONDS = 20.0


class Outside:
    """Requests to a real or a simulated cluster. Use as an async context manager."""

    def __init__(self, kubeconfig: str, context: str = "") -> None:
        """Take server, authority and bearer token from a kubeconfig that holds them inline."""
        document = yaml.safe_load(kubeconfig)
        chosen = _named(document, "context", context or document["current-context"])
        cluster = _named(document, "cluster", chosen["cluster"])
        self.server: str = cluster["server"]
        self.token: str = _named(document, "user", chosen["user"])["token"]
        self._client = httpx.AsyncClient(
            base_url=self.server,
            verify=ssl.create_default_context(cadata=b64decode(cluster["certificate-authority-data"]).decode()),
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=_SECONDS,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, path: str) -> Document:
        """The object or list at `path`. Raises httpx.HTTPStatusError when there is none."""
        return await self._done(await self._client.get(path))

    async def find(self, path: str) -> Document | None:
        """The object at `path`, or None."""
        answer = await self._client.get(path)
        return None if answer.status_code == HTTPStatus.NOT_FOUND else await self._done(answer)

    async def create(self, path: str, document: Mapping[str, Any]) -> Document:
        """Create an object in the collection at `path`."""
        return await self._done(await self._client.post(path, json=document, params={"fieldManager": OTHERS}))

    async def merge(self, path: str, document: Mapping[str, Any]) -> Document:
        """Change an object by a JSON merge patch."""
        headers = {"Content-Type": "application/merge-patch+json"}
        return await self._done(
            await self._client.patch(path, json=document, params={"fieldManager": OTHERS}, headers=headers)
        )

    async def apply(self, path: str, document: Mapping[str, Any], manager: str = OTHERS) -> Document:
        """Apply an object as the field manager `manager`."""
        headers = {"Content-Type": "application/apply-patch+yaml"}
        return await self._done(
            await self._client.patch(path, json=document, params={"fieldManager": manager}, headers=headers)
        )

    async def delete(self, path: str) -> None:
        """Delete an object; one that is not there is fine."""
        answer = await self._client.delete(path)
        if answer.status_code != HTTPStatus.NOT_FOUND:
            await self._done(answer)

    async def delete_all(self, path: str, selector: str) -> None:
        """Delete what the label selector picks of the collection at `path`."""
        await self._done(await self._client.delete(path, params={"labelSelector": selector}))

    async def names(self, path: str, selector: str = "") -> set[str]:
        """The names of the objects in a collection."""
        found = await self.get(f"{path}?labelSelector={selector}" if selector else path)
        return {item["metadata"]["name"] for item in found["items"]}

    async def node(self, name: str) -> Document:
        """A node."""
        return await self.get(f"/api/v1/nodes/{name}")

    async def node_labels(self, name: str) -> dict[str, str]:
        """All labels of a node."""
        labels: dict[str, str] = (await self.node(name))["metadata"]["labels"]
        return labels

    async def namespace(self, name: str) -> Document | None:
        """A namespace, or None."""
        return await self.find(f"/api/v1/namespaces/{name}")

    async def create_namespace(self, name: str, labels: Mapping[str, str] | None = None) -> Document:
        """Create a namespace."""
        return await self.create("/api/v1/namespaces", namespace_document(name, labels or {}))

    @staticmethod
    async def _done(answer: httpx.Response) -> Document:
        await answer.aread()
        if answer.is_error:
            message = f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
            raise httpx.HTTPStatusError(message, request=answer.request, response=answer)
        document: Document = answer.json()
        return document


def namespace_document(name: str, labels: Mapping[str, str]) -> Document:
    """A namespace as it is sent."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels)}}


def manager_of(document: Document, *path: str) -> set[tuple[str, str]]:
    """Who owns the field at `path` below the object: pairs of field manager and operation (Apply or Update)."""
    keys = [f"f:{part}" for part in path]
    return {
        (entry["manager"], entry["operation"])
        for entry in document["metadata"].get("managedFields", [])
        if _holds(entry.get("fieldsV1", {}), keys)
    }


def _holds(fields: Mapping[str, Any], keys: Sequence[str]) -> bool:
    if not keys:
        return True
    return keys[0] in fields and _holds(fields[keys[0]], keys[1:])


def _named(document: Document, section: str, name: str) -> Document:
    found: Document = next(entry[section] for entry in document[f"{section}s"] if entry["name"] == name)
    return found
