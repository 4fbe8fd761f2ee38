"""The kubeconfig of a site, and logging in with what it holds."""

from __future__ import annotations

import ssl
from base64 import b64decode
from pathlib import Path

import httpx
import pytest
import yaml

from backend.sandbox.server import Site, running_site, write_private
from backend.sandbox.site import demo_site


async def test_a_context_for_each_cluster() -> None:
    spec = demo_site(life=False)
    async with running_site(spec) as site:
        document = yaml.safe_load(site.kubeconfig())
        names = [cluster.name for cluster in spec.clusters]
        assert [context["name"] for context in document["contexts"]] == names
        assert document["current-context"] == names[0]
        servers = {entry["name"]: entry["cluster"] for entry in document["clusters"]}
        users = {entry["name"]: entry["user"] for entry in document["users"]}
        for context in document["contexts"]:
            cluster = site.clusters[context["name"]]
            assert servers[context["context"]["cluster"]]["server"] == cluster.url
            assert users[context["context"]["user"]] == {"token": cluster.tokens["admin"]}
        assert all(
            b64decode(entry["certificate-authority-data"]) == site.authority.certificate for entry in servers.values()
        )
        limited = yaml.safe_load(site.kubeconfig("limited"))
        assert limited["users"][0]["user"]["token"] == site.clusters[names[0]].tokens["limited"]


async def test_strangers_are_not_trusted(site: Site) -> None:
    async with httpx.AsyncClient(verify=ssl.create_default_context()) as client:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get(f"{site.clusters['one'].url}/version")


async def test_client_certificates(site: Site, tmp_path: Path) -> None:
    document = yaml.safe_load(site.kubeconfig("limited", certificates=True))
    user = document["users"][0]["user"]
    assert set(user) == {"client-certificate-data", "client-key-data"}
    pem = tmp_path / "client.pem"
    pem.write_bytes(b64decode(user["client-key-data"]) + b64decode(user["client-certificate-data"]))
    context = ssl.create_default_context(cadata=site.authority_pem)
    context.load_cert_chain(pem)
    url = site.clusters["one"].url
    async with httpx.AsyncClient(verify=context) as client:
        review = await client.post(f"{url}/apis/authentication.k8s.io/v1/selfsubjectreviews", json={})
        assert review.json()["status"]["userInfo"]["username"] == "limited"
        # A token goes before a certificate, also a wrong one.
        wrong = await client.get(f"{url}/version", headers={"authorization": "Bearer wrong"})
        assert wrong.status_code == 401


async def test_certificates_of_another_authority_are_refused(site: Site, tmp_path: Path) -> None:
    from backend.sandbox.certificates import CertificateAuthority

    foreign = CertificateAuthority().client("admin", ("system:masters",))
    pem = tmp_path / "client.pem"
    pem.write_bytes(foreign.key + foreign.certificate)
    context = ssl.create_default_context(cadata=site.authority_pem)
    context.load_cert_chain(pem)
    async with httpx.AsyncClient(verify=context) as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"{site.clusters['one'].url}/version")


def test_private_files(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]
