"""Settings, the activity log, the inbox and the header's figures."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from backend.errors import ErrorKind
from backend.models.base import Outcome
from backend.operations.accounts import AUDIT_USER, REGISTER
from backend.operations.businesses import AUDIT_BUSINESS, CREATE_BUSINESS
from backend.operations.site import CHANGE_SETTINGS, GET_SETTINGS, GET_SUMMARY, LIST_ACTIVITY, LIST_INBOX
from backend.store.activity import Entry, record
from tests.backend.sites import ADMINISTRATOR, PASSWORD, START, Site, is_refusal

DEFAULTS: dict[str, JsonValue] = {
    "siteName": "edge site",
    "privateProject": True,
    "enableIngress": False,
    "enableAlert": False,
    "enableAdminAutoDeploy": False,
    "fourEyes": False,
    "refreshSeconds": 30,
}


async def current(site: Site) -> dict[str, JsonValue]:
    """The settings in force."""
    return (await site.call(GET_SETTINGS, ADMINISTRATOR)).data.model_dump(by_alias=True)


async def test_a_new_site_has_the_default_settings(site: Site) -> None:
    assert await current(site) == DEFAULTS


async def test_a_change_sets_what_is_named_and_leaves_the_rest(site: Site) -> None:
    answer = await site.call(CHANGE_SETTINGS, ADMINISTRATOR, fourEyes=True, siteName="北京")
    assert answer.data.model_dump(by_alias=True) == {**DEFAULTS, "fourEyes": True, "siteName": "北京"}
    await site.call(CHANGE_SETTINGS, ADMINISTRATOR, fourEyes=False, refreshSeconds=3600)
    assert await current(site) == {**DEFAULTS, "siteName": "北京", "refreshSeconds": 3600}


async def test_what_was_changed_is_recorded_and_what_stayed_is_not(site: Site) -> None:
    await site.call(CHANGE_SETTINGS, ADMINISTRATOR, fourEyes=True, enableAlert=False, refreshSeconds=60)
    await site.call(CHANGE_SETTINGS, ADMINISTRATOR, fourEyes=True)
    await site.call(CHANGE_SETTINGS, ADMINISTRATOR)
    entries = await site.activity(action="setting.change")
    assert [(entry.user, entry.before, entry.after) for entry in entries] == [
        (ADMINISTRATOR, {"fourEyes": False, "refreshSeconds": 30}, {"fourEyes": True, "refreshSeconds": 60})
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("siteName", ""),
        ("siteName", "  "),
        ("siteName", "x" * 101),
        ("siteName", "\x1b[2J"),
        ("siteName", 5),
        ("privateProject", "yes"),
        ("privateProject", 1),
        ("fourEyes", "false"),
        ("refreshSeconds", 4),
        ("refreshSeconds", 3601),
        ("refreshSeconds", "30"),
        ("refreshSeconds", 30.0),
        ("refreshSeconds", True),
        ("theme", "dark"),
    ],
)
async def test_a_wrong_setting_changes_nothing(site: Site, name: str, value: JsonValue) -> None:
    error = await site.refusal(CHANGE_SETTINGS, ADMINISTRATOR, **{"enableIngress": True, name: value})
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.field == name
    assert await current(site) == DEFAULTS


async def test_a_setting_of_another_version_is_left_alone(site: Site) -> None:
    connection = site.outside()
    connection.execute("INSERT INTO setting VALUES ('somethingNewer', '42', 1)")
    connection.close()
    assert await current(site) == DEFAULTS


async def add_entries(site: Site) -> None:
    """Store entries with known times, names and outcomes."""
    rows = [
        Entry(100, 7, "ann", 4, "user.audit", "user/bob_b", {"status": 0}, {"status": 1}),
        Entry(200, 8, "a%n", 3, "user.create", "user/Eve", outcome=Outcome.REFUSED, message="no"),
        Entry(300, 7, "ann", 4, "business.audit", "business/bakery", outcome=Outcome.FAILED),
    ]
    await site.engine._platform.database.write(lambda tx: [record(tx, row) for row in rows])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"until": 300}, [300, 200, 100]),
        ({"until": 300, "order": "asc"}, [100, 200, 300]),
        ({"user": "ANN"}, [300, 100]),
        ({"user": "%"}, [200]),
        ({"user": "_"}, []),
        ({"action": "user."}, [200, 100]),
        ({"action": "audit", "until": 300}, [300, 100]),
        ({"object": "_"}, [100]),
        ({"object": "eve"}, [200]),
        ({"outcome": "refused"}, [200]),
        ({"outcome": "failed"}, [300]),
        ({"since": 200, "until": 300}, [300, 200]),
        ({"since": "100", "until": "100"}, [100]),
        ({"since": 101, "until": 199}, []),
        ({"until": 300, "pageSize": 2}, [300, 200]),
        ({"until": 300, "pageSize": 2, "page": 2}, [100]),
        ({"user": "' OR 1=1 --"}, []),
    ],
)
async def test_the_log_is_filtered_and_paged_newest_first(
    site: Site, filters: dict[str, JsonValue], expected: list[int]
) -> None:
    await add_entries(site)
    answer = await site.call(LIST_ACTIVITY, ADMINISTRATOR, **{"action": ".", **filters})
    if "action" not in filters:
        answer = await site.call(LIST_ACTIVITY, ADMINISTRATOR, **filters)
    assert [entry.time for entry in answer.data if entry.time < START] == expected


async def test_an_entry_says_who_when_what_on_which_object_and_how_it_ended(site: Site) -> None:
    await add_entries(site)
    answer = await site.call(LIST_ACTIVITY, ADMINISTRATOR, until=100)
    assert answer.total == 1
    assert answer.data[0].model_dump(by_alias=True, mode="json") == {
        "id": answer.data[0].id,
        "time": 100,
        "userId": 7,
        "user": "ann",
        "role": 4,
        "action": "user.audit",
        "object": "user/bob_b",
        "before": {"status": 0},
        "after": {"status": 1},
        "outcome": "done",
        "message": "",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", 0),
        ("pageSize", -1),
        ("order", "x"),
        ("orderBy", "user"),
        ("outcome", "lost"),
        ("since", -1),
        ("since", "yesterday"),
        ("until", 2**63),
        ("user", "x" * 201),
        ("object", "\x00"),
        ("message", "x"),
    ],
)
async def test_wrong_filters_of_the_log_are_a_422(site: Site, name: str, value: JsonValue) -> None:
    error = await site.refusal(LIST_ACTIVITY, ADMINISTRATOR, **{name: value})
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")
    assert error.field == name


async def test_the_inbox_holds_what_waits_oldest_first(site: Site) -> None:
    await site.approved("bea")
    site.clock.time += 10
    await site.call(CREATE_BUSINESS, "bea", name="bakery", introduce="i", objective="ovens", scale="s")
    site.clock.time += 10
    await site.call(REGISTER, user="pat", password=PASSWORD, phone="1", isAdmin=False, realName="Pat P.")
    await site.call(REGISTER, user="pia", password=PASSWORD, phone="2", isAdmin=True, realName="Pia")
    answer = await site.call(LIST_INBOX, ADMINISTRATOR)
    assert answer.total == 3
    assert [row.model_dump(by_alias=True) for row in answer.data] == [
        {
            "kind": "business",
            "id": 1,
            "name": "bakery",
            "requester": "bea",
            "summary": "ovens",
            "createTime": START + 10,
        },
        {
            "kind": "user",
            "id": 3,
            "name": "pat",
            "requester": "pat",
            "summary": "Pat P., general user",
            "createTime": START + 20,
        },
        {
            "kind": "user",
            "id": 4,
            "name": "pia",
            "requester": "pia",
            "summary": "Pia, administrator",
            "createTime": START + 20,
        },
    ]


async def test_the_inbox_is_filtered_and_paged(site: Site) -> None:
    await site.approved("bea")
    await site.apply("bea", "bakery")
    for number in range(4):
        await site.register(f"pat_{number}")

    async def found(**filters: JsonValue) -> list[str]:
        return [row.name for row in (await site.call(LIST_INBOX, ADMINISTRATOR, **filters)).data]

    assert await found(kind="business") == ["bakery"]
    assert await found(kind="user", pageSize=2, page=2) == ["pat_2", "pat_3"]
    assert await found(name="_3") == ["pat_3"]
    assert await found(name="%") == []
    assert len(await found(kind="all", pageSize=0)) == 5
    error = await site.refusal(LIST_INBOX, ADMINISTRATOR, kind="cluster")
    assert is_refusal(error, ErrorKind.INVALID, "invalid_parameter")


async def test_what_was_audited_leaves_the_inbox(site: Site) -> None:
    await site.register("pat")
    await site.approved("bea")
    business_id = await site.apply("bea", "bakery")
    await site.call(AUDIT_USER, ADMINISTRATOR, userId=await site.user_id("pat"), status=2)
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="no", status=2)
    assert (await site.call(LIST_INBOX, ADMINISTRATOR)).total == 0


async def test_the_summary_counts_what_each_caller_may_see(site: Site) -> None:
    for name in ("beijing", "shanghai"):
        await site.add_cluster(name)
    connection = site.outside()
    connection.execute("INSERT INTO cluster_state (cluster_id, reachable, ready, probed_at) VALUES (1, 1, 1, 1)")
    connection.close()
    await site.call(CHANGE_SETTINGS, ADMINISTRATOR, siteName="Port of Hamburg")
    cast = await site.cast()
    seen = {role: (await site.call(GET_SUMMARY, user)).data.model_dump(by_alias=True) for role, user in cast.items()}
    nothing = {
        "siteName": "Port of Hamburg",
        "clusters": 0,
        "reachableClusters": 0,
        "pendingAudits": 0,
        "waitingWork": 0,
    }
    member = {**nothing, "clusters": 2, "reachableClusters": 1, "waitingWork": 2}
    assert seen == {0: nothing, 1: nothing, 2: member, 3: member, 4: {**member, "pendingAudits": 1}}
