"""The same on a real control plane and on the sandbox: neither of them is told apart by what the platform says."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

import pytest

from backend.errors import ErrorKind
from backend.kube.connection import Connection, Timeouts
from backend.kube.errors import KubeError
from backend.kube.inventory import node_pages
from backend.kube.labels import add_node_label
from backend.kube.namespaces import ensure_namespace
from backend.kube.probe import CHECKS
from backend.operations.nodes import ADD_NODE_LABEL, DELETE_NODE_LABEL
from backend.sandbox.process import SandboxProcess
from tests.backend.delivery.waiting import until
from tests.backend.sites import ADMINISTRATOR
from tests.live.conftest import Planes
from tests.live.edges import NAME, Edge, real_edge, simulated_edge
from tests.live.machines import ready_node
from tests.live.outside import namespace_document
from tests.live.pods import OURS, Pods
from tests.live.site import Operator

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), clusters=1, nodes=0, life=False) as running:
        yield running


@pytest.fixture(params=["real", "simulated"])
async def edge(request: pytest.FixtureRequest) -> AsyncIterator[Edge]:
    if request.param == "real":
        first, _ = cast("Planes", request.getfixturevalue("control_planes"))
        opening = real_edge(first)
    else:
        opening = simulated_edge(cast("SandboxProcess", request.getfixturevalue("sandbox")), "edge-001")
    async with opening as opened:
        yield opened


@pytest.fixture
async def nodes(edge: Edge) -> AsyncIterator[list[str]]:
    """Three nodes of the cluster, which are gone after the test."""
    names = [f"parity-{number}-{uuid4().hex[:8]}" for number in range(3)]
    for name in names:
        await edge.outside.create("/api/v1/nodes", ready_node(name, edge.version, {"team": "roads"}))
    yield names
    for name in names:
        await edge.outside.delete(f"/api/v1/nodes/{name}")


@pytest.fixture
async def registered(site: Operator, edge: Edge, nodes: list[str]) -> str:
    """The cluster, registered with its nodes; returns its name."""
    await site.register_cluster(NAME, edge.kubeconfig, edge.context)
    return NAME


@dataclass(frozen=True)
class Refusal:
    """A request that is refused, and how; NODE in the sentence stands for the node's name, NS for the namespace's."""

    ask: Callable[[Connection, str, str], Awaitable[object]]
    stage: str
    status: int
    reason: str
    sentence: str
    retryable: bool = False
    limited: bool = False


REFUSALS = {
    "patching as somebody who may only read": Refusal(
        lambda connection, node, _: add_node_label(connection, node, "camera"),
        *("forbidden", 403, "Forbidden"),
        'Cluster edge does not allow us to patch nodes: nodes "NODE" is forbidden: User "limited" cannot patch '
        'resource "nodes" in API group "" at the cluster scope; grant the account that verb on that resource.',
        limited=True,
    ),
    "a namespace as somebody who may only read": Refusal(
        lambda connection, _, name: ensure_namespace(connection, f"{name}-new", {}),
        *("forbidden", 403, "Forbidden"),
        'Cluster edge does not allow us to patch namespaces: namespaces "NS-new" is forbidden: User "limited" cannot '
        'patch resource "namespaces" in API group "" in the namespace "NS-new"; '
        "grant the account that verb on that resource.",
        limited=True,
    ),
    "a node that is not there": Refusal(
        lambda connection, _, __: add_node_label(connection, "nobody", "camera"),
        *("not_found", 404, "NotFound"),
        'Cluster edge does not have /api/v1/nodes/nobody: nodes "nobody" not found.',
    ),
    "a kind that is not there": Refusal(
        lambda connection, _, __: connection.get_json("/api/v1/machines"),
        *("not_found", 404, "NotFound"),
        "Cluster edge does not have /api/v1/machines: the server could not find the requested resource.",
    ),
    "a field that another manager has applied": Refusal(
        lambda connection, _, name: ensure_namespace(connection, name, {"tier": "tin"}),
        *("conflict", 409, "Conflict"),
        "Cluster edge refused to patch namespaces because of a conflict: Apply failed with 1 conflict: "
        'conflict with "another": .metadata.labels.tier.',
    ),
    "a name that is taken": Refusal(
        lambda connection, _, name: connection.post_json("/api/v1/namespaces", namespace_document(name, {})),
        *("conflict", 409, "AlreadyExists"),
        'Cluster edge refused to create namespaces because of a conflict: namespaces "NS" already exists.',
    ),
    "a version that has passed": Refusal(
        lambda connection, node, _: connection.patch_json(
            f"/api/v1/nodes/{node}", {"metadata": {"resourceVersion": "1", "labels": {"a": "b"}}}
        ),
        *("conflict", 409, "Conflict"),
        "Cluster edge refused to patch nodes because of a conflict: Operation cannot be fulfilled on nodes "
        '"NODE": the object has been modified; please apply your changes to the latest version and try again.',
        retryable=True,
    ),
    "a label that is none": Refusal(
        lambda connection, node, _: add_node_label(connection, node, "not a label"),
        *("invalid", 422, "Invalid"),
        'Cluster edge refused to patch nodes (status 422): Node "NODE" is invalid: metadata.labels: Invalid value: '
        "\"otetui.io/not a label\": name part must consist of alphanumeric characters, '-', '_' or '.', and must "
        "start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
        "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]').",
    ),
    "a label that is too long": Refusal(
        lambda connection, node, _: add_node_label(connection, node, "x" * 64),
        *("invalid", 422, "Invalid"),
        'Cluster edge refused to patch nodes (status 422): Node "NODE" is invalid: metadata.labels: Invalid value: '
        f'"otetui.io/{"x" * 64}": name part must be no more than 63 bytes.',
    ),
    "a namespace that cannot be named so": Refusal(
        lambda connection, _, __: ensure_namespace(connection, "Not_A", {}),
        *("invalid", 422, "Invalid"),
        'Cluster edge refused to patch namespaces (status 422): Namespace "Not_A" is invalid: metadata.name: Invalid '
        "value: \"Not_A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
        "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation "
        "is '[a-z0-9]([-a-z0-9]*[a-z0-9])?').",
    ),
    "a selector that cannot be read": Refusal(
        lambda connection, _, __: connection.get_json("/api/v1/pods", {"labelSelector": "a=b c"}),
        *("invalid", 400, "BadRequest"),
        "Cluster edge refused to list pods (status 400): found 'c', expected: ',' or 'end of string'.",
    ),
}


async def test_refusals_are_told_in_the_same_words(edge: Edge, nodes: list[str]) -> None:
    shared = f"parity-{uuid4().hex[:8]}"
    await edge.outside.apply(f"/api/v1/namespaces/{shared}", namespace_document(shared, {"tier": "gold"}), "another")
    told: dict[str, tuple[object, ...]] = {}
    async with edge.connected() as admin, edge.connected(limited=True) as limited:
        for name, refusal in REFUSALS.items():
            with pytest.raises(KubeError) as caught:
                await refusal.ask(limited if refusal.limited else admin, nodes[0], shared)
            error = caught.value
            sentence = error.message.replace(nodes[0], "NODE").replace(shared, "NS")
            told[name] = (error.stage, error.status, error.remote_reason, error.retryable, sentence)
    assert told == {
        name: (refusal.stage, refusal.status, refusal.reason, refusal.retryable, refusal.sentence)
        for name, refusal in REFUSALS.items()
    }
    found = await edge.outside.namespace(shared)
    assert found is not None
    assert found["metadata"]["labels"]["tier"] == "gold"
    await edge.outside.delete(f"/api/v1/namespaces/{shared}")


async def test_registrations_are_tested_and_refused_alike(site: Operator, edge: Edge) -> None:
    report = await site.report(NAME, edge.kubeconfig, edge.context)
    assert [(check.name, check.ok) for check in report.checks] == [(name, True) for name in CHECKS]
    assert re.fullmatch(r"v1\.[0-9]+\.[0-9]+", report.version)
    assert [check.message for check in report.checks[-2:]] == [
        f"Kubernetes {edge.version}",
        "all 10 permissions are there",
    ]
    lacking = await site.refusal_to_register(NAME, edge.limited, edge.limited_context)
    assert lacking.kind is ErrorKind.REMOTE
    assert lacking.message == (
        "Cluster edge does not allow this account to patch nodes, create and patch namespaces and create "
        "pods/eviction; grant it a ClusterRole with these verbs."
    )
    unknown = await site.refusal_to_register(NAME, edge.stranger, edge.context)
    assert unknown.kind is ErrorKind.REMOTE
    assert re.fullmatch(
        r"Cluster edge did not accept the credentials of user [a-z0-9@-]+: Unauthorized; "
        r"take a fresh kubeconfig from the cluster\.",
        unknown.message,
    )
    assert await site.cluster_names() == []


async def test_nodes_are_listed_in_pages_and_labelled(
    site: Operator, edge: Edge, nodes: list[str], registered: str
) -> None:
    found = await site.nodes(nodeName="parity-")
    assert set(found) == set(nodes)
    node = found[nodes[0]]
    assert (node.cpu, node.memory, node.disk, node.gpu) == (4, 8 * 2**30, 64 * 2**30, 0)
    assert (node.operating_system, node.kernel_version, node.ip) == ("linux", "6.1.0-21-amd64", "10.10.0.1")
    assert (node.is_ready, node.ready_reason, node.kubelet_version) == (True, "KubeletReady", edge.version)
    async with edge.connected() as connection:
        pages = [page async for page in node_pages(connection, 2)]
    total = sum(len(page.items) for page in pages)
    assert [page.remaining for page in pages[:-1]] == [total - 2 * (number + 1) for number in range(len(pages) - 1)]
    assert len({page.resource_version for page in pages}) == 1
    before = await edge.outside.node_labels(nodes[0])
    for _ in range(2):
        await site.label(registered, nodes[:2], "camera")
    assert await edge.outside.node_labels(nodes[0]) == {**before, "otetui.io/camera": "true"}
    assert set(await site.nodes(nodeLabel="camera")) == set(nodes[:2])
    for _ in range(2):
        await site.unlabel(registered, nodes[:1], "camera")
    assert await edge.outside.node_labels(nodes[0]) == before
    error = await site.refusal(
        ADD_NODE_LABEL, ADMINISTRATOR, nodeName=[nodes[0], "nobody"], nodeLabel="more", clusterName=registered
    )
    assert (error.code, error.message) == (
        404,
        "Node nobody is not on cluster edge; nothing was done. See the list of nodes.",
    )
    assert await edge.outside.node_labels(nodes[0]) == before


async def test_evictions_keep_to_what_is_ours_and_to_the_budget(
    site: Operator, edge: Edge, nodes: list[str], registered: str
) -> None:
    if not edge.has_controllers:
        pytest.skip("budgets are worked out by the controllers")
    node = nodes[0]
    await site.label(registered, [node], "camera")
    async with Pods.open(edge.outside, awaited=not edge.simulated) as pods:
        await pods.make("kept", node, {**OURS, "guard": "yes"}, placed_by="camera")
        await pods.make("free", node, OURS, placed_by="camera")
        await pods.make("anywhere", node, OURS)
        await pods.make("flux", node, {"app.kubernetes.io/managed-by": "flux"}, placed_by="camera")
        await pods.report_running("kept", "free", "anywhere", "flux")
        await pods.guard("budget", {"guard": "yes"}, least=1)
        error = await site.refusal(
            DELETE_NODE_LABEL,
            ADMINISTRATOR,
            nodeName=[node],
            nodeLabel="camera",
            clusterName=registered,
            deleteDeploy=True,
        )
        assert error.kind is ErrorKind.REMOTE
        assert error.message == (
            f"the label was removed, but 1 of 2 pods stays. Pod {pods.namespace}/kept: Cluster edge keeps the pod "
            "for now: The disruption budget budget needs 1 healthy pods and has 1 currently; "
            "add healthy pods or change the budget, then evict it again."
        )

        async def left() -> bool:
            return await pods.there() == {"kept", "anywhere", "flux"}

        await until(left, 30)
        assert "otetui.io/camera" not in await edge.outside.node_labels(node)


async def test_namespaces_are_made_adopted_refused_and_made_anew(site: Operator, edge: Edge, registered: str) -> None:
    new, adopted, foreign, going = [await site.application(name) for name in ("new", "adopted", "foreign", "going")]
    await edge.outside.create_namespace(f"ns{adopted}", {"team": "roads"})
    taken = await edge.outside.create_namespace(f"ns{foreign}", {"app.kubernetes.io/managed-by": "Helm"})
    leaving = await edge.outside.create_namespace(f"ns{going}")
    holding = {"metadata": {"name": "holding", "finalizers": ["otetui.test/hold"]}}
    await edge.outside.create(f"/api/v1/namespaces/ns{going}/configmaps", holding)
    await edge.outside.delete(f"/api/v1/namespaces/ns{going}")
    for business in (new, adopted, foreign, going):
        await site.approve(business)
    await site.work_in_background()
    for business in (new, adopted):
        await site.delivered(business, registered)
        found = await edge.outside.namespace(f"ns{business}")
        assert found is not None
        labels = {"app.kubernetes.io/managed-by": "otetui", "otetui.io/business": str(business)}
        assert found["metadata"]["labels"].items() >= labels.items()
        managers = {entry["manager"]: entry["operation"] for entry in found["metadata"]["managedFields"]}
        assert managers["otetui"] == "Apply"
    rows = await site.until_deliveries(foreign, lambda rows: rows[registered].state == "conflict")
    assert rows[registered].message == (
        f"Cluster edge already has a namespace ns{foreign} that belongs to another owner "
        "(app.kubernetes.io/managed-by=Helm); rename or remove it there, or take that label off to hand it over."
    )
    untouched = await edge.outside.namespace(f"ns{foreign}")
    assert untouched is not None
    assert untouched["metadata"]["resourceVersion"] == taken["metadata"]["resourceVersion"]
    rows = await site.until_deliveries(going, lambda rows: bool(rows[registered].message))
    assert (rows[registered].state, rows[registered].message) == (
        "waiting",
        f"Cluster edge is still deleting the namespace ns{going}; it is made anew once that is done.",
    )
    if not edge.has_controllers:
        return
    released = {"metadata": {"finalizers": None}}
    await edge.outside.merge(f"/api/v1/namespaces/ns{going}/configmaps/holding", released)
    await site.delivered(going, registered)
    anew = await edge.outside.namespace(f"ns{going}")
    assert anew is not None
    assert anew["metadata"]["uid"] != leaving["metadata"]["uid"]


async def test_a_cluster_that_does_not_answer_is_told_in_the_same_words(edge: Edge) -> None:
    async with edge.connected(timeouts=Timeouts(connect=5, read=1, total=20)) as connection:
        await connection.get_json("/version")
        with edge.freeze(), pytest.raises(KubeError) as caught:
            await connection.get_json("/version")
        assert (caught.value.stage, caught.value.kind, caught.value.lost) == ("timeout", ErrorKind.TIMEOUT, True)
        assert caught.value.message == (
            "Cluster edge accepted the connection but did not answer within 1 s; "
            "it may be overloaded, or the link too slow."
        )
        assert (await connection.get_json("/version"))["gitVersion"] == edge.version
