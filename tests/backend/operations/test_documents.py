"""The API documents' own examples of operations 1-24, as they are written there.

Where an example breaks a rule of the documents themselves, the test says which and asserts the refusal.
"""

from __future__ import annotations

import json

import pytest
from pydantic import JsonValue

from backend.errors import PlatformError
from backend.wire import WireCall, call, parse_json
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site

CREATE_USER_EXAMPLE = (
    '{ "user": "u1", "password": "xxX@1234", "phone": "12345678910", "realName": "hello" "isAdmin": true }'
)
CREATE_BUSINESS_EXAMPLE: dict[str, JsonValue] = {
    "name": "name",
    "introduce": "intrduce",
    "objective": "objective",
    "scale": "scale",
}
DONE: dict[str, JsonValue] = {"code": 200, "message": "success"}


async def call_with(site: Site, token: str, method: str, path: str, body: str = "{}") -> dict[str, JsonValue]:
    """The answer to a call whose body is written as JSON."""
    document = parse_json(body, "The body")
    assert isinstance(document, dict)
    return await call(site.engine.dispatcher, WireCall(method, path, {}, document, token))


async def as_administrator(site: Site, method: str, path: str, body: str = "{}") -> dict[str, JsonValue]:
    """The answer to the system administrator."""
    return await call_with(site, await site.token(ADMINISTRATOR), method, path, body)


def assert_documented(row: JsonValue, example: str) -> None:
    """Fail unless `row` has every key of the documents' example, with values of the same types."""
    wanted = json.loads(example)
    assert isinstance(row, dict)
    for name, value in wanted.items():
        assert type(row[name]) is type(value), name


async def test_login(site: Site) -> None:
    # "xxx" is shorter than a password may be, so nobody has it; the call itself is well formed.
    answer = await call_with(site, "", "POST", "/v1/authorization", '{ "user": "u1", "password": "xxx" }')
    assert answer == {"code": 401, "message": "The user name or the password is wrong.", "error": "login_failed"}
    body = json.dumps({"user": ADMINISTRATOR, "password": PASSWORD})
    answer = await call_with(site, "", "POST", "/v1/authorization", body)
    assert set(answer) == {"code", "message", "token", "expireTime"}
    assert (answer["code"], answer["message"]) == (200, "success")
    assert str(answer["token"]).startswith("ey")


async def test_update_token(site: Site) -> None:
    answer = await call_with(site, await site.login(ADMINISTRATOR), "PUT", "/v1/authorization")
    assert set(answer) == {"code", "message", "token", "expireTime"}
    assert (answer["code"], answer["message"]) == (200, "success")


async def test_create_user(site: Site) -> None:
    # The example lacks a comma before isAdmin, so it is no JSON.
    with pytest.raises(PlatformError) as error:
        await call_with(site, "", "POST", "/v1/user", CREATE_USER_EXAMPLE)
    assert (error.value.code, error.value.reason) == (422, "invalid_json")
    mended = CREATE_USER_EXAMPLE.replace('"hello" ', '"hello", ')
    assert await call_with(site, "", "POST", "/v1/user", mended) == DONE
    assert await site.login("u1", "xxX@1234")


async def test_update_password(site: Site) -> None:
    # The new password "xxx" breaks the documented rule: 8-20 characters, an upper, a lower and a digit.
    answer = await as_administrator(site, "PUT", "/v1/user", '{ "oldPassword": "xxx0", "password": "xxx" }')
    assert (answer["code"], answer["field"]) == (422, "password")
    body = json.dumps({"oldPassword": PASSWORD, "password": "xxX@1234"})
    assert await as_administrator(site, "PUT", "/v1/user", body) == DONE


async def test_delete_user(site: Site) -> None:
    # User 1 is the built-in administrator, who makes the call.
    answer = await as_administrator(site, "DELETE", "/v1/admin/user/1")
    assert (answer["code"], answer["error"]) == (409, "user_is_self")
    await site.register("u1")
    assert await as_administrator(site, "DELETE", "/v1/admin/user/2") == DONE


async def test_reset_password(site: Site) -> None:
    # "xxx" breaks the documented password rule.
    answer = await as_administrator(site, "PUT", "/v1/admin/user/1/password", '{ "password": "xxx" }')
    assert (answer["code"], answer["field"]) == (422, "password")
    assert await as_administrator(site, "PUT", "/v1/admin/user/1/password", '{ "password": "xxX@1234" }') == DONE


async def test_get_user_list(site: Site) -> None:
    await site.register("user2")
    answer = await as_administrator(site, "GET", "/v1/admin/user")
    assert set(answer) == {"code", "message", "data", "total"}
    assert (answer["code"], answer["total"]) == (200, 2)
    assert isinstance(answer["data"], list)
    for row in answer["data"]:
        assert_documented(
            row,
            '{"id":1, "user":"user1", "status":3, "realName":"user1", "phone":"18923441163",'
            ' "createTime":1551758321, "updateTime":1551758321 }',
        )


async def test_audit_user(site: Site) -> None:
    # User 1 is the built-in administrator, who cannot audit themselves.
    answer = await as_administrator(site, "PUT", "/v1/admin/user/1", '{ "status": 0 }')
    assert (answer["code"], answer["error"]) == (409, "user_is_self")
    await site.register("u1")
    assert await as_administrator(site, "PUT", "/v1/admin/user/2", '{ "status": 0 }') == DONE


@pytest.mark.parametrize("path", ["/v1/authorization", "/v1/authorizations"], ids=["heading", "example"])
async def test_logout(site: Site, path: str) -> None:
    token = await site.login(ADMINISTRATOR)
    assert await call_with(site, token, "DELETE", path) == DONE
    assert (await call_with(site, token, "GET", "/v1/authorization"))["code"] == 401


