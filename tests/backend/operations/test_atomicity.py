"""A change and its record are one: when the record cannot be written, nothing has changed (decision 47)."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from backend.errors import ErrorKind, PlatformError
from backend.notifier import Topic
from backend.operations import OPERATIONS, Operation
from backend.operations.accounts import DELETE_USER, LIST_USERS, LOGIN, REGISTER
from backend.services.accounts import Accounts
from backend.wire import error_json
from tests.backend.sites import ADMINISTRATOR, PASSWORD, Site, is_refusal

NEW_USER: dict[str, JsonValue] = {
    "user": "new",
    "password": "N3wPassword",
    "phone": "999",
    "isAdmin": False,
    "realName": "New",
}
# Who does it, with what, after the site was prepared as below.
CHANGES: dict[str, tuple[str, Mapping[str, JsonValue]]] = {
    "session.login": ("", {"user": "una", "password": PASSWORD}),
    "session.update": ("una", {}),
    "session.logout": ("una", {}),
    "user.register": ("", NEW_USER),
    "user.change_password": ("una", {"oldPassword": PASSWORD, "password": "N3wPassword"}),
    "user.delete": (ADMINISTRATOR, {"userid": 3}),
    "user.reset_password": (ADMINISTRATOR, {"userId": 3, "password": "N3wPassword"}),
    "user.audit": (ADMINISTRATOR, {"userId": 3, "status": 3}),
    "user.create": ("bea", NEW_USER),
    "business.create": ("una", {"name": "n", "introduce": "i", "objective": "o", "scale": "s"}),
    "business.audit": (ADMINISTRATOR, {"id": 2, "comment": "c", "status": 1}),
    "business.retire": (ADMINISTRATOR, {"id": 1}),
    "cluster.add_label": (ADMINISTRATOR, {"clusterName": ["beijing"], "clusterLabel": "new"}),
    "cluster.delete_label": (ADMINISTRATOR, {"clusterName": ["beijing"], "clusterLabel": "edge"}),
    "cluster.remove": (ADMINISTRATOR, {"clusterName": ["beijing"]}),
    "setting.change": (ADMINISTRATOR, {"fourEyes": True}),
}
# Which screens must be told; the activity log listens to all.
TOPICS = {
    "session.login": {Topic.ACTIVITY},
    "session.update": {Topic.ACTIVITY},
    "session.logout": {Topic.ACTIVITY},
    "user.register": {Topic.USERS},
    "user.change_password": {Topic.ACTIVITY},
    "user.delete": {Topic.USERS, Topic.BUSINESSES},
    "user.reset_password": {Topic.USERS},
    "user.audit": {Topic.USERS},
    "user.create": {Topic.USERS},
    "business.create": {Topic.BUSINESSES, Topic.USERS},
    "business.audit": {Topic.BUSINESSES, Topic.USERS, Topic.WORK},
    "business.retire": {Topic.BUSINESSES, Topic.USERS, Topic.WORK},
    "cluster.add_label": {Topic.CLUSTERS},
    "cluster.delete_label": {Topic.CLUSTERS},
    "cluster.remove": {Topic.CLUSTERS, Topic.NODES, Topic.WORK, Topic.BUSINESSES},
    "setting.change": {Topic.SETTINGS},
}
# Theirs cannot be tried without a cluster that answers: the tests of clusters and nodes do.
WITH_A_CLUSTER = {"cluster.add", "node.add_label", "node.delete_label"}


async def prepare(site: Site) -> None:
    """Users 2 bea (role 3), 3 una (role 1), 4 dan (applied for business 2); business 1; a labelled cluster."""
    await site.business("bea", "bakery")
    await site.approved("una")
    await site.approved("dan")
    await site.apply("dan", "diner")
    cluster_id = await site.add_cluster("beijing")
    connection = site.outside()
    connection.execute("INSERT INTO cluster_label VALUES (?, 'edge', 1)", (cluster_id,))
    connection.close()
    for user in ("bea", "una", ADMINISTRATOR):
        await site.token(user)


def test_every_operation_that_changes_something_is_tried() -> None:
    changing = {operation.id for operation in OPERATIONS if operation.changes} | {"session.login"}
    assert set(CHANGES) | WITH_A_CLUSTER == changing


@pytest.mark.parametrize("operation", [op for op in OPERATIONS if op.id in CHANGES], ids=lambda op: op.id)
async def test_each_change_writes_one_record_of_its_own(site: Site, operation: Operation[object]) -> None:
    await prepare(site)
    user, parameters = CHANGES[operation.id]
    before = len(await site.activity())
    await site.call(operation, user, **parameters)
    entries = (await site.activity())[before:]
    own = [entry for entry in entries if entry.action == operation.id]
    assert len(own) == 1
    assert own[0].outcome == "done"
    assert own[0].user == (user or ("una" if operation.id == "session.login" else ""))
    assert own[0].time == site.clock.now()


@pytest.mark.parametrize("operation", [op for op in OPERATIONS if op.id in CHANGES], ids=lambda op: op.id)
async def test_each_change_is_told_to_the_screens_that_show_it(site: Site, operation: Operation[object]) -> None:
    await prepare(site)
    user, parameters = CHANGES[operation.id]
    told: list[frozenset[Topic]] = []
    site.engine.notifier.listen(told.append)
    await site.call(operation, user, **parameters)
    assert frozenset().union(*told) == TOPICS[operation.id]


@pytest.mark.parametrize("operation", [op for op in OPERATIONS if op.id in CHANGES], ids=lambda op: op.id)
async def test_without_its_record_no_change_is_made(site: Site, operation: Operation[object]) -> None:
    await prepare(site)
    user, parameters = CHANGES[operation.id]
    before = site.dump()
    site.refuse_activity(operation.id)
    error = await site.refusal(operation, user, **parameters)
    assert is_refusal(error, ErrorKind.INTERNAL, "store_error")
    assert "no room for the record" in error.message
    assert site.dump() == before


async def test_a_deleted_applicants_disapproval_goes_back_with_the_deletion(site: Site) -> None:
    await prepare(site)
    before = site.dump()
    site.refuse_activity("user.delete")
    await site.refusal(DELETE_USER, ADMINISTRATOR, userid=4)
    assert site.dump() == before


async def test_what_nobody_expected_is_a_500_with_an_id_that_the_log_explains(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def break_down(*_arguments: object) -> None:
        raise KeyError("internal detail")

    monkeypatch.setattr(Accounts, "list_users", break_down)
    token = await site.token(ADMINISTRATOR)
    with caplog.at_level(logging.ERROR), pytest.raises(PlatformError) as error:
        await site.with_token(token, LIST_USERS)
    assert is_refusal(error.value, ErrorKind.INTERNAL, "internal")
    assert "internal detail" not in str(error_json(error.value))
    incident = re.search(r"incident ([0-9a-f]{8})", error.value.message)
    assert incident is not None
    assert f"incident {incident[1]} in user.list" in caplog.text
    assert "internal detail" in caplog.text


async def test_an_incident_shows_no_secret_of_the_request(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def break_down(*_arguments: object) -> None:
        raise KeyError("broken")

    monkeypatch.setattr(Accounts, "_add", break_down)
    with caplog.at_level(logging.DEBUG):
        error = await site.refusal(REGISTER, **{**NEW_USER, "password": "S3cretS3cret"})
    assert error.code == 500
    assert "S3cretS3cret" not in caplog.text
    assert "S3cretS3cret" not in str(error_json(error))


async def test_no_secret_reaches_the_log_file_on_any_way_through(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await prepare(site)
        await site.refusal(LOGIN, user="una", password="S3cretS3cret")
        token = await site.login("una")
    for secret in (PASSWORD, "S3cretS3cret", token, "$argon2id$"):
        assert secret not in caplog.text
