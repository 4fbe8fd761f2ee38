"""POST and PUT: what is completed, and what is refused with which words."""

from __future__ import annotations

import re

import pytest

from backend.sandbox.cluster.documents import Document, JsonValue, mapping, text
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

LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


def named(name: str, **metadata: JsonValue) -> Document:
    return {"metadata": {"name": name, **metadata}}


async def test_a_new_namespace_is_completed(kube: Caller) -> None:
    before = kube.store.version
    made = await kube.post(NAMESPACES, named("ns7"))
    assert made.code == 201
    metadata = mapping(made.document["metadata"])
    assert (made.document["kind"], made.document["apiVersion"]) == ("Namespace", "v1")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text(metadata["uid"]))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text(metadata["creationTimestamp"]))
    assert int(text(metadata["resourceVersion"])) == before + 1
    assert metadata["labels"] == {"kubernetes.io/metadata.name": "ns7"}
    assert made.document["spec"] == {"finalizers": ["kubernetes"]}
    assert made.document["status"] == {"phase": "Active"}
    assert (await kube.get(f"{NAMESPACES}/ns7")).document == made.document


async def test_the_server_decides_what_is_its_own(kube: Caller) -> None:
    own: Document = {
        "uid": "mine",
        "creationTimestamp": "2001-01-01T00:00:00Z",
        "generation": 9,
        "deletionTimestamp": "x",
    }
    made = await kube.post(NAMESPACES, named("ns8", **own))
    metadata = mapping(made.document["metadata"])
    assert metadata["uid"] != "mine"
    assert not text(metadata["creationTimestamp"]).startswith("2001")
    assert not {"generation", "deletionTimestamp"} & metadata.keys()


async def test_names_that_are_taken(kube: Caller) -> None:
    refused = await kube.post(NAMESPACES, named("default"))
    assert refused.refusal(409, "AlreadyExists") == 'namespaces "default" already exists'
    assert refused.document["details"] == {"name": "default", "kind": "namespaces"}


async def test_generated_names(kube: Caller) -> None:
    names = {
        text((await kube.post(NAMESPACES, {"metadata": {"generateName": "gen-"}})).at("metadata", "name"))
        for _ in range(3)
    }
    assert len(names) == 3
    assert all(re.fullmatch(r"gen-[b-z2-9]{5}", name) for name in names)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Bad_Name", LABEL_RULE),
        ("-a", LABEL_RULE),
        ("a.b", "must not contain dots"),
        ("a" * 64, "must be no more than 63 characters"),
    ],
)
async def test_names_of_namespaces(kube: Caller, name: str, why: str) -> None:
    refused = await kube.post(NAMESPACES, named(name))
    message = refused.refusal(422, "Invalid")
    assert f'metadata.name: Invalid value: "{name}": {why}' in message
    assert message.startswith(f'Namespace "{name}" is invalid: ')
    first = refused.causes()[0]
    assert first == {
        "reason": "FieldValueInvalid",
        "message": f'Invalid value: "{name}": {why}',
        "field": "metadata.name",
    }
    assert mapping(refused.document["details"])["kind"] == "Namespace"


async def test_names_of_nodes_may_have_dots(kube: Caller) -> None:
    assert (await kube.post(NODES_PATH, named("node.example.org"))).code == 201
    refused = await kube.post(NODES_PATH, named("a..b"))
    assert "a lowercase RFC 1123 subdomain must consist of" in refused.refusal(422, "Invalid")