async def test_the_examples_path_is_for_logging_out_only(site: Site) -> None:
    assert (await as_administrator(site, "GET", "/v1/authorizations"))["code"] == 404


async def test_get_authorization_information(site: Site) -> None:
    answer = await as_administrator(site, "GET", "/v1/authorization")
    assert set(answer) == {"code", "message", "data"}
    assert_documented(
        answer["data"],
        '{ "displayName": "ote_test1", "hasRepoAccount": true, "role": 4, "privateProject": true,'
        ' "enableIngress": false, "enableAlert": true, "enableAdminAutoDeploy": true }',
    )


async def test_businesses(site: Site) -> None:
    await site.approved("u1")
    token = await site.login("u1")
    assert await call_with(site, token, "POST", "/v1/business", json.dumps(CREATE_BUSINESS_EXAMPLE)) == DONE
    listed = await as_administrator(site, "GET", "/v1/business")
    assert set(listed) == {"code", "message", "data", "total"}
    assert isinstance(listed["data"], list)
    row = (
        '"name": "name", "userId": 123, "comment": "comment", "id": 1, "status": 0, "createTime": 1590062196,'
        ' "updateTime": 1590062196'
    )
    assert_documented(listed["data"][0], f"{{ {row} }}")
    shown = await as_administrator(site, "GET", "/v1/business/id/1")
    assert set(shown) == {"code", "message", "data"}
    assert_documented(shown["data"], f'{{ {row}, "introduce": "introduce", "objective": "", "scale": "1400000000" }}')
    audit = '{ "comment": "pass", "status": 1 }'
    assert await as_administrator(site, "PUT", "/v1/business/id/1", audit) == DONE
    assert (await as_administrator(site, "PUT", "/v1/business/id/1", audit))["code"] == 409


async def test_clusters(site: Site) -> None:
    for name in ("GuangZhou", "BeiJing", "cluster1"):
        await site.add_cluster(name)
    label = '{ "clusterLabel": "label1", "clusterName": ["GuangZhou", "BeiJing"] }'
    added = await as_administrator(site, "POST", "/v1/cluster/label", label)
    assert {name: added[name] for name in DONE} == DONE
    listed = await as_administrator(site, "GET", "/v1/cluster?clusterLabel=all&page=1&pageSize=10")
    assert set(listed) == {"code", "message", "data", "total"}
    assert listed["total"] == 3
    assert isinstance(listed["data"], list)
    for row in listed["data"]:
        assert_documented(row, '{ "clusterName": "GuangZhou", "nodeCount": 1, "isReady": false}')
    labels = await as_administrator(site, "GET", "/v1/cluster/label")
    assert labels["data"] == ["label1"]
    own = await as_administrator(site, "GET", "/v1/cluster/label/cluster1?page=1&pageSize=10")
    assert {name: own[name] for name in ("code", "message", "data", "total")} == {**DONE, "data": [], "total": 0}
    own = await as_administrator(site, "GET", "/v1/cluster/label/BeiJing?page=1&pageSize=10")
    assert own["total"] == 1
    assert isinstance(own["data"], list)
    assert_documented(own["data"][0], '{ "clusterLabel":"GuangZhou", "createTime": 1234567890 }')
    removed = await as_administrator(site, "DELETE", "/v1/cluster/label", label)
    assert {name: removed[name] for name in DONE} == DONE
    assert (await as_administrator(site, "GET", "/v1/cluster/label"))["data"] == []


async def test_nodes(site: Site) -> None:
    cluster_id = await site.add_cluster("c1")
    connection = site.outside()
    connection.execute(
        "INSERT INTO node (cluster_id, name, operating_system, kernel_version, ip, memory_bytes, cpu_cores, disk_bytes,"
        " gpu_memory_bytes, is_ready, schedulable) VALUES (?, 'GZ1', 'Linux', '2.6', '1.2.3.4', 1, 1, 1, 0, 1, 1)",
        (cluster_id,),
    )
    connection.execute("INSERT INTO node_label VALUES (?, 'GZ1', 'label1')", (cluster_id,))
    connection.close()
    listed = await as_administrator(site, "GET", "/v1/node")
    assert set(listed) == {"code", "message", "data", "total", "meta"}
    assert (listed["total"], listed["meta"]) == (1, {"readyNodeCount": 1})
    assert isinstance(listed["data"], list)
    assert_documented(
        listed["data"][0],
        '{ "nodeName": "GZ1", "operatingSystem": "Linux", "clusterName": "GuangZhou", "kernelVersion" : "2.6",'
        ' "isReady": true, "ip": "1.2.3.4", "memory": 1, "cpu": 1, "gpu": 0, "disk": 1 }',
    )
    labels = await as_administrator(site, "GET", "/v1/node/label?clusterName=c1")
    assert {name: labels[name] for name in ("code", "message", "data")} == {**DONE, "data": ["label1"]}


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("POST", '{ "nodeLabel": "label1", "clusterName": "c1", "nodeName": ["GuangZhou", "BeiJing"] }'),
        (
            "DELETE",
            '{"nodeLabel": "label1", "clusterName": "c1", "nodeName": ["GuangZhou", "BeiJing"], "deleteDeploy": true}',
        ),
    ],
)
async def test_labels_of_nodes(site: Site, method: str, body: str) -> None:
    # The examples are well formed; their cluster is not registered on this site.
    answer = await as_administrator(site, method, "/v1/node/label", body)
    assert answer["code"] == 404
    assert "c1" in str(answer["message"])
