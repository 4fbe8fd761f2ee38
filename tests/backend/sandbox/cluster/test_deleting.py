"""DELETE: of objects and collections, with preconditions, finalizers and owners."""

from __future__ import annotations

from backend.sandbox.cluster.documents import Document, text
from tests.backend.sandbox.clients import (
    CONFIG_MAPS,
    NAMESPACES,
    NODES_PATH,
    PODS_PATH,
    Caller,
    config_map,
    eventually,
    pod,
    running,
)


async def gone(kube: Caller, path: str) -> bool:
    return (await kube.get(path)).code == 404


def owned_by(uid: str) -> Document:
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}


async def test_a_plain_object_is_gone_at_once(kube: Caller) -> None:
    made = await kube.post(CONFIG_MAPS, config_map("some"))
    path = f"{CONFIG_MAPS}/some"
    deleted = await kube.delete(path)
    assert deleted.code == 200
    assert (deleted.document["kind"], deleted.document["status"]) == ("Status", "Success")
    assert deleted.document["details"] == {"name": "some", "kind": "configmaps", "uid": made.at("metadata", "uid")}
    assert (await kube.delete(path)).refusal(404, "NotFound") == 'configmaps "some" not found'
    assert (await kube.delete(f"{NODES_PATH}/node-d")).document["status"] == "Success"