async def test_a_name_is_required(kube: Caller) -> None:
    refused = await kube.post(NAMESPACES, {})
    message = 'Namespace "" is invalid: metadata.name: Required value: name or generateName is required'
    assert refused.refusal(422, "Invalid") == message


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ({"-a": "x"}, '"-a": name part must consist of alphanumeric characters'),
        ({"a/b/c": "x"}, "\"a/b/c\": a valid label key must consist of alphanumeric characters, '-', '_' or '.'"),
        ({"UP/x": "1"}, '"UP/x": prefix part a lowercase RFC 1123 subdomain must consist'),
        ({"/x": "1"}, '"/x": prefix part must be non-empty'),
        ({"x/": "1"}, '"x/": name part must be non-empty'),
        ({"a" * 64: "1"}, "name part must be no more than 63 bytes"),
        ({"a": "b@d"}, '"b@d": a valid label must be an empty string or consist of alphanumeric characters'),
        ({"a": "b" * 64}, "must be no more than 63 bytes"),
    ],
)
async def test_labels(kube: Caller, labels: dict[str, str], why: str) -> None:
    refused = await kube.post(NAMESPACES, named("labelled", labels=dict(labels)))
    message = refused.refusal(422, "Invalid")
    assert message.startswith('Namespace "labelled" is invalid: ')
    assert why in message
    assert {cause["field"] for cause in refused.causes()} == {"metadata.labels"}


async def test_several_faults_are_all_named(kube: Caller) -> None:
    refused = await kube.post(NAMESPACES, named("Bad", labels={"-a": "x"}, annotations={"-b": "x"}, finalizers=["bad"]))
    message = refused.refusal(422, "Invalid")
    assert message.startswith('Namespace "Bad" is invalid: [metadata.name: ')
    fields = [cause["field"] for cause in refused.causes()]
    assert fields == ["metadata.name", "metadata.labels", "metadata.annotations", "metadata.finalizers[0]"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"metadata":', "json parse error: unexpected end of JSON input"),
        (b"", "json parse error: unexpected end of JSON input (<empty>)"),
        (b"[1]", "json: cannot unmarshal array into Go value"),
        (b'"x"', "json: cannot unmarshal string into Go value"),
        (b"junk", "json parse error: invalid character 'j' looking for beginning of value"),
        (
            b'{"metadata":{"name":3}}',
            "cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string",
        ),
        (b'{"metadata":{"labels":{"a":1}}}', "cannot unmarshal number into Go struct field ObjectMeta.metadata.labels"),
        (b'{"metadata":[]}', "cannot unmarshal array"),
        (b'{"spec":"x"}', "cannot unmarshal string into Go struct field Namespace.spec"),
    ],
)
async def test_bodies_that_are_no_object(kube: Caller, body: bytes, message: str) -> None:
    assert message in (await kube.post(NAMESPACES, body)).refusal(400, "BadRequest")


@pytest.mark.parametrize(
    ("kind", "version", "why"),
    [
        ("Pod", "v1", "converting (v1.Pod) to (core.Namespace): unknown conversion"),
        ("Namespace", "v2", 'no kind "Namespace" is registered for version "v2" in scheme'),
        ("Wrong", "v1", 'no kind "Wrong" is registered for version "v1" in scheme'),
    ],
)
async def test_objects_of_another_kind(kube: Caller, kind: str, version: str, why: str) -> None:
    refused = await kube.post(NAMESPACES, {"kind": kind, "apiVersion": version, "metadata": {"name": "x"}})
    message = refused.refusal(400, "BadRequest")
    assert message.startswith(f'{kind} in version "{version}" cannot be handled as a Namespace: {why}')


async def test_formats(kube: Caller) -> None:
    yaml = b"kind: Namespace\napiVersion: v1\nmetadata: {name: from-yaml, annotations: {day: 2020-01-01}}\n"
    refused = await kube.call("POST", NAMESPACES, yaml, "text/plain")
    assert refused.refusal(415, "UnsupportedMediaType").startswith("the body of the request was in an unknown format")
    made = await kube.call("POST", NAMESPACES, yaml, "application/yaml")
    assert made.code == 201
    assert made.at("metadata", "annotations") == {"day": "2020-01-01"}


