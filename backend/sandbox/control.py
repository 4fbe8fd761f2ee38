"""The control endpoint: lets a demo or a test take clusters away, add objects, and see what was asked."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backend.sandbox.cluster.documents import Document, JsonValue, encode, items, mapping, text
from backend.sandbox.cluster.status import ApiError, bad_request, unauthorized
from backend.sandbox.clusters import Cluster
from backend.sandbox.site import Behaviour

Handler = Callable[[Request], Awaitable[Response]]


class Control:
    """The operations behind `/control`; each asks for the site's control token."""

    def __init__(self, clusters: Mapping[str, Cluster], token: str) -> None:
        self._clusters = clusters
        self.token = token

    def application(self) -> Starlette:
        """The operations as an application."""
        return Starlette(
            routes=[
                Route("/control/clusters", self._guarded(self._list), methods=["GET"]),
                Route("/control/clusters/{name}", self._guarded(self._change), methods=["POST"]),
                Route("/control/clusters/{name}/objects", self._guarded(self._add), methods=["POST"]),
                Route("/control/clusters/{name}/objects", self._guarded(self._remove), methods=["DELETE"]),
                Route("/control/requests", self._guarded(self._requests), methods=["GET"]),
                Route("/control/requests", self._guarded(self._forget), methods=["DELETE"]),
            ]
        )

    def _guarded(self, handler: Callable[[Request, JsonValue], Document]) -> Handler:
        async def run(request: Request) -> Response:
            try:
                if not secrets.compare_digest(request.headers.get("authorization", ""), f"Bearer {self.token}"):
                    raise unauthorized()
                body = await request.body()
                try:
                    loaded: JsonValue = json.loads(body) if body else None
                except ValueError as error:
                    raise bad_request(f"the body is no JSON: {error}") from error
                return _json(handler(request, loaded), 200)
            except ApiError as error:
                return _json(error.status(), error.code)

        return run

    def _cluster(self, request: Request) -> Cluster:
        name = str(request.path_params["name"])
        cluster = self._clusters.get(name)
        if cluster is None:
            raise ApiError(404, "NotFound", f'The site has no cluster "{name}".')
        return cluster

    def _list(self, _request: Request, _body: JsonValue) -> Document:
        return {"clusters": [cluster.summary() for cluster in self._clusters.values()]}

    def _change(self, request: Request, body: JsonValue) -> Document:
        cluster = self._cluster(request)
        asked = mapping(body)
        unknown = asked.keys() - {"behaviour", "delay", "compact"}
        if unknown or not asked:
            raise bad_request('say what to change: "behaviour", "delay" in seconds, or "compact": true')
        if "behaviour" in asked:
            try:
                behaviour = Behaviour(text(asked["behaviour"]))
            except ValueError as error:
                known = ", ".join(choice.value for choice in Behaviour)
                raise bad_request(f"a behaviour is one of: {known}") from error
            delay = asked.get("delay")
            cluster.presence.behave(behaviour, float(delay) if isinstance(delay, int | float) else None)
        if asked.get("compact") is True:
            cluster.store.compact()
        return cluster.summary()

    def _add(self, request: Request, body: JsonValue) -> Document:
        cluster = self._cluster(request)
        added = [cluster.add(mapping(document)) for document in _documents(body)]
        listed: list[JsonValue] = [
            {"kind": stored.kind.kind, "namespace": stored.namespace, "name": stored.name} for stored in added
        ]
        return {"objects": listed}

    def _remove(self, request: Request, body: JsonValue) -> Document:
        cluster = self._cluster(request)
        documents = _documents(body)
        for document in documents:
            cluster.take(mapping(document))
        return {"removed": len(documents)}

    def _requests(self, request: Request, _body: JsonValue) -> Document:
        only = request.query_params.get("cluster", "")
        asked = request.query_params.get("latest", "50")
        if not asked.isdecimal():
            raise bad_request("latest is a number of requests")
        latest = int(asked)
        shown: Document = {}
        for name, cluster in self._clusters.items():
            if only in {"", name}:
                recent: list[JsonValue] = [*list(cluster.journal.recent)[-latest:]] if latest else []
                shown[name] = {"total": cluster.journal.total, "recent": recent}
        return {"clusters": shown}

    def _forget(self, _request: Request, _body: JsonValue) -> Document:
        for cluster in self._clusters.values():
            cluster.journal.clear()
        return {}


def _documents(body: JsonValue) -> list[JsonValue]:
    """The objects in a body: one, an array of them, or a list with `items`."""
    if isinstance(body, list):
        return body
    document = mapping(body)
    return items(document["items"]) if "items" in document else [document]


def _json(document: Document, code: int) -> Response:
    return Response(encode(document), status_code=code, media_type="application/json")
