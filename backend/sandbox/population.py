"""The objects that a cluster starts with: its nodes, the namespaces every cluster has, and the system's pods."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from dataclasses import fields

from backend.sandbox.cluster.documents import Document, JsonValue, child, timestamp
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
    ResourceKind,
)
from backend.sandbox.cluster.moulds import Mould, mark
from backend.sandbox.cluster.store import ClusterStore, StoredObject
from backend.sandbox.machines import Particulars, is_linux, node_document, particulars
from backend.sandbox.site import ClusterSpec, Machine

_DAY = 86400
_FIRST_HOST = 10
_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_DNS = "coredns-674b8bbfcf"
_MARKED = Particulars(**{field.name: mark(field.name) for field in fields(Particulars)})


def populate(store: ClusterStore, spec: ClusterSpec) -> None:
    """Put everything into the store that a cluster of this specification has from the start."""
    seed = zlib.crc32(spec.name.encode())
    chance = random.Random(seed)  # noqa: S311 - makes the same cluster each time, no secret
    subnet = seed % 200 + 20
    store.load(NAMESPACES, [_namespace(name) for name in _NAMESPACES])
    _load_nodes(store, spec, subnet, chance)
    store.load(SERVICE_ACCOUNTS, [_named("default", namespace) for namespace in _NAMESPACES])
    certificates: Document = {"data": {"ca.crt": ""}}
    store.load(CONFIG_MAPS, [{**_named("kube-root-ca.crt", namespace), **certificates} for namespace in _NAMESPACES])
    store.load(SERVICES, [_service("kubernetes", "default", 443, 1), _service("kube-dns", "kube-system", 53, 10)])
    _load_workloads(store, spec, subnet, chance)


def _load_nodes(store: ClusterStore, spec: ClusterSpec, subnet: int, chance: random.Random) -> None:
    moulds: dict[tuple[Machine, bool, bool], Mould] = {}
    nodes: list[StoredObject] = []
    for number, node in enumerate(spec.nodes, start=_FIRST_HOST):
        sort = (node.machine, node.ready, node.cordoned)
        if sort not in moulds:
            moulds[sort] = Mould(NODES, node_document(node, spec.version, _MARKED))
        own = particulars(node, subnet, number, chance)
        values = {field.name: getattr(own, field.name) for field in fields(Particulars)}
        nodes.append(moulds[sort].cast(store.next_version(), chance, values))
    store.load_stored(NODES, nodes)


def _address(subnet: int, number: int) -> str:
    return f"10.{subnet}.{number // 250}.{number % 250}"


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
    linux = [(number, node) for number, node in enumerate(spec.nodes, start=_FIRST_HOST) if is_linux(node.machine)]
    agents = (("kube-proxy", f"registry.k8s.io/kube-proxy:{spec.version}"), ("kube-flannel-ds", "flannel:v0.27.4"))
    store.load(DAEMON_SETS, [_workload(name, image, len(linux), "DaemonSet") for name, image in agents])
    image = "registry.k8s.io/coredns/coredns:v1.12.1"
    store.load(DEPLOYMENTS, [_workload("coredns", image, 2, "Deployment")])
    replicas = _workload(_DNS, image, 2, "ReplicaSet")
    child(replicas, "metadata")["ownerReferences"] = [_owner(store, DEPLOYMENTS, "coredns")]
    store.load(REPLICA_SETS, [replicas])
    pods: list[StoredObject] = []
    for name, agent_image in agents:
        owner = _owner(store, DAEMON_SETS, name)
        moulds = {ready: Mould(PODS, _pod(name, agent_image, owner, ready=ready)) for ready in (True, False)}
        for number, node in linux:
            values = {"name": f"{name}-{_suffix(chance)}", "node": node.name, "address": _address(subnet, number)}
            pods.append(moulds[node.ready].cast(store.next_version(), chance, values))
    owner = _owner(store, REPLICA_SETS, _DNS)
    for number, node in linux[:2]:
        mould = Mould(PODS, _pod("kube-dns", image, owner, ready=node.ready))
        values = {"name": f"{_DNS}-{_suffix(chance)}", "node": node.name, "address": f"10.244.{number % 256}.2"}
        pods.append(mould.cast(store.next_version(), chance, values))
    store.load_stored(PODS, pods)


def _suffix(chance: random.Random) -> str:
    return "".join(chance.choices("bcdfghjklmnpqrstvwxz2456789", k=5))


def _owner(store: ClusterStore, kind: ResourceKind, name: str) -> Document:
    found = store.get(kind, name, "kube-system")
    uid = found.uid if found is not None else ""
    reference: Document = {"apiVersion": kind.api_version, "kind": kind.kind, "name": name, "uid": uid}
    return {**reference, "controller": True, "blockOwnerDeletion": True}


def _workload(name: str, image: str, count: int, kind: str) -> Document:
    labels: Document = {"k8s-app": name}
    document = _named(name, "kube-system")
    child(document, "metadata").update({"labels": dict(labels), "generation": 1})
    containers: list[JsonValue] = [{"name": name.removesuffix("-674b8bbfcf"), "image": image}]
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


def _pod(app: str, image: str, owner: Document, *, ready: bool) -> Document:
    """A pod of the system, with marks for what a mould fills in."""
    document = _named(mark("name"), "kube-system")
    child(document, "metadata").update({"labels": {"k8s-app": app}, "generation": 1, "ownerReferences": [owner]})
    started = timestamp(-20 * _DAY)
    status: Document = {
        "phase": "Running",
        "podIP": mark("address"),
        "podIPs": [{"ip": mark("address")}],
        "startTime": started,
        "qosClass": "BestEffort",
        "conditions": list(_pod_conditions("True" if ready else "False", started)),
        "containerStatuses": [
            {
                "name": app,
                "image": image,
                "imageID": "",
                "ready": ready,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": started}},
            }
        ],
    }
    spec: Document = {
        "nodeName": mark("node"),
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
