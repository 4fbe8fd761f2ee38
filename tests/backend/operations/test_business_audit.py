"""Auditing and retiring businesses (operation 15; decisions 18-20)."""

from __future__ import annotations

import asyncio
import json

import pytest
from pydantic import JsonValue

from backend.errors import ErrorKind, PlatformError
from backend.operations.businesses import (
    AUDIT_BUSINESS,
    GET_BUSINESS,
    LIST_BUSINESS_NAMESPACES,
    RETIRE_BUSINESS,
)
from tests.backend.sites import ADMINISTRATOR, Site, is_refusal

CLUSTERS = ("beijing", "guangzhou", "shanghai")


async def applied(site: Site) -> int:
    """Let a new user apply for a business; returns its id."""
    await site.approved("bea")
    return await site.apply("bea", "bakery")


def work(site: Site) -> list[tuple[str, str, str, dict[str, JsonValue], str]]:
    """All work in the store: cluster, kind, object, wanted, state."""
    connection = site.outside()
    rows = connection.execute(
        "SELECT cluster.name, kind, object, wanted, state FROM work JOIN cluster ON cluster.id = cluster_id ORDER BY 1"
    ).fetchall()
    connection.close()
    return [(cluster, kind, name, json.loads(wanted), state) for cluster, kind, name, wanted, state in rows]


async def test_approval_wants_the_namespace_on_every_cluster(site: Site) -> None:
    for name in CLUSTERS:
        await site.add_cluster(name)
    business_id = await applied(site)
    assert work(site) == []
    site.clock.time += 60
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="welcome", status=1)
    labels = {"app.kubernetes.io/managed-by": "otetui", "otetui.io/business": str(business_id)}
    wanted = {"businessId": business_id, "labels": labels}
    assert work(site) == [(name, "namespace", f"ns{business_id}", wanted, "waiting") for name in CLUSTERS]
    shown = (await site.call(GET_BUSINESS, "bea", id=business_id)).data
    assert (shown.status, shown.comment, shown.update_time) == (1, "welcome", site.clock.now())
    namespaces = await site.call(LIST_BUSINESS_NAMESPACES, "bea", id=business_id)
    assert namespaces.total == 3
    assert [(row.cluster_name, row.namespace, row.state, row.business_name) for row in namespaces.data] == [
        (name, f"ns{business_id}", "waiting", "bakery") for name in CLUSTERS
    ]


async def test_approval_without_any_cluster_is_an_approval(site: Site) -> None:
    business_id = await applied(site)
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="", status=1)
    assert work(site) == []
    assert (await site.call(LIST_BUSINESS_NAMESPACES, "bea", id=business_id)).data == []


async def test_approval_wakes_the_worker_after_it_is_committed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    business_id = await applied(site)
    seen: list[int] = []

    def woken() -> None:
        connection = site.outside()
        seen.append(connection.execute("SELECT status FROM business").fetchone()[0])
        connection.close()

    monkeypatch.setattr(site.engine.services.businesses, "_wake", woken)
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="", status=1)
    assert seen == [1]


async def test_disapproval_needs_a_comment_and_reaches_no_cluster(site: Site) -> None:
    await site.add_cluster("beijing")
    business_id = await applied(site)
    for comment in ("", "  \n "):
        error = await site.refusal(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment=comment, status=2)
        assert is_refusal(error, ErrorKind.INVALID, "comment_missing")
        assert error.field == "comment"
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="too large", status=2)
    assert work(site) == []
    shown = (await site.call(GET_BUSINESS, "bea", id=business_id)).data
    assert (shown.status, shown.comment) == (2, "too large")


