"""Bodies of requests: read as JSON or YAML and taken for an object of a kind, with the decoder's complaints."""

from __future__ import annotations

import json
from contextlib import suppress

from backend.sandbox.cluster.documents import Document, JsonValue, mapping, text
from backend.sandbox.cluster.kinds import ResourceKind, find_kind
from backend.sandbox.cluster.status import ApiError, bad_request, quoted
from backend.sandbox.cluster.validation import decode_error, json_type, shape_fault, unknown_fields

BODY_LIMIT = 3 * 1024 * 1024
SCHEME = '"pkg/runtime/scheme.go:111"'
_HEADER_TYPE = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'


def too_large() -> ApiError:
    """413: the body is larger than the server takes."""
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {BODY_LIMIT}")


def unsupported_media_type() -> ApiError:
    """415: the body's format is not one the server reads."""
    return ApiError(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json, application/yaml, application/vnd.kubernetes.protobuf",
    )


def unsupported_patch() -> ApiError:
    """415: no patch of that type."""
    return ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def media_type(content_type: str) -> str:
    """The media type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def load_json(body: bytes) -> JsonValue:
    """The body as JSON; a ValueError says in the words of Go's decoder why it is none."""
    try:
        loaded: JsonValue = json.loads(body)
    except UnicodeDecodeError as error:
        raise ValueError("invalid UTF-8 in the body") from error
    except json.JSONDecodeError as error:
        rest = error.doc[error.pos :]
        if not rest.strip():
            raise ValueError("unexpected end of JSON input") from error
        raise ValueError(f"invalid character {_character(rest[0])} looking for beginning of value") from error
    return loaded


def _character(character: str) -> str:
    return "'" + quoted(character)[1:-1] + "'"


def load_yaml(body: bytes) -> JsonValue:
    """The body as YAML (JSON is YAML); a ValueError says why it is none."""
    import yaml

    # Most clients send JSON here, which is quicker to read; YAML's own flow mappings begin like it.
    if body.lstrip().startswith(b"{"):
        with suppress(ValueError):
            return load_json(body)

    try:
        loaded: JsonValue = yaml.load(body, Loader=_yaml_loader())  # noqa: S506 - a subclass of SafeLoader
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or str(error)
        raise ValueError(f"error converting YAML to JSON: yaml: {problem}") from error
    return loaded


def _yaml_loader() -> type:
    import yaml

    class Loader(yaml.SafeLoader):
        """Leaves dates as the text they are, as JSON has no type for them."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return Loader


def decode_object(kind: ResourceKind, body: bytes, content_type: str, *, strict: bool = False) -> Document:
    """The body as an object of the kind, without members the kind does not have.

    Raises 415 for an unknown format and 400 for anything that is no such object; `strict` refuses unknown members.
    """
    document = decode_body(kind.kind, body, content_type)
    given_kind, given_version = text(document.get("kind")) or kind.kind, text(document.get("apiVersion"))
    check_type(kind.kind, kind.api_version, given_kind, given_version or kind.api_version)
    fault = shape_fault(kind, document)
    if fault:
        raise decode_error(kind.kind, kind.api_version, fault)
    unknown = unknown_fields(kind, document)
    if unknown and strict:
        why = ", ".join(f"unknown field {quoted(name)}" for name in unknown)
        raise decode_error(kind.kind, kind.api_version, f"strict decoding error: {why}")
    return without_unknown(document, unknown)


def without_unknown(document: Document, unknown: list[str]) -> Document:
    """The document without the members whose paths are listed."""
    if not unknown:
        return document
    kept = {name: value for name, value in document.items() if name not in unknown}
    metadata = mapping(document.get("metadata"))
    if metadata:
        kept["metadata"] = {name: value for name, value in metadata.items() if f"metadata.{name}" not in unknown}
    return kept


def decode_body(kind: str, body: bytes, content_type: str) -> Document:
    """The body as a JSON object, whatever is in it; `null` counts as an empty one."""
    sort = media_type(content_type) or "application/json"
    if sort not in {"application/json", "application/yaml"}:
        raise unsupported_media_type()
    prefix = (
        f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error"
    )
    try:
        loaded = load_yaml(body) if sort == "application/yaml" else load_json(body)
    except ValueError as error:
        shown = body[:40].decode(errors="replace") if body else "<empty>"
        raise bad_request(f"{prefix}: {error} ({shown})") from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        why = f"json: cannot unmarshal {json_type(loaded)} into Go value of type {_HEADER_TYPE}"
        raise bad_request(f"{prefix}: {why} ({body[:40].hex()})")
    return loaded


def check_type(kind: str, api_version: str, given_kind: str, given_version: str) -> None:
    """Refuse (400) an object that says it is of another kind or version."""
    if (given_kind, given_version) == (kind, api_version):
        return
    version = given_version.rpartition("/")[2]
    why = f"no kind {quoted(given_kind)} is registered for version {quoted(given_version)} in scheme {SCHEME}"
    if find_kind(given_version, given_kind) is not None:
        package = api_version.partition("/")[0].partition(".")[0] if "/" in api_version else "core"
        why = f"converting ({version}.{given_kind}) to ({package}.{kind}): unknown conversion"
    raise bad_request(f"{given_kind} in version {quoted(version)} cannot be handled as a {kind}: {why}")
