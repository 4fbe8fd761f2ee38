"""Businesses: application, list, detail with its namespaces, audit, retirement (operations 12-15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import JsonValue

from backend.errors import ErrorKind, PlatformError
from backend.models.accounts import AuthorizationInfo
from backend.models.base import Role
from backend.models.businesses import Business, BusinessDetail, BusinessStatus, NamespaceDelivery
from backend.notifier import Topic
from backend.operations.accounts import GET_USER
from backend.operations.businesses import (
    AUDIT_BUSINESS,
    CREATE_BUSINESS,
    GET_BUSINESS,
    LIST_BUSINESS_NAMESPACES,
    LIST_BUSINESSES,
    RETIRE_BUSINESS,
)
from backend.session import Session
from screens.resource import Detail, Query, Resource, RowAction
from screens.words import BUSINESS_STATUS, DELIVERY, ago, said_by
from widgets.actions import Action, Risk
from widgets.columns import Column
from widgets.detail import Line, Section, SubTable
from widgets.form import Field, FieldValue
from widgets.message_line import Severity
from widgets.text import NOTHING, plural, when

if TYPE_CHECKING:
    from screens.list_screen import ListScreen

_DELIVERED = "delivered"


def _label(business: Business) -> str:
    return business.name


def _parameters(query: Query) -> dict[str, JsonValue]:
    return {"name": query.text, "order": "desc" if query.descending else "asc", **query.scope}


def refuse_decided(business: Business) -> str:
    """Why a business cannot be audited, or nothing."""
    if business.status is BusinessStatus.PENDING:
        return ""
    return f"{business.name} is {BUSINESS_STATUS[business.status].text} already"


def _refuse_retire(business: Business) -> str:
    return "" if business.status is BusinessStatus.APPROVED else f"{business.name} is not approved"


async def decide(session: Session, business_id: int, *, approved: bool, comment: str) -> None:
    """Approve or disapprove a business."""
    status = BusinessStatus.APPROVED if approved else BusinessStatus.DISAPPROVED
    await session.call(AUDIT_BUSINESS, id=business_id, status=int(status), comment=comment)


async def _audit(screen: ListScreen[Business], businesses: list[Business], *, approved: bool) -> bool:
    comment = await screen.ask_comment(
        "Approve" if approved else "Disapprove", [business.name for business in businesses], required=not approved
    )
    if comment is None:
        return False

    async def audit(business: Business) -> None:
        await decide(screen.session, business.id, approved=approved, comment=comment)

    return await screen.each(businesses, _label, audit, "approved" if approved else "disapproved")


async def _approve(screen: ListScreen[Business], businesses: list[Business]) -> bool:
    return await _audit(screen, businesses, approved=True)


async def _disapprove(screen: ListScreen[Business], businesses: list[Business]) -> bool:
    return await _audit(screen, businesses, approved=False)


async def _retire(screen: ListScreen[Business], businesses: list[Business]) -> bool:
    lost = [
        "Its users keep their accounts but lose the business: they see no clusters any more.",
        "Its namespaces and what runs in them stay on the clusters.",
        "This cannot be undone; the name becomes free again.",
    ]
    if not await screen.ask_confirm("Retire", "business", [b.name for b in businesses], lost, typed=True):
        return False

    async def retire(business: Business) -> None:
        await screen.session.call(RETIRE_BUSINESS, id=business.id)

    return await screen.each(businesses, _label, retire, "retired")


async def _apply(screen: ListScreen[Business], _businesses: list[Business]) -> bool:
    fields = [
        Field("name", "Name", required=True, maximum=100),
        Field("introduce", "Introduction", kind="multiline", required=True, help="what the business does"),
        Field("objective", "Objective", kind="multiline", required=True, help="what the edge site is needed for"),
        Field("scale", "Scale", required=True, help="the resources you expect to use"),
    ]

    async def create(values: dict[str, FieldValue]) -> None:
        await screen.session.call(CREATE_BUSINESS, **values)

    note = "The system administrator audits it. If approved, you administer the business."
    if not await screen.ask_form("Apply for a business", fields, create, button="Apply", note=note):
        return False
    screen.say("Your application waits for the system administrator.", Severity.DONE)
    screen.refresh_data()
    return True


def _why_not_apply(info: AuthorizationInfo | None) -> str:
    """Why this person cannot apply for a business, or nothing (decisions 13 and 17)."""
    role = info.role if info else 0
    if role == Role.SYSTEM_ADMINISTRATOR:
        return "The system administrator audits businesses and has none"
    if role > Role.APPROVED:
        return "You belong to a business already"
    if info is None or not info.is_admin:
        return "You registered as general user: ask a business administrator for a sub-user"
    return "" if role == Role.APPROVED else "Your registration is not approved yet"


def namespaces_table(found: Sequence[NamespaceDelivery], *, by_business: bool = False) -> SubTable:
    """Namespaces cluster by cluster (or business by business) as a table of a detail, what is missing first."""
    ordered = sorted(found, key=lambda row: row.state == _DELIVERED)
    rows = [
        (
            row.business_name if by_business else row.cluster_name,
            row.namespace,
            DELIVERY[row.state],
            ago(row.update_time),
            said_by(row.cluster_name, row.message),
        )
        for row in ordered
    ]
    return SubTable(
        ("BUSINESS" if by_business else "CLUSTER", "NAMESPACE", "STATE", "SINCE", "WHAT THE CLUSTER SAID"), rows
    )


async def _sections(session: Session, business_id: int) -> list[Section]:
    business: BusinessDetail = (await session.call(GET_BUSINESS, id=business_id)).data
    lines = [
        Line("Status", BUSINESS_STATUS[business.status]),
        Line("Comment", business.comment or NOTHING),
        Line("Asked for by", await _applicant(session, business)),
        Line("Asked for", f"{when(business.create_time)} ({ago(business.create_time)} ago)"),
        Line("Updated", f"{when(business.update_time)} ({ago(business.update_time)} ago)"),
    ]
    texts = [
        Line("Introduction", business.introduce or NOTHING),
        Line("Objective", business.objective or NOTHING),
        Line("Scale", business.scale or NOTHING),
    ]
    sections = [Section("Business", lines), Section("What it is for", texts)]
    if business.status is BusinessStatus.APPROVED:
        found = (await session.call(LIST_BUSINESS_NAMESPACES, id=business_id)).data
        delivered = sum(row.state == _DELIVERED for row in found)
        title = f"Namespace {business.namespace}: on {delivered:,} of {plural(len(found), 'cluster')}"
        sections.append(Section(title, [], namespaces_table(found)))
    elif business.status is BusinessStatus.PENDING:
        outcome = f"The namespace {business.namespace} is made on every cluster; {business.user_name} administers it."
        sections.append(Section("If approved", [Line("", outcome)]))
    return sections


async def _applicant(session: Session, business: BusinessDetail) -> str:
    if session.info is None or session.info.role != Role.SYSTEM_ADMINISTRATOR:
        return business.user_name
    try:
        user = (await session.call(GET_USER, userid=business.user_id)).data
    except PlatformError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
        return f"{business.user_name}, who was deleted"
    return f"{user.user} ({user.real_name}, {user.phone or 'no phone'})"


def business_detail(business_id: int, name: str) -> Detail:
    """The detail of one business."""
    return Detail(
        f"Business {name}",
        lambda session: _sections(session, business_id),
        frozenset({Topic.BUSINESSES, Topic.WORK}),
    )


BUSINESSES: Resource[Business] = Resource(
    name="businesses",
    title="Businesses",
    operation=LIST_BUSINESSES,
    columns=(
        Column("name", "BUSINESS", _label, weight=2, minimum=18, maximum=40),
        Column("status", "STATUS", lambda business: BUSINESS_STATUS[business.status], width=11),
        Column("user", "ASKED FOR BY", lambda business: business.user_name, minimum=12, maximum=30, priority=2),
        Column("comment", "COMMENT", lambda business: business.comment or NOTHING, weight=2, minimum=12, priority=3),
        Column("id", "ID", lambda business: str(business.id), width=5, align="right", priority=3),
        Column("age", "AGE", lambda business: ago(business.create_time), width=5, align="right", priority=2),
    ),
    key=lambda business: business.id,
    label=_label,
    topics=frozenset({Topic.BUSINESSES}),
    empty="There are no businesses.",
    empty_hint="An approved administrator applies for one with n; the system administrator audits it in the inbox.",
    parameters=_parameters,
    filter_hint="business name",
    orders=(("id", "id"),),
    detail=lambda business: business_detail(business.id, business.name),
    actions=(
        RowAction(
            Action(
                "business.approve",
                "Approve",
                "a",
                Risk.REVERSIBLE,
                AUDIT_BUSINESS.id,
                bulk=True,
                help="Its namespace goes to every cluster; asks for a comment.",
            ),
            _approve,
            refuse_decided,
        ),
        RowAction(
            Action(
                "business.disapprove",
                "Disapprove",
                "d",
                Risk.REVERSIBLE,
                AUDIT_BUSINESS.id,
                bulk=True,
                help="Asks for a comment that says why.",
            ),
            _disapprove,
            refuse_decided,
        ),
        RowAction(
            Action("business.apply", "Apply", "n", Risk.REVERSIBLE, CREATE_BUSINESS.id, help="For one of your own."),
            _apply,
            needs_row=False,
            refused_to=_why_not_apply,
        ),
        RowAction(
            Action(
                "business.retire",
                "Retire",
                "ctrl+d",
                Risk.DESTRUCTIVE,
                RETIRE_BUSINESS.id,
                bulk=True,
                help="Its users lose it for good.",
            ),
            _retire,
            _refuse_retire,
        ),
    ),
)
