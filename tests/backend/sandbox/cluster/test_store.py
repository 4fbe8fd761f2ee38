"""The object store by itself: order, versions, memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.sandbox.cluster.documents import Document
from backend.sandbox.cluster.kinds import CONFIG_MAPS, PODS
from backend.sandbox.cluster.store import ClusterStore

NAMES = st.sampled_from(["a", "b", "c", "d"])
SPACES = st.sampled_from(["x", "y", "xx"])


def document(namespace: str, name: str, value: str = "") -> Document:
    return {"metadata": {"namespace": namespace, "name": name}, "data": {"value": value}}


def seen(store: ClusterStore, namespace: str = "") -> list[tuple[str, str, bytes]]:
    return [(item.namespace, item.name, item.body) for item in store.objects(CONFIG_MAPS, namespace)]


@given(st.lists(st.tuples(SPACES, NAMES, st.booleans()), max_size=30))
def test_the_past_can_be_read_as_it_was(steps: list[tuple[str, str, bool]]) -> None:
    store = ClusterStore(memory=100)
    history = {store.version: (seen(store), seen(store, "x"))}
    for number, (namespace, name, put) in enumerate(steps):
        before = store.version
        if put:
            stored = store.put(CONFIG_MAPS, document(namespace, name, str(number)))
            assert stored.version == store.version == before + 1
        else:
            store.remove(CONFIG_MAPS, name, namespace)
        history[store.version] = (seen(store), seen(store, "x"))
    collection = store.collection(CONFIG_MAPS)
    for version, (everything, inside) in history.items():
        assert [(item.namespace, item.name, item.body) for item in collection.at(version)] == everything
        assert [(item.namespace, item.name, item.body) for item in collection.at(version, "x")] == inside


@given(st.lists(st.tuples(SPACES, NAMES, st.booleans()), max_size=30))
def test_objects_are_in_the_order_of_their_keys(steps: list[tuple[str, str, bool]]) -> None:
    store = ClusterStore()
    expected: set[tuple[str, str]] = set()
    for namespace, name, put in steps:
        if put:
            store.put(CONFIG_MAPS, document(namespace, name))
            expected.add((namespace, name))
        else:
            assert (store.remove(CONFIG_MAPS, name, namespace) is not None) is ((namespace, name) in expected)
            expected.discard((namespace, name))
    assert [item.key for item in store.objects(CONFIG_MAPS)] == sorted(expected)
    for namespace in ("x", "y", "xx"):
        inside = sorted(key for key in expected if key[0] == namespace)
        assert [item.key for item in store.objects(CONFIG_MAPS, namespace)] == inside


def test_the_memory_is_bounded() -> None:
    store = ClusterStore(memory=3)
    for number in range(5):
        store.put(CONFIG_MAPS, document("x", "a", str(number)))
    collection = store.collection(CONFIG_MAPS)
    assert len(collection.changes) == 3
    assert collection.forgotten == collection.changes[0].version - 1
    assert store.collection(PODS).forgotten == 0


def test_dependents_are_found_by_their_owners() -> None:
    store = ClusterStore()
    child = document("x", "child")
    child["metadata"] = {"namespace": "x", "name": "child", "ownerReferences": [{"uid": "u1"}]}
    store.put(CONFIG_MAPS, child)
    assert [item.name for item in store.dependents("u1")] == ["child"]
    store.put(CONFIG_MAPS, document("x", "child"))
    assert store.dependents("u1") == []


def test_the_stored_bytes_are_the_object() -> None:
    store = ClusterStore()
    stored = store.put(CONFIG_MAPS, {**document("x", "a", "ümläut"), "kind": "ConfigMap", "apiVersion": "v1"})
    assert stored.json().startswith(b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{')
    assert stored.document()["data"] == {"value": "ümläut"}
    assert "kind" not in stored.document()
