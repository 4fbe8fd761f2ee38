"""What all requests and answers share: strictness, text rules, paging."""

from __future__ import annotations

import unicodedata
from enum import IntEnum, StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

MAXIMUM_ID = 2**63 - 1
MAXIMUM_PAGE = 2**31 - 1
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def refuse_unseen(text: str) -> str:
    """Return `text`, or raise ValueError when it holds a control, bidi, zero-width or half character."""
    for character in text:
        if unicodedata.category(character) in _REFUSED_CATEGORIES:
            msg = f"must not contain the control or invisible character U+{ord(character):04X}"
            raise ValueError(msg)
    return text


def _refuse_unseen_but_lines(text: str) -> str:
    refuse_unseen(text.replace("\n", "").replace("\r", "").replace("\t", ""))
    return text


def _refuse_blank(text: str) -> str:
    if not text.strip():
        msg = "must not be blank"
        raise ValueError(msg)
    return text


Id = Annotated[int, Field(ge=0, le=MAXIMUM_ID)]
Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(refuse_unseen)]
"""One line of text; may be empty."""
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=100), AfterValidator(refuse_unseen), AfterValidator(_refuse_blank)
]
"""One line of text that names something; not blank."""
Comment = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_refuse_unseen_but_lines)]
Prose = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_refuse_unseen_but_lines)]
Order = Literal["asc", "desc"]
Page = Annotated[int, Field(ge=1, le=MAXIMUM_PAGE)]
PageSize = Annotated[int, Field(ge=0, le=MAXIMUM_PAGE)]


class Wire(BaseModel):
    """Snake case in Python, the API documents' camel case on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, hide_input_in_errors=True)


class Request(Wire):
    """An operation's parameters: path, query and body together; unknown names are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, extra="forbid", hide_input_in_errors=True, validate_by_name=False
    )


class Nothing(Request):
    """The request of an operation that takes no parameters."""


class Paged(Request):
    """`page` starts at 1; `pageSize` 0 means no limit (decision 5)."""

    page: Page = 1
    page_size: PageSize = 10


class Done(Wire):
    """The answer of an operation that returns no data."""


class Role(IntEnum):
    """A caller's derived role (decision 12)."""

    PENDING = 0
    APPROVED = 1
    GENERAL_USER = 2
    BUSINESS_ADMINISTRATOR = 3
    SYSTEM_ADMINISTRATOR = 4


class Outcome(StrEnum):
    """How an operation in the activity log ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
