"""The one error class and the results of bulk operations."""

from __future__ import annotations

import pytest

from backend.errors import ErrorKind, ItemResult, PlatformError, bulk_failure

DONE = ItemResult("a", 200, "labelled")
GONE = ItemResult("b", 404, "There is no cluster b.")
LATE = ItemResult("c", 504, "It did not answer.")


def test_codes_are_the_documents() -> None:
    assert [kind.value for kind in ErrorKind] == [400, 401, 403, 404, 409, 412, 422, 500, 502, 504]
    assert PlatformError(ErrorKind.CONFLICT, "m").code == 409


def test_the_reason_defaults_to_the_kind() -> None:
    assert PlatformError(ErrorKind.NOT_FOUND, "m").reason == "not_found"
    assert PlatformError(ErrorKind.NOT_FOUND, "m", reason="user_unknown").reason == "user_unknown"
    assert str(PlatformError(ErrorKind.NOT_FOUND, "There is none.")) == "There is none."


@pytest.mark.parametrize("results", [[], [DONE], [DONE, DONE]])
def test_nothing_failed_when_every_item_was_done(results: list[ItemResult]) -> None:
    assert bulk_failure(results, "labelled") is None


@pytest.mark.parametrize(
    ("results", "kind", "sentence"),
    [
        ([GONE], ErrorKind.NOT_FOUND, "There is no cluster b."),
        ([DONE, GONE], ErrorKind.NOT_FOUND, "1 of 2 were not labelled. b: There is no cluster b."),
        ([LATE, DONE, GONE], ErrorKind.TIMEOUT, "2 of 3 were not labelled. c: It did not answer."),
    ],
)
def test_a_failure_counts_and_names_the_first_and_carries_all(
    results: list[ItemResult], kind: ErrorKind, sentence: str
) -> None:
    error = bulk_failure(results, "labelled")
    assert error is not None
    assert (error.kind, error.message, error.reason) == (kind, sentence, "items_failed")
    assert error.results == tuple(results)


def test_an_item_is_done_below_400() -> None:
    assert [ItemResult("x", code, "").ok for code in (200, 201, 399, 400, 404, 500)] == [True] * 3 + [False] * 3
