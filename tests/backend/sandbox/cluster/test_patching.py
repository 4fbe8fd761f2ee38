"""PATCH with merge patches, JSON patches and strategic merge patches."""

from __future__ import annotations

import pytest

from backend.sandbox.cluster.documents import Document, JsonValue
from tests.backend.sandbox.clients import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE,
    NODES_PATH,
    STRATEGIC,
    Caller,
    config_map,
    deployment,
)

NODE = f"{NODES_PATH}/node-b"


async def test_a_merge_patch_adds_and_null_removes_a_label(kube: Caller) -> None:
    added = await kube.patch(NODE, {"metadata": {"labels": {"otetui.io/gpu": "true"}}})
    assert added.code == 200
    assert added.at("metadata", "labels", "otetui.io/gpu") == "true"
    assert added.at("metadata", "labels", "kubernetes.io/hostname") == "node-b"
    removed = await kube.patch(NODE, {"metadata": {"labels": {"otetui.io/gpu": None}}})
    labels = removed.at("metadata", "labels")
    assert isinstance(labels, dict)
    assert "otetui.io/gpu" not in labels
    assert labels["kubernetes.io/hostname"] == "node-b"
    version = kube.store.version
    again = await kube.patch(NODE, {"metadata": {"labels": {"otetui.io/gpu": None}}})
    assert (again.code, kube.store.version) == (200, version)


async def test_a_strategic_merge_patch_removes_a_label_too(kube: Caller) -> None:
    await kube.patch(NODE, {"metadata": {"labels": {"x": "1"}, "annotations": {"y": "2"}}}, STRATEGIC)
    patched = await kube.patch(NODE, {"metadata": {"labels": {"x": None}, "annotations": None}}, STRATEGIC)
    labels = patched.at("metadata", "labels")
    assert isinstance(labels, dict)
    assert "x" not in labels
    assert patched.at("metadata", "annotations") is None


@pytest.mark.parametrize(
    ("patch", "code", "reason", "message"),
    [
        ({"metadata": {"labels": {"bad key": "1"}}}, 422, "Invalid", 'metadata.labels: Invalid value: "bad key"'),
        ({"metadata": {"name": "other"}}, 400, "BadRequest", "the name of the object (other) does not match"),
        ({"metadata": {"resourceVersion": "1"}}, 409, "Conflict", "the object has been modified"),
        ({"metadata": {"uid": "1"}}, 422, "Invalid", 'metadata.uid: Invalid value: "1": field is immutable'),
        ({"metadata": {"labels": {"q": 1}}}, 422, "Invalid", "cannot unmarshal number into Go struct field"),
        ({"kind": "Pod"}, 422, "Invalid", "converting (v1.Pod) to (core.Node)"),
    ],
)
async def test_patches_that_spoil_the_object(
    kube: Caller, patch: Document, code: int, reason: str, message: str
) -> None:
    before = (await kube.get(NODE)).document
    assert message in (await kube.patch(NODE, patch)).refusal(code, reason)
    assert (await kube.get(NODE)).document == before


async def test_patches_that_are_none(kube: Caller) -> None:
    garbage = await kube.patch(NODE, b"garbage")
    assert garbage.refusal(400, "BadRequest").startswith("error decoding patch: invalid character 'g'")
    array = await kube.patch(NODE, b"[]", MERGE)
    assert "cannot unmarshal array into Go value of type map" in array.refusal(400, "BadRequest")
    single = await kube.patch(NODE, {"op": "x"}, JSON_PATCH)
    assert "cannot unmarshal object into Go value of type []handlers" in single.refusal(400, "BadRequest")


@pytest.mark.parametrize("sort", ["application/json", "text/plain", ""])
async def test_patch_types_the_api_does_not_have(kube: Caller, sort: str) -> None:
    refused = await kube.patch(NODE, {}, sort)
    assert refused.refusal(415, "UnsupportedMediaType") == "415: Unsupported Media Type"


async def test_a_patch_of_what_is_not_there(kube: Caller) -> None:
    for sort in (MERGE, STRATEGIC):
        assert (await kube.patch(f"{NODES_PATH}/nope", {}, sort)).refusal(404, "NotFound")
    assert (await kube.patch(f"{NODES_PATH}/nope", [], JSON_PATCH)).refusal(404, "NotFound")


