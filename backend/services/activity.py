"""The activity log, the audit inbox and the figures of the header."""

from __future__ import annotations

from backend.models.activity import ActivityEntry, InboxItem, ListActivity, ListInbox, Summary
from backend.models.answer import Answer
from backend.models.base import Nothing, Outcome, Role
from backend.notifier import Topic
from backend.services.platform import Caller, Platform
from backend.services.record import record_change
from backend.services.settings import Settings
from backend.store import activity, businesses, clusters, users, work
from backend.store.database import Transaction


class Activity:
    """What was done, and what waits to be done."""

    def __init__(self, platform: Platform, settings: Settings) -> None:
        self._platform = platform
        self._settings = settings

    async def list_activity(self, _caller: Caller, request: ListActivity) -> Answer[list[ActivityEntry]]:
        """Entries of the activity log, newest first."""
        found, total = await self._platform.database.read(lambda tx: activity.list_entries(tx, request))
        return Answer(found, total)

    async def list_inbox(self, _caller: Caller, request: ListInbox) -> Answer[list[InboxItem]]:
        """What waits for the system administrator's audit, oldest first."""
        found, total = await self._platform.database.read(lambda tx: businesses.list_inbox(tx, request))
        return Answer(found, total)

    async def summary(self, caller: Caller, _request: Nothing) -> Answer[Summary]:
        """The header's figures; each caller gets those that they may see."""
        settings = await self._settings.current()

        def look(transaction: Transaction) -> Summary:
            sees_clusters = caller.role >= Role.GENERAL_USER
            audits = caller.is_system_administrator
            total, reachable = clusters.count(transaction) if sees_clusters else (0, 0)
            pending = users.count_pending(transaction) + businesses.count_pending(transaction) if audits else 0
            return Summary(
                siteName=settings.site_name,
                clusters=total,
                reachableClusters=reachable,
                pendingAudits=pending,
                waitingWork=work.count_waiting(transaction) if sees_clusters else 0,
            )

        return Answer(await self._platform.database.read(look))

    async def record_refusal(self, caller: Caller, action: str, target: str, message: str) -> None:
        """Append that a call was refused to this caller."""
        now = self._platform.clock.now()
        await self._platform.database.write(
            lambda tx: record_change(tx, caller, now, action, target, outcome=Outcome.REFUSED, message=message)
        )
        self._platform.notifier.publish(Topic.ACTIVITY)
