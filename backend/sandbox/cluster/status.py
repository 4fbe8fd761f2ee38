"""The errors of the Kubernetes API: `Status` objects with the real server's codes, reasons and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.sandbox.cluster.documents import Document, JsonValue
from backend.sandbox.cluster.kinds import ResourceKind


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with a field, as `Status.details.causes` lists it."""

    reason: str
    message: str
    field: str

    @classmethod
    def invalid(cls, field: str, value: str, why: str) -> FieldError:
        """A value that breaks a rule."""
        return cls("FieldValueInvalid", f"Invalid value: {quoted(value)}: {why}", field)

    @classmethod
    def required(cls, field: str, why: str = "") -> FieldError:
        """A value that is missing."""
        return cls("FieldValueRequired", "Required value" + (f": {why}" if why else ""), field)

    @classmethod
    def forbidden(cls, field: str, why: str) -> FieldError:
        """A value that may not be given here."""
        return cls("FieldValueForbidden", f"Forbidden: {why}", field)

    @classmethod
    def unsupported(cls, field: str, value: str, supported: Sequence[str]) -> FieldError:
        """A value outside a closed list; `value` is shown as given."""
        names = ", ".join(quoted(name) for name in supported)
        return cls("FieldValueNotSupported", f"Unsupported value: {value}: supported values: {names}", field)


class ApiError(Exception):
    """A refusal of the API server, answered as a `Status` object with the given HTTP code."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Document | None = None,
        metadata: Document | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata = metadata or {}

    def status(self) -> Document:
        """The `Status` object of this refusal."""
        status: Document = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        return status


def quoted(value: str) -> str:
    """The text in double quotes, escaped as Go's %q does for the characters that names can hold."""
    shown = "".join(
        f"\\{character}"
        if character in '"\\'
        else character
        if character.isprintable()
        else {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character, f"\\x{ord(character):02x}")
        for character in value
    )
    return f'"{shown}"'


def success(details: Mapping[str, JsonValue] | None = None, code: int = 0) -> Document:
    """The `Status` object of a success that has no object to show."""
    status: Document = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details is not None:
        status["details"] = dict(details)
    if code:
        status["code"] = code
    return status


def object_details(kind: ResourceKind, name: str) -> Document:
    """`Status.details` that point to an object or, without a name, to its resource."""
    details: Document = {}
    if name:
        details["name"] = name
    if kind.group:
        details["group"] = kind.group
    details["kind"] = kind.plural
    return details


def bad_request(message: str) -> ApiError:
    """400: the request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """401: no token, or one that this cluster does not know."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def not_found(kind: ResourceKind, name: str) -> ApiError:
    """404: no such object."""
    return ApiError(404, "NotFound", f"{kind.qualified} {quoted(name)} not found", object_details(kind, name))


def unknown_path() -> ApiError:
    """404: no such resource."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def method_not_allowed() -> ApiError:
    """405: the resource is there, but not for this verb."""
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def already_exists(kind: ResourceKind, name: str, *, terminating: bool = False) -> ApiError:
    """409: the name is taken, perhaps by an object on its way out."""
    message = f"{kind.qualified} {quoted(name)} already exists"
    if terminating:
        message = f"object is being deleted: {message}"
    return ApiError(409, "AlreadyExists", message, object_details(kind, name))


def conflict(kind: ResourceKind, name: str, why: str) -> ApiError:
    """409: the object is not what the request took it for."""
    message = f"Operation cannot be fulfilled on {kind.qualified} {quoted(name)}: {why}"
    return ApiError(409, "Conflict", message, object_details(kind, name))


def modified(kind: ResourceKind, name: str) -> ApiError:
    """409: the request's resourceVersion is not the object's."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(kind, name, why)


def forbidden(kind: ResourceKind, name: str, why: str, causes: Sequence[JsonValue] = ()) -> ApiError:
    """403: a rule of the cluster forbids it."""
    target = f"{kind.qualified} {quoted(name)}" if name else kind.qualified
    details = object_details(kind, name)
    if causes:
        details["causes"] = list(causes)
    return ApiError(403, "Forbidden", f"{target} is forbidden: {why}", details)


def expired(message: str, continue_token: str = "") -> ApiError:
    """410: that version is gone from the store's memory."""
    metadata: Document = {"continue": continue_token} if continue_token else {}
    return ApiError(410, "Expired", message, metadata=metadata)


def too_large_version(asked: int, current: int) -> ApiError:
    """504: the caller asked for a version that is not there yet."""
    details: Document = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return ApiError(504, "Timeout", message, details)


def invalid(qualified_kind: str, name: str, errors: Sequence[FieldError]) -> ApiError:
    """422: an object, or options such as `PatchOptions.meta.k8s.io`, that break rules of validation."""
    kind, _, group = qualified_kind.partition(".")
    details: Document = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details["causes"] = [{"reason": error.reason, "message": error.message, "field": error.field} for error in errors]
    # The sentence names each fault once, the causes list them all.
    faults = list(dict.fromkeys(f"{error.field}: {error.message}" for error in errors))
    summary = faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"
    return ApiError(422, "Invalid", f"{qualified_kind} {quoted(name)} is invalid: {summary}", details)