async def test_a_json_patch(kube: Caller) -> None:
    await kube.post(CONFIG_MAPS, config_map("some", {"a": "1", "b": "2"}))
    path = f"{CONFIG_MAPS}/some"
    operations: list[JsonValue] = [
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "replace", "path": "/data/a", "value": "x"},
        {"op": "copy", "from": "/data/a", "path": "/data/c"},
        {"op": "move", "from": "/data/b", "path": "/data/d"},
        {"op": "add", "path": "/metadata/labels", "value": {}},
        {"op": "add", "path": "/metadata/labels/example.com~1k", "value": "v"},
    ]
    patched = await kube.patch(path, operations, JSON_PATCH)
    assert patched.at("data") == {"a": "x", "c": "x", "d": "2"}
    assert patched.at("metadata", "labels") == {"example.com/k": "v"}
    misfits: list[Document] = [
        {"op": "test", "path": "/data/a", "value": "other"},
        {"op": "remove", "path": "/data/none"},
        {"op": "frob", "path": "/data/a"},
        {"op": "add", "path": "data"},
        {"op": "add", "path": "/metadata/nowhere/deep", "value": 1},
    ]
    for odd in misfits:
        refused = await kube.patch(path, [odd], JSON_PATCH)
        assert refused.refusal(422, "Invalid") == "the server rejected our request due to an error in our request"
    assert (await kube.get(path)).document == patched.document


async def test_a_strategic_merge_patch_merges_lists_by_key(kube: Caller) -> None:
    containers: list[JsonValue] = [
        {"name": "a", "image": "i:1", "env": [{"name": "X", "value": "1"}]},
        {"name": "b", "image": "j:1"},
    ]
    await kube.post(DEPLOYMENTS, deployment("web", containers))

    async def patched(changes: list[JsonValue], sort: str = STRATEGIC) -> dict[str, str]:
        body: Document = {"spec": {"template": {"spec": {"containers": changes}}}}
        got = await kube.patch(f"{DEPLOYMENTS}/web", body, sort)
        assert got.code == 200, got.text
        listed = got.at("spec", "template", "spec", "containers")
        assert isinstance(listed, list)
        return {str(item["name"]): str(item["image"]) for item in listed if isinstance(item, dict)}

    assert await patched([{"name": "a", "image": "i:2"}]) == {"a": "i:2", "b": "j:1"}
    assert await patched([{"name": "c", "image": "k"}]) == {"a": "i:2", "b": "j:1", "c": "k"}
    assert await patched([{"name": "b", "$patch": "delete"}]) == {"a": "i:2", "c": "k"}
    assert await patched([{"name": "z", "image": "z"}, {"$patch": "replace"}]) == {"z": "z"}
    assert await patched([{"name": "y", "image": "y"}], MERGE) == {"y": "y"}


async def test_a_list_without_a_key_is_replaced(kube: Caller) -> None:
    taints: list[JsonValue] = [{"key": "a", "effect": "NoSchedule"}]
    await kube.patch(NODE, {"spec": {"taints": taints}}, STRATEGIC)
    other: list[JsonValue] = [{"key": "b", "effect": "NoExecute"}]
    patched = await kube.patch(NODE, {"spec": {"taints": other}}, STRATEGIC)
    assert patched.at("spec", "taints") == other


async def test_finalizers_are_a_set(kube: Caller) -> None:
    await kube.post(CONFIG_MAPS, config_map("some", finalizers=["example.com/a"]))
    path = f"{CONFIG_MAPS}/some"
    patched = await kube.patch(path, {"metadata": {"finalizers": ["example.com/b"]}}, STRATEGIC)
    assert patched.at("metadata", "finalizers") == ["example.com/a", "example.com/b"]
    body: Document = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}}
    patched = await kube.patch(path, body, STRATEGIC)
    assert patched.at("metadata", "finalizers") == ["example.com/b"]


async def test_options_of_patches(kube: Caller) -> None:
    forced = await kube.patch(NODE, {}, force="true")
    message = 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch'
    assert forced.refusal(422, "Invalid") == message
    long = await kube.patch(NODE, {}, fieldManager="m" * 129)
    assert "fieldManager: Too long: may not be more than 128 bytes" in long.refusal(422, "Invalid")
    odd = await kube.patch(NODE, {}, fieldManager="bad\x01")
    assert "invalid character U+0001 (at position 3)" in odd.refusal(422, "Invalid")
