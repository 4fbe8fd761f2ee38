"""Server-side apply: ownership, conflicts, force, and what goes when nobody wants it any more."""

from __future__ import annotations

import pytest

from backend.sandbox.cluster.documents import Document, JsonValue, items, mapping
from tests.backend.sandbox.clients import (
    APPLY,
    CONFIG_MAPS,
    DEPLOYMENTS,
    NAMESPACES,
    NODES_PATH,
    Caller,
    Got,
    config_map,
    deployment,
)

PATH = f"{CONFIG_MAPS}/some"


def managers(got: Got) -> dict[str, JsonValue]:
    """Who owns what, by the manager's name and operation."""
    entries = [mapping(entry) for entry in items(got.at("metadata", "managedFields"))]
    return {f"{entry['manager']} {entry['operation']}": entry["fieldsV1"] for entry in entries}


async def test_applying_creates_and_applying_again_changes_nothing(kube: Caller) -> None:
    wanted = config_map("some", {"a": "1", "b": "2"})
    made = await kube.apply(PATH, wanted, "otetui")
    assert made.code == 201
    assert made.at("data") == {"a": "1", "b": "2"}
    assert managers(made) == {"otetui Apply": {"f:data": {"f:a": {}, "f:b": {}}}}
    again = await kube.apply(PATH, wanted, "otetui")
    assert (again.code, again.document) == (200, made.document)


async def test_a_manager_is_required(kube: Caller) -> None:
    refused = await kube.patch(PATH, config_map("some"), APPLY)
    message = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    assert refused.refusal(422, "Invalid") == message


async def test_another_managers_value_is_a_conflict(kube: Caller) -> None:
    await kube.apply(PATH, config_map("some", {"a": "1", "b": "2"}), "one")
    refused = await kube.apply(PATH, config_map("some", {"a": "9", "b": "8"}), "two")
    message = refused.refusal(409, "Conflict")
    assert message == 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b'
    assert refused.causes() == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.a"},
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.b"},
    ]
    assert (await kube.get(PATH)).at("data") == {"a": "1", "b": "2"}


async def test_force_takes_over(kube: Caller) -> None:
    await kube.apply(PATH, config_map("some", {"a": "1", "b": "2"}), "one")
    taken = await kube.apply(PATH, config_map("some", {"a": "9"}), "two", force="true")
    assert taken.at("data") == {"a": "9", "b": "2"}
    assert managers(taken) == {"one Apply": {"f:data": {"f:b": {}}}, "two Apply": {"f:data": {"f:a": {}}}}


async def test_what_a_manager_leaves_out_goes_unless_others_own_it(kube: Caller) -> None:
    await kube.apply(PATH, config_map("some", {"a": "1", "shared": "x"}, labels={"l": "1"}), "one")
    shared = await kube.apply(PATH, config_map("some", {"shared": "x"}), "two")
    assert shared.at("data") == {"a": "1", "shared": "x"}
    left = await kube.apply(PATH, config_map("some", {"b": "2"}), "one")
    assert left.at("data") == {"shared": "x", "b": "2"}
    assert left.at("metadata", "labels") is None
    gone = await kube.apply(PATH, config_map("some"), "two")
    assert gone.at("data") == {"b": "2"}
    assert set(managers(gone)) == {"one Apply"}


async def test_the_same_value_is_shared(kube: Caller) -> None:
    await kube.apply(PATH, config_map("some", {"a": "1"}), "one")
    shared = await kube.apply(PATH, config_map("some", {"a": "1"}), "two")
    assert shared.code == 200
    assert set(managers(shared)) == {"one Apply", "two Apply"}
    # Now both own it, so neither may change it alone.
    assert (await kube.apply(PATH, config_map("some", {"a": "2"}), "one")).refusal(409, "Conflict")


async def test_an_update_takes_fields_over_without_asking(kube: Caller) -> None:
    await kube.apply(PATH, config_map("some", {"a": "1"}), "one")
    await kube.patch(PATH, {"data": {"a": "X"}}, fieldManager="editor")
    refused = await kube.apply(PATH, config_map("some", {"a": "1"}), "one")
    message = refused.refusal(409, "Conflict")
    assert message == 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.a'


async def test_an_object_that_was_not_tracked_belongs_to_before_first_apply(kube: Caller) -> None:
    path = f"{NAMESPACES}/kube-public"
    same: Document = {"labels": {"kubernetes.io/metadata.name": "kube-public", "otetui.io/business": "7"}}
    wanted: Document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-public", **same}}
    adopted = await kube.apply(path, wanted, "otetui")
    assert adopted.code == 200
    assert set(managers(adopted)) == {"otetui Apply", "before-first-apply Update"}


async def test_namespaces(kube: Caller) -> None:
    path = f"{NAMESPACES}/ns7"

    def wanted(labels: dict[str, str]) -> Document:
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns7", "labels": dict(labels)}}

    made = await kube.apply(path, wanted({"otetui.io/business": "7"}), "otetui")
    assert made.code == 201
    assert managers(made) == {"otetui Apply": {"f:metadata": {"f:labels": {"f:otetui.io/business": {}}}}}
    assert made.at("metadata", "labels") == {"otetui.io/business": "7", "kubernetes.io/metadata.name": "ns7"}
    refused = await kube.apply(path, wanted({"otetui.io/business": "8"}), "other")
    assert ".metadata.labels.otetui.io/business" in refused.refusal(409, "Conflict")
    dry = await kube.apply(f"{NAMESPACES}/dry", {**wanted({}), "metadata": {"name": "dry"}}, "otetui", dryRun="All")
    assert dry.code == 201
    assert (await kube.get(f"{NAMESPACES}/dry")).code == 404


