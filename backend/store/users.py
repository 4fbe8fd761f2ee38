"""Queries of users, their sessions and their failed log-ins."""

from __future__ import annotations

from dataclasses import dataclass

from backend.models.accounts import ListUsers
from backend.store.activity import limit_offset
from backend.store.database import SqlValue, Transaction

_COLUMNS = (
    "user.id, user.user_name, user.real_name, user.phone, user.status, user.is_admin, user.built_in,"
    " user.business_id, user.created_at, user.updated_at, business.name AS business_name,"
    " business.status AS business_status"
)
_FROM = "FROM user LEFT JOIN business ON business.id = user.business_id"
_ORDERS = {"id": "user.id", "user_name": "user.user_name"}
_INDEXED_LETTERS = 3


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A user as stored, with what their role is derived from. Times are unix seconds."""

    id: int
    user_name: str
    real_name: str
    phone: str
    status: int
    is_admin: bool
    built_in: bool
    business_id: int | None
    business_name: str
    business_status: int | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be stored."""

    user_name: str
    password_hash: str
    real_name: str
    phone: str
    status: int
    is_admin: bool
    built_in: bool = False
    business_id: int | None = None


@dataclass(frozen=True, slots=True)
class LoginFailures:
    """Failed log-ins in a row under one name. Times are unix seconds."""

    failures: int
    last_at: int
    locked_until: int


def _record(row: object) -> UserRecord:
    fields = dict(row)  # type: ignore[call-overload]  # sqlite3.Row is a mapping in all but type
    return UserRecord(
        id=fields["id"],
        user_name=fields["user_name"],
        real_name=fields["real_name"],
        phone=fields["phone"],
        status=fields["status"],
        is_admin=bool(fields["is_admin"]),
        built_in=bool(fields["built_in"]),
        business_id=fields["business_id"],
        business_name=fields["business_name"] or "",
        business_status=fields["business_status"],
        created_at=fields["created_at"],
        updated_at=fields["updated_at"],
    )


def get(transaction: Transaction, user_id: int) -> UserRecord | None:
    """The user with this id, unless deleted."""
    row = transaction.row(f"SELECT {_COLUMNS} {_FROM} WHERE user.id = ? AND user.deleted_at IS NULL", (user_id,))
    return None if row is None else _record(row)


def find(transaction: Transaction, user_name: str) -> UserRecord | None:
    """The user with this name, unless deleted."""
    row = transaction.row(
        f"SELECT {_COLUMNS} {_FROM} WHERE user.user_name = ? AND user.deleted_at IS NULL",
        (user_name,),
    )
    return None if row is None else _record(row)


def name_in_use(transaction: Transaction, user_name: str) -> bool:
    """Whether a user has this name, in whatever case: names that differ in case only invite mistakes."""
    return (
        transaction.count(
            "SELECT count(*) FROM user WHERE user_name = ? COLLATE NOCASE AND deleted_at IS NULL", (user_name,)
        )
        > 0
    )


def phone_in_use(transaction: Transaction, phone: str) -> bool:
    """Whether a user has this phone number."""
    return transaction.count("SELECT count(*) FROM user WHERE phone = ? AND deleted_at IS NULL", (phone,)) > 0


def built_in_exists(transaction: Transaction) -> bool:
    """Whether the system administrator has been created."""
    return transaction.count("SELECT count(*) FROM user WHERE built_in = 1") > 0


def insert(transaction: Transaction, user: NewUser, now: int) -> int:
    """Store a new user; returns the id."""
    return transaction.insert(
        "INSERT INTO user (user_name, password_hash, real_name, phone, status, is_admin, built_in, business_id,"
        " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            user.user_name,
            user.password_hash,
            user.real_name,
            user.phone,
            user.status,
            int(user.is_admin),
            int(user.built_in),
            user.business_id,
            now,
            now,
        ),
    )


def password_hash(transaction: Transaction, user_id: int) -> str:
    """The stored hash; empty for an unknown or deleted user."""
    row = transaction.row("SELECT password_hash FROM user WHERE id = ? AND deleted_at IS NULL", (user_id,))
    return "" if row is None else str(row["password_hash"])


def set_password_hash(transaction: Transaction, user_id: int, hashed: str, now: int) -> None:
    """Replace the stored hash."""
    transaction.change("UPDATE user SET password_hash = ?, updated_at = ? WHERE id = ?", (hashed, now, user_id))


def set_status(transaction: Transaction, user_id: int, status: int, now: int) -> None:
    """Replace the status."""
    transaction.change("UPDATE user SET status = ?, updated_at = ? WHERE id = ?", (status, now, user_id))


def set_business(transaction: Transaction, user_id: int, business_id: int, now: int) -> None:
    """Tie the user to a business."""
    transaction.change("UPDATE user SET business_id = ?, updated_at = ? WHERE id = ?", (business_id, now, user_id))


