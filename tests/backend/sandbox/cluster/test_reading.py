"""GET of objects and lists, and the errors of paths and methods."""

from __future__ import annotations

import pytest

from backend.sandbox.cluster.documents import items, mapping
from tests.backend.sandbox.clients import CONFIG_MAPS, NODES_PATH, PODS_PATH, Caller, config_map


async def test_a_list_and_its_objects(kube: Caller) -> None:
    nodes = await kube.get(NODES_PATH)
    assert (nodes.code, nodes.document["kind"], nodes.document["apiVersion"]) == (200, "NodeList", "v1")
    assert nodes.names() == ["node-a", "node-b", "node-c", "node-d"]
    assert nodes.at("metadata", "resourceVersion") == str(kube.store.version)
    first = mapping(items(nodes.document["items"])[0])
    assert "kind" not in first  # items of a list do not repeat it
    one = await kube.get(f"{NODES_PATH}/node-a")
    assert (one.document["kind"], one.document["apiVersion"]) == ("Node", "v1")
    assert {**one.document, **first} == one.document


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("kubernetes.io/arch=amd64", ["node-a", "node-b", "node-d"]),
        ("kubernetes.io/arch==arm64", ["node-c"]),
        ("kubernetes.io/arch!=amd64", ["node-c"]),
        ("kubernetes.io/hostname in (node-a,node-c)", ["node-a", "node-c"]),
        ("kubernetes.io/hostname notin (node-a, node-c)", ["node-b", "node-d"]),
        ("nvidia.com/gpu.present", ["node-b"]),
        ("!nvidia.com/gpu.present", ["node-a", "node-c", "node-d"]),
        ("nvidia.com/gpu.count>1,kubernetes.io/arch=amd64", ["node-b"]),
        ("node-role.kubernetes.io/control-plane=", ["node-a"]),
        ("nobody=has", []),
    ],
)
async def test_label_selectors(kube: Caller, selector: str, names: list[str]) -> None:
    assert (await kube.get(NODES_PATH, labelSelector=selector)).names() == names


async def test_field_selectors(kube: Caller) -> None:
    assert (await kube.get(NODES_PATH, fieldSelector="metadata.name=node-b")).names() == ["node-b"]
    assert (await kube.get(NODES_PATH, fieldSelector="spec.unschedulable=true")).names() == ["node-d"]
    on_a = await kube.get("/api/v1/pods", fieldSelector="spec.nodeName=node-a,status.phase=Running")
    assert len(on_a.names()) == 3
    assert not (await kube.get(PODS_PATH, fieldSelector="spec.nodeName=node-a")).names()
    system = await kube.get("/api/v1/pods", fieldSelector="metadata.namespace!=kube-system")
    assert not system.names()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"labelSelector": "a in (b"}, "unable to parse requirement: found '', expected: ',' or ')'"),
        ({"labelSelector": "a b"}, "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ({"labelSelector": "==x"}, "found '==', expected: !, identifier, or 'end of string'"),
        ({"fieldSelector": "spec.foo=1"}, "field label not supported: spec.foo"),
        ({"fieldSelector": "garbage"}, "invalid selector: 'garbage'; can't understand 'garbage'"),
        ({"limit": "x"}, 'strconv.ParseInt: parsing "x": invalid syntax'),
    ],
)
async def test_selectors_that_cannot_be_read(kube: Caller, query: dict[str, str], message: str) -> None:
    assert (await kube.call("GET", NODES_PATH, query=query)).refusal(400, "BadRequest") == message


async def test_the_field_selectors_of_kinds_without_their_own(kube: Caller) -> None:
    refused = await kube.get(CONFIG_MAPS, fieldSelector="foo=1")
    message = '"foo" is not a known field selector: only "metadata.name", "metadata.namespace"'
    assert refused.refusal(400, "BadRequest") == message


