"""The shapes of answers, checked against the models that the official client is generated from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes import client

from backend.sandbox.cluster.documents import Document
from tests.backend.sandbox.clients import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    NAMESPACES,
    NODES_PATH,
    PODS_PATH,
    Caller,
    config_map,
    deployment,
    pod,
)


def typed(text: str, model: str) -> Any:
    """The answer as the client's model; fails where a required field is missing or of another type."""
    return client.ApiClient().deserialize(text, model, "application/json")


async def test_nodes(kube: Caller) -> None:
    nodes = typed((await kube.get(NODES_PATH)).text, "V1NodeList")
    first = nodes.items[1]
    assert first.metadata.name == "node-b"
    assert first.status.node_info.kernel_version
    assert {condition.type for condition in first.status.conditions} >= {"Ready", "MemoryPressure"}
    assert first.status.capacity["cpu"] == "32"
    assert nodes.items[2].spec.taints[0].key == "node.kubernetes.io/unreachable"
    made = await kube.post(NODES_PATH, {"metadata": {"name": "bare"}})
    assert typed(made.text, "V1Node").status.node_info.os_image == ""


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/api/v1/pods", "V1PodList"),
        (NAMESPACES, "V1NamespaceList"),
        ("/api/v1/services", "V1ServiceList"),
        ("/api/v1/configmaps", "V1ConfigMapList"),
        ("/api/v1/serviceaccounts", "V1ServiceAccountList"),
        ("/apis/apps/v1/deployments", "V1DeploymentList"),
        ("/apis/apps/v1/daemonsets", "V1DaemonSetList"),
        ("/apis/apps/v1/replicasets", "V1ReplicaSetList"),
    ],
)
async def test_what_a_cluster_begins_with(kube: Caller, path: str, model: str) -> None:
    listed = typed((await kube.get(path)).text, model)
    assert listed.items
    assert all(item.metadata.uid and item.metadata.creation_timestamp for item in listed.items)


async def test_what_is_made(kube: Caller) -> None:
    made = await kube.post(PODS_PATH, pod("p", "node-a"))
    assert typed(made.text, "V1Pod").spec.containers[0].image_pull_policy == "IfNotPresent"
    web = await kube.apply(f"{DEPLOYMENTS}/web", deployment("web", [{"name": "c", "image": "i"}]), "otetui")
    shown = typed(web.text, "V1Deployment")
    assert shown.spec.strategy.rolling_update.max_surge == "25%"
    assert shown.metadata.managed_fields[0].manager == "otetui"
    budget: Document = {"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}}
    pdb = await kube.post("/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget)
    assert typed(pdb.text, "V1PodDisruptionBudget").status.disruptions_allowed == 0


async def test_refusals_and_discovery(kube: Caller) -> None:
    refused = typed((await kube.post(NAMESPACES, {"metadata": {"name": "A"}})).text, "V1Status")
    assert (refused.code, refused.details.causes[0].field) == (422, "metadata.name")
    await kube.post(CONFIG_MAPS, config_map("some"))
    deleted = typed((await kube.delete(f"{CONFIG_MAPS}/some")).text, "V1Status")
    assert (deleted.status, deleted.details.name) == ("Success", "some")
    assert typed((await kube.get("/version")).text, "VersionInfo").git_version == "v1.34.2"
    assert typed((await kube.get("/api/v1")).text, "V1APIResourceList").group_version == "v1"
    assert typed((await kube.get("/apis")).text, "V1APIGroupList").groups
    review: Document = {"spec": {"resourceAttributes": {"verb": "list", "resource": "pods"}}}
    answer = await kube.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    assert typed(answer.text, "V1SelfSubjectAccessReview").status.allowed is True


async def test_lists_are_one_json_document_each(kube: Caller) -> None:
    got = await kube.get("/api/v1/pods")
    assert json.loads(got.text) == got.document
    assert got.headers["content-length"] == str(len(got.text.encode()))
