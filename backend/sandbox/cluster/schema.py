"""What the API's schema says about lists and maps: which merge by key, which are sets, which are replaced whole.

From the `x-kubernetes-list-type`, `-list-map-keys`, `-patch-merge-key` and `-map-type` marks of the published schema.
Fields are found by their own name, or by their parent's and their own where a name means different things.
"""

from __future__ import annotations

from backend.sandbox.cluster.documents import Document, JsonValue

FieldPath = tuple[str, ...]

_KEYED_LISTS: dict[FieldPath, tuple[str, ...]] = {
    ("containers",): ("name",),
    ("initContainers",): ("name",),
    ("ephemeralContainers",): ("name",),
    ("env",): ("name",),
    ("volumeMounts",): ("mountPath",),
    ("volumeDevices",): ("devicePath",),
    ("volumes",): ("name",),
    ("hostAliases",): ("ip",),
    ("podIPs",): ("ip",),
    ("conditions",): ("type",),
    ("ownerReferences",): ("uid",),
    ("topologySpreadConstraints",): ("topologyKey", "whenUnsatisfiable"),
    ("schedulingGates",): ("name",),
    ("resourceClaims",): ("name",),
    ("status", "addresses"): ("type",),
    ("spec", "imagePullSecrets"): ("name",),
    ("secrets",): ("name",),
    ("spec", "ports"): ("port", "protocol"),
    ("containers", "ports"): ("containerPort", "protocol"),
    ("initContainers", "ports"): ("containerPort", "protocol"),
    ("ephemeralContainers", "ports"): ("containerPort", "protocol"),
}
_SETS = frozenset({("metadata", "finalizers"), ("spec", "podCIDRs")})
_WHOLE_MAPS = frozenset(
    {
        ("selector",),
        ("nodeSelector",),
        ("labelSelector",),
        ("namespaceSelector",),
        ("secretKeyRef",),
        ("configMapKeyRef",),
        ("fieldRef",),
        ("resourceFieldRef",),
        ("nodeSelectorTerms",),
        ("involvedObject",),
        ("targetRef",),
    }
)
# Maps (as opposed to structures): whoever makes one owns it even while it is empty.
_MAPS = frozenset(
    {"labels", "annotations", "data", "binaryData", "stringData", "capacity", "allocatable", "limits", "requests"}
)
_KEY_DEFAULTS: dict[str, JsonValue] = {"protocol": "TCP"}


def list_keys(path: FieldPath) -> tuple[str, ...]:
    """The members that identify an item of the list at the path; none: the list is no map."""
    return _KEYED_LISTS.get(path[-2:]) or _KEYED_LISTS.get(path[-1:]) or ()


def merge_key(path: FieldPath) -> str:
    """The one member by which a strategic merge patch tells items apart; empty: the list is replaced."""
    keys = list_keys(path)
    return keys[0] if keys else ""


def is_set(path: FieldPath) -> bool:
    """Whether the list at the path is a set of plain values."""
    return path[-2:] in _SETS


def is_whole(path: FieldPath) -> bool:
    """Whether the map at the path is one value for its owner."""
    return path[-2:] in _WHOLE_MAPS or path[-1:] in _WHOLE_MAPS


def is_map(path: FieldPath) -> bool:
    """Whether the JSON object at the path is a map with free keys rather than a structure."""
    return path[-1] in _MAPS if path else False


def item_key(keys: tuple[str, ...], item: Document) -> tuple[tuple[str, JsonValue], ...]:
    """What identifies the item in its list, with the schema's defaults for what it leaves out."""
    return tuple((key, item.get(key, _KEY_DEFAULTS.get(key))) for key in keys)