async def test_preconditions(kube: Caller) -> None:
    made = await kube.post(CONFIG_MAPS, config_map("some"))
    path = f"{CONFIG_MAPS}/some"
    other = await kube.delete(path, {"preconditions": {"uid": "foo"}})
    assert "the UID in the precondition (foo) does not match the UID in record" in other.refusal(409, "Conflict")
    late = await kube.delete(path, {"preconditions": {"resourceVersion": "1"}})
    assert "the ResourceVersion in the precondition (1) does not match" in late.refusal(409, "Conflict")
    right: Document = {
        "uid": made.at("metadata", "uid"),
        "resourceVersion": made.at("metadata", "resourceVersion"),
    }
    assert (await kube.delete(path, {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": right})).code == 200


async def test_options_that_cannot_be(kube: Caller) -> None:
    await kube.post(CONFIG_MAPS, config_map("some"))
    path = f"{CONFIG_MAPS}/some"
    unsupported = (
        'propagationPolicy: Unsupported value: "Wrong": supported values: "Foreground", "Background", "Orphan", "nil"'
    )
    assert unsupported in (await kube.delete(path, propagationPolicy="Wrong")).refusal(422, "Invalid")
    assert unsupported in (await kube.delete(path, {"propagationPolicy": "Wrong"})).refusal(422, "Invalid")
    kind = await kube.delete(path, {"kind": "Pod", "apiVersion": "v1"})
    assert kind.refusal(400, "BadRequest").startswith('no kind "Pod" is registered')
    junk = await kube.delete(path, b"junk")
    assert junk.refusal(400, "BadRequest").startswith("couldn't get version/kind; json parse error")
    assert (await kube.delete(path, gracePeriodSeconds="soon")).refusal(400, "BadRequest")
    assert (await kube.get(path)).code == 200


async def test_finalizers_keep_an_object_until_the_last_is_gone(kube: Caller) -> None:
    await kube.post(CONFIG_MAPS, config_map("some", finalizers=["example.com/a"]))
    path = f"{CONFIG_MAPS}/some"
    deleted = await kube.delete(path)
    assert deleted.document["kind"] == "ConfigMap"
    assert text(deleted.at("metadata", "deletionTimestamp"))
    again = await kube.delete(path)
    assert again.at("metadata", "resourceVersion") == deleted.at("metadata", "resourceVersion")
    added = await kube.patch(path, {"metadata": {"finalizers": ["example.com/a", "example.com/b"]}})
    assert "no new finalizers can be added if the object is being deleted" in added.refusal(422, "Invalid")
    released = await kube.patch(path, {"metadata": {"finalizers": None}})
    assert released.code == 200
    assert await gone(kube, path)


async def test_collections(kube: Caller) -> None:
    for name in ("a", "b", "c"):
        await kube.post(CONFIG_MAPS, config_map(name, labels={"k": "no" if name == "b" else "yes"}))
    deleted = await kube.delete(CONFIG_MAPS, labelSelector="k=yes")
    assert (deleted.document["kind"], deleted.names()) == ("ConfigMapList", ["a", "c"])
    assert (await kube.get(CONFIG_MAPS)).names() == ["b", "kube-root-ca.crt"]


async def test_dependents_go_with_their_owner(kube: Caller) -> None:
    owner = await kube.post(CONFIG_MAPS, config_map("owner"))
    uid = text(owner.at("metadata", "uid"))
    other = await kube.post(CONFIG_MAPS, config_map("other"))
    shared = [owned_by(uid), owned_by(text(other.at("metadata", "uid")))]
    await kube.post(CONFIG_MAPS, config_map("child", ownerReferences=[owned_by(uid)]))
    await kube.post(CONFIG_MAPS, config_map("shared", ownerReferences=[*shared]))
    await kube.delete(f"{CONFIG_MAPS}/owner")
    await eventually(lambda: gone(kube, f"{CONFIG_MAPS}/child"))
    left = await kube.get(f"{CONFIG_MAPS}/shared")
    assert left.at("metadata", "ownerReferences") == [shared[1]]


async def test_an_owner_deleted_in_the_foreground_goes_last(kube: Caller) -> None:
    owner = await kube.post(CONFIG_MAPS, config_map("owner"))
    uid = text(owner.at("metadata", "uid"))
    held = config_map("child", ownerReferences=[owned_by(uid)], finalizers=["example.com/hold"])
    await kube.post(CONFIG_MAPS, held)
    deleted = await kube.delete(f"{CONFIG_MAPS}/owner", propagationPolicy="Foreground")
    assert deleted.at("metadata", "finalizers") == ["foregroundDeletion"]

    async def child_is_going() -> bool:
        return bool((await kube.get(f"{CONFIG_MAPS}/child")).at("metadata", "deletionTimestamp"))

    await eventually(child_is_going)
    assert (await kube.get(f"{CONFIG_MAPS}/owner")).code == 200
    await kube.patch(f"{CONFIG_MAPS}/child", {"metadata": {"finalizers": None}})
    await eventually(lambda: gone(kube, f"{CONFIG_MAPS}/owner"))


async def test_orphans_stay(kube: Caller) -> None:
    owner = await kube.post(CONFIG_MAPS, config_map("owner"))
    await kube.post(CONFIG_MAPS, config_map("child", ownerReferences=[owned_by(text(owner.at("metadata", "uid")))]))
    await kube.delete(f"{CONFIG_MAPS}/owner", {"propagationPolicy": "Orphan"})
    await eventually(lambda: gone(kube, f"{CONFIG_MAPS}/owner"))
    child = await kube.get(f"{CONFIG_MAPS}/child")
    assert (child.code, child.at("metadata", "ownerReferences")) == (200, None)


async def test_pods_take_their_time(kube: Caller) -> None:
    running(kube.store, pod("p", "node-a"))
    path = f"{PODS_PATH}/p"
    deleted = await kube.delete(path)
    assert deleted.document["kind"] == "Pod"
    assert deleted.at("metadata", "deletionGracePeriodSeconds") == 30
    await eventually(lambda: gone(kube, path))


async def test_pods_without_grace_are_gone_at_once(kube: Caller) -> None:
    running(kube.store, pod("p", "node-a"))
    deleted = await kube.delete(f"{PODS_PATH}/p", {"gracePeriodSeconds": 0})
    assert (deleted.code, deleted.document["kind"]) == (200, "Pod")
    assert await gone(kube, f"{PODS_PATH}/p")
    await kube.post(PODS_PATH, pod("waiting"))
    await kube.delete(f"{PODS_PATH}/waiting")
    assert await gone(kube, f"{PODS_PATH}/waiting")


async def test_a_pod_on_a_silent_node_lingers(kube: Caller) -> None:
    running(kube.store, pod("stuck", "node-c"))
    running(kube.store, pod("free", "node-a"))
    await kube.delete(f"{PODS_PATH}/stuck")
    await kube.delete(f"{PODS_PATH}/free")
    await eventually(lambda: gone(kube, f"{PODS_PATH}/free"))
    assert (await kube.get(f"{PODS_PATH}/stuck")).at("metadata", "deletionTimestamp")
    await kube.delete(f"{PODS_PATH}/stuck", gracePeriodSeconds="0")
    assert await gone(kube, f"{PODS_PATH}/stuck")


async def test_some_namespaces_last(kube: Caller) -> None:
    refused = await kube.delete(f"{NAMESPACES}/default")
    assert refused.refusal(403, "Forbidden") == 'namespaces "default" is forbidden: this namespace may not be deleted'
