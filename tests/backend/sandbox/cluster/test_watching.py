"""Watches: what they show, from when on, and how they end."""

from __future__ import annotations

import asyncio

from backend.sandbox.cluster.documents import dig, text
from tests.backend.sandbox.clients import CONFIG_MAPS, NODES_PATH, SECONDS, Caller, config_map


def version(kube: Caller) -> str:
    return str(kube.store.version)


async def test_changes_are_told_one_by_one(kube: Caller) -> None:
    async with kube.watch(CONFIG_MAPS, resourceVersion=version(kube)) as watch:
        assert watch.response.status_code == 200
        assert watch.response.headers["content-type"] == "application/json"
        made = await kube.post(CONFIG_MAPS, config_map("some"))
        assert await watch.next() == ("ADDED", made.document)
        changed = await kube.patch(f"{CONFIG_MAPS}/some", {"data": {"a": "1"}})
        assert await watch.next() == ("MODIFIED", changed.document)
        await kube.delete(f"{CONFIG_MAPS}/some")
        sort, last = await watch.next()
        assert (sort, last["data"]) == ("DELETED", {"a": "1"})
        assert dig(last, "metadata", "resourceVersion") == version(kube)


async def test_a_watch_catches_up_from_a_list(kube: Caller) -> None:
    listed = await kube.get(CONFIG_MAPS)
    await kube.post(CONFIG_MAPS, config_map("meanwhile"))
    start = text(listed.at("metadata", "resourceVersion"))
    async with kube.watch(CONFIG_MAPS, resourceVersion=start) as watch:
        sort, shown = await watch.next()
    assert (sort, dig(shown, "metadata", "name")) == ("ADDED", "meanwhile")


async def test_without_a_version_everything_is_shown_first(kube: Caller) -> None:
    async with kube.watch(NODES_PATH) as watch:
        names = [dig((await watch.next())[1], "metadata", "name") for _ in range(4)]
    assert names == ["node-a", "node-b", "node-c", "node-d"]
    async with kube.watch(NODES_PATH, resourceVersion="0", fieldSelector="metadata.name=node-b") as watch:
        sort, shown = await watch.next()
    assert (sort, shown["kind"], dig(shown, "metadata", "name")) == ("ADDED", "Node", "node-b")


async def test_selectors_make_comings_and_goings(kube: Caller) -> None:
    path = f"{CONFIG_MAPS}/some"
    async with kube.watch(CONFIG_MAPS, resourceVersion=version(kube), labelSelector="k=v") as watch:
        await kube.post(CONFIG_MAPS, config_map("some"))
        await kube.patch(path, {"metadata": {"labels": {"k": "v"}}})
        assert (await watch.next())[0] == "ADDED"
        await kube.patch(path, {"data": {"a": "1"}})
        assert (await watch.next())[0] == "MODIFIED"
        await kube.patch(path, {"metadata": {"labels": {"k": "other"}}})
        sort, last = await watch.next()
        assert (sort, dig(last, "metadata", "labels", "k")) == ("DELETED", "v")
        assert dig(last, "metadata", "resourceVersion") == version(kube)
        await kube.delete(path)
        await kube.post(CONFIG_MAPS, config_map("end", labels={"k": "v"}))
        assert dig((await watch.next())[1], "metadata", "name") == "end"


async def test_other_namespaces_are_not_told(kube: Caller) -> None:
    async with kube.watch(CONFIG_MAPS, resourceVersion=version(kube)) as watch:
        await kube.post("/api/v1/namespaces/kube-public/configmaps", config_map("elsewhere"))
        await kube.post(CONFIG_MAPS, config_map("here"))
        assert dig((await watch.next())[1], "metadata", "name") == "here"
    async with kube.watch("/api/v1/configmaps", resourceVersion=version(kube)) as watch:
        await kube.post("/api/v1/namespaces/kube-public/configmaps", config_map("again"))
        assert dig((await watch.next())[1], "metadata", "namespace") == "kube-public"


async def test_a_watch_ends_after_its_time_with_a_bookmark(kube: Caller) -> None:
    async with kube.watch(
        CONFIG_MAPS, resourceVersion=version(kube), timeoutSeconds="1", allowWatchBookmarks="true"
    ) as watch:
        sort, mark = await watch.next()
        assert await watch.rest() == []
    assert (sort, mark) == (
        "BOOKMARK",
        {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"resourceVersion": version(kube)}},
    )
    async with kube.watch(CONFIG_MAPS, resourceVersion=version(kube), timeoutSeconds="1") as watch:
        assert await watch.rest() == []


async def test_a_streamed_list(kube: Caller) -> None:
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    async with kube.watch(CONFIG_MAPS, **query) as watch:
        assert (await watch.next())[0] == "ADDED"
        sort, mark = await watch.next()
    assert sort == "BOOKMARK"
    assert dig(mark, "metadata", "annotations") == {"k8s.io/initial-events-end": "true"}
    refused = await kube.get(CONFIG_MAPS, watch="true", sendInitialEvents="true")
    assert "sendInitialEvents requires setting resourceVersionMatch" in refused.refusal(422, "Invalid")


async def test_versions_that_are_too_old(kube: Caller) -> None:
    for old in ("1", version(kube)):
        kube.store.compact()
        async with kube.watch(CONFIG_MAPS, resourceVersion=old) as watch:
            sort, status = await watch.next()
            assert await watch.rest() == []
        assert (sort, status["code"], status["reason"]) == ("ERROR", 410, "Expired")
        assert text(status["message"]).startswith(f"too old resource version: {old} (")


async def test_a_watch_that_is_up_to_date_survives_a_compaction(kube: Caller) -> None:
    async with kube.watch(CONFIG_MAPS, resourceVersion=version(kube)) as watch:
        await kube.post(CONFIG_MAPS, config_map("before"))
        assert (await watch.next())[0] == "ADDED"
        kube.store.compact()
        await kube.post(CONFIG_MAPS, config_map("after"))
        assert dig((await watch.next())[1], "metadata", "name") == "after"


async def test_what_cannot_be_watched(kube: Caller) -> None:
    assert (await kube.get(CONFIG_MAPS, watch="true", labelSelector="a b")).refusal(400, "BadRequest")
    assert (await kube.get(CONFIG_MAPS, watch="true", timeoutSeconds="x")).refusal(400, "BadRequest")
    assert (await kube.get(CONFIG_MAPS, watch="true", resourceVersion="zz")).refusal(500, "")
    assert (await kube.get(CONFIG_MAPS, watch="false")).document["kind"] == "ConfigMapList"


async def test_the_old_watch_paths(kube: Caller) -> None:
    got = await kube.get("/api/v1/watch/nodes/node-b", timeoutSeconds="1")
    assert got.text.count("\n") == 1
    assert '"name":"node-b"' in got.text


async def test_a_caller_that_hangs_up_is_forgotten(kube: Caller) -> None:
    from backend.sandbox.cluster.kinds import CONFIG_MAPS as KIND

    watchers = kube.store.collection(KIND).watchers
    async with kube.watch(CONFIG_MAPS, resourceVersion=version(kube)):
        assert len(watchers) == 1
    deadline = asyncio.get_running_loop().time() + SECONDS
    while watchers:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
