"""Lists in pages, and lists of a moment ago."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from backend.sandbox.cluster.documents import items, mapping, text
from tests.backend.sandbox.clients import CONFIG_MAPS, NODES_PATH, Caller, Got, config_map


def token(got: Got) -> str:
    return text(got.at("metadata", "continue"))


async def test_pages_together_are_the_list(kube: Caller) -> None:
    first = await kube.get(NODES_PATH, limit="3")
    assert first.names() == ["node-a", "node-b", "node-c"]
    assert first.at("metadata", "remainingItemCount") == 1
    last = await kube.go_on(NODES_PATH, token(first), limit="3")
    assert last.names() == ["node-d"]
    assert token(last) == ""
    assert last.at("metadata", "resourceVersion") == first.at("metadata", "resourceVersion")


async def test_a_list_that_fits_has_no_token(kube: Caller) -> None:
    whole = await kube.get(NODES_PATH, limit="4")
    assert len(whole.names()) == 4
    assert token(whole) == ""


async def test_selectors_hide_how_much_remains(kube: Caller) -> None:
    page = await kube.get(NODES_PATH, limit="1", labelSelector="kubernetes.io/arch=amd64")
    assert page.names() == ["node-a"]
    assert page.at("metadata", "remainingItemCount") is None
    rest = await kube.go_on(NODES_PATH, token(page), limit="5", labelSelector="kubernetes.io/arch=amd64")
    assert rest.names() == ["node-b", "node-d"]


async def test_later_pages_show_the_moment_of_the_first(kube: Caller) -> None:
    for name in ("a", "b", "c"):
        await kube.post(CONFIG_MAPS, config_map(name, {"value": "old"}))
    first = await kube.get(CONFIG_MAPS, limit="1")
    await kube.post(CONFIG_MAPS, config_map("aa"))
    await kube.delete(f"{CONFIG_MAPS}/b")
    await kube.patch(f"{CONFIG_MAPS}/c", {"data": {"value": "new"}})
    rest = await kube.go_on(CONFIG_MAPS, token(first))
    assert rest.names() == ["b", "c", "kube-root-ca.crt"]
    assert mapping(items(rest.document["items"])[1])["data"] == {"value": "old"}
    now = await kube.get(CONFIG_MAPS)
    assert now.names() == ["a", "aa", "c", "kube-root-ca.crt"]


async def test_a_token_from_before_a_compaction_is_gone(kube: Caller) -> None:
    first = await kube.get(NODES_PATH, limit="1")
    kube.store.compact()
    gone = await kube.go_on(NODES_PATH, token(first), limit="1")
    assert gone.refusal(410, "Expired").startswith("The provided continue parameter is too old")
    # The refusal has a token with which the list goes on as it is now.
    rest = await kube.go_on(NODES_PATH, token(gone))
    assert rest.names() == ["node-b", "node-c", "node-d"]


async def test_a_token_that_outlives_the_memory_is_gone(kube: Caller) -> None:
    await kube.post(CONFIG_MAPS, config_map("more"))
    paged = await kube.get(CONFIG_MAPS, limit="1")
    for number in range(60):
        await kube.patch(f"{CONFIG_MAPS}/more", {"data": {"n": str(number)}})
    gone = await kube.go_on(CONFIG_MAPS, token(paged))
    assert gone.refusal(410, "Expired")


async def test_tokens_the_server_did_not_write(kube: Caller) -> None:
    foreign = urlsafe_b64encode(b'{"v":"meta.k8s.io/v9","rv":1,"start":"/a"}').decode()
    for garbage in ("garbage", foreign, "!!"):
        refused = await kube.go_on(NODES_PATH, garbage)
        message = refused.refusal(400, "BadRequest")
        assert message.startswith("invalid continue token: continue key is not valid")


async def test_a_token_and_a_version_exclude_each_other(kube: Caller) -> None:
    first = await kube.get(NODES_PATH, limit="1")
    refused = await kube.go_on(NODES_PATH, token(first), resourceVersion="5")
    message = "specifying resource version is not allowed when using continue"
    assert refused.refusal(400, "BadRequest") == message


async def test_versions_of_lists(kube: Caller) -> None:
    version = str(kube.store.version)
    await kube.post(CONFIG_MAPS, config_map("new"))
    at_least = await kube.get(CONFIG_MAPS, resourceVersion=version)
    assert "new" in at_least.names()
    exactly = await kube.get(CONFIG_MAPS, resourceVersion=version, resourceVersionMatch="Exact")
    assert exactly.names() == ["kube-root-ca.crt"]
    assert exactly.at("metadata", "resourceVersion") == version
    future = await kube.get(CONFIG_MAPS, resourceVersion="99999999")
    assert future.refusal(504, "Timeout").startswith("Timeout: Too large resource version: 99999999")
    assert future.headers["retry-after"] == "1"
    nonsense = await kube.get(CONFIG_MAPS, resourceVersion="abc")
    assert 'Invalid value: "abc"' in nonsense.refusal(400, "BadRequest")
    kube.store.compact()
    old = await kube.get(CONFIG_MAPS, resourceVersion=version, resourceVersionMatch="Exact")
    assert old.refusal(410, "Expired") == "The resourceVersion for the provided list is too old."