async def test_a_body_that_is_too_large(kube: Caller) -> None:
    body = b'{"metadata":{"name":"' + b"a" * (3 * 1024 * 1024) + b'"}}'
    message = (await kube.post(NAMESPACES, body)).refusal(413, "RequestEntityTooLarge")
    assert message == "Request entity too large: limit is 3145728"
    allowed = config_map("large", {"a": "b" * (2 * 1024 * 1024)})
    assert (await kube.post(CONFIG_MAPS, allowed)).code == 201


async def test_unknown_members_are_dropped_or_refused(kube: Caller) -> None:
    body: Document = {**named("some"), "bogus": 1}
    refused = await kube.post(NAMESPACES, body, fieldValidation="Strict")
    assert refused.refusal(400, "BadRequest").endswith('strict decoding error: unknown field "bogus"')
    assert "bogus" not in (await kube.post(NAMESPACES, body)).document


async def test_dry_runs_store_nothing(kube: Caller) -> None:
    version = kube.store.version
    made = await kube.post(NAMESPACES, named("dry"), dryRun="All")
    assert (made.code, made.at("metadata", "name")) == (201, "dry")
    assert (await kube.get(f"{NAMESPACES}/dry")).code == 404
    assert (await kube.post(NAMESPACES, named("default"), dryRun="All")).refusal(409, "AlreadyExists")
    patched = await kube.patch(f"{NODES_PATH}/node-a", {"metadata": {"labels": {"dry": "run"}}}, dryRun="All")
    assert patched.at("metadata", "labels", "dry") == "run"
    assert (await kube.delete(f"{NODES_PATH}/node-a", dryRun="All")).code == 200
    assert kube.store.version == version
    wrong = await kube.post(NAMESPACES, named("dry"), dryRun="some")
    assert 'dryRun: Unsupported value: ["some"]: supported values: "All"' in wrong.refusal(422, "Invalid")


async def test_the_namespace_of_an_object(kube: Caller) -> None:
    missing = await kube.post("/api/v1/namespaces/nope/configmaps", config_map("x"))
    assert missing.refusal(404, "NotFound") == 'namespaces "nope" not found'
    other = await kube.post(CONFIG_MAPS, config_map("x", namespace="other"))
    message = "the namespace of the provided object does not match the namespace sent on the request"
    assert other.refusal(400, "BadRequest") == message
    made = await kube.post(CONFIG_MAPS, config_map("x"))
    assert made.at("metadata", "namespace") == "default"


async def test_a_new_object_has_no_version(kube: Caller) -> None:
    refused = await kube.post(NAMESPACES, named("x", resourceVersion="5"))
    assert refused.refusal(500, "") == "resourceVersion should not be set on objects to be created"


