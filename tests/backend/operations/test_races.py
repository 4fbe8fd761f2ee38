"""Two processes on one site: every race has one winner, and what one does the other sees."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from backend.errors import ErrorKind, PlatformError
from backend.operations.accounts import GET_AUTHORIZATION, LIST_USERS, LOGOUT
from backend.operations.businesses import GET_BUSINESS
from tests.backend.sites import ADMINISTRATOR, Site
from tests.processes import finish, start_python

# Opens the site, says so, and makes its calls when told to; prints a list of codes and reasons.
CALLER = """
import asyncio, json, sys
from pathlib import Path
from backend.engine import Engine
from backend.wire import WireCall, call

async def main():
    engine = await Engine.open(Path(sys.argv[1]))
    token, calls = sys.argv[2], json.loads(sys.argv[3])
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    answers = [await call(engine.dispatcher, WireCall(method, path, {}, body, token)) for method, path, body in calls]
    print(json.dumps([[answer["code"], answer.get("error", "")] for answer in answers]))
    await engine.close()

asyncio.run(main())
"""


async def race(home: Path, token: str, *calls: list[list[object]]) -> list[list[list[object]]]:
    """Let a process of its own make each list of calls, all at once; returns each one's codes and reasons."""
    processes = [start_python(CALLER, home, token, json.dumps(list(own))) for own in calls]
    for process in processes:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(await asyncio.to_thread(finish, process)) for process in processes]


@pytest.fixture
async def real_time(site: Site) -> str:
    """An administrator's token that other processes, whose clocks tell the time, take for valid."""
    site.clock.time = int(time.time())
    return await site.login(ADMINISTRATOR)


async def test_of_two_processes_that_audit_a_business_one_wins(site: Site, real_time: str) -> None:
    await site.add_cluster("beijing")
    calls: list[list[list[object]]] = [[], []]
    for number in range(10):
        await site.approved(f"owner-{number}")
        business_id = await site.apply(f"owner-{number}", f"business-{number}")
        for process, own in enumerate(calls):
            own.append(
                ["PUT", f"/v1/business/id/{business_id}", {"comment": f"process {process}", "status": process + 1}]
            )
    answers = await race(site.home, real_time, *calls)
    for number, pair in enumerate(zip(*answers, strict=True)):
        assert sorted(map(tuple, pair)) == [(200, ""), (409, "business_not_pending")], number
        winner = [answer[0] for answer in pair].index(200)
        shown = (await site.call(GET_BUSINESS, ADMINISTRATOR, id=number + 1)).data
        assert (shown.status, shown.comment) == (winner + 1, f"process {winner}")
    approved = sum(answer[0] == 200 for answer in answers[0])
    connection = site.outside()
    assert connection.execute("SELECT count(*) FROM work").fetchone() == (approved,)
    connection.close()
    done = [entry for entry in await site.activity(action="business.audit") if entry.outcome == "done"]
    assert len(done) == 10


async def test_of_two_processes_that_create_a_user_one_wins(site: Site, real_time: str) -> None:
    await site.business("bea", "bakery")
    calls: list[list[list[object]]] = [
        [
            [
                "POST",
                "/v1/user",
                {
                    "user": f"new-{number}",
                    "password": "Passw0rd!",
                    "phone": f"{process}{number}",
                    "isAdmin": False,
                    "realName": "New",
                },
            ]
            for number in range(4)
        ]
        for process in range(2)
    ]
    answers = await race(site.home, "", *calls)
    for pair in zip(*answers, strict=True):
        assert sorted(map(tuple, pair)) == [(200, ""), (409, "user_name_taken")]
    assert len([entry for entry in await site.activity(action="user.register") if "new-" in entry.object]) == 4


async def test_what_another_process_ends_is_ended_here_at_once(site: Site, real_time: str) -> None:
    assert (await site.with_token(real_time, GET_AUTHORIZATION)).data.role == 4
    answers = await race(site.home, real_time, [["DELETE", "/v1/authorization", {}]])
    assert answers == [[[200, ""]]]
    for operation in (GET_AUTHORIZATION, LIST_USERS, LOGOUT):
        with pytest.raises(PlatformError) as error:
            await site.with_token(real_time, operation)
        assert error.value.kind is ErrorKind.UNAUTHENTICATED
