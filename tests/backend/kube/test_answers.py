"""What an API server's refusals mean."""

from __future__ import annotations

import pytest

from backend.errors import ErrorKind
from backend.kube.connection import Connection
from backend.kube.errors import KubeError
from tests.backend.kube.conftest import Connect
from tests.backend.kube.servers import Response, authority, encoded, kubeconfig, refusal, serve


async def failure(connection: Connection, path: str = "/api/v1/nodes", method: str = "GET") -> KubeError:
    asked = {
        "GET": lambda: connection.get_json(path),
        "POST": lambda: connection.post_json(path, {}),
        "PATCH": lambda: connection.patch_json(path, {}),
        "DELETE": lambda: connection.delete_json(path),
    }
    with pytest.raises(KubeError) as caught:
        await asked[method]()
    return caught.value


@pytest.mark.parametrize(
    ("status", "stage", "retryable", "kind"),
    [
        (400, "invalid", False, ErrorKind.REMOTE),
        (401, "unauthorized", False, ErrorKind.REMOTE),
        (403, "forbidden", False, ErrorKind.REMOTE),
        (404, "not_found", False, ErrorKind.REMOTE),
        (405, "invalid", False, ErrorKind.REMOTE),
        (409, "conflict", True, ErrorKind.REMOTE),
        (410, "gone", True, ErrorKind.REMOTE),
        (422, "invalid", False, ErrorKind.REMOTE),
        (429, "throttled", True, ErrorKind.REMOTE),
        (500, "server", True, ErrorKind.REMOTE),
        (501, "server", False, ErrorKind.REMOTE),
        (503, "server", True, ErrorKind.REMOTE),
        (504, "server", True, ErrorKind.TIMEOUT),
    ],
)
async def test_statuses(connect: Connect, status: int, stage: str, retryable: bool, kind: ErrorKind) -> None:
    async with serve(lambda _: refusal(status, "what the server says", "ItsReason")) as server:
        error = await failure(await connect(server.url))
    assert (error.stage, error.status, error.retryable, error.kind) == (stage, status, retryable, kind)
    assert error.remote_reason == "ItsReason"
    assert "what the server says" in error.message
    assert not error.lost


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("GET", "/api/v1/nodes", "list nodes"),
        ("GET", "/api/v1/nodes/edge-1", "get nodes"),
        ("PATCH", "/api/v1/nodes/edge-1", "patch nodes"),
        ("POST", "/api/v1/namespaces", "create namespaces"),
        ("GET", "/api/v1/namespaces/ns1", "get namespaces"),
        ("POST", "/api/v1/namespaces/ns1/pods/a/eviction", "create pods/eviction"),
        ("DELETE", "/apis/apps/v1/namespaces/ns1/deployments/a", "delete deployments"),
        ("GET", "/version", "get /version"),
    ],
)
async def test_403_names_verb_and_resource(connect: Connect, method: str, path: str, words: str) -> None:
    async with serve(lambda _: Response(b"RBAC: access denied", 403)) as server:
        connection = await connect(server.url)
        error = await failure(connection, path, method)
    assert words in error.message
    assert "RBAC: access denied" in error.message


async def test_401_says_when_the_client_certificate_has_expired(connect: Connect) -> None:
    pair = authority().issue("client", expired=True)
    user: dict[str, object] = {
        "client-certificate-data": encoded(pair.certificate),
        "client-key-data": encoded(pair.key),
    }
    async with serve(lambda _: refusal(401, "Unauthorized")) as server:
        error = await failure(await connect(server.url, text=kubeconfig(server.url, user=user)))
        assert "the client certificate, which expired on 20" in error.message
        error = await failure(await connect(server.url))
        assert "the credentials of user admin" in error.message


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        ({"Retry-After": "7"}, {}, 7.0),
        ({}, {"retryAfterSeconds": 3}, 3.0),
        ({"Retry-After": "999999999999"}, {}, 3600.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, {}, 0.0),
        ({"Retry-After": "soon"}, {}, None),
        ({}, {}, None),
    ],
)
async def test_retry_after(
    connect: Connect, headers: dict[str, str], details: dict[str, object], seconds: float | None
) -> None:
    body = refusal(429, "Too many requests", "TooManyRequests", **details).body
    async with serve(lambda _: Response(body, 429, headers)) as server:
        error = await failure(await connect(server.url))
    assert (error.stage, error.retry_after) == ("throttled", seconds)


async def test_a_disruption_budget_is_named_and_not_taken_for_a_busy_server(connect: Connect) -> None:
    causes = [{"reason": "DisruptionBudget", "message": "The disruption budget web needs 2 healthy pods and has 2."}]
    async with serve(lambda _: refusal(429, "Cannot evict pod.", "TooManyRequests", causes=causes)) as server:
        error = await failure(await connect(server.url), "/api/v1/namespaces/ns1/pods/a/eviction", "POST")
    assert (error.stage, error.retryable) == ("throttled", True)
    assert "keeps the pod for now: The disruption budget web needs 2 healthy pods and has 2; " in error.message
    assert "slow down" not in error.message


async def test_conflicts_that_will_not_go_away_are_not_retryable(connect: Connect) -> None:
    async with serve(lambda _: refusal(409, "it exists", "AlreadyExists")) as server:
        assert not (await failure(await connect(server.url))).retryable
    causes = [{"reason": "FieldManagerConflict", "message": "another", "field": ".metadata.labels"}]
    async with serve(lambda _: refusal(409, "it conflicts", "Conflict", causes=causes)) as server:
        assert not (await failure(await connect(server.url))).retryable


async def test_what_a_server_says_is_made_visible(connect: Connect) -> None:
    async with serve(lambda _: refusal(403, "no \x1b[31m\u202e" + "x" * 2000)) as server:
        error = await failure(await connect(server.url))
    assert "\x1b" not in error.message
    assert "\u202e" not in error.message
    assert len(error.message) < 900
