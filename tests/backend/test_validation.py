"""Parameters become requests, or one sentence about the first that is wrong."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field, JsonValue

from backend.errors import ErrorKind, PlatformError
from backend.models.accounts import ListUsers, UserStatus
from backend.models.base import Comment, Id, Line, Name, Nothing, Paged, Prose, Request
from backend.validation import validate


class Sample(Request):
    """A request with a parameter of every kind."""

    user_id: Id
    is_on: bool = False
    name: Name = "n"
    line: Line = ""
    comment: Comment = ""
    prose: Prose = ""
    names: Annotated[list[Line], Field(min_length=1, max_length=2)] = Field(default_factory=lambda: ["x"])
    kind: Literal["a", "b"] = "a"
    status: UserStatus | None = None


def refusal(parameters: dict[str, JsonValue], *, strict: bool = True, model: type[Request] = Sample) -> PlatformError:
    """The refusal of parameters; fails when they are taken."""
    with pytest.raises(PlatformError) as error:
        validate(model, parameters, strict=strict)
    assert (error.value.kind, error.value.reason) == (ErrorKind.INVALID, "invalid_parameter")
    assert error.value.__cause__ is None
    return error.value


@pytest.mark.parametrize(
    ("parameters", "field", "sentence"),
    [
        ({}, "userId", "userId is missing."),
        ({"userID": 1}, "userId", "userId is missing (userID is not known) (1 more)."),
        ({"user_id": 1}, "userId", "userId is missing (user_id is not known) (1 more)."),
        (
            {"userId": 1, "colour": 1},
            "colour",
            "colour is not a parameter of this operation, which takes userId, isOn, name, line, comment, prose, names",
        ),
        ({"userId": 1, "\x1b[2J": 1}, "\x1b[2J", "\\e[2J is not a parameter of this operation"),
        ({"userId": 1, "x" * 500: 1}, "x" * 500, "x" * 59 + "… is not a parameter"),
        ({"userId": "1"}, "userId", "userId must be a whole number."),
        ({"userId": 1.0}, "userId", "userId must be a whole number."),
        ({"userId": 1.5}, "userId", "userId must be a whole number."),
        ({"userId": True}, "userId", "userId must be a whole number."),
        ({"userId": None}, "userId", "userId must be a whole number."),
        ({"userId": []}, "userId", "userId must be a whole number."),
        ({"userId": -1}, "userId", "userId must be 0 or more."),
        ({"userId": 2**63}, "userId", "userId must be 9223372036854775807 or less."),
        ({"userId": 2**64}, "userId", "userId must be 9223372036854775807 or less."),
        ({"userId": 1, "isOn": 1}, "isOn", "isOn must be true or false."),
        ({"userId": 1, "isOn": "true"}, "isOn", "isOn must be true or false."),
        ({"userId": 1, "isOn": None}, "isOn", "isOn must be true or false."),
        ({"userId": 1, "name": ""}, "name", "name takes at least 1 character(s)."),
        ({"userId": 1, "name": "\u3000"}, "name", "name must not be blank."),
        ({"userId": 1, "name": "x" * 101}, "name", "name takes at most 100 characters."),
        ({"userId": 1, "name": {}}, "name", "name must be a text."),
        ({"userId": 1, "line": "x" * 201}, "line", "line takes at most 200 characters."),
        ({"userId": 1, "line": "a\tb"}, "line", "line must not contain the control or invisible character U+0009."),
        ({"userId": 1, "line": "\ud800"}, "line", "line holds half a character."),
        ({"userId": 1, "comment": "x" * 1001}, "comment", "comment takes at most 1000 characters."),
        ({"userId": 1, "comment": "a\u202eb"}, "comment", "U+202E"),
        ({"userId": 1, "prose": "x" * 4001}, "prose", "prose takes at most 4000 characters."),
        ({"userId": 1, "names": []}, "names", "names takes at least 1 item(s)."),
        ({"userId": 1, "names": ["a", "b", "c"]}, "names", "names takes at most 2 items."),
        ({"userId": 1, "names": "a"}, "names", "names must be a list."),
        ({"userId": 1, "names": ["a", 5]}, "names", "names.1 must be a text."),
        ({"userId": 1, "kind": "c"}, "kind", "kind must be 'a' or 'b'."),
        ({"userId": 1, "kind": ["a"]}, "kind", "kind must be 'a' or 'b'."),
        ({"userId": -1, "isOn": 5, "kind": "c"}, "userId", "userId must be 0 or more (2 more)."),
    ],
)
def test_a_wrong_parameter_is_named_in_a_sentence(parameters: dict[str, JsonValue], field: str, sentence: str) -> None:
    error = refusal(parameters)
    assert error.field == field
    assert sentence in error.message
    assert error.message.endswith(".")


def test_what_is_unknown_comes_after_what_is_wrong() -> None:
    assert refusal({"colour": 1, "userId": -1}).field == "userId"


def test_an_operation_without_parameters_says_so() -> None:
    error = refusal({"page": 1}, model=Nothing)
    assert error.message == "page is not a parameter of this operation, which takes none."


@pytest.mark.parametrize(
    ("given", "wanted"), [("7", 7), (7, 7), ("07", 7), ("0", 0), ("9223372036854775807", 2**63 - 1)]
)
def test_texts_stand_for_numbers_in_a_query(given: JsonValue, wanted: int) -> None:
    request = validate(Sample, {"userId": given}, strict=False)
    assert isinstance(request, Sample)
    assert request.user_id == wanted


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"page": "x"}, "page must be a whole number."),
        ({"page": ""}, "page must be a whole number."),
        ({"page": "1.5"}, "page must be a whole number."),
        ({"page": 1.5}, "page must be a whole number."),
        ({"page": float("inf")}, "page must be a whole number."),
        ({"page": "9" * 5000}, "page is too large a number."),
        ({"page": "0"}, "page must be 1 or more."),
        ({"page": "-1"}, "page must be 1 or more."),
        ({"page": 2**31}, "page must be 2147483647 or less."),
        ({"pageSize": "-1"}, "pageSize must be 0 or more."),
        ({"page": [1]}, "page must be a whole number."),
        ({"status": "9"}, "status must be 0, 1, 2 or 3."),
        ({"status": "pending"}, "status must be 0, 1, 2 or 3."),
        ({"orderBy": "phone"}, "orderBy must be 'id' or 'user_name'."),
        ({"order": "up"}, "order must be 'asc' or 'desc'."),
    ],
)
def test_a_wrong_query_is_named_in_a_sentence(parameters: dict[str, JsonValue], sentence: str) -> None:
    assert refusal(parameters, strict=False, model=ListUsers).message == sentence


def test_pages_default_to_the_first_ten() -> None:
    request = validate(Paged, {}, strict=False)
    assert request == Paged(page=1, pageSize=10)


def test_a_status_may_be_a_number_or_its_text_in_a_query() -> None:
    for given in (3, "3"):
        request = validate(ListUsers, {"status": given}, strict=False)
        assert isinstance(request, ListUsers)
        assert request.status is UserStatus.FORBIDDEN


def test_a_refused_value_is_never_repeated() -> None:
    wrong: list[dict[str, JsonValue]] = [
        {"userId": "S3cret"},
        {"userId": 1, "name": "S3cret\x00"},
        {"userId": 1, "kind": "S3cret"},
    ]
    for parameters in wrong:
        assert "S3cret" not in refusal(parameters).message


@pytest.mark.parametrize(
    "character", ["\x00", "\x1b", "\x7f", "\x9b", "\u200b", "\u202e", "\u2028", "\ufeff", "\U000e0041"]
)
def test_lines_names_and_prose_refuse_what_is_not_seen(character: str) -> None:
    for field in ("line", "name", "comment", "prose"):
        assert refusal({"userId": 1, field: f"a{character}b"}).field == field


def test_comments_and_prose_may_have_lines() -> None:
    text = "first\nsecond\r\n\tthird"
    request = validate(Sample, {"userId": 1, "comment": text, "prose": text}, strict=True)
    assert isinstance(request, Sample)
    assert (request.comment, request.prose) == (text, text)
