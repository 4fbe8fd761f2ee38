"""The nodes of the live tests' control planes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NODE_ANNOTATION: Final = "kwok.x-k8s.io/node"
NODE_ANNOTATION_VALUE: Final = "fake"

_RESOURCES = {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "64Gi", "pods": "110"}
_ADDRESSES_PER_SUBNET = 250


def node_document(name: str, number: int, version: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return a node object as a kubelet would register it, marked for kwok to manage.

    `number` makes its address unique and `version` is what its kubelet reports.
    """
    subnet, host = divmod(number, _ADDRESSES_PER_SUBNET)
    well_known = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        # Otherwise the controllers add them a moment later, as copies of the others.
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
    }
    return {
        "metadata": {
            "name": name,
            "annotations": {NODE_ANNOTATION: NODE_ANNOTATION_VALUE},
            "labels": {**well_known, **labels},
        },
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": f"10.10.{subnet}.{host + 1}"},
                {"type": "Hostname", "address": name},
            ],
            "capacity": _RESOURCES,
            "allocatable": _RESOURCES,
            "nodeInfo": {
                "architecture": "amd64",
                "operatingSystem": "linux",
                "kubeletVersion": version,
                "osImage": "Debian GNU/Linux 12 (bookworm)",
                "kernelVersion": "6.1.0-21-amd64",
                "containerRuntimeVersion": "containerd://2.1.4",
            },
        },
    }