async def test_what_is_not_there(kube: Caller) -> None:
    missing = await kube.get(f"{NODES_PATH}/nope")
    assert missing.refusal(404, "NotFound") == 'nodes "nope" not found'
    assert missing.document["details"] == {"name": "nope", "kind": "nodes"}
    grouped = await kube.get("/apis/apps/v1/namespaces/default/deployments/nope")
    assert grouped.refusal(404, "NotFound") == 'deployments.apps "nope" not found'
    assert grouped.document["details"] == {"name": "nope", "group": "apps", "kind": "deployments"}
    # A list in a namespace that is not there is empty, not an error.
    assert (await kube.get("/api/v1/namespaces/nope/pods")).names() == []


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nope",
        "/apis/apps/v9/deployments",
        "/api/v2",
        "/api/v1/nodes/node-a/nope",
        "/api/v1/namespaces/default/nope",
        "/api/v1/namespaces/default/nodes",
        "/api/v1/pods/some",
    ],
)
async def test_paths_the_api_does_not_have(kube: Caller, path: str) -> None:
    message = (await kube.get(path)).refusal(404, "NotFound")
    assert message == "the server could not find the requested resource"


@pytest.mark.parametrize("path", ["/nope", "/apis/nope/v1", "/apis/nope/v1/things"])
async def test_paths_outside_the_api_are_plain_text(kube: Caller, path: str) -> None:
    got = await kube.get(path)
    assert (got.code, got.text) == (404, "404 page not found\n")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", NODES_PATH),
        ("POST", f"{NODES_PATH}/node-a"),
        ("POST", "/api/v1/pods"),
        ("DELETE", "/api/v1/namespaces"),
        ("DELETE", "/api/v1/configmaps"),
        ("PATCH", "/version"),
        ("GET", f"{PODS_PATH}/x/eviction"),
        ("GET", "/api/v1/namespaces/default/finalize"),
        ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
    ],
)
async def test_methods_a_place_does_not_have(kube: Caller, method: str, path: str) -> None:
    message = (await kube.call(method, path)).refusal(405, "MethodNotAllowed")
    assert message == "the server does not allow this method on the requested resource"


async def test_a_head_request_has_no_body(kube: Caller) -> None:
    got = await kube.call("HEAD", NODES_PATH)
    assert (got.code, got.text) == (405, "")


async def test_tables_for_kubectl(kube: Caller) -> None:
    headers = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    table = await kube.call("GET", NODES_PATH, headers=headers)
    assert (table.document["kind"], table.document["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    columns = [mapping(column)["name"] for column in items(table.document["columnDefinitions"])]
    cells = [items(mapping(row)["cells"]) for row in items(table.document["rows"])]
    assert columns[:5] == ["Name", "Status", "Roles", "Age", "Version"]
    assert all(len(row) == len(columns) for row in cells)
    assert [row[1] for row in cells] == ["Ready", "Ready", "NotReady", "Ready,SchedulingDisabled"]
    assert [row[2] for row in cells] == ["control-plane", "<none>", "<none>", "<none>"]
    for path in (
        "/api/v1/pods",
        "/api/v1/namespaces",
        "/apis/apps/v1/daemonsets",
        "/apis/apps/v1/deployments",
        CONFIG_MAPS,
    ):
        other = await kube.call("GET", path, headers=headers)
        width = len(items(other.document["columnDefinitions"]))
        rows = [items(mapping(row)["cells"]) for row in items(other.document["rows"])]
        assert rows
        assert {len(row) for row in rows} == {width}, path


async def test_metadata_only(kube: Caller) -> None:
    await kube.post(CONFIG_MAPS, config_map("some", {"a": "b"}))
    headers = {"accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}
    got = await kube.call("GET", f"{CONFIG_MAPS}/some", headers=headers)
    assert got.document["kind"] == "PartialObjectMetadata"
    assert set(got.document) == {"kind", "apiVersion", "metadata"}
    headers = {"accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    listed = await kube.call("GET", CONFIG_MAPS, headers=headers)
    assert listed.document["kind"] == "PartialObjectMetadataList"
    assert "some" in listed.names()


async def test_formats_that_cannot_be_written(kube: Caller) -> None:
    refused = await kube.call("GET", NODES_PATH, headers={"accept": "text/html"})
    assert refused.refusal(406, "NotAcceptable").startswith("406: Not Acceptable")
    plain = await kube.call("GET", NODES_PATH, headers={"accept": "application/vnd.kubernetes.protobuf,*/*"})
    assert plain.document["kind"] == "NodeList"
