"""The control planes the live tests rely on do what a real cluster does."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import httpx
import kubernetes
import pytest

from tests.live.control_plane import ControlPlane, wait_until
from tests.live.credentials import User

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

Planes = tuple[ControlPlane, ControlPlane]


@pytest.fixture
def plane(control_planes: Planes) -> ControlPlane:
    return control_planes[0]


def _status(plane: ControlPlane, path: str, user: User = "admin") -> int:
    with plane.client(user) as client:
        return client.get(path).status_code


def _ready(plane: ControlPlane, node: str) -> str:
    with plane.client() as client:
        conditions = client.get(f"/api/v1/nodes/{node}").json()["status"].get("conditions", [])
    return next((str(item["status"]) for item in conditions if item["type"] == "Ready"), "")


def _running_pods(plane: ControlPlane, selector: str) -> int:
    with plane.client() as client:
        pods = client.get("/api/v1/namespaces/default/pods", params={"labelSelector": selector}).json()["items"]
    return sum(pod["status"]["phase"] == "Running" for pod in pods)


def test_both_are_ready_and_tell_their_version(control_planes: Planes) -> None:
    for plane in control_planes:
        with plane.client() as client:
            assert client.get("/readyz").text == "ok"
            answer = client.get("/version").json()
        assert answer["gitVersion"] == plane.version
        assert plane.version.split(".")[:2] == [f"v{answer['major']}", answer["minor"]]


def test_they_are_separate_clusters(control_planes: Planes) -> None:
    first, second = control_planes
    name = f"separate-{uuid4().hex[:8]}"
    first.create_nodes([name])
    assert _status(first, f"/api/v1/nodes/{name}") == HTTPStatus.OK
    assert _status(second, f"/api/v1/nodes/{name}") == HTTPStatus.NOT_FOUND


def test_nodes_appear_with_their_labels_and_capacity(plane: ControlPlane) -> None:
    names = [f"appear-{uuid4().hex[:8]}" for _ in range(2)]
    plane.create_nodes(names, {"site": "harbor"})
    for name in names:
        with plane.client() as client:
            node = client.get(f"/api/v1/nodes/{name}").json()
        assert node["metadata"]["labels"]["site"] == "harbor"
        assert node["status"]["capacity"]["cpu"] == "4"
        assert {item["type"] for item in node["status"]["addresses"]} == {"InternalIP", "Hostname"}


def test_kwok_makes_nodes_ready_and_takes_them_down(plane: ControlPlane) -> None:
    if not (plane.has_kwok and plane.has_kubectl):
        pytest.skip("relabelling nodes and watching kwok react takes kwok and kubectl")
    name = f"kwok-{uuid4().hex[:8]}"
    plane.create_nodes([name])
    wait_until(lambda: _ready(plane, name) == "True", 30, f"node {name} to be ready")
    plane.kubectl("label", "node", name, "otetui.test/down=true")
    wait_until(lambda: _ready(plane, name) == "False", 30, f"node {name} to be down")
    plane.kubectl("label", "node", name, "otetui.test/down-")
    wait_until(lambda: _ready(plane, name) == "True", 30, f"node {name} to be ready again")


def test_a_deployment_gets_running_pods(plane: ControlPlane) -> None:
    if not (plane.has_controllers and plane.has_scheduler and plane.has_kwok and plane.has_kubectl):
        pytest.skip("running a deployment's pods takes controllers, the scheduler, kwok and kubectl")
    name = f"pods-{uuid4().hex[:8]}"
    plane.create_nodes([name])
    plane.kubectl("create", "deployment", name, "--image=registry.invalid/app:1", "--replicas=3")
    wait_until(lambda: _running_pods(plane, f"app={name}") == 3, 60, "three running pods")
    plane.kubectl("delete", "deployment", name, "--cascade=foreground", "--timeout=30s")
    assert _running_pods(plane, f"app={name}") == 0


def test_a_namespace_becomes_active_and_is_deleted_completely(plane: ControlPlane) -> None:
    if not plane.has_controllers:
        pytest.skip("there is no kube-controller-manager binary")
    name = f"space-{uuid4().hex[:8]}"
    path = f"/api/v1/namespaces/{name}"
    with plane.client() as client:
        client.post("/api/v1/namespaces", json={"metadata": {"name": name}}).raise_for_status()
        assert client.get(path).json()["status"]["phase"] == "Active"
        client.post(f"{path}/configmaps", json={"metadata": {"name": "content"}}).raise_for_status()
        client.delete(path).raise_for_status()
    wait_until(lambda: _status(plane, path) == HTTPStatus.NOT_FOUND, 60, f"namespace {name} to be gone")


def test_the_limited_user_is_refused_outside_its_namespace(plane: ControlPlane) -> None:
    assert _status(plane, "/api/v1/namespaces/default/pods", "limited") == HTTPStatus.OK
    assert _status(plane, "/api/v1/nodes", "limited") == HTTPStatus.FORBIDDEN
    assert _status(plane, "/api/v1/nodes", "nobody") == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    ("user", "expected"),
    [("admin", HTTPStatus.OK), ("limited", HTTPStatus.FORBIDDEN), ("nobody", HTTPStatus.UNAUTHORIZED)],
)
def test_tokens_name_the_same_users(plane: ControlPlane, user: User, expected: HTTPStatus) -> None:
    with plane.client(user, with_token=True) as client:
        assert client.get("/api/v1/nodes").status_code == expected


def test_kubeconfigs_are_complete_in_themselves(plane: ControlPlane, tmp_path: Path) -> None:
    texts = [plane.kubeconfig(), plane.kubeconfig_with_token(), plane.kubeconfig("limited")]
    answers = []
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.kubeconfig"
        path.write_text(text, encoding="utf-8")
        api = kubernetes.config.new_client_from_config(str(path))
        answers.append(kubernetes.client.AuthenticationV1Api(api).create_self_subject_review({}))
    assert [answer.status.user_info.username for answer in answers] == ["admin", "admin", "limited"]


def test_a_frozen_api_server_does_not_answer_until_resumed(plane: ControlPlane) -> None:
    with plane.client(timeout_s=1) as client:
        plane.pause()
        try:
            with pytest.raises(httpx.TimeoutException):
                client.get("/readyz")
        finally:
            plane.resume()
    wait_until(lambda: _status(plane, "/readyz") == HTTPStatus.OK, 30, "the API server to answer again")
