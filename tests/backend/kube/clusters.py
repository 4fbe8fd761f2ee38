"""A small cluster behind a test server: nodes, pods, namespaces and permissions, as an API server treats them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.backend.kube.servers import Request, Response, refusal

Object = dict[str, object]


def node(name: str, **labels: str) -> Object:
    """A node as a kubelet reports it."""
    return {
        "metadata": {
            "name": name,
            "resourceVersion": "5",
            "creationTimestamp": "2024-05-01T10:00:00Z",
            "labels": {"kubernetes.io/hostname": name, **labels},
        },
        "spec": {},
        "status": {
            "capacity": {"cpu": "4", "memory": "16Gi", "ephemeral-storage": "100G", "pods": "110"},
            "nodeInfo": {
                "operatingSystem": "linux",
                "osImage": "Debian GNU/Linux 12",
                "architecture": "arm64",
                "kernelVersion": "6.1.0",
                "kubeletVersion": "v1.31.2",
            },
            "addresses": [
                {"type": "Hostname", "address": name},
                {"type": "InternalIP", "address": "10.0.0.7"},
            ],
            "conditions": [
                {"type": "MemoryPressure", "status": "False", "reason": "Fine"},
                {"type": "Ready", "status": "True", "reason": "KubeletReady"},
            ],
        },
    }


@dataclass
class Cluster:
    version: str = "v1.31.2+k3s1"
    ready: Response = field(default_factory=lambda: Response(b"ok"))
    nodes: list[Object] = field(default_factory=list)
    pods: list[Object] = field(default_factory=list)
    namespaces: dict[str, Object] = field(default_factory=dict)
    denied: set[tuple[str, str]] = field(default_factory=set)
    evictions: dict[str, Response] = field(default_factory=dict)
    patches: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    reviews: Response | None = None
    revision: int = 100

    def handle(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        match parts:
            case ["readyz"]:
                return self.ready
            case ["version"]:
                return Response({"major": "1", "gitVersion": self.version})
            case ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"]:
                return self.reviews or self._review(request)
            case ["api", "v1", "nodes"]:
                return _paged(request, self.nodes)
            case ["api", "v1", "nodes", name] if request.method == "PATCH":
                return self._patch_node(request, name)
            case ["api", "v1", "pods"]:
                return _paged(request, self.pods)
            case ["api", "v1", "namespaces", _, "pods", name, "eviction"]:
                return self.evictions.get(name, Response({"kind": "Status", "status": "Success"}, 201))
            case ["api", "v1", "namespaces", name] if request.method == "GET":
                found = self.namespaces.get(name)
                return Response(found) if found else refusal(404, f'namespaces "{name}" not found', "NotFound")
            case ["api", "v1", "namespaces", name] if request.method == "PATCH":
                return self._apply_namespace(request, name)
            case _:
                return Response(b"404 page not found", 404)

    def _review(self, request: Request) -> Response:
        body = json.loads(request.body)
        asked = body["spec"]["resourceAttributes"]
        resource = "/".join(part for part in (asked["resource"], asked["subresource"]) if part)
        allowed = (asked["verb"], resource) not in self.denied
        return Response({**body, "status": {"allowed": allowed}}, 201)

    def _patch_node(self, request: Request, name: str) -> Response:
        assert request.headers["content-type"].startswith("application/merge-patch+json")
        for found in self.nodes:
            metadata = found["metadata"]
            assert isinstance(metadata, dict)
            if metadata["name"] == name:
                body = json.loads(request.body)
                self.patches.append((name, body))
                for key, value in body["metadata"]["labels"].items():
                    metadata["labels"].pop(key, None)
                    if value is not None:
                        metadata["labels"][key] = value
                return Response(found)
        return refusal(404, f'nodes "{name}" not found', "NotFound")

    def _apply_namespace(self, request: Request, name: str) -> Response:
        assert request.headers["content-type"].startswith("application/apply-patch+yaml")
        assert request.query["fieldManager"] == "otetui"
        assert request.query["force"] == "false"
        labels = json.loads(request.body)["metadata"]["labels"]
        created = name not in self.namespaces
        found = self.namespaces.setdefault(name, namespace(name))
        metadata = found["metadata"]
        assert isinstance(metadata, dict)
        if created or any(metadata["labels"].get(key) != value for key, value in labels.items()):
            self.revision += 1
            metadata["resourceVersion"] = str(self.revision)
        metadata["labels"].update(labels)
        return Response(found, 201 if created else 200)


def namespace(name: str, phase: str = "Active", **labels: str) -> Object:
    metadata = {"name": name, "uid": f"uid-of-{name}", "resourceVersion": "1", "labels": labels}
    return {"kind": "Namespace", "metadata": metadata, "status": {"phase": phase}}


def pod(name: str, on: str = "edge-1") -> Object:
    return {"metadata": {"namespace": "ns7", "name": name, "uid": f"uid-{name}"}, "spec": {"nodeName": on}}


def _paged(request: Request, items: list[Object]) -> Response:
    start = int(request.query.get("continue", "0"))
    end = min(start + int(request.query["limit"]), len(items))
    metadata = {"resourceVersion": "77", "continue": str(end) if end < len(items) else ""}
    return Response({"metadata": metadata, "items": items[start:end]})
