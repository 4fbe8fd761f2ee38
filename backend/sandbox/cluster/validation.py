"""The rules every object's metadata obeys, in the real server's words (names, labels, annotations, finalizers)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend.sandbox.cluster.documents import Document, JsonValue, items, mapping, meta, strings, text
from backend.sandbox.cluster.kinds import NameRule, ResourceKind
from backend.sandbox.cluster.status import ApiError, FieldError, bad_request, quoted

LABEL_LENGTH = 63
SUBDOMAIN_LENGTH = 253
ANNOTATIONS_SIZE = 256 * 1024

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")

_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_QUALIFIED_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_CONFIG_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})

METADATA_FIELDS = frozenset(
    {
        "annotations",
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "labels",
        "managedFields",
        "name",
        "namespace",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
_TEXT_METADATA = ("name", "namespace", "generateName", "uid", "resourceVersion", "creationTimestamp")


def name_faults(rule: NameRule, name: str) -> Iterator[str]:
    """What is wrong with an object's name."""
    if rule is NameRule.LABEL:
        if len(name) > LABEL_LENGTH:
            yield f"must be no more than {LABEL_LENGTH} characters"
        elif "." in name:
            yield "must not contain dots"
        elif not _LABEL.fullmatch(name):
            yield _LABEL_RULE
    elif rule is NameRule.SUBDOMAIN:
        yield from _subdomain_faults(name)
    elif name in {".", ".."} or "/" in name or "%" in name:
        yield "may not be '.' or '..' and may not contain '/' or '%'"


def _subdomain_faults(name: str) -> Iterator[str]:
    if len(name) > SUBDOMAIN_LENGTH:
        yield f"must be no more than {SUBDOMAIN_LENGTH} bytes"
    if not _SUBDOMAIN.fullmatch(name):
        yield _SUBDOMAIN_RULE


def key_faults(key: str) -> Iterator[str]:
    """What is wrong with the key of a label or annotation: `name` or `prefix/name`."""
    prefix, slash, name = key.rpartition("/")
    if "/" in prefix:
        yield (
            f"a valid label key {_QUALIFIED_RULE} with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')"
        )
        return
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        yield from (f"prefix part {fault}" for fault in _subdomain_faults(prefix))
    if not name:
        yield "name part must be non-empty"
    elif len(name.encode()) > LABEL_LENGTH:
        yield f"name part must be no more than {LABEL_LENGTH} bytes"
    if not _QUALIFIED.fullmatch(name):
        yield f"name part {_QUALIFIED_RULE}"


def value_faults(value: str) -> Iterator[str]:
    """What is wrong with the value of a label."""
    if len(value.encode()) > LABEL_LENGTH:
        yield f"must be no more than {LABEL_LENGTH} bytes"
    if value and not _QUALIFIED.fullmatch(value):
        yield _VALUE_RULE


def label_errors(labels: JsonValue, field: str) -> Iterator[FieldError]:
    """What is wrong with a set of labels."""
    for key, value in strings(labels).items():
        yield from (FieldError.invalid(field, key, fault) for fault in key_faults(key))
        yield from (FieldError.invalid(field, value, fault) for fault in value_faults(value))


def config_key_errors(data: JsonValue, field: str) -> Iterator[FieldError]:
    """What is wrong with the keys of a config map or a secret."""
    for key in mapping(data):
        if not _CONFIG_KEY.fullmatch(key):
            yield FieldError.invalid(f"{field}[{key}]", key, _CONFIG_KEY_RULE)


def metadata_errors(kind: ResourceKind, document: Document) -> list[FieldError]:
    """What is wrong with an object's metadata."""
    metadata = meta(document)
    errors: list[FieldError] = []
    prefix = text(metadata.get("generateName"))
    if prefix:
        # A prefix may end in a dash: the generated rest follows.
        tried = prefix[:-1] + "a" if prefix.endswith("-") else prefix
        faults = name_faults(kind.name_rule, tried)
        errors += [FieldError.invalid("metadata.generateName", prefix, fault) for fault in faults]
    name = text(metadata.get("name"))
    if name:
        errors += [FieldError.invalid("metadata.name", name, fault) for fault in name_faults(kind.name_rule, name)]
    else:
        errors.append(FieldError.required("metadata.name", "name or generateName is required"))
    errors += label_errors(metadata.get("labels"), "metadata.labels")
    errors += _annotation_errors(metadata.get("annotations"))
    for index, finalizer in enumerate(items(metadata.get("finalizers"))):
        field = f"metadata.finalizers[{index}]"
        errors += [FieldError.invalid(field, text(finalizer), fault) for fault in _finalizer_faults(text(finalizer))]
    return errors


