"""The objects that a cluster starts with: its nodes, the namespaces every cluster has, and the system's pods."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from backend.sandbox.cluster.documents import Document, JsonValue, child, items, mapping, timestamp
from backend.sandbox.cluster.kinds import (
    CONFIG_MAPS,
    DAEMON_SETS,
    DEPLOYMENTS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    SERVICE_ACCOUNTS,
    SERVICES,
)
from backend.sandbox.cluster.store import ClusterStore
from backend.sandbox.site import ClusterSpec, Machine, NodeSpec

_GIB = 1024**2  # Kubelets report memory and disks in Ki.
_DAY = 86400
_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


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


def populate(store: ClusterStore, spec: ClusterSpec) -> None:
    """Put everything into the store that a cluster of this specification has from the start."""
    seed = zlib.crc32(spec.name.encode())
    chance = random.Random(seed)  # noqa: S311 - makes the same cluster each time, no secret
    subnet = seed % 200 + 20
    store.load(NAMESPACES, [_namespace(name) for name in _NAMESPACES])
    nodes = [
        node_document(node, spec.version, f"10.{subnet}.0.{number}", chance)
        for number, node in enumerate(spec.nodes, start=10)
    ]
    store.load(NODES, nodes)
    store.load(SERVICE_ACCOUNTS, [_named("default", namespace) for namespace in _NAMESPACES])
    certificates: Document = {"data": {"ca.crt": ""}}
    store.load(CONFIG_MAPS, [{**_named("kube-root-ca.crt", namespace), **certificates} for namespace in _NAMESPACES])
    store.load(SERVICES, [_service("kubernetes", "default", 443, 1), _service("kube-dns", "kube-system", 53, 10)])
    _load_workloads(store, spec, subnet, chance)


def node_document(spec: NodeSpec, version: str, address: str, chance: random.Random) -> Document:
    """A node as its kubelet and the node controller have written it."""
    make = _MAKES[spec.machine]
    # A few per cent less than the label on the box says, as the system keeps some for itself.
    memory = int(make.memory * _GIB * chance.uniform(0.95, 0.98))
    capacity: Document = {
        "cpu": str(make.cpu),
        "ephemeral-storage": f"{int(make.disk * _GIB * chance.uniform(0.93, 0.97))}Ki",
        "hugepages-2Mi": "0",
        "memory": f"{memory}Ki",
        "pods": "110",
    }
    if make.gpus:
        capacity["nvidia.com/gpu"] = str(make.gpus)
    allocatable: Document = {**capacity, "memory": f"{memory - 100 * 1024}Ki", "cpu": f"{make.cpu * 1000 - 100}m"}
    metadata: Document = {
        "name": spec.name,
        "creationTimestamp": timestamp(-chance.randint(30 * _DAY, 400 * _DAY)),
        "labels": _labels(spec, make),
        "annotations": {"node.alpha.kubernetes.io/ttl": "0"},
    }
    node: Document = {"metadata": metadata, "spec": {"podCIDR": f"10.244.{int(address.rpartition('.')[2])}.0/24"}}
    if spec.cordoned:
        child(node, "spec")["unschedulable"] = True
    identity = f"{chance.getrandbits(128):032x}"
    node["status"] = {
        "capacity": capacity,
        "allocatable": allocatable,
        "conditions": _conditions(chance),
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": spec.name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "machineID": identity,
            "systemUUID": identity,
            "bootID": identity,
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
        set_ready(node, ready=False, since=timestamp(-chance.randint(600, 3 * _DAY)))
    return node


def _labels(spec: NodeSpec, make: _Make) -> Document:
    labels: Document = {
        "beta.kubernetes.io/arch": make.architecture,
        "beta.kubernetes.io/os": make.system,
        "kubernetes.io/arch": make.architecture,
        "kubernetes.io/hostname": spec.name,
        "kubernetes.io/os": make.system,
    }
    if spec.machine is Machine.CONTROL_PLANE:
        labels["node-role.kubernetes.io/control-plane"] = ""
    if make.gpus:
        labels["nvidia.com/gpu.present"] = "true"
        labels["nvidia.com/gpu.product"] = make.gpu
        labels["nvidia.com/gpu.count"] = str(make.gpus)
        labels["nvidia.com/gpu.memory"] = str(make.gpu_memory)
    return labels


def _conditions(chance: random.Random) -> list[JsonValue]:
    now, since = timestamp(-chance.randint(0, 50)), timestamp(-chance.randint(_DAY, 20 * _DAY))
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
            "lastHeartbeatTime": now,
            "lastTransitionTime": since,
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


def _named(name: str, namespace: str = "") -> Document:
    metadata: Document = {"name": name, "creationTimestamp": timestamp(-400 * _DAY)}
    if namespace:
        metadata["namespace"] = namespace
    return {"metadata": metadata}


def _namespace(name: str) -> Document:
    document = _named(name)
    child(document, "metadata")["labels"] = {"kubernetes.io/metadata.name": name}
    return {**document, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}


def _service(name: str, namespace: str, port: int, host: int) -> Document:
    address = f"10.96.0.{host}"
    spec: Document = {
        "ports": [{"name": "main", "protocol": "TCP", "port": port, "targetPort": port}],
        "clusterIP": address,
        "clusterIPs": [address],
        "type": "ClusterIP",
        "sessionAffinity": "None",
    }
    return {**_named(name, namespace), "spec": spec, "status": {"loadBalancer": {}}}


def _load_workloads(store: ClusterStore, spec: ClusterSpec, subnet: int, chance: random.Random) -> None:
    """The daemon sets of the system with a pod on each Linux node, and the cluster's DNS."""
    linux = [
        (number, node) for number, node in enumerate(spec.nodes, start=10) if _MAKES[node.machine].system == "linux"
    ]
    agents = (("kube-proxy", f"registry.k8s.io/kube-proxy:{spec.version}"), ("kube-flannel-ds", "flannel:v0.27.4"))
    store.load(DAEMON_SETS, [_workload(name, image, len(linux), "DaemonSet") for name, image in agents])
    image = "registry.k8s.io/coredns/coredns:v1.12.1"
    store.load(DEPLOYMENTS, [_workload("coredns", image, 2, "Deployment")])
    deployment = store.get(DEPLOYMENTS, "coredns", "kube-system")
    replicas = _workload("coredns-674b8bbfcf", image, 2, "ReplicaSet")
    if deployment is not None:
        child(replicas, "metadata")["ownerReferences"] = [_owner("apps/v1", "Deployment", "coredns", deployment.uid)]
    store.load(REPLICA_SETS, [replicas])
    pods: list[Document] = []
    for name, agent_image in agents:
        agent = store.get(DAEMON_SETS, name, "kube-system")
        owner = _owner("apps/v1", "DaemonSet", name, agent.uid if agent else "")
        for number, node in linux:
            pod = _pod(f"{name}-{_suffix(chance)}", name, agent_image, node, f"10.{subnet}.0.{number}")
            child(pod, "metadata")["ownerReferences"] = [owner]
            pods.append(pod)
    owning = store.get(REPLICA_SETS, "coredns-674b8bbfcf", "kube-system")
    for number, node in linux[:2]:
        pod = _pod(f"coredns-674b8bbfcf-{_suffix(chance)}", "kube-dns", image, node, f"10.244.{number}.2")
        owner = _owner("apps/v1", "ReplicaSet", "coredns-674b8bbfcf", owning.uid if owning else "")
        child(pod, "metadata")["ownerReferences"] = [owner]
        pods.append(pod)
    store.load(PODS, pods)


