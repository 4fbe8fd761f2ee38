"""The control endpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest

from backend.sandbox.cluster.documents import Document, JsonValue, dig, items, mapping
from backend.sandbox.server import Site
from tests.backend.sandbox.clients import CONFIG_MAPS, NODES_PATH, Caller, config_map, pod

Steer = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def steer(site: Site, client: httpx.AsyncClient) -> Steer:
    async def call(method: str, path: str, body: JsonValue = None, token: str = site.control.token) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return await client.request(method, f"{site.base}/control{path}", json=body, headers=headers)

    return call


async def test_only_with_its_own_token(site: Site, steer: Steer, kube: Caller) -> None:
    for token in ("", "wrong", kube.token):
        assert (await steer("GET", "/clusters", token=token)).status_code == 401
    assert (await steer("GET", "/clusters")).status_code == 200


async def test_clusters_are_listed(site: Site, steer: Steer) -> None:
    listed = (await steer("GET", "/clusters")).json()["clusters"]
    assert listed == [
        {
            "name": "one",
            "server": f"{site.base}/clusters/one",
            "version": "v1.34.2",
            "behaviour": "normal",
            "away": False,
            "nodes": 4,
            "namespaces": 4,
            "requests": 0,
        }
    ]


async def test_requests_are_counted_and_shown(steer: Steer, kube: Caller) -> None:
    await kube.get(NODES_PATH, limit="2")
    await kube.post(CONFIG_MAPS, {})
    shown = (await steer("GET", "/requests")).json()["clusters"]["one"]
    assert shown["total"] == 2
    first, second = shown["recent"]
    assert (first["method"], first["path"], first["query"]) == ("GET", NODES_PATH, {"limit": "2"})
    assert (first["user"], first["userAgent"], first["code"]) == ("admin", "tests/1.0", 200)
    assert (second["code"], second["contentType"]) == (422, "application/json")
    assert (await steer("GET", "/requests?cluster=other&latest=1")).json() == {"clusters": {}}
    assert (await steer("GET", "/requests?latest=0")).json()["clusters"]["one"] == {"total": 2, "recent": []}
    assert (await steer("GET", "/requests?latest=x")).status_code == 400
    await steer("DELETE", "/requests")
    assert (await steer("GET", "/requests")).json()["clusters"]["one"]["total"] == 0


async def test_behaviours_change(steer: Steer, kube: Caller) -> None:
    changed = await steer("POST", "/clusters/one", {"behaviour": "offline"})
    assert (changed.json()["behaviour"], changed.json()["away"]) == ("offline", True)
    with pytest.raises(httpx.TransportError):
        await kube.get("/readyz")
    await steer("POST", "/clusters/one", {"behaviour": "slow", "delay": 0.01})
    assert (await kube.get("/readyz")).code == 200
    assert kube.cluster.presence.delay == 0.01


@pytest.mark.parametrize("body", [None, {}, {"behaviour": "odd"}, {"unknown": 1}, [1]])
async def test_changes_that_cannot_be(steer: Steer, body: JsonValue) -> None:
    refused = await steer("POST", "/clusters/one", body)
    assert (refused.status_code, refused.json()["reason"]) == (400, "BadRequest")


async def test_unknown_clusters(steer: Steer) -> None:
    assert (await steer("POST", "/clusters/nope", {"behaviour": "slow"})).status_code == 404
    assert (await steer("GET", "/nope")).status_code == 404


async def test_compaction(steer: Steer, kube: Caller) -> None:
    page = await kube.get(NODES_PATH, limit="1")
    await steer("POST", "/clusters/one", {"compact": True})
    gone = await kube.go_on(NODES_PATH, str(page.at("metadata", "continue")))
    assert gone.refusal(410, "Expired")


async def test_objects_are_put_there_as_they_are(steer: Steer, kube: Caller) -> None:
    described: Document = {**pod("p", "node-a", namespace="fresh"), "status": {"phase": "Running"}}
    added = await steer("POST", "/clusters/one/objects", [described, config_map("c", {"a": "1"})])
    assert added.json()["objects"] == [
        {"kind": "Pod", "namespace": "fresh", "name": "p"},
        {"kind": "ConfigMap", "namespace": "default", "name": "c"},
    ]
    shown = await kube.get("/api/v1/namespaces/fresh/pods/p")
    assert shown.at("status", "phase") == "Running"
    uid = shown.at("metadata", "uid")
    listed: Document = {"kind": "List", "items": [{**described, "status": {"phase": "Failed"}}]}
    await steer("POST", "/clusters/one/objects", listed)
    again = await kube.get("/api/v1/namespaces/fresh/pods/p")
    assert (again.at("status", "phase"), again.at("metadata", "uid")) == ("Failed", uid)
    removed = await steer("DELETE", "/clusters/one/objects", described)
    assert removed.json() == {"removed": 1}
    assert (await kube.get("/api/v1/namespaces/fresh/pods/p")).code == 404
    assert (await steer("DELETE", "/clusters/one/objects", described)).status_code == 404


@pytest.mark.parametrize(
    "body", [{"kind": "Odd"}, {"apiVersion": "v1", "kind": "Pod"}, {"apiVersion": "v1", "kind": "Pod", "metadata": {}}]
)
async def test_objects_that_cannot_be(steer: Steer, body: JsonValue) -> None:
    assert (await steer("POST", "/clusters/one/objects", body)).status_code == 400


async def test_bodies_that_are_no_json(site: Site, client: httpx.AsyncClient) -> None:
    refused = await client.post(
        f"{site.base}/control/clusters/one",
        content=b"junk",
        headers={"authorization": f"Bearer {site.control.token}"},
    )
    assert refused.status_code == 400
    assert "no JSON" in str(dig(mapping(refused.json()), "message"))
    assert not items(mapping(refused.json()).get("causes"))
