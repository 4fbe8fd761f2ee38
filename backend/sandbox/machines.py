"""Nodes: the makes of machine there are, and what a node of each says about itself."""

from __future__ import annotations

import random
from dataclasses import dataclass

from backend.sandbox.cluster.documents import Document, JsonValue, child, items, mapping, timestamp
from backend.sandbox.site import Machine, NodeSpec

_GIB = 1024**2  # Kubelets report memory and disks in Ki.
_DAY = 86400


@dataclass(frozen=True, slots=True)
class _Make:
    """What a make of machine reports: memory and disk in GiB, GPU memory in MiB per GPU."""

    architecture: str
    image: str
    kernel: str
    cpu: int
    memory: int
    disk: int
    gpu: str = ""
    gpus: int = 0
    gpu_memory: int = 0
    system: str = "linux"


_MAKES = {
    Machine.CONTROL_PLANE: _Make("amd64", "Flatcar Container Linux 4230.2.4 (Oklo)", "6.6.107-flatcar", 8, 16, 120),
    Machine.GATEWAY: _Make("arm64", "Ubuntu 24.04.3 LTS", "6.8.0-1040-raspi", 4, 8, 58),
    Machine.CAMERA: _Make(
        "arm64", "Ubuntu 22.04.5 LTS", "5.15.148-tegra", 8, 16, 234, "Orin-NX", gpus=1, gpu_memory=16384
    ),
    Machine.INFERENCE: _Make(
        "amd64", "Ubuntu 24.04.3 LTS", "6.8.0-86-generic", 32, 128, 1788, "NVIDIA-L4", gpus=2, gpu_memory=23034
    ),
    Machine.SERVER: _Make("amd64", "Rocky Linux 9.6 (Blue Onyx)", "5.14.0-570.46.1.el9_6.x86_64", 16, 64, 440),
    Machine.TILL: _Make("amd64", "Windows Server 2022 Standard", "10.0.20348.4294", 4, 8, 118, system="windows"),
}


def is_linux(machine: Machine) -> bool:
    """Whether the agents of the system run on this make of machine."""
    return _MAKES[machine].system == "linux"


@dataclass(frozen=True, slots=True)
class Particulars:
    """What differs between two machines of one make, as the node's document shows it."""

    name: str
    address: str
    network: str
    identity: str
    memory: str
    allocatable: str
    disk: str
    created: str
    changed: str
    heard: str


def particulars(spec: NodeSpec, subnet: int, number: int, chance: random.Random) -> Particulars:
    """The particulars of the cluster's node of that number."""
    make = _MAKES[spec.machine]
    # A few per cent less than the label on the box says, as the system keeps some for itself.
    memory = int(make.memory * _GIB * chance.uniform(0.95, 0.98))
    return Particulars(
        spec.name,
        f"10.{subnet}.{number // 250}.{number % 250}",
        f"10.244.{number % 256}.0/24",
        f"{chance.getrandbits(128):032x}",
        f"{memory}Ki",
        f"{memory - 100 * 1024}Ki",
        f"{int(make.disk * _GIB * chance.uniform(0.93, 0.97))}Ki",
        timestamp(-chance.randint(30 * _DAY, 400 * _DAY)),
        timestamp(-chance.randint(_DAY, 20 * _DAY)),
        timestamp(-chance.randint(0, 50)),
    )


