"""The sandbox as a process: its files, its end, and how it is steered from outside."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from base64 import b64decode
from pathlib import Path

import httpx
import psutil
import pytest
import yaml

from backend.sandbox.process import SandboxError, SandboxProcess

ROOT = Path(__file__).resolve().parents[3]


def open_client(process: SandboxProcess) -> tuple[httpx.Client, str]:
    """A client that trusts the sandbox, with the first cluster's token; and that cluster's address."""
    document = yaml.safe_load(process.kubeconfig.read_text(encoding="utf-8"))
    cluster = document["clusters"][0]["cluster"]
    context = ssl.create_default_context(cadata=b64decode(cluster["certificate-authority-data"]).decode())
    headers = {"authorization": f"Bearer {document['users'][0]['user']['token']}"}
    return httpx.Client(verify=context, headers=headers, timeout=20), cluster["server"]


def wait_for_end(pid: int) -> None:
    try:
        psutil.Process(pid).wait(timeout=10)
    except psutil.NoSuchProcess:
        return


def test_it_serves_what_its_files_say(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "directory"
    with SandboxProcess(directory, clusters=2, nodes=3, life=False) as process:
        for name in ("kubeconfig", "kubeconfig-limited", "control.json"):
            assert (directory / name).stat().st_mode & 0o777 == 0o600
        client, server = open_client(process)
        with client:
            names = [item["metadata"]["name"] for item in client.get(f"{server}/api/v1/nodes").json()["items"]]
        assert names == ["edge-001-node-001", "edge-001-node-002", "edge-001-node-003"]
        assert process.requests() == {"edge-001": 1, "edge-002": 0}
        process.add_objects("edge-002", [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "extra"}}])
        process.set_behaviour("edge-002", "slow", 0.5)
        listed = process.control("GET", "/control/clusters")["clusters"]
        assert isinstance(listed, list)
        shown = [entry for entry in listed if isinstance(entry, dict)]
        assert [(entry["behaviour"], entry["nodes"]) for entry in shown] == [("normal", 3), ("slow", 4)]
        with pytest.raises(SandboxError, match='no cluster "nope"'):
            process.set_behaviour("nope", "slow")
        with pytest.raises(SandboxError, match="runs already"):
            process.start()
        pid = process.pid
    assert process.pid == 0
    assert not psutil.pid_exists(pid)
    with pytest.raises(SandboxError, match="does not run"):
        process.requests()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_and_cleanly_with_watches_open(tmp_path: Path, number: signal.Signals) -> None:
    process = SandboxProcess(tmp_path, clusters=1, nodes=2, life=False)
    process.start()
    client, server = open_client(process)
    with client, client.stream("GET", f"{server}/api/v1/nodes", params={"watch": "true"}) as response:
        lines = response.iter_lines()
        assert json.loads(next(lines))["type"] == "ADDED"
        began = time.monotonic()
        os.kill(process.pid, number)
        wait_for_end(process.pid)
        assert time.monotonic() - began < 2
        with pytest.raises(httpx.TransportError):
            list(lines)
    assert process.stop() == 0
    assert process.stop() is None


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from backend.sandbox.process import SandboxProcess\n"
        "process = SandboxProcess(Path(sys.argv[1]), clusters=1, nodes=1); process.start()\n"
        "print(process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert psutil.pid_exists(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for_end(pid)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_directory_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "backend.sandbox", "--dir", str(blocked), "--clusters", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The sandbox could not start: ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_start_that_fails_is_explained(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").mkdir()
    process = SandboxProcess(tmp_path, clusters=1, nodes=1)
    with pytest.raises(SandboxError, match=r"ended while it started.*could not start"):
        process.start()
    assert process.pid == 0


def test_a_start_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    process = SandboxProcess(tmp_path, clusters=1, nodes=1)
    with pytest.raises(SandboxError, match="was not ready within 0 s"):
        process.start(seconds=0)
    assert process.pid == 0


@pytest.mark.parametrize("arguments", [[], ["--dir", "x", "--clusters", "-1"], ["--dir", "x", "--nodes", "many"]])
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from backend.sandbox.__main__ import main

    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err