def _annotation_errors(annotations: JsonValue) -> Iterator[FieldError]:
    size = 0
    for key, value in strings(annotations).items():
        size += len(key.encode()) + len(value.encode())
        # Unlike the keys of labels, those of annotations are judged in lower case.
        yield from (FieldError.invalid("metadata.annotations", key, fault) for fault in key_faults(key.lower()))
    if size > ANNOTATIONS_SIZE:
        why = f"Too long: may not be more than {ANNOTATIONS_SIZE} bytes"
        yield FieldError("FieldValueTooLong", why, "metadata.annotations")


def _finalizer_faults(name: str) -> Iterator[str]:
    yield from key_faults(name)
    if "/" not in name and name not in _STANDARD_FINALIZERS:
        yield "name is neither a standard finalizer name nor is it fully qualified"


def shape_fault(kind: ResourceKind, document: Document) -> str:
    """Why the document cannot be read as an object of the kind, in the words of Go's decoder; empty when it can."""
    metadata = document.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        return _cannot(metadata, f"{kind.kind}.metadata", "v1.ObjectMeta")
    faults = [*_metadata_faults(mapping(metadata)), *_member_faults(kind, document)]
    return next(iter(faults), "")


def _metadata_faults(metadata: Document) -> Iterator[str]:
    for field in _TEXT_METADATA:
        value = metadata.get(field)
        if value is not None and not isinstance(value, str):
            yield _cannot(value, f"ObjectMeta.metadata.{field}", "string")
    for field in ("labels", "annotations"):
        yield from _text_map_faults(metadata.get(field), f"ObjectMeta.metadata.{field}")
    for field in ("finalizers", "ownerReferences", "managedFields"):
        value = metadata.get(field)
        if value is not None and not isinstance(value, list):
            yield _cannot(value, f"ObjectMeta.metadata.{field}", "[]string")


def _member_faults(kind: ResourceKind, document: Document) -> Iterator[str]:
    for field in ("spec", "status"):
        value = document.get(field)
        if value is not None and not isinstance(value, dict):
            yield _cannot(value, f"{kind.kind}.{field}", f"{kind.version}.{kind.kind}{field.capitalize()}")
    if kind.kind in {"ConfigMap", "Secret"}:
        for field in ("data", "stringData", "binaryData"):
            yield from _text_map_faults(document.get(field), f"{kind.kind}.{field}")


def _text_map_faults(value: JsonValue, field: str) -> Iterator[str]:
    if isinstance(value, dict):
        odd = (member for member in value.values() if member is not None and not isinstance(member, str))
        yield from (_cannot(member, field, "string") for member in odd)
    elif value is not None:
        yield _cannot(value, field, "map[string]string")


def _cannot(value: JsonValue, field: str, wanted: str) -> str:
    return f"json: cannot unmarshal {json_type(value)} into Go struct field {field} of type {wanted}"


def json_type(value: JsonValue) -> str:
    """What Go's decoder calls a value of this type."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    return "null" if value is None else "object"


def unknown_fields(kind: ResourceKind, document: Document) -> list[str]:
    """Members that the kind does not have, with their path: at the top and in the metadata."""
    known = {"apiVersion", "kind", "metadata", *kind.fields}
    found = [name for name in document if name not in known]
    return found + [f"metadata.{name}" for name in mapping(document.get("metadata")) if name not in METADATA_FIELDS]


def check_same_name(name: str, document: Document) -> None:
    """Refuse (400) an object whose name is not the one on the URL."""
    given = text(meta(document).get("name"))
    if given and given != name:
        raise bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")


def check_same_namespace(namespace: str, document: Document) -> None:
    """Refuse (400) an object whose namespace is not the one on the URL."""
    given = text(meta(document).get("namespace"))
    if given and given != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def decode_error(kind: str, api_version: str, why: str) -> ApiError:
    """400: the body is JSON, but no object of that kind."""
    named = api_version.rpartition("/")[2] or "v1"
    return bad_request(f"{kind} in version {quoted(named)} cannot be handled as a {kind}: {why}")
