"""The one way in: order of the checks, and what is recorded of refusals."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from backend.dispatch import find_operation
from backend.errors import ErrorKind, PlatformError
from backend.notifier import Topic
from backend.operations import Operation
from backend.operations.accounts import AUDIT_USER, CREATE_SUB_USER, DELETE_USER, GET_USER, LIST_USERS, REGISTER
from backend.operations.businesses import AUDIT_BUSINESS, GET_BUSINESS
from backend.operations.clusters import ADD_CLUSTER_LABEL, GET_LABELS_OF_CLUSTER
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site


def test_path_values_come_decoded_and_as_numbers_where_numbers_are_wanted() -> None:
    assert find_operation("GET", "/v1/business/id/12") == (GET_BUSINESS, {"id": 12}, {})
    assert find_operation("GET", "/v1/cluster/label/12") == (GET_LABELS_OF_CLUSTER, {"clusterName": "12"}, {})
    assert find_operation("GET", "/v1/cluster/label/a%2Fb%20c") == (GET_LABELS_OF_CLUSTER, {"clusterName": "a/b c"}, {})


def test_query_values_are_texts_and_may_be_empty_or_escaped() -> None:
    found = find_operation("GET", "/v1/admin/user?name=a%26b+c&order=&page=2&flag")
    assert found == (LIST_USERS, {}, {"name": "a&b c", "order": "", "page": "2", "flag": ""})


@pytest.mark.parametrize("query", ["a=1&a=2", "a=1&a=1", "a&a", "%61=1&a=2"])
def test_a_query_that_names_a_parameter_twice_is_refused(query: str) -> None:
    with pytest.raises(PlatformError) as error:
        find_operation("GET", f"/v1/admin/user?{query}")
    assert (error.value.kind, error.value.message) == (ErrorKind.INVALID, "a is given twice in the query.")


def test_an_unknown_path_is_a_404_that_says_where_to_look() -> None:
    with pytest.raises(PlatformError) as error:
        find_operation("GET", "/v1/nowhere\x1b[2J")
    assert (error.value.kind, error.value.reason) == (ErrorKind.NOT_FOUND, "path_unknown")
    assert error.value.message == "There is no operation at /v1/nowhere\\e[2J. The README lists them all."


@pytest.mark.parametrize(
    ("user", "operation", "parameters", "target", "kind"),
    [
        ("gil-general", DELETE_USER, {"userid": 1}, "user/1", ErrorKind.FORBIDDEN),
        ("bea-business", DELETE_USER, {"userid": 1}, "user/1", ErrorKind.NOT_FOUND),
        ("bea-business", AUDIT_BUSINESS, {"id": 9, "comment": "x", "status": 1}, "business/9", ErrorKind.FORBIDDEN),
        (ADMINISTRATOR, AUDIT_BUSINESS, {"id": 9, "comment": "x", "status": 1}, "business/9", ErrorKind.NOT_FOUND),
        (
            ADMINISTRATOR,
            ADD_CLUSTER_LABEL,
            {"clusterName": ["a", "b", "c", "d"], "clusterLabel": "x"},
            "cluster/a,b,c",
            ErrorKind.NOT_FOUND,
        ),
        (
            "bea-business",
            CREATE_SUB_USER,
            {"user": "gil-general", "password": PASSWORD, "phone": "5", "isAdmin": False, "realName": "G"},
            "user/gil-general",
            ErrorKind.CONFLICT,
        ),
        ("pat-pending", AUDIT_USER, {"userId": "\x1b[2J" + "x" * 500}, "user/\\e[2J", ErrorKind.FORBIDDEN),
        ("pat-pending", AUDIT_USER, {}, "user//v1/admin/user/{userId}", ErrorKind.FORBIDDEN),
    ],
)
async def test_a_refused_change_is_recorded_with_its_target(
    site: Site, user: str, operation: Operation[object], parameters: dict[str, JsonValue], target: str, kind: ErrorKind
) -> None:
    await site.cast()
    error = await site.refusal(operation, user, **parameters)
    assert error.kind is kind
    entry = (await site.activity(outcome="refused"))[-1]
    assert (entry.user, entry.action, entry.message) == (user, operation.id, error.message)
    assert entry.object.startswith(target)
    assert len(entry.object) < 120


async def test_typing_mistakes_and_refused_looks_are_not_recorded(site: Site) -> None:
    await site.register("pat")
    await site.token("pat")
    before = await site.activity()
    await site.refusal(AUDIT_USER, ADMINISTRATOR, userId=2, status=9)
    await site.refusal(GET_USER, ADMINISTRATOR, userid=999)
    await site.refusal(LIST_USERS, "pat")
    await site.refusal(DELETE_USER, userid=1)
    assert await site.activity() == before


async def test_a_refused_registration_is_nobodys_and_not_recorded(site: Site) -> None:
    await site.register("bob")
    before = await site.activity()
    error = await site.refusal(REGISTER, user="bob", password=PASSWORD, phone="5", isAdmin=True, realName="B")
    assert error.kind is ErrorKind.CONFLICT
    assert await site.activity() == before


async def test_no_password_of_a_refused_call_is_recorded(site: Site) -> None:
    await site.cast()
    parameters: dict[str, JsonValue] = {
        "user": "gil-general",
        "password": "S3cretS3cret",
        "phone": "5550009",
        "isAdmin": False,
        "realName": "G",
    }
    for user in ("bea-business", "gil-general", "pat-pending"):
        await site.refusal(CREATE_SUB_USER, user, **parameters)
    rows = "\n".join(site.dump())
    assert "S3cretS3cret" not in rows
    assert "5550009" not in rows


async def test_a_refused_value_of_any_depth_is_recorded(site: Site) -> None:
    await site.register("pat")
    deep: JsonValue = []
    for _ in range(5_000):
        deep = [deep]
    error = await site.refusal(ADD_CLUSTER_LABEL, "pat", clusterName=[deep, "a", 5], clusterLabel="x")
    assert error.kind is ErrorKind.FORBIDDEN
    assert (await site.activity(outcome="refused"))[-1].object == "cluster/a,5"


async def test_a_refusal_that_cannot_be_recorded_is_not_passed_over(site: Site) -> None:
    await site.register("pat")
    await site.token("pat")
    site.refuse_activity("user.delete")
    error = await site.refusal(DELETE_USER, "pat", userid=1)
    assert (error.kind, error.reason) == (ErrorKind.INTERNAL, "store_error")


async def test_refusals_are_published_to_screens(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await site.register("pat")
    await site.token("pat")
    told: list[frozenset[Topic]] = []
    site.engine.notifier.listen(told.append)
    await site.refusal(DELETE_USER, "pat", userid=1)
    assert told == [frozenset({Topic.ACTIVITY})]
