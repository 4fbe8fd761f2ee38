"""The sandbox as a child process: started, waited for, steered, and stopped with its parent."""

from __future__ import annotations

import http.client
import json
import os
import select
import ssl
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from backend.sandbox.cluster.documents import Document, JsonValue

START_SECONDS = 30.0
STOP_SECONDS = 5.0
_CONTROL_SECONDS = 10.0


class SandboxError(Exception):
    """The sandbox did not start, or refused what it was told; the sentence says why."""


class SandboxProcess:
    """A sandbox in a process of its own that dies with this one.

    `clusters` and `nodes` ask for a generated site, otherwise it is the demo's. Use as a context manager, or call
    `start` and `stop`. Both wait and must not be called on an event loop.
    """

    def __init__(
        self, directory: Path, *, clusters: int | None = None, nodes: int | None = None, life: bool = True
    ) -> None:
        self.directory = directory
        self._arguments = [sys.executable, "-m", "backend.sandbox", "--dir", str(directory), "--lifeline"]
        for name, value in (("--clusters", clusters), ("--nodes", nodes)):
            if value is not None:
                self._arguments += [name, str(value)]
        if not life:
            self._arguments.append("--no-life")
        self._process: subprocess.Popen[bytes] | None = None
        self._control: tuple[str, str, ssl.SSLContext] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig: a context for each cluster."""
        return self.directory / "kubeconfig"

    @property
    def limited_kubeconfig(self) -> Path:
        """The kubeconfig of a user who may only read."""
        return self.directory / "kubeconfig-limited"

    @property
    def pid(self) -> int:
        """The process's id, 0 when it does not run."""
        return self._process.pid if self._process is not None else 0

    def start(self, *, seconds: float = START_SECONDS) -> None:
        """Start the process and wait until it serves; SandboxError when it does not within the time."""
        if self._process is not None:
            raise SandboxError("The sandbox runs already.")
        self.directory.mkdir(parents=True, exist_ok=True)
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        with (self.directory / "sandbox.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
            )
        try:
            self._wait_until_ready(seconds)
        except BaseException:
            self.stop()
            raise
        fields = json.loads((self.directory / "control.json").read_text(encoding="utf-8"))
        context = ssl.create_default_context(cadata=fields["certificateAuthority"])
        self._control = (str(fields["address"]), str(fields["token"]), context)

    def _wait_until_ready(self, seconds: float) -> None:
        process = self._process
        if process is None or process.stdout is None:
            raise SandboxError("The sandbox does not run.")
        deadline = time.monotonic() + seconds
        said = b""
        while b"ready\n" not in said:
            left = deadline - time.monotonic()
            if left <= 0:
                raise SandboxError(f"The sandbox was not ready within {seconds:g} s. {self._last_words()}")
            readable, _, _ = select.select([process.stdout], [], [], left)
            if readable:
                piece = os.read(process.stdout.fileno(), 4096)
                if not piece:
                    raise SandboxError(f"The sandbox ended while it started. {self._last_words()}")
                said += piece

    def _last_words(self) -> str:
        log = self.directory / "sandbox.log"
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"Its last message: {lines[-1]}" if lines else f"It wrote nothing to {log}."

    def control(self, method: str, path: str, body: JsonValue = None) -> Document:
        """Call the control endpoint, e.g. `control("GET", "/control/requests")`; SandboxError when it refuses."""
        if self._control is None:
            raise SandboxError("The sandbox does not run.")
        address, token, context = self._control
        target = urlsplit(address)
        connection = http.client.HTTPSConnection(
            target.hostname or "", target.port, timeout=_CONTROL_SECONDS, context=context
        )
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, path, content, {"Authorization": f"Bearer {token}"})
            response = connection.getresponse()
            answer = response.read()
        except OSError as error:
            raise SandboxError(f"The sandbox did not answer: {error}") from error
        finally:
            connection.close()
        try:
            document: Document = json.loads(answer)
        except ValueError:
            document = {"message": answer.decode(errors="replace")}
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise SandboxError(f"The sandbox refused {method} {path}: {document.get('message')}")
        return document

    def set_behaviour(self, cluster: str, behaviour: str, delay: float | None = None) -> None:
        """Take a cluster away or bring it back: `normal`, `offline`, `slow`, `hanging` or `flapping`."""
        body: Document = {"behaviour": behaviour}
        if delay is not None:
            body["delay"] = delay
        self.control("POST", f"/control/clusters/{cluster}", body)

    def add_objects(self, cluster: str, objects: Sequence[JsonValue]) -> None:
        """Put objects into a cluster as they are."""
        self.control("POST", f"/control/clusters/{cluster}/objects", list(objects))

    def requests(self) -> dict[str, int]:
        """How many requests each cluster has had."""
        clusters = self.control("GET", "/control/requests?latest=0")["clusters"]
        if not isinstance(clusters, dict):
            return {}
        totals = {name: entry.get("total") for name, entry in clusters.items() if isinstance(entry, dict)}
        return {name: total for name, total in totals.items() if isinstance(total, int)}

    def stop(self) -> int | None:
        """Stop the process and wait for its end; its exit code, None when it did not run."""
        process, self._process, self._control = self._process, None, None
        if process is None:
            return None
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        return process.returncode
