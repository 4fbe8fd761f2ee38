"""The one way into the platform: finds the operation, proves the caller, validates, calls, records refusals."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qsl, unquote

from pydantic import JsonValue

from backend.errors import ErrorKind, PlatformError
from backend.models.answer import Answer
from backend.models.base import Request, Role
from backend.operations import OPERATIONS, Operation
from backend.safe_text import visible
from backend.security.roles import ROLE_NAMES
from backend.services.catalog import Services
from backend.services.platform import NOBODY, Caller
from backend.validation import validate

T = TypeVar("T")
Parameters = Mapping[str, JsonValue]
_LOG = logging.getLogger(__name__)
_SHOWN = 80


class Dispatcher:
    """Calls operations for whoever holds a token."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def call(self, operation: Operation[T], parameters: Parameters, token: str = "") -> Answer[T]:
        """Call `operation` with parameters named as in the API documents; a GET's numbers may be texts, as in a query.

        Raises PlatformError: 401 without a valid token, 403 for a role that may not, 422 for wrong parameters, then
        what the operation itself raises. What nobody expected becomes a 500 with an id that is also in the log.
        """
        caller = NOBODY
        try:
            if operation.callers is not None:
                caller = await self._services.sessions.identify(token)
                _authorize(operation, caller)
            request = validate(operation.request, parameters, strict=operation.method != "GET")
            return await operation.handler(self._services)(caller, request)
        except PlatformError as error:
            await self._record_refusal(operation, caller, parameters, error)
            raise
        except Exception as error:
            raise _unexpected(operation, error) from error

    async def _record_refusal(
        self, operation: Operation[T], caller: Caller, parameters: Parameters, error: PlatformError
    ) -> None:
        # Log-in records its own; a typing mistake (422) or a remote failure is no refusal.
        if not operation.changes or error.kind not in {ErrorKind.FORBIDDEN, ErrorKind.CONFLICT, ErrorKind.NOT_FOUND}:
            return
        if caller is NOBODY:
            return
        target = f"{operation.id.partition('.')[0]}/{_target(operation, parameters)}"
        await self._services.activity.record_refusal(caller, operation.id, target, error.message)


def _authorize(operation: Operation[T], caller: Caller) -> None:
    if operation.callers is None or caller.role in operation.callers:
        return
    allowed = " or ".join(ROLE_NAMES[role] for role in sorted(operation.callers) if role is not Role.PENDING)
    raise PlatformError(
        ErrorKind.FORBIDDEN,
        f"{operation.title} is for: {allowed}. You are: {ROLE_NAMES[caller.role]}.",
        reason="role_forbidden",
    )


def _target(operation: Operation[T], parameters: Parameters) -> str:
    for name in ("user", "name", "userId", "userid", "id", "clusterName", "nodeName"):
        value = parameters.get(name)
        if isinstance(value, list):
            value = ",".join(str(item) for item in value[:3] if isinstance(item, (str, int)))
        if isinstance(value, (str, int)):
            return visible(str(value), _SHOWN)
    return operation.path


def _unexpected(operation: Operation[T], error: Exception) -> PlatformError:
    incident = secrets.token_hex(4)
    _LOG.error("incident %s in %s", incident, operation.id, exc_info=error)
    return PlatformError(
        ErrorKind.INTERNAL,
        f"{operation.title} failed inside otetui (incident {incident}). Nothing more is known here; "
        "the log file has the details under that id.",
        reason="internal",
    )


def find_operation(method: str, path: str) -> tuple[Operation[object], dict[str, JsonValue], dict[str, JsonValue]]:
    """The operation of a method and path, with the parameters of the path and of its query string.

    Raises PlatformError: 404 when there is no such path or method, 422 when a query names one parameter twice.
    """
    # Not urlsplit: this is a path and never a whole address, which it would find wrong in ways of its own.
    plain, _, query = path.partition("?")
    segments = plain.strip("/").split("/")
    methods: list[str] = []
    for operation in OPERATIONS:
        for pattern in (operation.path, *operation.aliases):
            found = _match(pattern.strip("/").split("/"), segments)
            if found is None:
                continue
            methods.append(operation.method)
            if operation.method == method.upper():
                return operation, _path_values(operation.request, found), _query(query)
    shown = visible(plain, _SHOWN)
    if methods:
        raise PlatformError(
            ErrorKind.NOT_FOUND,
            f"{shown} takes {', '.join(sorted(set(methods)))}, not {visible(method, 20)}.",
            reason="method_unknown",
        )
    raise PlatformError(
        ErrorKind.NOT_FOUND, f"There is no operation at {shown}. The README lists them all.", reason="path_unknown"
    )


def _match(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    values: dict[str, str] = {}
    for expected, given in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            values[expected[1:-1]] = unquote(given)
        elif expected != given:
            return None
    return values


def _path_values(model: type[Request], values: dict[str, str]) -> dict[str, JsonValue]:
    """Path values with digits made numbers where the request wants a number: a path has only text."""
    numbers = {field.alias for field in model.model_fields.values() if field.annotation is int}
    return {
        name: int(value) if name in numbers and value.isascii() and value.isdigit() and len(value) <= _SHOWN else value
        for name, value in values.items()
    }


def _query(query: str) -> dict[str, JsonValue]:
    values: dict[str, JsonValue] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in values:
            raise PlatformError(
                ErrorKind.INVALID, f"{visible(name, _SHOWN)} is given twice in the query.", reason="invalid_parameter"
            )
        values[name] = value
    return values
