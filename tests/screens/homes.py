"""Home folders for the screens' tests: a site with people in every state, and more put into it by the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from backend.engine import Engine
from backend.operations.accounts import AUDIT_USER
from backend.operations.businesses import AUDIT_BUSINESS
from tests.backend.sites import ADMINISTRATOR, PASSWORD, ManualClock, Site

Fill = Callable[[Site], Awaitable[object]]

APPLICANT = "una-approved"
"""Approved, an administrator, without a business."""
PENDING = ("pat-pending", "pia-pending")
GENERAL = "gil-general"
OWNER = "bea-business"
DISABLED = "dan-disabled"


async def people(site: Site) -> None:
    """Two pending users and one of each other kind; two businesses that wait, one approved, one disapproved."""
    await site.business(OWNER, "bakery")
    await site.sub_user(OWNER, GENERAL)
    await site.approved(APPLICANT)
    await site.approved(DISABLED)
    await site.call(AUDIT_USER, ADMINISTRATOR, userId=await site.user_id(DISABLED), status=3)
    for owner, business in (("cleo", "cold-chain"), ("tom", "tunnel-watch")):
        await site.approved(owner)
        await site.apply(owner, business)
    await site.approved("ada")
    refused = await site.apply("ada", "ad-screens")
    await site.call(AUDIT_BUSINESS, ADMINISTRATOR, id=refused, comment="No faces here.", status=2)
    for user in PENDING:
        await site.register(user, is_admin=user == PENDING[0])


async def fill(home: Path, *fills: Fill) -> None:
    """Set a site up in `home` and put into it what `fills` say."""
    clock = ManualClock()
    engine = await Engine.open(home, clock=clock)
    try:
        await engine.set_up(ADMINISTRATOR, PASSWORD)
        site = Site(engine, clock, home)
        for step in fills:
            await step(site)
    finally:
        await engine.close()


def make(home: Path, *fills: Fill) -> Path:
    """`fill` for callers that have no event loop."""
    asyncio.run(fill(home, *fills))
    return home
