"""The end of namespaces: terminating, emptied, gone; and the finalize subresource."""

from __future__ import annotations

from backend.sandbox.cluster.documents import Document, items, mapping, text
from tests.backend.sandbox.clients import APPLY, NAMESPACES, Caller, config_map, eventually, pod, running

PATH = f"{NAMESPACES}/ns7"
INSIDE = f"{PATH}/configmaps"


async def make(kube: Caller) -> None:
    assert (await kube.post(NAMESPACES, {"metadata": {"name": "ns7"}})).code == 201


async def is_gone(kube: Caller) -> bool:
    return (await kube.get(PATH)).code == 404


async def test_a_namespace_goes_with_everything_in_it(kube: Caller) -> None:
    await make(kube)
    await kube.post(INSIDE, config_map("some"))
    running(kube.store, pod("p", "node-a", namespace="ns7"))
    async with kube.watch(NAMESPACES, resourceVersion=str(kube.store.version)) as watch:
        deleted = await kube.delete(PATH)
        assert (deleted.code, deleted.document["kind"]) == (200, "Namespace")
        assert deleted.at("status", "phase") == "Terminating"
        assert text(deleted.at("metadata", "deletionTimestamp"))
        assert await watch.next() == ("MODIFIED", deleted.document)
        assert (await watch.next())[0] == "DELETED"
    assert await is_gone(kube)
    assert kube.store.in_namespace("ns7") == []
    await make(kube)


async def test_nothing_new_in_a_terminating_namespace(kube: Caller) -> None:
    await make(kube)
    await kube.post(INSIDE, config_map("held", finalizers=["example.com/hold"]))
    await kube.delete(PATH)
    refused = await kube.post(INSIDE, config_map("new"))
    message = refused.refusal(403, "Forbidden")
    assert message == (
        'configmaps "new" is forbidden: unable to create new content in namespace ns7 because it is being terminated'
    )
    assert refused.causes() == [
        {
            "reason": "NamespaceTerminating",
            "message": "namespace ns7 is being terminated",
            "field": "metadata.namespace",
        }
    ]
    applied = await kube.patch(f"{INSIDE}/new", config_map("new"), APPLY, fieldManager="otetui")
    assert applied.refusal(403, "Forbidden")
    taken = await kube.post(NAMESPACES, {"metadata": {"name": "ns7"}})
    assert taken.refusal(409, "AlreadyExists") == 'object is being deleted: namespaces "ns7" already exists'
    # The namespace itself can still be applied to: the answer shows that it is on its way out.
    wanted: Document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns7", "labels": {"a": "b"}}}
    still = await kube.apply(PATH, wanted, "otetui")
    assert (still.code, still.at("status", "phase")) == (200, "Terminating")


async def test_a_namespace_waits_for_finalizers_of_what_is_in_it(kube: Caller) -> None:
    await make(kube)
    await kube.post(INSIDE, config_map("held", finalizers=["example.com/hold"]))
    await kube.delete(PATH)

    async def says_why() -> bool:
        conditions = items((await kube.get(PATH)).at("status", "conditions"))
        return "configmaps. has 1 resource instances" in str(conditions)

    await eventually(says_why)
    held = await kube.get(f"{INSIDE}/held")
    assert text(held.at("metadata", "deletionTimestamp"))
    await kube.patch(f"{INSIDE}/held", {"metadata": {"finalizers": None}})
    await eventually(lambda: is_gone(kube))


async def test_finalize(kube: Caller) -> None:
    await make(kube)
    namespace = (await kube.get(PATH)).document
    mapping(namespace["spec"])["finalizers"] = []
    mapping(namespace["metadata"])["labels"] = {"not": "changed"}
    finalized = await kube.put(f"{PATH}/finalize", namespace)
    assert finalized.at("spec", "finalizers") == []
    assert finalized.at("metadata", "labels") == {"kubernetes.io/metadata.name": "ns7"}
    await kube.delete(PATH)
    assert await is_gone(kube)


async def test_an_update_does_not_touch_the_finalizers_of_the_namespace(kube: Caller) -> None:
    await make(kube)
    patched = await kube.patch(PATH, {"spec": {"finalizers": []}, "status": {"phase": "Strange"}})
    assert patched.at("spec", "finalizers") == ["kubernetes"]
    assert patched.at("status", "phase") == "Active"