@pytest.mark.parametrize("first", ["approved", "disapproved", "retired"])
@pytest.mark.parametrize("second", [1, 2])
async def test_only_a_pending_business_can_be_audited(site: Site, first: str, second: int) -> None:
    business_id = await applied(site)
    await site.call(
        AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="first", status=2 if first == "disapproved" else 1
    )
    if first == "retired":
        await site.call(RETIRE_BUSINESS, ADMINISTRATOR, id=business_id)
    error = await site.refusal(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="second", status=second)
    assert is_refusal(error, ErrorKind.CONFLICT, "business_not_pending")
    assert "bakery is " in error.message
    assert (await site.call(GET_BUSINESS, ADMINISTRATOR, id=business_id)).data.comment == "first"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", 0),
        ("status", 3),
        ("status", "1"),
        ("status", True),
        ("status", 1.0),
        ("status", None),
        ("comment", None),
        ("comment", 5),
        ("comment", "x" * 1001),
        ("comment", "\x1b]0;title\x07"),
        ("comment", "\u202e"),
        ("comment", "\x00"),
        ("id", "1"),
        ("id", -1),
        ("id", 2**64),
        ("name", "bakery"),
    ],
)
async def test_wrong_parameters_are_a_422_that_names_them(site: Site, name: str, value: JsonValue) -> None:
    business_id = await applied(site)
    parameters: dict[str, JsonValue] = {"id": business_id, "comment": "c", "status": 1, name: value}
    error = await site.refusal(AUDIT_BUSINESS, ADMINISTRATOR, **parameters)
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.field == name


@pytest.mark.parametrize("missing", ["id", "comment", "status"])
async def test_every_parameter_is_required(site: Site, missing: str) -> None:
    parameters: dict[str, JsonValue] = {"id": 1, "comment": "c", "status": 1}
    del parameters[missing]
    error = await site.refusal(AUDIT_BUSINESS, ADMINISTRATOR, **parameters)
    assert error.message == f"{missing} is missing."


async def test_an_unknown_business_is_a_404(site: Site) -> None:
    for operation, parameters in (
        (AUDIT_BUSINESS, {"id": 999, "comment": "c", "status": 1}),
        (RETIRE_BUSINESS, {"id": 999}),
        (GET_BUSINESS, {"id": 999}),
        (LIST_BUSINESS_NAMESPACES, {"id": 999}),
    ):
        error = await site.refusal(operation, ADMINISTRATOR, **parameters)
        assert is_refusal(error, ErrorKind.NOT_FOUND, "business_unknown")
        assert "999" in error.message


async def test_of_several_audits_at_once_one_wins(site: Site) -> None:
    await site.add_cluster("beijing")
    business_id = await applied(site)
    answers = await asyncio.gather(
        *(
            site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="c", status=1 + number % 2)
            for number in range(6)
        ),
        return_exceptions=True,
    )
    errors = [answer for answer in answers if isinstance(answer, PlatformError)]
    assert len(errors) == 5
    assert {error.reason for error in errors} == {"business_not_pending"}
    done = [entry for entry in await site.activity(action="business.audit") if entry.outcome == "done"]
    assert len(done) == 1
    assert len(work(site)) == (1 if done[0].after["status"] == 1 else 0)


async def test_decisions_are_recorded_with_before_after_and_comment(site: Site) -> None:
    business_id = await applied(site)
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="fine", status=1)
    await site.call(RETIRE_BUSINESS, ADMINISTRATOR, id=business_id)
    audit, retire = (await site.activity(object="business/bakery"))[-2:]
    assert (audit.action, audit.user, audit.role) == ("business.audit", ADMINISTRATOR, 4)
    assert (audit.before, audit.after) == ({"status": 0}, {"status": 1, "comment": "fine"})
    assert (retire.action, retire.before, retire.after) == ("business.retire", {"status": 1}, {"status": 3})
    assert f"ns{business_id}" in retire.message


async def test_retiring_stops_deliveries_and_keeps_the_comment(site: Site) -> None:
    for name in CLUSTERS:
        await site.add_cluster(name)
    business_id = await applied(site)
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="fine", status=1)
    other = await site.business("cyd", "cinema")
    await site.call(RETIRE_BUSINESS, ADMINISTRATOR, id=business_id)
    assert [(cluster, name) for cluster, _, name, _, _ in work(site)] == [(name, f"ns{other}") for name in CLUSTERS]
    shown = (await site.call(GET_BUSINESS, ADMINISTRATOR, id=business_id)).data
    assert (shown.status, shown.comment) == (3, "fine")


@pytest.mark.parametrize("state", ["pending", "disapproved", "retired"])
async def test_only_an_approved_business_can_be_retired(site: Site, state: str) -> None:
    business_id = await applied(site)
    if state == "disapproved":
        await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="no", status=2)
    if state == "retired":
        await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="", status=1)
        await site.call(RETIRE_BUSINESS, ADMINISTRATOR, id=business_id)
    error = await site.refusal(RETIRE_BUSINESS, ADMINISTRATOR, id=business_id)
    assert is_refusal(error, ErrorKind.CONFLICT, "business_not_approved")