def _suffix(chance: random.Random) -> str:
    return "".join(chance.choices("bcdfghjklmnpqrstvwxz2456789", k=5))


def _owner(api_version: str, kind: str, name: str, uid: str) -> Document:
    reference: Document = {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid}
    return {**reference, "controller": True, "blockOwnerDeletion": True}


def _workload(name: str, image: str, count: int, kind: str) -> Document:
    labels: Document = {"k8s-app": name}
    document = _named(name, "kube-system")
    child(document, "metadata").update({"labels": dict(labels), "generation": 1})
    containers: list[JsonValue] = [{"name": name.partition("-674")[0], "image": image}]
    template: Document = {"metadata": {"labels": dict(labels)}, "spec": {"containers": containers}}
    spec: Document = {"selector": {"matchLabels": labels}, "template": template}
    status: Document = {"observedGeneration": 1}
    if kind == "DaemonSet":
        for counted in ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "numberAvailable"):
            status[counted] = count
        status |= {"updatedNumberScheduled": count, "numberMisscheduled": 0}
    else:
        spec["replicas"] = count
        for counted in ("replicas", "readyReplicas", "availableReplicas"):
            status[counted] = count
        if kind == "Deployment":
            status["updatedReplicas"] = count
    return {**document, "spec": spec, "status": status}


def _pod(name: str, app: str, image: str, node: NodeSpec, address: str) -> Document:
    document = _named(name, "kube-system")
    child(document, "metadata").update({"labels": {"k8s-app": app}, "generation": 1})
    started = timestamp(-20 * _DAY)
    ready = "True" if node.ready else "False"
    status: Document = {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": started,
        "qosClass": "BestEffort",
        "conditions": list(_pod_conditions(ready, started)),
        "containerStatuses": [
            {
                "name": app,
                "image": image,
                "ready": node.ready,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": started}},
            }
        ],
    }
    spec: Document = {
        "nodeName": node.name,
        "containers": [{"name": app, "image": image, "resources": {}, "imagePullPolicy": "IfNotPresent"}],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "securityContext": {},
    }
    return {**document, "spec": spec, "status": status}


def _pod_conditions(ready: str, since: str) -> Iterator[JsonValue]:
    for sort, status in (
        ("Initialized", "True"),
        ("Ready", ready),
        ("ContainersReady", ready),
        ("PodScheduled", "True"),
    ):
        yield {"type": sort, "status": status, "lastTransitionTime": since}
