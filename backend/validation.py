"""The one place that turns a caller's parameters into a request model, or into a sentence about what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel, JsonValue, ValidationError

from backend.errors import ErrorKind, PlatformError
from backend.models.base import Request
from backend.safe_text import visible

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_SHOWN = 60
_TYPE_WORDS = {
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "int_from_float": "must be a whole number",
    "finite_number": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "string_unicode": "holds half a character",
}


def validate(model: type[Request], parameters: Mapping[str, JsonValue], *, strict: bool) -> Request:
    """The request made of `parameters`, named as in the API documents.

    `strict` is for a body, where JSON has types of its own; without it texts stand for numbers, as in a query.
    Raises PlatformError (422) naming the first field that is wrong.
    """
    try:
        return model.model_validate(dict(parameters), strict=strict)
    except ValidationError as error:
        raise _refusal(model, error.errors(include_url=False, include_input=False)) from None


def _refusal(model: type[BaseModel], details: list[ErrorDetails]) -> PlatformError:
    # What is unknown comes last: a misspelt name is clearer beside the one that is missing.
    details = sorted(details, key=lambda detail: detail["type"] == "extra_forbidden")
    first = details[0]
    location = [str(part) for part in first["loc"]]
    field = location[0] if location else ""
    name = visible(".".join(location), _SHOWN)
    more = "" if len(details) == 1 else f" ({len(details) - 1} more)"
    return PlatformError(
        ErrorKind.INVALID, f"{_sentence(model, name, first, details)}{more}.", reason="invalid_parameter", field=field
    )


def _sentence(model: type[BaseModel], name: str, detail: ErrorDetails, details: list[ErrorDetails]) -> str:
    kind = detail["type"]
    if kind == "missing":
        unknown = [str(other["loc"][0]) for other in details if other["type"] == "extra_forbidden"]
        hint = f" ({visible(unknown[0], _SHOWN)} is not known)" if unknown else ""
        return f"{name} is missing{hint}"
    if kind == "extra_forbidden":
        known = ", ".join(str(field.alias or key) for key, field in model.model_fields.items())
        return f"{name} is not a parameter of this operation, which takes {known or 'none'}"
    if kind in _TYPE_WORDS:
        return f"{name} {_TYPE_WORDS[kind]}"
    context = detail.get("ctx", {})
    if kind == "value_error":
        return f"{name} {context['error']}"
    limits = {
        "string_too_long": "takes at most {max_length} characters",
        "string_too_short": "takes at least {min_length} character(s)",
        "too_long": "takes at most {max_length} items",
        "too_short": "takes at least {min_length} item(s)",
        "greater_than_equal": "must be {ge} or more",
        "less_than_equal": "must be {le} or less",
        "literal_error": "must be {expected}",
        "enum": "must be {expected}",
    }
    if kind in limits:
        return f"{name} {limits[kind].format(**context)}"
    return f"{name}: {detail['msg']}"
