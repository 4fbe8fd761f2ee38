"""Clusters and their labels (operations 16-20 and the registration extensions)."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from backend.models.base import Line, Page, Paged, PageSize, Request, Wire
from backend.models.businesses import NamespaceDelivery

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
RESERVED_LABEL = "all"
RESERVED_CLUSTER_NAMES = frozenset({"all", "root"})
MAXIMUM_NAMES = 10_000


def check_label(label: str) -> str:
    """Return `label` when it keeps the rule of decision 23, else raise ValueError."""
    if not _LABEL.fullmatch(label):
        msg = "takes 1 to 63 letters, digits, '-' or '.', with a letter or digit at both ends"
        raise ValueError(msg)
    if label.lower() == RESERVED_LABEL:
        msg = f"must not be '{label}': that word means every one"
        raise ValueError(msg)
    return label


def check_cluster_name(name: str) -> str:
    """Return `name` when it keeps the rule of decision 21, else raise ValueError."""
    if not _LABEL.fullmatch(name):
        msg = "takes 1 to 63 letters, digits, '-' or '.', with a letter or digit at both ends"
        raise ValueError(msg)
    if name.lower() in RESERVED_CLUSTER_NAMES:
        msg = f"must not be '{name}': the name is reserved"
        raise ValueError(msg)
    return name


Label = Annotated[str, AfterValidator(check_label)]
NewClusterName = Annotated[str, AfterValidator(check_cluster_name)]
Names = Annotated[list[Line], Field(min_length=1, max_length=MAXIMUM_NAMES)]
# The gateway refuses what is larger than it will parse with a sentence of its own.
KubeconfigText = Annotated[str, StringConstraints(min_length=1, max_length=64 * 1024 * 1024)]


class ListClusters(Request):
    """Operation 16; `name`, a part of a cluster's name or label, is an extension."""

    cluster_label: Line = RESERVED_LABEL
    name: Line = ""
    page: Page = 1
    page_size: PageSize = 0


class ChangeClusterLabel(Request):
    """Operations 17 and 18."""

    cluster_name: Names
    cluster_label: Label


class ListLabelsOfCluster(Paged):
    """Operation 20."""

    cluster_name: Line


class AddCluster(Request):
    """Register a cluster (decision 21). `allowExec` repeats the exact command of an exec plug-in to confirm it."""

    cluster_name: NewClusterName
    kubeconfig: KubeconfigText
    context: Line = ""
    allow_exec: Annotated[str, StringConstraints(max_length=4000)] = ""


class ListContexts(Request):
    """The contexts of a kubeconfig, for choosing one."""

    kubeconfig: KubeconfigText


class NameClusters(Request):
    """One or more registered clusters."""

    cluster_name: Names


class GetCluster(Request):
    """One registered cluster."""

    cluster_name: Line


class Cluster(Wire):
    """A row of operation 16; what follows `isReady` are extensions. Times are unix seconds, 0 for never."""

    cluster_name: str
    node_count: int
    is_ready: bool
    ready_node_count: int
    labels: list[str]
    version: str
    probe_time: int
    answer_time: int
    reachable: bool
    message: str
    waiting_work: int


class ClusterLabel(Wire):
    """A row of operation 20."""

    cluster_label: str
    create_time: int


class ClusterDetail(Cluster):
    """A cluster with what its registration says and the namespaces delivered to it; never the credentials."""

    server: str
    context: str
    create_time: int
    namespaces: list[NamespaceDelivery]


class CheckResult(Wire):
    """One step of a connection test."""

    name: str
    ok: bool
    message: str


class ConnectionReport(Wire):
    """The answer of a connection test."""

    ok: bool
    version: str
    checks: list[CheckResult]
