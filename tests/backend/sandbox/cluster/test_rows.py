"""Parts without a server: paths, selectors, field sets, patches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.sandbox.cluster.documents import Document, JsonValue
from backend.sandbox.cluster.kinds import NODES, PODS
from backend.sandbox.cluster.ownership import from_fields, leaves, to_fields
from backend.sandbox.cluster.patches import merge_patch, strategic_merge_patch
from backend.sandbox.cluster.requests import parse
from backend.sandbox.cluster.selectors import parse_field_selector, parse_label_selector, selector_of
from backend.sandbox.cluster.status import ApiError, quoted
from backend.sandbox.cluster.tables import age

LEAVES: st.SearchStrategy[JsonValue] = st.integers()
TREES = st.recursive(
    LEAVES, lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=8
).map(lambda tree: tree if isinstance(tree, dict) else {"a": tree})


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v1/nodes", ("list", "", "v1", "nodes", "", "", "")),
        ("GET", "/api/v1/nodes/n", ("get", "", "v1", "nodes", "", "n", "")),
        ("PUT", "/api/v1/nodes/n/status", ("update", "", "v1", "nodes", "", "n", "status")),
        ("GET", "/api/v1/namespaces/x", ("get", "", "v1", "namespaces", "x", "x", "")),
        ("PUT", "/api/v1/namespaces/x/finalize", ("update", "", "v1", "namespaces", "x", "x", "finalize")),
        ("DELETE", "/api/v1/namespaces/x/pods", ("deletecollection", "", "v1", "pods", "x", "", "")),
        ("POST", "/api/v1/namespaces/x/pods/p/eviction", ("create", "", "v1", "pods", "x", "p", "eviction")),
        ("PATCH", "/apis/apps/v1/namespaces/x/deployments/d", ("patch", "apps", "v1", "deployments", "x", "d", "")),
        ("GET", "/api/v1/watch/nodes", ("watch", "", "v1", "nodes", "", "", "")),
        ("GET", "/version", ("get", "", "", "", "", "", "")),
    ],
)
def test_paths(method: str, path: str, expected: tuple[str, ...]) -> None:
    read = parse(method, path, "")
    assert (read.verb, read.group, read.version, read.resource, read.namespace, read.name, read.subresource) == expected


def test_queries() -> None:
    assert parse("GET", "/api/v1/nodes", "watch=true").verb == "watch"
    assert parse("GET", "/api/v1/nodes", "watch=0").verb == "list"
    assert parse("GET", "/api/v1/nodes", "limit=5&a=b%3Dc").query == {"limit": "5", "a": "b=c"}
    assert parse("GET", "/api/v1/nodes", "watch").verb == "watch"


@pytest.mark.parametrize(
    "selector", ["a=b,", "a=b c=d", "a in b", "a in (b", "a in (b c)", "=", "a>x", "a=b@", "!,", "(a)"]
)
def test_label_selectors_that_cannot_be_read(selector: str) -> None:
    with pytest.raises(ApiError) as refusal:
        parse_label_selector(selector)
    assert (refusal.value.code, refusal.value.reason) == (400, "BadRequest")


def test_empty_selectors_take_everything() -> None:
    assert not parse_label_selector("")
    assert parse_label_selector("").matches({})
    assert not parse_field_selector(NODES, "")
    assert parse_label_selector("a in (,x)").matches({"a": ""})
    assert parse_label_selector("a=").matches({"a": ""})
    assert not parse_label_selector("a<5").matches({"a": "5"})
    assert not parse_label_selector("a<5").matches({"a": "word"})


def test_selectors_of_workloads() -> None:
    assert selector_of(None) is None
    structure: Document = {
        "matchLabels": {"a": "b"},
        "matchExpressions": [
            {"key": "c", "operator": "In", "values": ["d"]},
            {"key": "e", "operator": "DoesNotExist"},
            {"key": "f", "operator": "NotIn", "values": ["g"]},
            {"key": "a", "operator": "Exists"},
        ],
    }
    selector = selector_of(structure)
    assert selector is not None
    assert selector.matches({"a": "b", "c": "d"})
    assert not selector.matches({"a": "b", "c": "d", "e": ""})
    assert not selector.matches({"a": "b", "c": "d", "f": "g"})


def test_field_selectors() -> None:
    selector = parse_field_selector(PODS, "spec.nodeName=n1,status.phase!=Failed")
    assert selector.matches({"spec.nodeName": "n1", "status.phase": "Running"}.__getitem__)
    assert not selector.matches({"spec.nodeName": "n1", "status.phase": "Failed"}.__getitem__)


@given(TREES)
def test_field_sets_survive_their_written_form(tree: Document) -> None:
    owned = frozenset(leaves({"spec": {"top": tree}}))
    assert frozenset(from_fields(to_fields(owned))) == owned


def test_field_sets_of_lists() -> None:
    container: Document = {"name": "c", "image": "i", "ports": [{"containerPort": 80}], "args": ["a", "b"]}
    owned = frozenset(leaves({"spec": {"template": {"spec": {"containers": [container]}}}}))
    assert to_fields(owned) == {
        "f:spec": {
            "f:template": {
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"c"}': {
                            ".": {},
                            "f:name": {},
                            "f:image": {},
                            "f:args": {},
                            "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
                        }
                    }
                }
            }
        }
    }
    assert frozenset(from_fields(to_fields(owned))) == owned


@given(TREES, TREES)
def test_merge_patches_obey_the_standard(target: Document, patch: Document) -> None:
    def reference(into: JsonValue, change: JsonValue) -> JsonValue:
        """RFC 7386, section 2, word for word."""
        if not isinstance(change, dict):
            return change
        result = dict(into) if isinstance(into, dict) else {}
        for name, value in change.items():
            if value is None:
                result.pop(name, None)
            else:
                result[name] = reference(result.get(name), value)
        return result

    assert merge_patch(target, patch) == reference(target, patch)
    # Without lists and directives the strategic patch is the same.
    assert strategic_merge_patch(target, patch) == merge_patch(target, patch)


def test_strategic_directives_on_maps() -> None:
    document: Document = {"a": {"x": 1, "y": 2}, "b": {"x": 1}}
    assert strategic_merge_patch(document, {"a": {"$patch": "replace", "z": 3}}) == {"a": {"z": 3}, "b": {"x": 1}}
    assert strategic_merge_patch(document, {"a": {"$retainKeys": ["y"], "z": 3}})["a"] == {"y": 2, "z": 3}
    assert strategic_merge_patch(document, {"b": {"$patch": "delete"}})["b"] == {}
    with pytest.raises(ApiError):
        strategic_merge_patch(document, {"a": {"$patch": "odd"}})


@pytest.mark.parametrize(
    ("value", "shown"), [("a", '"a"'), ('a"b\\', '"a\\"b\\\\"'), ("\x01", '"\\x01"'), ("\n", '"\\n"'), ("ü", '"ü"')]
)
def test_quoting(value: str, shown: str) -> None:
    assert quoted(value) == shown


def test_ages() -> None:
    from backend.sandbox.cluster.documents import timestamp

    def shown(seconds: int) -> str:
        return age({"metadata": {"creationTimestamp": timestamp(-seconds)}})

    assert shown(3 * 86400 + 5) == "3d"
    assert shown(5 * 3600 + 5) == "5h"
    assert shown(12 * 60 + 5) == "12m"
    assert shown(60) in {"60s", "61s"}
    assert age({}) == "<unknown>"
