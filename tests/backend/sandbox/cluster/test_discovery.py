"""What the API says about itself."""

from __future__ import annotations

import httpx
import pytest

from backend.sandbox.cluster.documents import items, mapping, text
from backend.sandbox.cluster.kinds import KINDS
from backend.sandbox.server import running_site
from backend.sandbox.site import ClusterSpec, SiteSpec
from tests.backend.sandbox.clients import Caller, trusting


async def test_versions_are_each_clusters_own() -> None:
    specs = (ClusterSpec("new"), ClusterSpec("older", version="v1.27.16"), ClusterSpec("old", version="v1.24.17"))
    async with running_site(SiteSpec(specs)) as site, httpx.AsyncClient(verify=trusting(site)) as client:
        shown = {}
        for name, cluster in site.clusters.items():
            got = await Caller(client, cluster, cluster.tokens["admin"]).get("/version")
            shown[name] = (got.at("major"), got.at("minor"), got.at("gitVersion"))
    assert shown == {
        "new": ("1", "34", "v1.34.2"),
        "older": ("1", "27", "v1.27.16"),
        "old": ("1", "24", "v1.24.17"),
    }


@pytest.mark.parametrize("path", ["/readyz", "/livez", "/healthz"])
async def test_health(kube: Caller, path: str) -> None:
    got = await kube.get(path)
    assert (got.code, got.text, got.headers["content-type"]) == (200, "ok", "text/plain; charset=utf-8")
    verbose = await kube.get(path, verbose="")
    assert "[+]etcd ok\n" in verbose.text
    assert verbose.text.endswith(f"{path[1:]} check passed\n")


async def test_groups_and_resources_lead_to_every_kind(kube: Caller) -> None:
    core = await kube.get("/api")
    assert (core.document["kind"], core.document["versions"]) == ("APIVersions", ["v1"])
    address = text(mapping(items(core.document["serverAddressByClientCIDRs"])[0])["serverAddress"])
    assert kube.cluster.url.startswith(f"https://{address}/")
    groups = [mapping(group) for group in items((await kube.get("/apis")).document["groups"])]
    assert "apps" in [group["name"] for group in groups]
    listed = {"/api/v1"}
    for group in groups:
        one = await kube.get(f"/apis/{group['name']}")
        assert one.document == {"kind": "APIGroup", "apiVersion": "v1", **group}
        listed |= {f"/apis/{mapping(version)['groupVersion']}" for version in items(group["versions"])}
    found = set()
    for path in listed:
        resources = await kube.get(path)
        assert resources.document["kind"] == "APIResourceList"
        assert path.endswith(text(resources.document["groupVersion"]))
        for entry in items(resources.document["resources"]):
            resource = mapping(entry)
            found.add((path, text(resource["name"])))
            assert resource["verbs"]
    for kind in KINDS:
        path = f"/apis/{kind.group}/{kind.version}" if kind.group else "/api/v1"
        assert (path, kind.plural) in found
        for below in kind.subresources:
            assert (path, f"{kind.plural}/{below.name}") in found
        assert (await kube.get(f"{path}/{kind.plural}")).code == 200
    eviction = next(
        mapping(entry)
        for entry in items((await kube.get("/api/v1")).document["resources"])
        if mapping(entry)["name"] == "pods/eviction"
    )
    assert (eviction["group"], eviction["version"], eviction["kind"]) == ("policy", "v1", "Eviction")