def node_document(spec: NodeSpec, version: str, own: Particulars) -> Document:
    """A node as its kubelet and the node controller have written it."""
    make = _MAKES[spec.machine]
    capacity: Document = {
        "cpu": str(make.cpu),
        "ephemeral-storage": own.disk,
        "hugepages-2Mi": "0",
        "memory": own.memory,
        "pods": "110",
    }
    if make.gpus:
        capacity["nvidia.com/gpu"] = str(make.gpus)
    allocatable: Document = {**capacity, "memory": own.allocatable, "cpu": f"{make.cpu * 1000 - 100}m"}
    metadata: Document = {
        "name": own.name,
        "creationTimestamp": own.created,
        "labels": _labels(own.name, spec.machine, make),
        "annotations": {"node.alpha.kubernetes.io/ttl": "0"},
    }
    node: Document = {"metadata": metadata, "spec": {"podCIDR": own.network, "podCIDRs": [own.network]}}
    if spec.cordoned:
        child(node, "spec")["unschedulable"] = True
    node["status"] = {
        "capacity": capacity,
        "allocatable": allocatable,
        "conditions": _conditions(own),
        "addresses": [{"type": "InternalIP", "address": own.address}, {"type": "Hostname", "address": own.name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "machineID": own.identity,
            "systemUUID": own.identity,
            "bootID": own.identity,
            "kernelVersion": make.kernel,
            "osImage": make.image,
            "containerRuntimeVersion": "containerd://2.1.4",
            "kubeletVersion": version,
            "kubeProxyVersion": version,
            "operatingSystem": make.system,
            "architecture": make.architecture,
        },
    }
    set_taints(node, ready=True)
    if not spec.ready:
        set_ready(node, ready=False, since=own.changed)
    return node


def _labels(name: str, machine: Machine, make: _Make) -> Document:
    labels: Document = {
        "beta.kubernetes.io/arch": make.architecture,
        "beta.kubernetes.io/os": make.system,
        "kubernetes.io/arch": make.architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": make.system,
    }
    if machine is Machine.CONTROL_PLANE:
        labels["node-role.kubernetes.io/control-plane"] = ""
    if make.gpus:
        labels["nvidia.com/gpu.present"] = "true"
        labels["nvidia.com/gpu.product"] = make.gpu
        labels["nvidia.com/gpu.count"] = str(make.gpus)
        labels["nvidia.com/gpu.memory"] = str(make.gpu_memory)
    return labels


def _conditions(own: Particulars) -> list[JsonValue]:
    healthy = (
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    )
    return [
        {
            "type": sort,
            "status": status,
            "lastHeartbeatTime": own.heard,
            "lastTransitionTime": own.changed,
            "reason": reason,
            "message": message,
        }
        for sort, status, reason, message in healthy
    ]


def set_ready(node: Document, *, ready: bool, since: str) -> None:
    """Let the node's kubelet fall silent, or be heard again, at the given time: its conditions and taints."""
    for item in items(mapping(node.get("status")).get("conditions")):
        condition = mapping(item)
        if not ready:
            condition |= {
                "status": "Unknown",
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
                "lastTransitionTime": since,
            }
            continue
        is_ready = condition.get("type") == "Ready"
        reason = "KubeletReady" if is_ready else f"KubeletHasNo{condition.get('type')}"
        condition |= {
            "status": "True" if is_ready else "False",
            "reason": reason,
            "message": "kubelet is posting ready status" if is_ready else "kubelet is healthy",
            "lastTransitionTime": since,
            "lastHeartbeatTime": since,
        }
    set_taints(node, ready=ready)


def set_taints(node: Document, *, ready: bool) -> None:
    """Put the taints on the node that the node controller and kubeadm would; others stay."""
    ours = ("node.kubernetes.io/unreachable", "node.kubernetes.io/unschedulable")
    spec = child(node, "spec")
    taints = [taint for taint in items(spec.get("taints")) if mapping(taint).get("key") not in ours]
    labels = mapping(mapping(node.get("metadata")).get("labels"))
    control = "node-role.kubernetes.io/control-plane"
    if control in labels and not any(mapping(taint).get("key") == control for taint in taints):
        taints.append({"key": control, "effect": "NoSchedule"})
    if not ready:
        taints += [{"key": ours[0], "effect": effect} for effect in ("NoSchedule", "NoExecute")]
    if spec.get("unschedulable") is True:
        taints.append({"key": ours[1], "effect": "NoSchedule"})
    if taints:
        spec["taints"] = taints
    else:
        spec.pop("taints", None)
