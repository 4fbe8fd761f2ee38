"""The table of resource kinds that a simulated cluster serves; a new kind is a new row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
SINGLE_DELETE = ("create", "delete", "get", "list", "patch", "update", "watch")


class NameRule(Enum):
    """Which names the objects of a kind may have."""

    LABEL = "a lowercase RFC 1123 label"
    SUBDOMAIN = "a lowercase RFC 1123 subdomain"
    PATH_SEGMENT = "a path segment"


class StatusRule(Enum):
    """What becomes of the `status` a client sends."""

    NONE = "the kind has no status"
    RESET = "cleared when the object is created, kept on updates, written through the status subresource"
    KEPT = "taken as sent when the object is created, kept on updates, written through the status subresource"


@dataclass(frozen=True, slots=True)
class Subresource:
    """A path below an object, such as `pods/eviction`."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ResourceKind:
    """One row: a resource of the API; rows are told apart by identity.

    `fields` are the object's top-level members besides `apiVersion`, `kind` and `metadata`; others are dropped, or
    refused where the real server refuses them. `selectable` are the field selectors besides `metadata.name` and
    `metadata.namespace`. `generation` says whether a change of the spec counts up `metadata.generation`.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    fields: tuple[str, ...] = ("spec", "status")
    verbs: tuple[str, ...] = ALL_VERBS
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    name_rule: NameRule = NameRule.SUBDOMAIN
    status: StatusRule = StatusRule.RESET
    generation: bool = False
    selectable: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()

    @property
    def api_version(self) -> str:
        """`v1`, or `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The resource as error messages name it: `nodes`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """The kind as validation messages name it: `Node`, `Deployment.apps`."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def singular(self) -> str:
        """The resource's name for one object."""
        return self.kind.lower()

    def subresource(self, name: str) -> Subresource | None:
        """The subresource of that name, if the kind has it."""
        return next((found for found in self.subresources if found.name == name), None)


STATUS_VERBS = ("get", "patch", "update")


def _status(kind: str) -> Subresource:
    return Subresource("status", kind, STATUS_VERBS)


def _workload(plural: str, kind: str, short_name: str) -> ResourceKind:
    return ResourceKind(
        "apps",
        "v1",
        plural,
        kind,
        namespaced=True,
        short_names=(short_name,),
        categories=("all",),
        generation=True,
        subresources=(_status(kind),),
    )


NAMESPACES = ResourceKind(
    "",
    "v1",
    "namespaces",
    "Namespace",
    namespaced=False,
    verbs=SINGLE_DELETE,
    short_names=("ns",),
    name_rule=NameRule.LABEL,
    selectable=("status.phase",),
    subresources=(Subresource("finalize", "Namespace", ("update",)), _status("Namespace")),
)
NODES = ResourceKind(
    "",
    "v1",
    "nodes",
    "Node",
    namespaced=False,
    short_names=("no",),
    status=StatusRule.KEPT,
    selectable=("spec.unschedulable",),
    subresources=(_status("Node"),),
)
PODS = ResourceKind(
    "",
    "v1",
    "pods",
    "Pod",
    namespaced=True,
    short_names=("po",),
    categories=("all",),
    generation=True,
    selectable=("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "status.phase", "status.podIP"),
    subresources=(Subresource("eviction", "Eviction", ("create",), "policy", "v1"), _status("Pod")),
)
SERVICES = ResourceKind(
    "",
    "v1",
    "services",
    "Service",
    namespaced=True,
    short_names=("svc",),
    categories=("all",),
    name_rule=NameRule.LABEL,
    selectable=("spec.clusterIP", "spec.type"),
    subresources=(_status("Service"),),
)
CONFIG_MAPS = ResourceKind(
    "",
    "v1",
    "configmaps",
    "ConfigMap",
    namespaced=True,
    fields=("immutable", "data", "binaryData"),
    short_names=("cm",),
    status=StatusRule.NONE,
)
SECRETS = ResourceKind(
    "",
    "v1",
    "secrets",
    "Secret",
    namespaced=True,
    fields=("immutable", "data", "stringData", "type"),
    status=StatusRule.NONE,
    selectable=("type",),
)
SERVICE_ACCOUNTS = ResourceKind(
    "",
    "v1",
    "serviceaccounts",
    "ServiceAccount",
    namespaced=True,
    fields=("secrets", "imagePullSecrets", "automountServiceAccountToken"),
    short_names=("sa",),
    status=StatusRule.NONE,
)
EVENTS = ResourceKind(
    "",
    "v1",
    "events",
    "Event",
    namespaced=True,
    fields=(
        "involvedObject",
        "reason",
        "message",
        "source",
        "firstTimestamp",
        "lastTimestamp",
        "count",
        "type",
        "eventTime",
        "series",
        "action",
        "related",
        "reportingComponent",
        "reportingInstance",
    ),
    short_names=("ev",),
    status=StatusRule.NONE,
    selectable=("involvedObject.kind", "involvedObject.name", "involvedObject.namespace", "reason", "type"),
)
DEPLOYMENTS = _workload("deployments", "Deployment", "deploy")
DAEMON_SETS = _workload("daemonsets", "DaemonSet", "ds")
REPLICA_SETS = _workload("replicasets", "ReplicaSet", "rs")
STATEFUL_SETS = _workload("statefulsets", "StatefulSet", "sts")
CONTROLLER_REVISIONS = ResourceKind(
    "apps",
    "v1",
    "controllerrevisions",
    "ControllerRevision",
    namespaced=True,
    fields=("data", "revision"),
    status=StatusRule.NONE,
)
LEASES = ResourceKind(
    "coordination.k8s.io", "v1", "leases", "Lease", namespaced=True, fields=("spec",), status=StatusRule.NONE
)
DISRUPTION_BUDGETS = ResourceKind(
    "policy",
    "v1",
    "poddisruptionbudgets",
    "PodDisruptionBudget",
    namespaced=True,
    short_names=("pdb",),
    generation=True,
    subresources=(_status("PodDisruptionBudget"),),
)
AUTOSCALERS = ResourceKind(
    "autoscaling",
    "v2",
    "horizontalpodautoscalers",
    "HorizontalPodAutoscaler",
    namespaced=True,
    short_names=("hpa",),
    categories=("all",),
    subresources=(_status("HorizontalPodAutoscaler"),),
)

KINDS: tuple[ResourceKind, ...] = (
    CONFIG_MAPS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    CONTROLLER_REVISIONS,
    DAEMON_SETS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    AUTOSCALERS,
    LEASES,
    DISRUPTION_BUDGETS,
)

_BY_RESOURCE = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}
_BY_KIND = {(kind.api_version, kind.kind): kind for kind in KINDS}


def find_resource(group: str, version: str, plural: str) -> ResourceKind | None:
    """The kind served at that place of the API."""
    return _BY_RESOURCE.get((group, version, plural))


def find_kind(api_version: str, kind: str) -> ResourceKind | None:
    """The kind of an object that says `apiVersion` and `kind`."""
    return _BY_KIND.get((api_version, kind))


def groups() -> dict[str, tuple[str, ...]]:
    """API groups with their versions, in the order of the table; the core group is the empty name."""
    found: dict[str, list[str]] = {}
    for kind in KINDS:
        versions = found.setdefault(kind.group, [])
        if kind.version not in versions:
            versions.append(kind.version)
    return {group: tuple(versions) for group, versions in found.items()}


def in_version(group: str, version: str) -> Iterable[ResourceKind]:
    """The kinds of one API version, by name."""
    found = (kind for kind in KINDS if (kind.group, kind.version) == (group, version))
    return sorted(found, key=lambda kind: kind.plural)
