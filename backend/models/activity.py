"""The activity log, the audit inbox and the site's summary."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from backend.models.base import Id, Line, Order, Outcome, Paged, Wire


class ListActivity(Paged):
    """Entries of the activity log, newest first; `since` and `until` are unix seconds, inclusive."""

    user: Line = ""
    action: Line = ""
    object: Line = ""
    outcome: Outcome | None = None
    since: Id | None = None
    until: Id | None = None
    order_by: Literal["id"] = "id"
    order: Order = "desc"


class ActivityEntry(Wire):
    """One thing done or refused (decision 47). `before` and `after` hold changed values, secrets redacted."""

    id: int
    time: int
    user_id: int | None
    user: str
    role: int
    action: str
    object: str
    before: dict[str, JsonValue]
    after: dict[str, JsonValue]
    outcome: Outcome
    message: str


class ListInbox(Paged):
    """What waits for an audit, oldest first."""

    kind: Literal["all", "user", "business"] = "all"
    name: Line = ""


class InboxItem(Wire):
    """One pending request; `id` is the user's or business's."""

    kind: Literal["user", "business"]
    id: int
    name: str
    requester: str
    summary: str
    create_time: int


class Summary(Wire):
    """The header's figures; counts that a caller may not see are 0."""

    site_name: str
    clusters: int
    reachable_clusters: int
    pending_audits: int
    waiting_work: int
