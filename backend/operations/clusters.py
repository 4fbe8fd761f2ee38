"""Clusters and their labels: operations 16-20, and registration."""

from __future__ import annotations

from backend.models import clusters
from backend.models.base import Nothing
from backend.operations.operation import MEMBERS, SYSTEM_ONLY, Operation

LIST_CLUSTERS = Operation(
    "cluster.list",
    16,
    "List clusters",
    "GET",
    "/v1/cluster",
    MEMBERS,
    clusters.ListClusters,
    lambda services: services.clusters.list_clusters,
    changes=False,
)

ADD_CLUSTER_LABEL = Operation(
    "cluster.add_label",
    17,
    "Add a label to clusters",
    "POST",
    "/v1/cluster/label",
    SYSTEM_ONLY,
    clusters.ChangeClusterLabel,
    lambda services: services.clusters.add_cluster_label,
)

DELETE_CLUSTER_LABEL = Operation(
    "cluster.delete_label",
    18,
    "Delete a label from clusters",
    "DELETE",
    "/v1/cluster/label",
    SYSTEM_ONLY,
    clusters.ChangeClusterLabel,
    lambda services: services.clusters.delete_cluster_label,
)

LIST_CLUSTER_LABELS = Operation(
    "cluster.labels",
    19,
    "List all cluster labels",
    "GET",
    "/v1/cluster/label",
    MEMBERS,
    Nothing,
    lambda services: services.clusters.list_cluster_labels,
    changes=False,
)

GET_LABELS_OF_CLUSTER = Operation(
    "cluster.labels_of",
    20,
    "Get the labels of a cluster",
    "GET",
    "/v1/cluster/label/{clusterName}",
    MEMBERS,
    clusters.ListLabelsOfCluster,
    lambda services: services.clusters.get_labels_of_cluster,
    changes=False,
)

ADD_CLUSTER = Operation(
    "cluster.add",
    0,
    "Register a cluster",
    "POST",
    "/v1/cluster",
    SYSTEM_ONLY,
    clusters.AddCluster,
    lambda services: services.clusters.add_cluster,
)

REMOVE_CLUSTERS = Operation(
    "cluster.remove",
    0,
    "Remove clusters",
    "DELETE",
    "/v1/cluster",
    SYSTEM_ONLY,
    clusters.NameClusters,
    lambda services: services.clusters.remove_clusters,
)

TEST_CLUSTER = Operation(
    "cluster.test",
    0,
    "Test a cluster's connection without registering it",
    "POST",
    "/v1/cluster/test",
    SYSTEM_ONLY,
    clusters.AddCluster,
    lambda services: services.clusters.test_cluster,
    changes=False,
)

LIST_CONTEXTS = Operation(
    "cluster.contexts",
    0,
    "List the contexts of a kubeconfig",
    "POST",
    "/v1/cluster/context",
    SYSTEM_ONLY,
    clusters.ListContexts,
    lambda services: services.clusters.list_contexts,
    changes=False,
)

GET_CLUSTER = Operation(
    "cluster.get",
    0,
    "Get a cluster",
    "GET",
    "/v1/cluster/name/{clusterName}",
    MEMBERS,
    clusters.GetCluster,
    lambda services: services.clusters.get_cluster,
    changes=False,
)

REFRESH_CLUSTERS = Operation(
    "cluster.refresh",
    0,
    "Ask clusters for their figures and retry their work now",
    "POST",
    "/v1/cluster/refresh",
    SYSTEM_ONLY,
    clusters.NameClusters,
    lambda services: services.clusters.refresh_clusters,
    changes=False,
)

CLUSTERS_OPERATIONS = (
    LIST_CLUSTERS,
    ADD_CLUSTER_LABEL,
    DELETE_CLUSTER_LABEL,
    LIST_CLUSTER_LABELS,
    GET_LABELS_OF_CLUSTER,
    ADD_CLUSTER,
    REMOVE_CLUSTERS,
    TEST_CLUSTER,
    LIST_CONTEXTS,
    GET_CLUSTER,
    REFRESH_CLUSTERS,
)
