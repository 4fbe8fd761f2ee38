"""The rules of single kinds: what their objects must hold, and what may not change once they are there."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Iterator

from backend.sandbox.cluster.documents import Document, JsonValue, copy, items, mapping, meta, number, strings, text
from backend.sandbox.cluster.kinds import (
    CONFIG_MAPS,
    DAEMON_SETS,
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    NODES,
    PODS,
    REPLICA_SETS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    NameRule,
    ResourceKind,
)
from backend.sandbox.cluster.selectors import selector_of
from backend.sandbox.cluster.status import FieldError, invalid
from backend.sandbox.cluster.validation import config_key_errors, decode_error, metadata_errors, name_faults

HIGHEST_PORT = 65535
_TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_ENV_NAME = re.compile(r"[ -<>-~]+")
_POD_FIELDS = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def check_new(kind: ResourceKind, document: Document) -> None:
    """Refuse (422) a new object that breaks a rule."""
    _refuse(kind, document, [*metadata_errors(kind, document), *_kind_errors(kind, document)])


def check_changed(kind: ResourceKind, document: Document, old: Document) -> None:
    """Refuse (422) a change that breaks a rule."""
    errors: list[FieldError] = []
    for field in ("uid", "creationTimestamp"):
        given, kept = meta(document).get(field), meta(old).get(field)
        if given is not None and given != kept:
            errors.append(FieldError.invalid(f"metadata.{field}", text(given), "field is immutable"))
    errors += metadata_errors(kind, document)
    errors += _kind_errors(kind, document)
    frozen = _FROZEN.get(kind)
    if frozen is not None:
        errors += frozen(document, old)
    _refuse(kind, document, errors)


def check_encoding(kind: ResourceKind, document: Document) -> None:
    """Refuse (400) values that the kind's decoder cannot read, such as a secret's that are no base64."""
    if kind is not SECRETS:
        return
    for value in strings(document.get("data")).values():
        try:
            b64decode(value, validate=True)
        except Base64Error as error:
            odd = next((index for index, char in enumerate(value) if not re.match(r"[A-Za-z0-9+/=]", char)), len(value))
            why = f"illegal base64 data at input byte {odd}"
            raise decode_error(kind.kind, kind.api_version, why) from error


def _refuse(kind: ResourceKind, document: Document, errors: list[FieldError]) -> None:
    if errors:
        raise invalid(kind.qualified_kind, text(meta(document).get("name")), errors)


def _kind_errors(kind: ResourceKind, document: Document) -> Iterator[FieldError]:
    check = _CHECKS.get(kind)
    if check is not None:
        yield from check(document)


def _config_map(document: Document) -> Iterator[FieldError]:
    yield from config_key_errors(document.get("data"), "data")
    yield from config_key_errors(document.get("binaryData"), "binaryData")


def _secret(document: Document) -> Iterator[FieldError]:
    yield from config_key_errors(document.get("data"), "data")
    is_pull_secret = document.get("type") == "kubernetes.io/dockerconfigjson"
    if is_pull_secret and ".dockerconfigjson" not in strings(document.get("data")):
        yield FieldError.required("data[.dockerconfigjson]")


def _pod(document: Document) -> Iterator[FieldError]:
    yield from _pod_spec(mapping(document.get("spec")), "spec")


def _pod_spec(spec: Document, field: str) -> Iterator[FieldError]:
    containers = items(spec.get("containers"))
    if not containers:
        yield FieldError.required(f"{field}.containers")
    seen: set[str] = set()
    for sort in ("containers", "initContainers"):
        for index, item in enumerate(items(spec.get(sort))):
            place = f"{field}.{sort}[{index}]"
            name = text(mapping(item).get("name"))
            if name and name in seen:
                yield FieldError("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{place}.name")
            seen.add(name)
            yield from _container(mapping(item), place)
    policy = spec.get("restartPolicy")
    if policy not in {None, "Always", "OnFailure", "Never"}:
        yield FieldError.unsupported(f"{field}.restartPolicy", json.dumps(policy), ["Always", "OnFailure", "Never"])


def _container(container: Document, field: str) -> Iterator[FieldError]:
    name = text(container.get("name"))
    if not name:
        yield FieldError.required(f"{field}.name")
    else:
        yield from (FieldError.invalid(f"{field}.name", name, fault) for fault in name_faults(NameRule.LABEL, name))
    if not text(container.get("image")):
        yield FieldError.required(f"{field}.image")
    for index, item in enumerate(items(container.get("ports"))):
        port = mapping(item)
        place = f"{field}.ports[{index}]"
        if not port.get("containerPort"):
            yield FieldError.required(f"{place}.containerPort")
        else:
            yield from _port(port["containerPort"], f"{place}.containerPort")
        yield from _port(port.get("hostPort") or None, f"{place}.hostPort")
    for index, item in enumerate(items(container.get("env"))):
        variable = text(mapping(item).get("name"))
        if not variable:
            yield FieldError.required(f"{field}.env[{index}].name")
        elif not _ENV_NAME.fullmatch(variable):
            why = "a valid environment variable name must consist only of printable ASCII characters other than '='"
            yield FieldError.invalid(f"{field}.env[{index}].name", variable, why)


def _port(value: JsonValue, field: str) -> Iterator[FieldError]:
    if value is not None and not 1 <= number(value, -1) <= HIGHEST_PORT:
        why = f"must be between 1 and {HIGHEST_PORT}, inclusive"
        yield FieldError("FieldValueInvalid", f"Invalid value: {json.dumps(value)}: {why}", field)


def _node(document: Document) -> Iterator[FieldError]:
    for index, item in enumerate(items(mapping(document.get("spec")).get("taints"))):
        # The real server, too, says metadata here.
        for field in ("key", "effect"):
            if not text(mapping(item).get(field)):
                yield FieldError.required(f"metadata.taints[{index}].{field}")
        effect = text(mapping(item).get("effect"))
        if effect and effect not in _TAINT_EFFECTS:
            yield FieldError.unsupported(f"metadata.taints[{index}].effect", json.dumps(effect), _TAINT_EFFECTS)


def _service(document: Document) -> Iterator[FieldError]:
    spec = mapping(document.get("spec"))
    ports = items(spec.get("ports"))
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        yield FieldError.required("spec.ports")
    types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
    if spec.get("type") not in types:
        yield FieldError.unsupported("spec.type", json.dumps(spec.get("type")), types)
    for index, item in enumerate(ports):
        port, place = mapping(item), f"spec.ports[{index}]"
        if len(ports) > 1 and not text(port.get("name")):
            yield FieldError.required(f"{place}.name")
        yield from _port(port.get("port", 0), f"{place}.port")
        if not isinstance(port.get("targetPort"), str):
            yield from _port(port.get("targetPort"), f"{place}.targetPort")


def _workload(document: Document) -> Iterator[FieldError]:
    spec = mapping(document.get("spec"))
    template = mapping(spec.get("template"))
    labels = mapping(template.get("metadata")).get("labels")
    conditions = selector_of(spec.get("selector"))
    if conditions is None:
        yield FieldError.required("spec.selector")
    elif not conditions:
        why = "Invalid value: {}: empty selector is invalid for deployment"
        yield FieldError("FieldValueInvalid", why, "spec.selector")
    if conditions is None or not conditions.matches(strings(labels)):
        shown = json.dumps(labels, separators=(",", ":"))
        why = f"Invalid value: {shown}: `selector` does not match template `labels`"
        yield FieldError("FieldValueInvalid", why, "spec.template.metadata.labels")
    if number(spec.get("replicas")) < 0:
        why = f"Invalid value: {spec['replicas']}: must be greater than or equal to 0"
        yield FieldError("FieldValueInvalid", why, "spec.replicas")
    pod = mapping(template.get("spec"))
    yield from _pod_spec(pod, "spec.template.spec")
    if pod.get("restartPolicy") in {"OnFailure", "Never"}:
        shown = json.dumps(pod["restartPolicy"])
        yield FieldError.unsupported("spec.template.spec.restartPolicy", shown, ["Always"])


def _budget(document: Document) -> Iterator[FieldError]:
    spec = mapping(document.get("spec"))
    if "minAvailable" in spec and "maxUnavailable" in spec:
        shown = json.dumps(spec, separators=(",", ":"))
        why = f"Invalid value: {shown}: minAvailable and maxUnavailable cannot be both set"
        yield FieldError("FieldValueInvalid", why, "spec")


def _frozen_pod(document: Document, old: Document) -> Iterator[FieldError]:
    if _fixed_parts(document) != _fixed_parts(old):
        yield FieldError.forbidden("spec", _POD_FIELDS)


def _fixed_parts(document: Document) -> Document:
    spec = copy(mapping(document.get("spec")))
    for field in ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"):
        spec.pop(field, None)
    for sort in ("containers", "initContainers"):
        for container in items(spec.get(sort)):
            # The pull policy follows from the image where it was not given.
            mapping(container).pop("image", None)
            mapping(container).pop("imagePullPolicy", None)
    return spec


def _frozen_selector(document: Document, old: Document) -> Iterator[FieldError]:
    selector = mapping(document.get("spec")).get("selector")
    if selector != mapping(old.get("spec")).get("selector"):
        shown = json.dumps(selector, separators=(",", ":"))
        yield FieldError("FieldValueInvalid", f"Invalid value: {shown}: field is immutable", "spec.selector")


def _frozen_data(document: Document, old: Document) -> Iterator[FieldError]:
    if old.get("immutable") is True:
        if document.get("immutable") is not True:
            yield FieldError.forbidden("immutable", "field is immutable when `immutable` is set")
        for field in ("data", "binaryData"):
            if document.get(field) != old.get(field):
                yield FieldError.forbidden(field, "field is immutable when `immutable` is set")


def _frozen_secret(document: Document, old: Document) -> Iterator[FieldError]:
    if document.get("type") != old.get("type"):
        yield FieldError.invalid("type", text(document.get("type")), "field is immutable")
    yield from _frozen_data(document, old)


_WORKLOADS = (DEPLOYMENTS, DAEMON_SETS, REPLICA_SETS, STATEFUL_SETS)
_CHECKS: dict[ResourceKind, Callable[[Document], Iterator[FieldError]]] = {
    CONFIG_MAPS: _config_map,
    SECRETS: _secret,
    NODES: _node,
    PODS: _pod,
    SERVICES: _service,
    DISRUPTION_BUDGETS: _budget,
    **dict.fromkeys(_WORKLOADS, _workload),
}
_FROZEN: dict[ResourceKind, Callable[[Document, Document], Iterable[FieldError]]] = {
    PODS: _frozen_pod,
    CONFIG_MAPS: _frozen_data,
    SECRETS: _frozen_secret,
    **dict.fromkeys(_WORKLOADS, _frozen_selector),
}
