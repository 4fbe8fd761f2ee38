"""Real Kubernetes control planes on loopback, for the live tests.

Each one is an etcd and a kube-apiserver and, when their binaries are there,
the controllers, the scheduler and kwok, which plays the kubelets. Linux only.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import httpx

from tests.live.credentials import Credentials, User
from tests.live.nodes import NODE_ANNOTATION, NODE_ANNOTATION_VALUE, node_document
from tests.live.processes import Process, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

ASSETS_VARIABLE: Final = "KUBEBUILDER_ASSETS"
START_TIMEOUT_S: Final = 90.0

_REQUIRED = ("etcd", "kube-apiserver")
_SERVICE_CIDR = "10.96.0.0/16"
_POD_CIDR = "10.244.0.0/16"
_KWOK_STAGES = Path(__file__).with_name("kwok.yaml")
_POLL_S = 0.1
_REQUEST_TIMEOUT_S = 10.0


class ControlPlaneError(RuntimeError):
    """A control plane could not be started or a command against it failed."""


class AssetsMissingError(ControlPlaneError):
    """There are no binaries to start a control plane from."""


def find_assets() -> Path:
    """Return the directory of binaries that KUBEBUILDER_ASSETS names.

    Raises `AssetsMissingError` when it is unset or lacks a required binary.
    """
    value = os.environ.get(ASSETS_VARIABLE)
    if not value:
        raise AssetsMissingError(f"{ASSETS_VARIABLE} is not set; tests/controlplane/build prints a value for it")
    directory = Path(value).resolve()
    missing = [name for name in _REQUIRED if not os.access(directory / name, os.X_OK)]
    if missing:
        raise AssetsMissingError(f"{ASSETS_VARIABLE} ({directory}) lacks {' and '.join(missing)}")
    return directory


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Poll `condition` until it holds.

    Raises `TimeoutError`, naming `what`, when it does not hold after `timeout_s` seconds.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"timed out after {timeout_s:g} s waiting for {what}")
        time.sleep(_POLL_S)


class ControlPlane:
    """A Kubernetes control plane in a temporary directory on free loopback ports.

    It can be used as a context manager, and ends at the latest when this
    process does, however that happens.
    """

    def __init__(self, assets: Path, name: str = "live") -> None:
        """Prepare a control plane from the binaries in `assets`; `name` is its cluster name."""
        self.name = name
        self.version = ""
        """The API server's version, such as "v1.36.0"; empty until started."""
        self.has_controllers = False
        """Whether the built-in controllers run: namespaces are finalized, deployments make pods."""
        self.has_scheduler = False
        """Whether pods are assigned to nodes."""
        self.has_kwok = False
        """Whether annotated nodes become ready and the pods on them run."""
        self.url = ""
        """The API server's URL; empty until started."""
        self._assets = assets
        self._directory: Path | None = None
        self._credentials: Credentials | None = None
        self._processes: dict[str, Process] = {}
        self._node_numbers = count(1)

    def __enter__(self) -> Self:
        """Start the control plane."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the control plane."""
        self.stop()

    def start(self) -> None:
        """Start every component there is a binary for and wait until they work.

        Raises `ControlPlaneError`, with the end of the log of the component that
        failed, when one ends or is not ready in `START_TIMEOUT_S` seconds.
        """
        if self._directory is not None:
            raise ControlPlaneError(f"{self.name} is already started")
        self._directory = Path(tempfile.mkdtemp(prefix="otetui-control-plane-"))
        atexit.register(self.stop)
        deadline = time.monotonic() + START_TIMEOUT_S
        try:
            port = free_port()
            self.url = f"https://127.0.0.1:{port}"
            self._credentials = Credentials(self._directory, self.name, self.url)
            self._start_api_server(self._start_etcd(deadline), port, deadline)
            self._start_controllers(deadline)
            self._start_others()
            self._grant_limited_access()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every component and remove all data; does nothing when not started."""
        atexit.unregister(self.stop)
        with ExitStack() as cleanup:
            if self._directory is not None:
                cleanup.callback(shutil.rmtree, self._directory, ignore_errors=True)
            # The data are thrown away, so no component needs time to shut down.
            for process in self._processes.values():
                cleanup.callback(process.kill)
            self._processes = {}
            self._directory = self._credentials = None
            self.has_controllers = self.has_scheduler = self.has_kwok = False
            self.version = self.url = ""

    def kubeconfig(self, user: User = "admin") -> str:
        """Return a kubeconfig, all data inline, with the user's client certificate.

        "limited" may only read the namespace "default"; "nobody" is not authenticated.
        """
        return self._started.kubeconfig(user)

    def kubeconfig_with_token(self, user: User = "admin") -> str:
        """Return a kubeconfig, all data inline, with the user's bearer token."""
        return self._started.kubeconfig_with_token(user)

    def client(
        self, user: User = "admin", *, with_token: bool = False, timeout_s: float = _REQUEST_TIMEOUT_S
    ) -> httpx.Client:
        """Return an HTTP client for the API with the user's certificate or token; close it after use."""
        credentials = self._started
        return httpx.Client(
            base_url=self.url,
            verify=credentials.ssl_context(None if with_token else user),
            headers={"Authorization": f"Bearer {credentials.token(user)}"} if with_token else None,
            timeout=timeout_s,
            trust_env=False,
        )

    def pause(self) -> None:
        """Freeze the API server: connections are accepted but nothing is answered."""
        self._processes["kube-apiserver"].signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen API server go on."""
        self._processes["kube-apiserver"].signal(signal.SIGCONT)

    def kubectl(self, *args: str, stdin: str | None = None, timeout_s: float = 60) -> str:
        """Run kubectl as administrator and return what it prints.

        Raises `ControlPlaneError` with its error output when it fails or there
        is no kubectl, and `subprocess.TimeoutExpired` after `timeout_s` seconds.
        """
        kubeconfig = self._started.path("admin.kubeconfig")
        program = self._kubectl_program()
        if program is None:
            raise ControlPlaneError(f"there is no kubectl in {self._assets} or on the search path")
        done = subprocess.run(
            [program, f"--kubeconfig={kubeconfig}", *args],
            input=stdin or "",
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if done.returncode != 0:
            raise ControlPlaneError(f"kubectl {' '.join(args)} failed: {done.stderr.strip()}")
        return done.stdout

    @property
    def has_kubectl(self) -> bool:
        """Whether there is a kubectl to run."""
        return self._kubectl_program() is not None

    def create_nodes(self, names: Iterable[str], labels: Mapping[str, str] | None = None) -> None:
        """Create nodes of 4 CPUs and 8 GiB with an address each, for kwok to manage.

        Raises `httpx.HTTPStatusError` when the API refuses one.
        """
        with self.client() as client:
            for name, number in zip(names, self._node_numbers, strict=False):
                document = node_document(name, number, self.version, labels or {})
                self._post(client, "/api/v1/nodes", document)

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the components, by binary name."""
        return {name: process.pid for name, process in self._processes.items()}

    @property
    def _started(self) -> Credentials:
        if self._credentials is None:
            raise ControlPlaneError(f"{self.name} is not started")
        return self._credentials

    def _binary(self, name: str) -> Path | None:
        path = self._assets / name
        return path if os.access(path, os.X_OK) else None

    def _kubectl_program(self) -> str | None:
        binary = self._binary("kubectl")
        return shutil.which("kubectl") if binary is None else str(binary)

    def _environment(self) -> dict[str, str]:
        # Only what is needed: neither proxies nor the user's own kubeconfig may leak in.
        return {"HOME": str(self._directory), "PATH": os.environ.get("PATH", os.defpath)}

    def _launch(self, name: str, *flags: str) -> Process | None:
        """Start a component; returns None when there is no binary for it."""
        binary = self._binary(name)
        if binary is None or self._directory is None:
            return None
        process = Process([str(binary), *flags], self._directory / f"{name}.log", self._environment())
        self._processes[name] = process
        return process

    def _await(self, condition: Callable[[httpx.Client], bool], client: httpx.Client, deadline: float) -> None:
        """Wait until `condition` holds while every process launched so far keeps running."""
        newest = [*self._processes.values()][-1]
        while not _holds(condition, client):
            for process in self._processes.values():
                if not process.running:
                    raise ControlPlaneError(f"{self.name}: {process.name} ended:\n{process.tail()}")
            if time.monotonic() > deadline:
                raise ControlPlaneError(f"{self.name}: {newest.name} was not ready in time:\n{newest.tail()}")
            time.sleep(_POLL_S)

    def _start_etcd(self, deadline: float) -> str:
        """Start etcd and return its client URL."""
        url, peer_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self._launch(
            "etcd",
            "--data-dir=etcd",
            "--unsafe-no-fsync",
            "--log-level=warn",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer_url}",
            f"--initial-advertise-peer-urls={peer_url}",
            f"--initial-cluster=default={peer_url}",
        )
        with httpx.Client(base_url=url, timeout=_REQUEST_TIMEOUT_S, trust_env=False) as client:
            self._await(lambda client: client.get("/health").is_success, client, deadline)
        return url

    def _start_api_server(self, etcd_url: str, port: int, deadline: float) -> None:
        self._launch("kube-apiserver", *self._api_server_flags(etcd_url, port))
        with self.client() as client:
            self._await(lambda client: client.get("/readyz").is_success, client, deadline)
            self.version = str(client.get("/version").json()["gitVersion"])

    def _api_server_flags(self, etcd_url: str, port: int) -> Sequence[str]:
        path = self._started.path
        # Nobody hands out service accounts without controllers, so pods must do without.
        without_controllers = self._binary("kube-controller-manager") is None
        return (
            f"--etcd-servers={etcd_url}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            # Endpoints may not hold a loopback address.
            "--endpoint-reconciler-type=none",
            f"--secure-port={port}",
            f"--cert-dir={self._directory}",
            f"--tls-cert-file={path('server.crt')}",
            f"--tls-private-key-file={path('server.key')}",
            f"--client-ca-file={path('ca.crt')}",
            f"--token-auth-file={path('tokens.csv')}",
            "--authorization-mode=Node,RBAC",
            f"--service-cluster-ip-range={_SERVICE_CIDR}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={path('service-accounts.key')}",
            f"--service-account-signing-key-file={path('service-accounts.key')}",
            "--allow-privileged",
            "--profiling=false",
            *(["--disable-admission-plugins=ServiceAccount"] if without_controllers else []),
        )

    def _start_controllers(self, deadline: float) -> None:
        """Start the controllers, if there, and wait for their first results."""
        path = self._started.path
        process = self._launch(
            "kube-controller-manager",
            f"--kubeconfig={path('admin.kubeconfig')}",
            "--leader-elect=false",
            "--secure-port=0",
            "--profiling=false",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            f"--root-ca-file={path('ca.crt')}",
            f"--service-account-private-key-file={path('service-accounts.key')}",
            f"--cluster-signing-cert-file={path('ca.crt')}",
            f"--cluster-signing-key-file={path('ca.key')}",
        )
        self.has_controllers = process is not None
        sign = "/serviceaccounts/default" if self.has_controllers else ""
        with self.client() as client:
            self._await(lambda client: client.get(f"/api/v1/namespaces/default{sign}").is_success, client, deadline)

    def _start_others(self) -> None:
        kubeconfig = f"--kubeconfig={self._started.path('admin.kubeconfig')}"
        scheduler = self._launch(
            "kube-scheduler", kubeconfig, "--leader-elect=false", "--secure-port=0", "--profiling=false"
        )
        kwok = self._launch(
            "kwok",
            kubeconfig,
            f"--config={_KWOK_STAGES}",
            f"--cidr={_POD_CIDR}",
            "--manage-all-nodes=false",
            f"--manage-nodes-with-annotation-selector={NODE_ANNOTATION}={NODE_ANNOTATION_VALUE}",
            "--node-lease-duration-seconds=40",
        )
        self.has_scheduler = scheduler is not None
        self.has_kwok = kwok is not None

    def _grant_limited_access(self) -> None:
        group = "rbac.authorization.k8s.io"
        binding = {
            "metadata": {"name": "limited"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "view"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "limited"}],
        }
        with self.client() as client:
            self._post(client, f"/apis/{group}/v1/namespaces/default/rolebindings", binding)

    @staticmethod
    def _post(client: httpx.Client, path: str, document: Mapping[str, Any]) -> None:
        client.post(path, json=document).raise_for_status()


def _holds(condition: Callable[[httpx.Client], bool], client: httpx.Client) -> bool:
    try:
        return condition(client)
    except httpx.TransportError:
        return False
