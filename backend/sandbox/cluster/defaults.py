"""What the API server fills into objects: the defaults of each kind, and the status a new object starts with."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Callable

from backend.sandbox.cluster.documents import Document, JsonValue, child, copy, items, mapping, meta, strings, text
from backend.sandbox.cluster.kinds import (
    AUTOSCALERS,
    DAEMON_SETS,
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    ResourceKind,
)

_NODE_INFORMATION = (
    "machineID",
    "systemUUID",
    "bootID",
    "kernelVersion",
    "osImage",
    "containerRuntimeVersion",
    "kubeletVersion",
    "kubeProxyVersion",
    "operatingSystem",
    "architecture",
)


def set_defaults(kind: ResourceKind, document: Document) -> None:
    """Fill in what the object leaves out; does nothing to an object that already has it."""
    default = _DEFAULTS.get(kind)
    if default is not None:
        default(document)


def first_status(kind: ResourceKind) -> Document:
    """The status that an object of the kind is created with."""
    return copy(_FIRST_STATUS.get(kind, {}))


def _fill(place: Document, **defaults: JsonValue) -> None:
    for name, value in defaults.items():
        place.setdefault(name, value)


def _namespace(document: Document) -> None:
    # The name goes into a label even when it is no valid one: validation then says so, as the real server does.
    labels = child(meta(document), "labels")
    labels["kubernetes.io/metadata.name"] = text(meta(document).get("name"))
    child(document, "spec").setdefault("finalizers", ["kubernetes"])
    child(document, "status").setdefault("phase", "Active")


def _node(document: Document) -> None:
    child(document, "spec")
    status = child(document, "status")
    if mapping(status.get("capacity")):
        status.setdefault("allocatable", copy(mapping(status.get("capacity"))))
    status.setdefault("daemonEndpoints", {"kubeletEndpoint": {"Port": 0}})
    _fill(child(status, "nodeInfo"), **dict.fromkeys(_NODE_INFORMATION, ""))


def _pod(document: Document) -> None:
    spec = child(document, "spec")
    _pod_spec(spec)
    _fill(spec, enableServiceLinks=True)


def _pod_spec(spec: Document) -> None:
    for sort in ("initContainers", "containers"):
        for item in items(spec.get(sort)):
            container = mapping(item)
            image = text(container.get("image"))
            latest = ":" not in image.rpartition("/")[2] or image.endswith(":latest")
            _fill(
                container,
                resources={},
                terminationMessagePath="/dev/termination-log",
                terminationMessagePolicy="File",
                imagePullPolicy="Always" if latest and "@" not in image else "IfNotPresent",
            )
            for port in items(container.get("ports")):
                mapping(port).setdefault("protocol", "TCP")
    _fill(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )


def _service(document: Document) -> None:
    spec = child(document, "spec")
    _fill(spec, type="ClusterIP", sessionAffinity="None")
    for item in items(spec.get("ports")):
        port = mapping(item)
        port.setdefault("protocol", "TCP")
        if "port" in port:
            port.setdefault("targetPort", port["port"])
    if spec["type"] != "ExternalName":
        # An address that only depends on the name, so that nobody has to keep a book of addresses.
        where = f"{text(meta(document).get('namespace'))}/{text(meta(document).get('name'))}"
        number = zlib.crc32(where.encode()) % 65000 + 300
        spec.setdefault("clusterIP", f"10.96.{number // 256}.{number % 256}")
        _fill(
            spec,
            clusterIPs=[spec["clusterIP"]],
            ipFamilies=["IPv4"],
            ipFamilyPolicy="SingleStack",
            internalTrafficPolicy="Cluster",
        )


def _secret(document: Document) -> None:
    document.setdefault("type", "Opaque")
    plain = strings(document.pop("stringData", None))
    if plain:
        data = child(document, "data")
        data.update({name: b64encode(value.encode()).decode() for name, value in plain.items()})


def _template(spec: Document) -> None:
    template = child(spec, "template")
    child(template, "metadata")
    _pod_spec(child(template, "spec"))


def _deployment(document: Document) -> None:
    spec = child(document, "spec")
    _template(spec)
    _fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = child(spec, "strategy")
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _fill(child(strategy, "rollingUpdate"), maxUnavailable="25%", maxSurge="25%")


def _daemon_set(document: Document) -> None:
    spec = child(document, "spec")
    _template(spec)
    _fill(spec, revisionHistoryLimit=10)
    strategy = child(spec, "updateStrategy")
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _fill(child(strategy, "rollingUpdate"), maxUnavailable=1, maxSurge=0)


def _replica_set(document: Document) -> None:
    spec = child(document, "spec")
    _template(spec)
    _fill(spec, replicas=1)


def _stateful_set(document: Document) -> None:
    spec = child(document, "spec")
    _template(spec)
    _fill(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    strategy = child(spec, "updateStrategy")
    strategy.setdefault("type", "RollingUpdate")


def _autoscaler(document: Document) -> None:
    child(document, "spec").setdefault("minReplicas", 1)


_DEFAULTS: dict[ResourceKind, Callable[[Document], None]] = {
    NAMESPACES: _namespace,
    NODES: _node,
    PODS: _pod,
    SERVICES: _service,
    SECRETS: _secret,
    DEPLOYMENTS: _deployment,
    DAEMON_SETS: _daemon_set,
    REPLICA_SETS: _replica_set,
    STATEFUL_SETS: _stateful_set,
    AUTOSCALERS: _autoscaler,
}

_FIRST_STATUS: dict[ResourceKind, Document] = {
    NAMESPACES: {"phase": "Active"},
    PODS: {"phase": "Pending", "qosClass": "BestEffort"},
    SERVICES: {"loadBalancer": {}},
    DAEMON_SETS: {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    },
    REPLICA_SETS: {"replicas": 0},
    STATEFUL_SETS: {"replicas": 0, "availableReplicas": 0},
    DISRUPTION_BUDGETS: {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0},
    AUTOSCALERS: {"currentMetrics": None, "desiredReplicas": 0},
}