async def test_put_replaces_what_has_not_changed_meanwhile(kube: Caller) -> None:
    made = await kube.post(CONFIG_MAPS, config_map("some", {"a": "1"}))
    path = f"{CONFIG_MAPS}/some"
    changed = await kube.put(path, {**made.document, "data": {"a": "2"}})
    assert (changed.code, changed.at("data", "a")) == (200, "2")
    assert int(text(changed.at("metadata", "resourceVersion"))) > int(text(made.at("metadata", "resourceVersion")))
    late = await kube.put(path, {**made.document, "data": {"a": "3"}})
    message = late.refusal(409, "Conflict")
    assert message == (
        'Operation cannot be fulfilled on configmaps "some": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    without = await kube.put(path, config_map("some", {"a": "4"}))
    assert (without.code, without.at("data", "a")) == (200, "4")
    assert without.at("metadata", "uid") == made.at("metadata", "uid")


async def test_put_of_something_else(kube: Caller) -> None:
    path = f"{CONFIG_MAPS}/some"
    assert (await kube.put(path, config_map("some"))).refusal(404, "NotFound") == 'configmaps "some" not found'
    await kube.post(CONFIG_MAPS, config_map("some"))
    other = await kube.put(path, config_map("other"))
    assert (
        other.refusal(400, "BadRequest") == "the name of the object (other) does not match the name on the URL (some)"
    )
    foreign = await kube.put(path, config_map("some", uid="foreign"))
    assert "Precondition failed: UID in precondition: foreign" in foreign.refusal(409, "Conflict")
    nameless = await kube.put(path, {"metadata": {}})
    assert "name must be provided" in nameless.refusal(400, "BadRequest")


async def test_a_change_that_changes_nothing_is_no_new_version(kube: Caller) -> None:
    made = await kube.post(CONFIG_MAPS, config_map("some", {"a": "1"}))
    again = await kube.put(f"{CONFIG_MAPS}/some", made.document)
    assert again.at("metadata", "resourceVersion") == made.at("metadata", "resourceVersion")


async def test_status_is_its_own_subresource(kube: Caller) -> None:
    path = f"{NODES_PATH}/node-a"
    node = (await kube.get(path)).document
    mapping(node["status"])["capacity"] = {"cpu": "99"}
    mapping(node["spec"])["unschedulable"] = True
    main = await kube.put(path, node)
    assert main.at("spec", "unschedulable") is True
    assert main.at("status", "capacity", "cpu") == "8"
    patch: Document = {"status": {"capacity": {"cpu": "99"}}, "spec": {"unschedulable": False}}
    status = await kube.patch(f"{path}/status", patch)
    assert status.at("status", "capacity", "cpu") == "99"
    assert status.at("spec", "unschedulable") is True
    assert (await kube.get(f"{path}/status")).document == (await kube.get(path)).document


async def test_secrets(kube: Caller) -> None:
    path = "/api/v1/namespaces/default/secrets"
    made = await kube.post(path, {**named("s"), "stringData": {"a": "hi"}})
    assert (made.at("data"), made.at("type"), made.at("stringData")) == ({"a": "aGk="}, "Opaque", None)
    refused = await kube.post(path, {**named("t"), "data": {"a": "%%"}})
    message = 'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0'
    assert refused.refusal(400, "BadRequest") == message
    assert "field is immutable" in (await kube.patch(f"{path}/s", {"type": "other"})).refusal(422, "Invalid")


async def test_config_maps(kube: Caller) -> None:
    refused = await kube.post(CONFIG_MAPS, config_map("x", {"a b": "x"}))
    assert 'data[a b]: Invalid value: "a b": a valid config key must' in refused.refusal(422, "Invalid")
    typed = await kube.post(CONFIG_MAPS, {**named("x"), "data": {"a": 1}})
    assert "cannot unmarshal number into Go struct field ConfigMap.data of type string" in typed.refusal(
        400, "BadRequest"
    )
    await kube.post(CONFIG_MAPS, {**config_map("fixed", {"a": "1"}), "immutable": True})
    frozen = await kube.patch(f"{CONFIG_MAPS}/fixed", {"data": {"a": "2"}})
    assert "field is immutable when `immutable` is set" in frozen.refusal(422, "Invalid")


async def test_pods_are_completed_and_hardly_change(kube: Caller) -> None:
    made = await kube.post(PODS_PATH, pod("p", "node-a"))
    assert made.at("status", "phase") == "Pending"
    assert made.at("spec", "restartPolicy") == "Always"
    assert made.at("metadata", "generation") == 1
    moved = await kube.patch(f"{PODS_PATH}/p", {"spec": {"nodeName": "node-b"}})
    assert "pod updates may not change fields other than" in moved.refusal(422, "Invalid")
    image = await kube.patch(f"{PODS_PATH}/p", {"spec": {"containers": [{"name": "main", "image": "new:2"}]}})
    assert image.code == 200
    assert image.at("metadata", "generation") == 2


async def test_pods_that_cannot_run(kube: Caller) -> None:
    empty = await kube.post(PODS_PATH, named("p"))
    assert empty.refusal(422, "Invalid") == 'Pod "p" is invalid: spec.containers: Required value'
    ports: JsonValue = [{"containerPort": 70000}, {}]
    containers: list[JsonValue] = [
        {"name": "c", "image": "i", "ports": ports, "env": [{"name": ""}, {"name": "a=b"}]},
        {"name": "c"},
        {"name": "UP", "image": "i"},
    ]
    wrong = await kube.post(PODS_PATH, {**named("p"), "spec": {"containers": containers, "restartPolicy": "Foo"}})
    wrong.refusal(422, "Invalid")
    assert [(cause["field"], cause["reason"]) for cause in wrong.causes()] == [
        ("spec.containers[0].ports[0].containerPort", "FieldValueInvalid"),
        ("spec.containers[0].ports[1].containerPort", "FieldValueRequired"),
        ("spec.containers[0].env[0].name", "FieldValueRequired"),
        ("spec.containers[0].env[1].name", "FieldValueInvalid"),
        ("spec.containers[1].name", "FieldValueDuplicate"),
        ("spec.containers[1].image", "FieldValueRequired"),
        ("spec.containers[2].name", "FieldValueInvalid"),
        ("spec.restartPolicy", "FieldValueNotSupported"),
    ]


async def test_services(kube: Caller) -> None:
    path = "/api/v1/namespaces/default/services"
    made = await kube.post(path, {**named("web"), "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}})
    assert made.at("spec", "type") == "ClusterIP"
    assert made.at("spec", "ports") == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    address = text(made.at("spec", "clusterIP"))
    assert address.startswith("10.96.")
    kept = await kube.put(f"{path}/web", {**named("web"), "spec": {"ports": [{"port": 81}]}})
    assert kept.at("spec", "clusterIP") == address
    wrong = await kube.post(path, named("9x.y"))
    assert wrong.refusal(422, "Invalid") == (
        'Service "9x.y" is invalid: [metadata.name: Invalid value: "9x.y": must not contain dots, '
        "spec.ports: Required value]"
    )


async def test_deployments(kube: Caller) -> None:
    made = await kube.post(DEPLOYMENTS, deployment("web", [{"name": "c", "image": "i"}]))
    assert made.at("spec", "replicas") == 1
    assert made.at("spec", "strategy", "rollingUpdate") == {"maxUnavailable": "25%", "maxSurge": "25%"}
    assert made.at("spec", "template", "spec", "terminationGracePeriodSeconds") == 30
    assert (made.at("metadata", "generation"), made.at("status")) == (1, {})
    scaled = await kube.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 3}})
    assert scaled.at("metadata", "generation") == 2
    labelled = await kube.patch(f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"a": "b"}}})
    assert labelled.at("metadata", "generation") == 2
    status = await kube.patch(
        f"{DEPLOYMENTS}/web/status", {"status": {"replicas": 3}, "metadata": {"labels": {"a": "c"}}}
    )
    assert (status.at("status", "replicas"), status.at("metadata", "labels")) == (3, {"a": "b"})
    frozen = await kube.patch(f"{DEPLOYMENTS}/web", {"spec": {"selector": {"matchLabels": {"app": "other"}}}})
    assert "spec.selector: Invalid value" in frozen.refusal(422, "Invalid")
    empty = await kube.post(DEPLOYMENTS, named("d"))
    assert empty.refusal(422, "Invalid") == (
        'Deployment.apps "d" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid value: '
        "null: `selector` does not match template `labels`, spec.template.spec.containers: Required value]"
    )


async def test_node_taints_need_an_effect(kube: Caller) -> None:
    refused = await kube.patch(f"{NODES_PATH}/node-a", {"spec": {"taints": [{"key": "a"}]}})
    assert refused.refusal(422, "Invalid").endswith("metadata.taints[0].effect: Required value")
    odd = await kube.patch(f"{NODES_PATH}/node-a", {"spec": {"taints": [{"key": "a", "effect": "Maybe"}]}})
    assert 'Unsupported value: "Maybe"' in odd.refusal(422, "Invalid")
