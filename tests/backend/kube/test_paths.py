from __future__ import annotations

import pytest

from backend.errors import PlatformError
from backend.kube.paths import segment, selector_value, verb_and_resource


@pytest.mark.parametrize(
    ("value", "quoted"),
    [("edge-1", "edge-1"), ("a/b", "a%2Fb"), ("a?b#c", "a%3Fb%23c"), ("..a", "..a"), ("ü %", "%C3%BC%20%25")],
)
def test_segments_are_quoted(value: str, quoted: str) -> None:
    assert segment(value) == quoted


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_segments_that_would_change_the_path_are_refused(value: str) -> None:
    with pytest.raises(PlatformError):
        segment(value)


def test_selector_values_are_escaped() -> None:
    assert selector_value("a,b=c\\d") == "a\\,b\\=c\\\\d"


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/api/v1/nodes", ("list", "nodes")),
        ("GET", "/api/v1/nodes/a", ("get", "nodes")),
        ("GET", "/api/v1/namespaces", ("list", "namespaces")),
        ("PATCH", "/api/v1/namespaces/a", ("patch", "namespaces")),
        ("GET", "/api/v1/namespaces/a/pods", ("list", "pods")),
        ("POST", "/api/v1/namespaces/a/pods/b/eviction", ("create", "pods/eviction")),
        ("PUT", "/apis/apps/v1/namespaces/a/deployments/b/scale", ("update", "deployments/scale")),
        ("GET", "/version", ("get", "/version")),
        ("GET", "/api", ("get", "/api")),
        ("GET", "/", ("get", "/")),
    ],
)
def test_verb_and_resource(method: str, path: str, found: tuple[str, str]) -> None:
    assert verb_and_resource(method, path) == found
