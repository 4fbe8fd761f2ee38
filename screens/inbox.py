"""The audit inbox: pending users and businesses together, read and then decided, one or many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import JsonValue

from backend.models.activity import InboxItem
from backend.notifier import Topic
from backend.operations.accounts import AUDIT_USER
from backend.operations.businesses import AUDIT_BUSINESS
from backend.operations.site import LIST_INBOX
from backend.session import Session
from screens.businesses import business_detail, decide
from screens.resource import Detail, Query, Resource, RowAction
from screens.users import user_detail
from screens.words import ago
from widgets.actions import Action, Risk
from widgets.columns import Column

if TYPE_CHECKING:
    from screens.list_screen import ListScreen

_APPROVED, _NOT_APPROVED = 1, 2
_BOTH = f"{AUDIT_USER.id}, {AUDIT_BUSINESS.id}"
_APPROVE: Action[object] = Action(
    "inbox.approve",
    "Approve",
    "a",
    Risk.REVERSIBLE,
    _BOTH,
    bulk=True,
    help="A user may go on, a business gets its namespace; then comes the next.",
)
_DISAPPROVE: Action[object] = Action(
    "inbox.disapprove",
    "Disapprove",
    "d",
    Risk.REVERSIBLE,
    _BOTH,
    bulk=True,
    help="For a business a comment must say why.",
)


def _label(item: InboxItem) -> str:
    return f"{item.kind} {item.name}"


def _parameters(query: Query) -> dict[str, JsonValue]:
    return {"name": query.text, **query.scope}


async def _decide(session: Session, item: InboxItem, *, approved: bool, comment: str) -> None:
    if item.kind == "business":
        await decide(session, item.id, approved=approved, comment=comment)
    else:
        await session.call(AUDIT_USER, userId=item.id, status=_APPROVED if approved else _NOT_APPROVED)


async def _audit(screen: ListScreen[InboxItem], items: list[InboxItem], *, approved: bool) -> bool:
    verb = "Approve" if approved else "Disapprove"
    comment: str | None = ""
    if any(item.kind == "business" for item in items):
        comment = await screen.ask_comment(verb, [_label(item) for item in items], required=not approved)
    elif not approved:
        lost = ["They are logged out at once and cannot log in until approved."]
        comment = "" if await screen.ask_confirm(verb, "user", [item.name for item in items], lost) else None
    if comment is None:
        return False
    said = comment

    async def audit(item: InboxItem) -> None:
        await _decide(screen.session, item, approved=approved, comment=said)

    return await screen.each(items, _label, audit, "approved" if approved else "disapproved")


async def _approve(screen: ListScreen[InboxItem], items: list[InboxItem]) -> bool:
    return await _audit(screen, items, approved=True)


async def _disapprove(screen: ListScreen[InboxItem], items: list[InboxItem]) -> bool:
    return await _audit(screen, items, approved=False)


def _detail(item: InboxItem) -> Detail:
    return business_detail(item.id, item.name) if item.kind == "business" else user_detail(item.id, item.name)


INBOX: Resource[InboxItem] = Resource(
    name="inbox",
    title="Audit inbox",
    operation=LIST_INBOX,
    columns=(
        Column("kind", "KIND", lambda item: item.kind, width=8),
        Column("name", "NAME", lambda item: item.name, minimum=14, maximum=30),
        Column("requester", "ASKED BY", lambda item: item.requester, minimum=12, maximum=24, priority=4),
        Column("summary", "WHAT FOR", lambda item: item.summary, weight=3, minimum=34, priority=2),
        Column("age", "WAITS", lambda item: ago(item.create_time), width=5, align="right"),
    ),
    key=lambda item: (item.kind, item.id),
    label=_label,
    topics=frozenset({Topic.USERS, Topic.BUSINESSES}),
    empty="Nothing waits for an audit.",
    empty_hint="New registrations and applications for a business appear here by themselves.",
    parameters=_parameters,
    filter_hint="name or what it is for",
    detail=_detail,
    actions=(RowAction(_APPROVE, _approve, then="next"), RowAction(_DISAPPROVE, _disapprove, then="next")),
)