def delete(transaction: Transaction, user_id: int, now: int) -> None:
    """Delete a user: the id and name stay for the records of what they did, all else of them goes."""
    transaction.change(
        "UPDATE user SET deleted_at = ?, updated_at = ?, password_hash = '', real_name = '', phone = '',"
        " business_id = NULL WHERE id = ?",
        (now, now, user_id),
    )


def list_users(transaction: Transaction, request: ListUsers) -> tuple[list[UserRecord], int]:
    """One page of users under the request's filters, and how many there are in all."""
    conditions = ["user.deleted_at IS NULL"]
    parameters: list[SqlValue] = []
    if request.business_id is not None:
        conditions.append("user.business_id = ?")
        parameters.append(request.business_id)
    if request.status is not None:
        conditions.append("user.status = ?")
        parameters.append(request.status.value)
    if request.name:
        conditions.append("(instr(lower(user.user_name), lower(?)) > 0 OR instr(lower(user.real_name), lower(?)) > 0)")
        parameters += [request.name, request.name]
    if len(request.name) >= _INDEXED_LETTERS:
        # The index offers all that may match, the condition above decides.
        conditions.append("user.id IN (SELECT rowid FROM user_text WHERE user_text MATCH ?)")
        parameters.append('"' + request.name.replace('"', '""') + '"')
    where = " AND ".join(conditions)
    total = transaction.count(f"SELECT count(*) FROM user WHERE {where}", parameters)
    limit, offset = limit_offset(request.page, request.page_size)
    order = found_by = request.order
    behind = total - offset - limit
    if limit >= 0 and behind < offset:
        # What takes time is to skip rows: a page of the back half is found from the end.
        limit, offset = max(0, limit + min(behind, 0)), max(behind, 0)
        found_by = "desc" if order == "asc" else "asc"
    column = _ORDERS[request.order_by]
    # Rows are skipped in an index; only those of this page are read.
    page = f"SELECT user.id FROM user WHERE {where} ORDER BY {column} {found_by}, user.id {found_by} LIMIT ? OFFSET ?"
    rows = transaction.rows(
        f"SELECT {_COLUMNS} {_FROM} WHERE user.id IN ({page}) ORDER BY {column} {order}, user.id {order}",
        [*parameters, limit, offset],
    )
    return [_record(row) for row in rows], total


def count_pending(transaction: Transaction) -> int:
    """How many users wait for an audit."""
    return transaction.count("SELECT count(*) FROM user WHERE status = 0 AND deleted_at IS NULL")


def insert_session(transaction: Transaction, token_id: str, user_id: int, now: int, expires_at: int) -> None:
    """Store a session, and clear away those that have expired."""
    transaction.change("DELETE FROM session WHERE expires_at <= ?", (now,))
    transaction.change(
        "INSERT INTO session (token_id, user_id, created_at, expires_at) VALUES (?, ?, ?, ?)",
        (token_id, user_id, now, expires_at),
    )


def session_user(transaction: Transaction, token_id: str, now: int) -> int | None:
    """The id of the user whose session this is, or None when it has expired or was revoked."""
    row = transaction.row("SELECT user_id FROM session WHERE token_id = ? AND expires_at > ?", (token_id, now))
    return None if row is None else int(row["user_id"])


def revoke_session(transaction: Transaction, token_id: str) -> bool:
    """End one session; False when it had ended already."""
    return transaction.change("DELETE FROM session WHERE token_id = ?", (token_id,)) > 0


def revoke_sessions(transaction: Transaction, user_id: int) -> int:
    """End all sessions of a user; returns how many there were."""
    return transaction.change("DELETE FROM session WHERE user_id = ?", (user_id,))


def failures(transaction: Transaction, user_name: str) -> LoginFailures:
    """The failed log-ins in a row under a name, also one that no user has."""
    row = transaction.row("SELECT * FROM login_failure WHERE user_name = ?", (user_name,))
    if row is None:
        return LoginFailures(0, 0, 0)
    return LoginFailures(row["failures"], row["last_at"], row["locked_until"])


def set_failures(transaction: Transaction, user_name: str, failed: LoginFailures, forget_before: int) -> None:
    """Store the failed log-ins under a name, and clear away those of any name last seen before `forget_before`."""
    transaction.change(
        "DELETE FROM login_failure WHERE last_at < ? AND locked_until < ?", (forget_before, failed.last_at)
    )
    transaction.change(
        "INSERT INTO login_failure (user_name, failures, last_at, locked_until) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (user_name) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at,"
        " locked_until = excluded.locked_until",
        (user_name, failed.failures, failed.last_at, failed.locked_until),
    )


def clear_failures(transaction: Transaction, user_name: str) -> None:
    """Forget the failed log-ins under a name."""
    transaction.change("DELETE FROM login_failure WHERE user_name = ?", (user_name,))
