"""Many objects that differ in a few texts: made from one document, without writing JSON for each."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

from backend.sandbox.cluster.documents import Document, encode, meta
from backend.sandbox.cluster.kinds import ResourceKind
from backend.sandbox.cluster.store import StoredObject, freeze

_UID = "uid"
_VERSION = "resourceVersion"
_MARK = re.compile(r"@(\w+)@")


def mark(name: str) -> str:
    """What stands in a mould's document for the value of that name."""
    return f"@{name}@"


class Mould:
    """A document with marks in it. The values put in their place must need no escaping in JSON."""

    def __init__(self, kind: ResourceKind, document: Document) -> None:
        metadata = meta(document)
        metadata[_UID] = mark(_UID)
        metadata[_VERSION] = ""
        template = freeze(kind, document)
        metadata[_VERSION] = mark(_VERSION)
        self._kind = kind
        self._namespace = template.namespace
        self._name = template.name
        self._labels = template.labels
        self._fields = template.fields
        self._owners = template.owners
        rest = {name: value for name, value in document.items() if name != "metadata"}
        # Every second piece is the name of a value.
        self._pieces = _MARK.split(encode({"metadata": metadata, **rest})[1:].decode())

    def cast(self, version: int, chance: random.Random, values: Mapping[str, str]) -> StoredObject:
        """An object with the values in place; its uid comes from `chance`."""
        number = f"{chance.getrandbits(128):032x}"
        uid = f"{number[:8]}-{number[8:12]}-4{number[13:16]}-a{number[17:20]}-{number[20:]}"
        given = {**values, _UID: uid, _VERSION: str(version)}
        pieces = list(self._pieces)
        pieces[1::2] = [given[name] for name in pieces[1::2]]
        marks = {mark(name): value for name, value in values.items()}
        return StoredObject(
            self._kind,
            self._namespace,
            marks.get(self._name, self._name),
            uid,
            version,
            {key: marks.get(value, value) for key, value in self._labels.items()},
            {key: marks.get(value, value) for key, value in self._fields.items()},
            self._owners,
            "".join(pieces).encode(),
        )
