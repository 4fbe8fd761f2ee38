"""Calls as they come over the wire (method, path, query, body, token) and answers as JSON (decisions 2 and 3)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, JsonValue

from backend.dispatch import Dispatcher, find_operation
from backend.errors import ErrorKind, ItemResult, PlatformError
from backend.models.accounts import TokenAnswer
from backend.models.answer import Answer
from backend.models.base import Done
from backend.safe_text import visible

MAXIMUM_LINE_BYTES = 80 * 1024 * 1024
_OK = 200
_KEYS = frozenset({"method", "path", "query", "body", "token"})


@dataclass(frozen=True, slots=True)
class WireCall:
    """One call: `query` and `body` are named as in the API documents."""

    method: str
    path: str
    query: Mapping[str, JsonValue]
    body: Mapping[str, JsonValue]
    token: str = ""


def parse_call(line: str | bytes) -> WireCall:
    """The call written as one JSON object with method, path and optionally query, body and token.

    Raises PlatformError (422) for anything else.
    """
    value = parse_json(line, "The line")
    if not isinstance(value, dict):
        raise _invalid("The line must be a JSON object with method and path.")
    unknown = sorted(value.keys() - _KEYS)
    if unknown:
        raise _invalid(f"{visible(unknown[0], 60)} is not known here: a line takes {', '.join(sorted(_KEYS))}.")
    method, path, token = value.get("method"), value.get("path"), value.get("token") or ""
    if not isinstance(method, str) or not isinstance(path, str) or not isinstance(token, str):
        raise _invalid("method and path must be there as texts, and token, if given, is a text.")
    return WireCall(method, path, _object(value.get("query"), "query"), _object(value.get("body"), "body"), token)


def parse_json(text: str | bytes, what: str) -> JsonValue:
    """The JSON value of `text`; NaN, infinities, doubled keys and endless nesting are refused (422)."""
    try:
        value: JsonValue = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        raise _invalid(f"{what} is nested too deeply.") from error
    except ValueError as error:
        detail = str(error) if isinstance(error, json.JSONDecodeError) else "it is not valid JSON text"
        raise _invalid(f"{what} is not valid JSON: {visible(detail, 120)}.") from error
    return value


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _invalid("A JSON object names a key twice.")
    return value


def _no_constant(name: str) -> JsonValue:
    raise _invalid(f"{name} is not a JSON number.")


def _object(value: JsonValue, name: str) -> dict[str, JsonValue]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _invalid(f"{name} must be a JSON object.")
    return value


def _invalid(sentence: str) -> PlatformError:
    return PlatformError(ErrorKind.INVALID, sentence, reason="invalid_json")


async def call(dispatcher: Dispatcher, request: WireCall) -> dict[str, JsonValue]:
    """Make the call; returns the answer as JSON, errors included, and never raises PlatformError."""
    try:
        operation, in_path, in_query = find_operation(request.method, request.path)
        query = _merged(in_query, request.query)
        if operation.method != "GET" and query:
            raise _invalid(f"{operation.title} takes its parameters in the body, not in a query.")
        parameters = _merged(_merged(query, request.body), in_path)
        return answer_json(await dispatcher.call(operation, parameters, request.token))
    except PlatformError as error:
        return error_json(error)


def _merged(first: Mapping[str, JsonValue], second: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    twice = sorted(first.keys() & second.keys())
    if twice:
        raise PlatformError(
            ErrorKind.INVALID, f"{visible(twice[0], 60)} is given twice.", reason="invalid_parameter", field=twice[0]
        )
    return {**first, **second}


def answer_json(answer: Answer[object]) -> dict[str, JsonValue]:
    """`{code, message, data, total, meta}`, with a token at top level (decision 3); what is not there is left out."""
    document: dict[str, JsonValue] = {"code": _OK, "message": "success"}
    if isinstance(answer.data, TokenAnswer):
        document.update(_plain(answer.data))
    elif not isinstance(answer.data, Done):
        document["data"] = _data(answer.data)
    if answer.total is not None:
        document["total"] = answer.total
    if answer.meta is not None:
        document["meta"] = _plain(answer.meta)
    if answer.results:
        document["results"] = _results(answer.results)
    return document


def error_json(error: PlatformError) -> dict[str, JsonValue]:
    """`{code, message, error}` with the field at fault and the items' results where there are any."""
    document: dict[str, JsonValue] = {"code": error.code, "message": error.message, "error": error.reason}
    if error.field:
        document["field"] = error.field
    if error.confirm:
        document["confirm"] = error.confirm
    if error.results:
        document["results"] = _results(error.results)
    return document


def _results(results: Sequence[ItemResult]) -> JsonValue:
    return [{"name": result.name, "code": result.code, "message": result.message} for result in results]


def _data(data: object) -> JsonValue:
    if isinstance(data, list):
        return [_data(item) for item in data]
    if isinstance(data, BaseModel):
        return _plain(data)
    if isinstance(data, (dict, str, int)) or data is None:
        return data
    raise TypeError(f"an operation answered a {type(data).__name__}")


def _plain(model: BaseModel) -> dict[str, JsonValue]:
    plain: dict[str, JsonValue] = model.model_dump(by_alias=True, mode="json")
    return plain
