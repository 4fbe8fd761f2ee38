"""Queries of businesses and of what waits for an audit."""

from __future__ import annotations

from backend.models.activity import InboxItem, ListInbox
from backend.models.businesses import Business, BusinessDetail, BusinessStatus, CreateBusiness, ListBusinesses
from backend.store.activity import limit_offset
from backend.store.database import SqlValue, Transaction

_SELECT = "SELECT business.*, user.user_name FROM business JOIN user ON user.id = business.user_id"
IN_USE = (BusinessStatus.PENDING.value, BusinessStatus.APPROVED.value)


def namespace_of(business_id: int) -> str:
    """The namespace of a business on every cluster."""
    return f"ns{business_id}"


def insert(transaction: Transaction, request: CreateBusiness, user_id: int, now: int) -> int:
    """Store a pending business; returns the id."""
    return transaction.insert(
        "INSERT INTO business (name, user_id, introduce, objective, scale, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (request.name, user_id, request.introduce, request.objective, request.scale, now, now),
    )


def get(transaction: Transaction, business_id: int) -> BusinessDetail | None:
    """The business with this id, in any status."""
    row = transaction.row(f"{_SELECT} WHERE business.id = ?", (business_id,))
    if row is None:
        return None
    return BusinessDetail.model_construct(
        id=row["id"],
        name=row["name"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        introduce=row["introduce"],
        objective=row["objective"],
        scale=row["scale"],
        comment=row["comment"],
        status=BusinessStatus(row["status"]),
        create_time=row["created_at"],
        update_time=row["updated_at"],
        namespace=namespace_of(row["id"]),
    )


def name_in_use(transaction: Transaction, name: str) -> bool:
    """Whether a pending or approved business has this name."""
    return transaction.count("SELECT count(*) FROM business WHERE name = ? AND status IN (?, ?)", (name, *IN_USE)) > 0


def in_use_by(transaction: Transaction, user_id: int) -> Business | None:
    """The pending or approved business that this user applied for or belongs to."""
    row = transaction.row(
        "SELECT id FROM business WHERE status IN (?, ?)"
        " AND (user_id = ? OR id = (SELECT business_id FROM user WHERE user.id = ?)) ORDER BY id LIMIT 1",
        (*IN_USE, user_id, user_id),
    )
    return None if row is None else get(transaction, row["id"])


def set_status(transaction: Transaction, business_id: int, status: int, comment: str, now: int) -> None:
    """Record a decision and its comment."""
    transaction.change(
        "UPDATE business SET status = ?, comment = ?, updated_at = ? WHERE id = ?", (status, comment, now, business_id)
    )


def list_businesses(
    transaction: Transaction, request: ListBusinesses, *, user_id: int | None = None, business_id: int | None = None
) -> tuple[list[Business], int]:
    """One page under the request's filters; with `user_id`, only what that user applied for or `business_id`."""
    conditions: list[str] = []
    parameters: list[SqlValue] = []
    if user_id is not None:
        conditions.append("(business.user_id = ? OR business.id = ?)")
        parameters += [user_id, business_id]
    if request.name:
        conditions.append("instr(lower(business.name), lower(?)) > 0")
        parameters.append(request.name)
    if request.status is not None:
        conditions.append("business.status = ?")
        parameters.append(request.status.value)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    total = transaction.count(f"SELECT count(*) FROM business{where}", parameters)
    rows = transaction.rows(
        f"{_SELECT}{where} ORDER BY business.id {request.order} LIMIT ? OFFSET ?",
        [*parameters, *limit_offset(request.page, request.page_size)],
    )
    return [
        Business.model_construct(
            id=row["id"],
            name=row["name"],
            user_id=row["user_id"],
            user_name=row["user_name"],
            comment=row["comment"],
            status=BusinessStatus(row["status"]),
            create_time=row["created_at"],
            update_time=row["updated_at"],
        )
        for row in rows
    ], total


def count_pending(transaction: Transaction) -> int:
    """How many businesses wait for an audit."""
    return transaction.count("SELECT count(*) FROM business WHERE status = 0")


_INBOX = """
SELECT 'user' AS kind, id, user_name AS name, user_name AS requester,
       real_name || ', ' || CASE is_admin WHEN 1 THEN 'administrator' ELSE 'general user' END AS summary,
       created_at
FROM user WHERE status = 0 AND deleted_at IS NULL
UNION ALL
SELECT 'business', business.id, business.name, user.user_name, business.objective, business.created_at
FROM business JOIN user ON user.id = business.user_id WHERE business.status = 0
"""


def list_inbox(transaction: Transaction, request: ListInbox) -> tuple[list[InboxItem], int]:
    """One page of pending users and businesses, oldest first, and how many there are in all."""
    conditions: list[str] = []
    parameters: list[SqlValue] = []
    if request.kind != "all":
        conditions.append("kind = ?")
        parameters.append(request.kind)
    if request.name:
        conditions.append("(instr(lower(name), lower(?)) > 0 OR instr(lower(summary), lower(?)) > 0)")
        parameters += [request.name, request.name]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    total = transaction.count(f"SELECT count(*) FROM ({_INBOX}){where}", parameters)
    rows = transaction.rows(
        f"SELECT * FROM ({_INBOX}){where} ORDER BY created_at, kind, id LIMIT ? OFFSET ?",
        [*parameters, *limit_offset(request.page, request.page_size)],
    )
    return [
        InboxItem.model_construct(
            kind=row["kind"],
            id=row["id"],
            name=row["name"],
            requester=row["requester"],
            summary=row["summary"],
            create_time=row["created_at"],
        )
        for row in rows
    ], total
