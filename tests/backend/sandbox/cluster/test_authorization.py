"""Who may do what: tokens, the refusals of the limited user, and reviews of one's own rights."""

from __future__ import annotations

import pytest

from backend.sandbox.cluster.documents import Document, items, mapping
from backend.sandbox.server import Site, running_site
from backend.sandbox.site import ClusterSpec, SiteSpec
from tests.backend.sandbox.clients import CONFIG_MAPS, NODES_PATH, PODS_PATH, Caller

REVIEWS = "/apis/authorization.k8s.io/v1"
CANNOT = 'User "limited" cannot'
DEPLOYMENTS = 'resource "deployments" in API group "apps"'
IN_DEFAULT = 'in the namespace "default"'


@pytest.mark.parametrize("token", ["", "wrong"])
@pytest.mark.parametrize("path", [NODES_PATH, "/version", "/readyz", "/nope"])
async def test_nobody_gets_in_without_a_token(kube: Caller, token: str, path: str) -> None:
    stranger = Caller(kube.client, kube.cluster, token)
    assert (await stranger.get(path)).refusal(401, "Unauthorized") == "Unauthorized"


async def test_other_schemes_are_no_token(kube: Caller) -> None:
    got = await Caller(kube.client, kube.cluster, "").call("GET", NODES_PATH, headers={"authorization": "Basic YTpi"})
    assert got.refusal(401, "Unauthorized")


async def test_the_limited_user_reads(limited: Caller) -> None:
    assert len((await limited.get(NODES_PATH)).names()) == 4
    assert (await limited.get("/version")).code == 200
    assert (await limited.get("/readyz")).text == "ok"


@pytest.mark.parametrize(
    ("method", "path", "message", "details"),
    [
        (
            "PATCH",
            f"{NODES_PATH}/x",
            'nodes "x" is forbidden: User "limited" cannot patch resource "nodes" in API group "" at the cluster scope',
            {"name": "x", "kind": "nodes"},
        ),
        (
            "POST",
            CONFIG_MAPS,
            f'configmaps is forbidden: {CANNOT} create resource "configmaps" in API group "" {IN_DEFAULT}',
            {"kind": "configmaps"},
        ),
        (
            "DELETE",
            "/apis/apps/v1/namespaces/default/deployments/x",
            f'deployments.apps "x" is forbidden: {CANNOT} delete {DEPLOYMENTS} {IN_DEFAULT}',
            {"name": "x", "group": "apps", "kind": "deployments"},
        ),
        (
            "POST",
            f"{PODS_PATH}/x/eviction",
            f'pods "x" is forbidden: {CANNOT} create resource "pods/eviction" in API group "" {IN_DEFAULT}',
            {"name": "x", "kind": "pods"},
        ),
        (
            "GET",
            "/api/v1/secrets",
            'secrets is forbidden: User "limited" cannot list resource "secrets" in API group "" at the cluster scope',
            {"kind": "secrets"},
        ),
        (
            "DELETE",
            CONFIG_MAPS,
            f'configmaps is forbidden: {CANNOT} deletecollection resource "configmaps" in API group "" {IN_DEFAULT}',
            {"kind": "configmaps"},
        ),
        ("GET", "/metricsx", 'forbidden: User "limited" cannot get path "/metricsx"', {}),
    ],
)
async def test_the_limited_user_is_refused(
    limited: Caller, method: str, path: str, message: str, details: Document
) -> None:
    refused = await limited.call(method, path, {} if method in {"POST", "PATCH"} else None)
    assert refused.refusal(403, "Forbidden") == message
    assert refused.document["details"] == details


async def test_tokens_are_for_one_cluster(site: Site, kube: Caller) -> None:
    assert len(set(kube.cluster.tokens.values())) == 2
    async with running_site(SiteSpec((ClusterSpec("a"), ClusterSpec("b")))) as other:
        tokens = {token for cluster in other.clusters.values() for token in cluster.tokens.values()}
        assert len(tokens) == 4
        assert other.clusters["a"].user_of(other.clusters["b"].tokens["admin"]) is None


async def test_access_reviews(kube: Caller, limited: Caller) -> None:
    async def allowed(caller: Caller, **spec: Document) -> object:
        got = await caller.post(f"{REVIEWS}/selfsubjectaccessreviews", {"spec": {**spec}})
        assert (got.code, got.document["kind"]) == (201, "SelfSubjectAccessReview")
        return got.at("status", "allowed")

    change: Document = {"verb": "patch", "resource": "nodes"}
    assert await allowed(kube, resourceAttributes=change) is True
    assert await allowed(limited, resourceAttributes=change) is False
    assert await allowed(limited, resourceAttributes={"verb": "list", "resource": "nodes"}) is True
    assert await allowed(limited, resourceAttributes={"verb": "list", "resource": "nodes", "group": "x"}) is False
    evict: Document = {"verb": "create", "resource": "pods", "subresource": "eviction", "namespace": "default"}
    assert await allowed(limited, resourceAttributes=evict) is False
    assert await allowed(limited, nonResourceAttributes={"verb": "get", "path": "/readyz"}) is True
    assert await allowed(limited, nonResourceAttributes={"verb": "get", "path": "/metrics"}) is False
    refused = await kube.post(f"{REVIEWS}/selfsubjectaccessreviews", {"spec": {}})
    assert "exactly one of nonResourceAttributes or resourceAttributes" in refused.refusal(422, "Invalid")


async def test_rules_reviews(kube: Caller, limited: Caller) -> None:
    body: Document = {"spec": {"namespace": "default"}}
    every = await kube.post(f"{REVIEWS}/selfsubjectrulesreviews", body)
    rules = [mapping(rule) for rule in items(every.at("status", "resourceRules"))]
    assert {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]} in rules
    few = await limited.post(f"{REVIEWS}/selfsubjectrulesreviews", body)
    verbs = {str(verb) for rule in items(few.at("status", "resourceRules")) for verb in items(mapping(rule)["verbs"])}
    assert verbs == {"create", "get", "list", "watch"}
    assert items(few.at("status", "nonResourceRules"))
    refused = await kube.post(f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {}})
    assert refused.refusal(400, "BadRequest") == "no namespace on request"


async def test_who_am_i(limited: Caller) -> None:
    got = await limited.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert got.code == 201
    assert got.at("status", "userInfo", "username") == "limited"
