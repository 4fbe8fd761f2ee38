"""A sandbox that is stopped and started again in its folder is the same one to whoever has its kubeconfig."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from backend.sandbox.identity import IDENTITY_FILE, Identity, load_identity
from backend.sandbox.process import SandboxProcess


def test_a_second_start_keeps_addresses_and_credentials(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path, clusters=5, nodes=1) as first:
        before = first.kubeconfig.read_text()
    with SandboxProcess(tmp_path, clusters=5, nodes=1) as second:
        assert second.kubeconfig.read_text() == before
        assert second.control("GET", "/control/clusters")["clusters"]
    assert (tmp_path / IDENTITY_FILE).stat().st_mode & 0o777 == 0o600


def test_a_port_that_somebody_else_has_taken_is_replaced(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path, clusters=1, nodes=1) as first:
        server = yaml.safe_load(first.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    port = urlsplit(server).port
    with socket.create_server(("127.0.0.1", port or 0)), SandboxProcess(tmp_path, clusters=1, nodes=1) as second:
        again = yaml.safe_load(second.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        assert urlsplit(again).port != port


def test_an_identity_that_cannot_be_read_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / IDENTITY_FILE).write_text('{"certificate": "x"}')
    assert load_identity(tmp_path).ports == {}


def test_an_identity_survives_being_written_and_read(tmp_path: Path) -> None:
    identity = Identity(ports={"": 4711})
    tokens = identity.tokens_of("edge-001")
    (tmp_path / IDENTITY_FILE).write_text(identity.document())
    again = load_identity(tmp_path)
    assert again.ports == {"": 4711}
    assert again.tokens_of("edge-001") == tokens
    assert again.authority.certificate == identity.authority.certificate
    assert again.control_token == identity.control_token