@pytest.mark.parametrize(
    ("body", "code", "reason", "message"),
    [
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}}, 400, "BadRequest", "does not match"),
        ({"kind": "ConfigMap"}, 400, "BadRequest", "invalid object type: /, Kind=ConfigMap"),
        ({"apiVersion": "v1"}, 400, "BadRequest", "invalid object type: /v1, Kind="),
        ({"apiVersion": "v1", "kind": "Pod"}, 400, "BadRequest", "invalid object type: /v1, Kind=Pod"),
        (
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"managedFields": [{"manager": "x"}]}},
            400,
            "BadRequest",
            "metadata.managedFields must be nil",
        ),
        (
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "some", "resourceVersion": "1"}},
            409,
            "Conflict",
            "the object has been modified",
        ),
        ({"apiVersion": "v1", "kind": "ConfigMap", "bogus": 1}, 500, "", ".bogus: field not declared in schema"),
    ],
)
async def test_what_cannot_be_applied(kube: Caller, body: Document, code: int, reason: str, message: str) -> None:
    await kube.post(CONFIG_MAPS, config_map("some"))
    assert message in (await kube.apply(PATH, body, "one")).refusal(code, reason)


async def test_bodies_are_yaml(kube: Caller) -> None:
    yaml = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: some}\ndata: {a: 'yes'}\n"
    made = await kube.call("PATCH", PATH, yaml, APPLY, query={"fieldManager": "one"})
    assert (made.code, made.at("data")) == (201, {"a": "yes"})
    broken = await kube.call("PATCH", PATH, b"a: [", APPLY, query={"fieldManager": "one"})
    assert broken.refusal(400, "BadRequest").startswith("error decoding YAML: error converting YAML to JSON: yaml: ")
    array = await kube.call("PATCH", PATH, b"[]", APPLY, query={"fieldManager": "one"})
    assert "cannot unmarshal array into Go value" in array.refusal(400, "BadRequest")


async def test_applying_needs_the_namespace(kube: Caller) -> None:
    refused = await kube.apply("/api/v1/namespaces/nope/configmaps/some", config_map("some"), "one")
    assert refused.refusal(404, "NotFound") == 'namespaces "nope" not found'


async def test_items_of_lists_have_owners(kube: Caller) -> None:
    path = f"{DEPLOYMENTS}/web"
    first: Document = {
        "name": "a",
        "image": "i:1",
        "ports": [{"containerPort": 80}],
        "env": [{"name": "B", "value": "1"}],
    }
    await kube.apply(path, deployment("web", [first, {"name": "b", "image": "j"}], 2), "otetui")
    changed = await kube.apply(path, deployment("web", [{**first, "image": "i:2"}], 2), "otetui")
    containers = [mapping(item) for item in items(changed.at("spec", "template", "spec", "containers"))]
    assert [(item["name"], item["image"]) for item in containers] == [("a", "i:2")]
    assert containers[0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    owned = mapping(managers(changed)["otetui Apply"])
    template = mapping(mapping(mapping(owned["f:spec"])["f:template"])["f:spec"])
    assert mapping(template["f:containers"]).keys() == {'k:{"name":"a"}'}
    refused = await kube.apply(path, deployment("web", [{"name": "a", "image": "i:3"}], 5), "other")
    assert [cause["field"] for cause in refused.causes()] == [
        ".spec.replicas",
        '.spec.template.spec.containers[name="a"].image',
    ]
    # A field that another manager took over stays when its first owner leaves it out.
    await kube.apply(
        path,
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 7}},
        "scaler",
        force="true",
    )
    left = await kube.apply(path, deployment("web", [first]), "otetui")
    assert left.at("spec", "replicas") == 7


async def test_items_keep_the_order_that_is_wanted(kube: Caller) -> None:
    path = f"{DEPLOYMENTS}/web"
    env: list[JsonValue] = [{"name": "B", "value": "2"}]
    await kube.apply(path, deployment("web", [{"name": "c", "image": "i", "env": env}]), "otetui")
    more: list[JsonValue] = [{"name": "A", "value": "1"}, *env]
    changed = await kube.apply(path, deployment("web", [{"name": "c", "image": "i", "env": more}]), "otetui")
    container = mapping(items(changed.at("spec", "template", "spec", "containers"))[0])
    assert container["env"] == more


async def test_a_label_of_ours_on_a_node_leaves_others_alone(kube: Caller) -> None:
    path = f"{NODES_PATH}/node-a"
    wanted: Document = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "node-a", "labels": {"otetui.io/x": "true"}},
    }
    applied = await kube.apply(path, wanted, "otetui")
    assert applied.at("metadata", "labels", "kubernetes.io/hostname") == "node-a"
    without = await kube.apply(path, {**wanted, "metadata": {"name": "node-a"}}, "otetui")
    labels = mapping(without.at("metadata", "labels"))
    assert "otetui.io/x" not in labels
    assert labels["kubernetes.io/hostname"] == "node-a"
    assert without.at("status", "capacity", "cpu") == "8"
