"""How services write to the activity log: who, when and what, in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Mapping

from backend.models.base import Outcome
from backend.services.platform import Caller
from backend.store.activity import Entry, record
from backend.store.database import Transaction

_NOTHING: Mapping[str, object] = {}


def record_change(
    transaction: Transaction,
    caller: Caller,
    now: int,
    action: str,
    target: str,
    *,
    before: Mapping[str, object] = _NOTHING,
    after: Mapping[str, object] = _NOTHING,
    outcome: Outcome = Outcome.DONE,
    message: str = "",
) -> None:
    """Append what `caller` did to `target` (kind/name, e.g. `user/bob`); `action` is an operation's id."""
    record(
        transaction,
        Entry(now, caller.user_id, caller.user, caller.role, action, target, before, after, outcome, message),
    )
