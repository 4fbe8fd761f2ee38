"""Pods on the nodes of a test, in a namespace that lasts as long as the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from tests.backend.delivery.waiting import until
from tests.live.outside import Document, Outside

OURS: Mapping[str, str] = {"app.kubernetes.io/managed-by": "otetui"}


@dataclass(frozen=True)
class Pods:
    """Makes pods in one namespace of a cluster."""

    outside: Outside
    namespace: str

    @classmethod
    @asynccontextmanager
    async def open(cls, outside: Outside, *, awaited: bool = True) -> AsyncIterator[Pods]:
        """A new namespace, deleted afterwards; `awaited` where pods are refused before it has a service account."""
        pods = cls(outside, f"pods-{uuid4().hex[:8]}")
        await outside.create_namespace(pods.namespace)
        if awaited:
            await until(pods._has_service_account, 30, f"the service account of {pods.namespace}")
        yield pods
        await outside.delete(f"/api/v1/namespaces/{pods.namespace}")

    async def _has_service_account(self) -> bool:
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/default"
        return await self.outside.find(path) is not None

    @property
    def path(self) -> str:
        """Where the pods are."""
        return f"/api/v1/namespaces/{self.namespace}/pods"

    async def make(self, name: str, node: str, labels: Mapping[str, str], placed_by: str = "") -> None:
        """Make a pod on `node`; `placed_by` is the label of ours in its node selector, if any."""
        spec: Document = {"nodeName": node, "containers": [{"name": "app", "image": "registry.invalid/app:1"}]}
        if placed_by:
            spec["nodeSelector"] = {f"otetui.io/{placed_by}": "true"}
        document = {"metadata": {"name": name, "labels": dict(labels)}, "spec": spec}
        await self.outside.create(self.path, document)

    async def guard(self, name: str, labels: Mapping[str, str], least: int) -> None:
        """Make a disruption budget, and wait until the controller has worked out that it allows nothing."""
        path = f"/apis/policy/v1/namespaces/{self.namespace}/poddisruptionbudgets"
        spec = {"minAvailable": least, "selector": {"matchLabels": dict(labels)}}
        await self.outside.create(path, {"metadata": {"name": name}, "spec": spec})

        async def worked_out() -> bool:
            status = (await self.outside.get(f"{path}/{name}")).get("status", {})
            return bool(status.get("expectedPods")) and bool(status["currentHealthy"] == status["desiredHealthy"])

        await until(worked_out, 30, f"budget {name}")

    async def report_running(self, *names: str) -> None:
        """Say of pods, in their kubelet's place, that they run."""
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        for name in names:
            await self.outside.merge(f"{self.path}/{name}/status", {"status": status})

    async def running(self, count: int) -> None:
        """Wait until so many pods run."""

        async def all_run() -> bool:
            found = (await self.outside.get(self.path))["items"]
            return [pod["status"].get("phase") for pod in found].count("Running") == count

        await until(all_run, 30, f"{count} running pods")

    async def there(self) -> set[str]:
        """The pods that are there and stay."""
        found = (await self.outside.get(self.path))["items"]
        return {pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]}
