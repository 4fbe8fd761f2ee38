"""Calls and answers as JSON (decisions 2 and 3), and what hostile callers send."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from backend.errors import ErrorKind, ItemResult, PlatformError
from backend.models.accounts import TokenAnswer
from backend.models.answer import Answer
from backend.models.base import Done
from backend.models.nodes import NodesMeta
from backend.operations import OPERATIONS
from backend.wire import WireCall, answer_json, call, error_json, parse_call, parse_json
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site
from tests.errors import error_of

ANSWER_KEYS = {"code", "message", "data", "total", "meta", "token", "expireTime", "results"}
ERROR_KEYS = {"code", "message", "error", "field", "confirm", "results"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


def refusal(line: str | bytes) -> PlatformError:
    """The refusal of a line; fails when it is taken."""
    with pytest.raises(PlatformError) as error:
        parse_call(line)
    assert (error.value.kind, error.value.reason) == (ErrorKind.INVALID, "invalid_json")
    return error.value


def test_a_line_is_a_method_a_path_and_what_is_given() -> None:
    assert parse_call('{"method": "GET", "path": "/v1/user"}') == WireCall("GET", "/v1/user", {}, {}, "")
    line = '{"method":"PUT","path":"/p","query":{"a":1},"body":{"b":[2,null,"\\u00fc"]},"token":"t"}'
    assert parse_call(line.encode()) == WireCall("PUT", "/p", {"a": 1}, {"b": [2, None, "ü"]}, "t")
    assert parse_call('{"method":"GET","path":"/p","query":null,"body":null,"token":null}').token == ""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "not valid JSON"),
        ("GET /v1/user", "not valid JSON"),
        ('{"method": "GET", "path": "/v1/user"', "not valid JSON"),
        ('{"method": "GET", "path": "/v1/user"} trailing', "not valid JSON"),
        ("{'method': 'GET'}", "not valid JSON"),
        ("null", "must be a JSON object"),
        ("[]", "must be a JSON object"),
        ('"text"', "must be a JSON object"),
        ("42", "must be a JSON object"),
        ("{}", "method and path must be there as texts"),
        ('{"method": "GET"}', "method and path must be there"),
        ('{"method": 1, "path": "/p"}', "method and path must be there"),
        ('{"method": "GET", "path": ["/p"]}', "method and path must be there"),
        ('{"method": "GET", "path": "/p", "token": 5}', "token, if given, is a text"),
        ('{"method": "GET", "path": "/p", "token": {"a": 1}}', "token, if given, is a text"),
        ('{"method": "GET", "path": "/p", "query": []}', "query must be a JSON object"),
        ('{"method": "GET", "path": "/p", "query": "a=1"}', "query must be a JSON object"),
        ('{"method": "GET", "path": "/p", "body": "x"}', "body must be a JSON object"),
        ('{"method": "GET", "path": "/p", "body": 0}', "body must be a JSON object"),
        ('{"method": "GET", "path": "/p", "headers": {}}', "headers is not known here"),
        ('{"method": "GET", "path": "/p", "\\u001b[31m": 1}', "\\e[31m is not known here"),
        ('{"method": "GET", "method": "PUT", "path": "/p"}', "names a key twice"),
        ('{"method": "PUT", "path": "/p", "body": {"a": {"b": 1, "b": 2}}}', "names a key twice"),
        ('{"method": "GET", "path": "/p", "body": {"a": NaN}}', "NaN is not a JSON number"),
        ('{"method": "GET", "path": "/p", "body": {"a": Infinity}}', "Infinity is not a JSON number"),
        ('{"method": "GET", "path": "/p", "body": {"a": -Infinity}}', "-Infinity is not a JSON number"),
        ('{"method": "GET", "path": "/p", "body": {"a": ' + "9" * 5000 + "}}", "not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_call_is_refused_in_a_sentence(line: str, says: str) -> None:
    assert says in refusal(line).message
    assert says in refusal(line.encode()).message


@pytest.mark.parametrize("line", [b"\xff\xfe\x00", b"\x80", b'{"method": "\xff", "path": "/p"}', b"\x00" * 8])
def test_bytes_that_are_no_text_are_refused(line: bytes) -> None:
    refusal(line)


@given(st.binary(max_size=60) | st.text(max_size=60) | JSON.map(json.dumps))
def test_no_line_breaks_anything(line: str | bytes) -> None:
    error = error_of(lambda: parse_call(line))
    if error is not None:
        assert error.kind is ErrorKind.INVALID
        error.message.encode()


def test_a_refusal_does_not_repeat_the_line() -> None:
    line = '{"method": "POST", "path": "/v1/authorization", "body": {"password": "S3cretS3cret"'
    assert "S3cret" not in refusal(line).message
    assert "S3cret" not in refusal(line.replace('"body"', "body")).message


def test_json_values_of_every_kind_come_through() -> None:
    assert parse_json('[1, -2.5, true, null, "x", {"a": []}]', "It") == [1, -2.5, True, None, "x", {"a": []}]


def test_an_answer_without_data_is_code_and_message() -> None:
    assert answer_json(Answer(Done())) == {"code": 200, "message": "success"}


def test_an_answer_has_data_total_and_meta_where_there_are_any() -> None:
    meta = NodesMeta(readyNodeCount=3)
    assert answer_json(Answer(["a"], 1, meta)) == {
        "code": 200,
        "message": "success",
        "data": ["a"],
        "total": 1,
        "meta": {"readyNodeCount": 3},
    }
    assert answer_json(Answer([], 0)) == {"code": 200, "message": "success", "data": [], "total": 0}


def test_a_token_is_at_the_top() -> None:
    answer = answer_json(Answer(TokenAnswer(token="ey", expireTime=5)))
    assert answer == {"code": 200, "message": "success", "token": "ey", "expireTime": 5}


def test_results_of_several_items_go_along_with_answers_and_errors() -> None:
    results = [ItemResult("a", 200, "done"), ItemResult("b", 404, "not there")]
    rows = [{"name": "a", "code": 200, "message": "done"}, {"name": "b", "code": 404, "message": "not there"}]
    assert answer_json(Answer(Done(), results=results))["results"] == rows
    assert error_json(PlatformError(ErrorKind.NOT_FOUND, "m", results=results))["results"] == rows


def test_an_error_has_code_sentence_and_a_stable_word() -> None:
    assert error_json(PlatformError(ErrorKind.CONFLICT, "Taken.", reason="name_taken", field="name")) == {
        "code": 409,
        "message": "Taken.",
        "error": "name_taken",
        "field": "name",
    }
    assert error_json(PlatformError(ErrorKind.TIMEOUT, "Late.")) == {
        "code": 504,
        "message": "Late.",
        "error": "timeout",
    }


async def test_numbers_of_a_query_may_stand_in_the_path_or_in_query(site: Site) -> None:
    for number in range(3):
        await site.register(f"user-{number}")
    in_path = await site.wire("GET", "/v1/admin/user?page=2&pageSize=2", user=ADMINISTRATOR)
    apart = await site.wire("GET", "/v1/admin/user", user=ADMINISTRATOR, query={"page": 2, "pageSize": "2"})
    mixed = await site.wire("GET", "/v1/admin/user?page=2", user=ADMINISTRATOR, query={"pageSize": 2})
    body = await site.wire("GET", "/v1/admin/user", {"page": 2, "pageSize": 2}, user=ADMINISTRATOR)
    assert in_path == apart == mixed == body
    assert in_path["total"] == 4
    assert isinstance(in_path["data"], list)
    assert len(in_path["data"]) == 2


@pytest.mark.parametrize(
    ("path", "query", "body"),
    [
        ("/v1/admin/user?page=1", {"page": 1}, {}),
        ("/v1/admin/user?page=1&page=1", {}, {}),
        ("/v1/admin/user?page=1", {}, {"page": 1}),
        ("/v1/admin/user", {"page": 1}, {"page": 1}),
        ("/v1/business/id/1?id=1", {}, {}),
        ("/v1/business/id/1", {"id": 1}, {}),
        ("/v1/business/id/1", {}, {"id": 1}),
    ],
)
async def test_what_is_given_twice_is_refused(
    site: Site, path: str, query: dict[str, JsonValue], body: dict[str, JsonValue]
) -> None:
    answer = await site.wire("GET", path, body, user=ADMINISTRATOR, query=query)
    assert answer["code"] == 422
    assert "twice" in str(answer["message"])


async def test_a_change_takes_its_parameters_in_the_body_only(site: Site) -> None:
    await site.register("bob")
    for path, query in (("/v1/admin/user/2?status=1", {}), ("/v1/admin/user/2", {"status": 1})):
        answer = await site.wire("PUT", path, {}, user=ADMINISTRATOR, query=query)
        assert (answer["code"], answer["error"]) == (422, "invalid_json")
    body: dict[str, JsonValue] = {"userId": 2, "status": 1}
    assert (await site.wire("PUT", "/v1/admin/user/2", body, user=ADMINISTRATOR))["code"] == 422
    assert (await site.wire("PUT", "/v1/admin/user/2", {"status": 1}, user=ADMINISTRATOR))["code"] == 200


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/admin/user/2", 200),
        ("/v1/admin/user/02", 200),
        ("/v1/admin/user/%32", 200),
        ("/v1/admin/user/2/", 200),
        ("v1/admin/user/2", 200),
        ("/v1/admin/user/999", 404),
        ("/v1/admin/user/18446744073709551616", 422),
        ("/v1/admin/user/" + "9" * 5000, 422),
        ("/v1/admin/user/-1", 422),
        ("/v1/admin/user/+2", 422),
        ("/v1/admin/user/2.0", 422),
        ("/v1/admin/user/1e0", 422),
        ("/v1/admin/user/two", 422),
        ("/v1/admin/user/%00", 422),
        ("/v1/admin/user/\u0662", 422),
        ("/v1/admin/user/\ud800", 422),
        ("/v1/admin/user/%ff", 422),
        ("/v1/admin/user/2;x=1", 422),
        ("/v1/admin/user/2#fragment", 422),
        ("/v1/admin/user/2/3", 404),
        ("/v1/Admin/User/2", 404),
        ("/v2/admin/user/2", 404),
        ("", 404),
        ("/", 404),
        ("//[", 404),
        ("//v1/admin/user/2", 200),
        ("http://[::1/v1/user", 404),
        ("https://host/v1/admin/user/2", 404),
        ("//ev\u2100il/v1/admin/user/2", 404),
        ("?", 404),
        ("/v1/admin/user/../../user", 404),
        ("\x00\x1b\u202e", 404),
        ("\ud800", 404),
        ("/" * 100_000, 404),
    ],
)
async def test_paths_of_every_kind_are_answered(site: Site, path: str, code: int) -> None:
    await site.register("bob")
    answer = await site.wire("PUT", path, {"status": 1}, user=ADMINISTRATOR)
    assert answer["code"] == code, answer
    json.dumps(answer)
    assert len(str(answer["message"])) < 400
    assert "\x1b" not in str(answer["message"])


@pytest.mark.parametrize("method", ["PATCH", "get ", "", "HEAD", "OPTIONS", "\x1b[2J", "GET\n", "x" * 100_000])
async def test_an_unknown_method_is_a_404_that_names_those_there_are(site: Site, method: str) -> None:
    answer = await site.wire(method, "/v1/authorization")
    assert (answer["code"], answer["error"]) == (404, "method_unknown")
    assert "/v1/authorization takes DELETE, GET, POST, PUT, not" in str(answer["message"])
    assert len(str(answer["message"])) < 200
    assert "\x1b" not in str(answer["message"])


async def test_methods_are_known_in_any_case(site: Site) -> None:
    assert (await site.wire("get", "/v1/authorization", user=ADMINISTRATOR))["code"] == 200


HOSTILE_VALUES: dict[str, JsonValue] = {
    "float": 1.0,
    "fraction": 0.5,
    "infinite": float("inf"),
    "huge": 2**64,
    "huger": 10**4000,
    "negative": -1,
    "true": True,
    "null": None,
    "list": [1],
    "object": {"a": 1},
    "text": "1",
    "empty": "",
    "nul": "\x00",
    "escape": "\x1b[31mred",
    "bidi": "\u202etxt",
    "surrogate": "\ud800",
    "long": "x" * 3_000_000,
    "deep": json.loads("[" * 400 + "]" * 400),
}


@pytest.mark.parametrize("value", HOSTILE_VALUES.values(), ids=HOSTILE_VALUES.keys())
@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/v1/authorization", "user"),
        ("POST", "/v1/user", "isAdmin"),
        ("PUT", "/v1/admin/user/2", "status"),
        ("POST", "/v1/admin/user", "businessId"),
        ("PUT", "/v1/business/id/1", "comment"),
        ("POST", "/v1/cluster/label", "clusterName"),
        ("DELETE", "/v1/node/label", "deleteDeploy"),
        ("PUT", "/v1/admin/setting", "refreshSeconds"),
        ("GET", "/v1/admin/user", "page"),
        ("GET", "/v1/node", "field"),
        ("POST", "/v1/cluster/context", "kubeconfig"),
    ],
)
async def test_hostile_values_are_answered_with_a_code_and_a_short_sentence(
    site: Site, method: str, path: str, name: str, value: JsonValue
) -> None:
    answer = await site.wire(method, path, {name: value}, user=ADMINISTRATOR)
    assert answer["code"] in {200, 401, 404, 422}, answer
    json.dumps(answer)
    message = str(answer["message"])
    assert len(message) < 500
    assert "\x1b" not in message
    assert "\u202e" not in message


@pytest.mark.parametrize("user", [ADMINISTRATOR, "pat"])
async def test_nesting_of_any_depth_is_answered(site: Site, user: str) -> None:
    await site.register("pat")
    token = await site.token(user)
    line = '{"method": "POST", "path": "/v1/cluster/label", "body": {"clusterName": %s, "clusterLabel": "x"}}'
    refused = 0
    for depth in (*range(10, 800, 100), *range(800, 1010, 1)):
        whole = line % ("[" * depth + "]" * depth)
        error = error_of(lambda text=whole: parse_call(text))  # type: ignore[misc]
        if error is not None:
            assert error.code == 422
            refused += 1
            continue
        request = replace(parse_call(whole), token=token)
        answer = await call(site.engine.dispatcher, request)
        assert answer["code"] == (422 if user == ADMINISTRATOR else 403), (depth, answer)
    assert refused


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
async def test_no_call_breaks_anything(site: Site, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(OPERATIONS))
    names = [str(field.alias) for field in operation.request.model_fields.values()]
    body: dict[str, Any] = data.draw(
        st.dictionaries(st.sampled_from([*names, "other"]), JSON | st.integers(0, 5), max_size=6)
    )
    path = operation.path
    for name in names:
        path = path.replace("{" + name + "}", str(body.pop(name, 7)))
    answer = await site.wire(operation.method, path, body, user=ADMINISTRATOR)
    assert answer["code"] in {200, 401, 403, 404, 409, 422}, answer
    assert set(answer) <= (ANSWER_KEYS if answer["code"] == 200 else ERROR_KEYS)
    json.dumps(answer).encode()


async def test_every_answer_has_only_the_documented_keys(site: Site) -> None:
    cast = await site.cast()
    calls: list[tuple[str, str, dict[str, JsonValue]]] = [
        ("GET", "/v1/admin/user", {}),
        ("GET", "/v1/business", {}),
        ("GET", "/v1/business/id/1", {}),
        ("GET", "/v1/cluster", {}),
        ("GET", "/v1/node", {}),
        ("GET", "/v1/summary", {}),
        ("GET", "/v1/admin/setting", {}),
        ("PUT", "/v1/admin/setting", {}),
        ("POST", "/v1/authorization", {"user": ADMINISTRATOR, "password": PASSWORD}),
        ("PUT", "/v1/admin/user/999", {"status": 1}),
        ("PUT", "/v1/nowhere", {}),
    ]
    for user in cast.values():
        for method, path, body in calls:
            answer = await site.wire(method, path, body, user=user)
            assert {"code", "message"} <= set(answer)
            assert set(answer) <= (ANSWER_KEYS if answer["code"] == 200 else ERROR_KEYS)
            assert (answer["message"] == "success") == (answer["code"] == 200)
