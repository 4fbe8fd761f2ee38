"""Businesses: application, audit, and their namespaces on every cluster (operations 12-15; decisions 17-20)."""

from __future__ import annotations

from collections.abc import Callable

from backend.errors import ErrorKind, PlatformError
from backend.models.answer import Answer
from backend.models.base import Done
from backend.models.businesses import (
    AuditBusiness,
    Business,
    BusinessDetail,
    BusinessStatus,
    CreateBusiness,
    GetBusiness,
    ListBusinesses,
    NamespaceDelivery,
)
from backend.notifier import Topic
from backend.services.accounts import unknown_business
from backend.services.platform import Caller, Platform
from backend.services.record import record_change
from backend.store import businesses, users, work
from backend.store.database import Transaction

STATUS_WORDS = {
    BusinessStatus.PENDING: "pending",
    BusinessStatus.APPROVED: "approved",
    BusinessStatus.DISAPPROVED: "disapproved",
    BusinessStatus.DELETED: "deleted",
}


class Businesses:
    """The rules for businesses. `wake` tells the worker of this process that there is something to deliver."""

    def __init__(self, platform: Platform, wake: Callable[[], None]) -> None:
        self._platform = platform
        self._wake = wake

    async def create_business(self, caller: Caller, request: CreateBusiness) -> Answer[Done]:
        """Operation 12: an application that waits for its audit (decision 17)."""
        user_id = caller.user_id or 0
        now = self._platform.clock.now()

        def apply(transaction: Transaction) -> None:
            if not caller.is_admin:
                raise PlatformError(
                    ErrorKind.FORBIDDEN,
                    "Only a user registered as administrator may apply for a business. "
                    "Ask your business administrator for a sub-user instead.",
                    reason="not_an_administrator",
                )
            owned = businesses.in_use_by(transaction, user_id)
            if owned is not None:
                state = STATUS_WORDS[owned.status]
                raise PlatformError(
                    ErrorKind.CONFLICT,
                    f"You have the {state} business {owned.name} already. One administrator has one business.",
                    reason="business_owned",
                )
            if businesses.name_in_use(transaction, request.name):
                raise PlatformError(
                    ErrorKind.CONFLICT,
                    f"The business name {request.name} is taken. Choose another.",
                    reason="business_name_taken",
                    field="name",
                )
            business_id = businesses.insert(transaction, request, user_id, now)
            users.set_business(transaction, user_id, business_id, now)
            after = {"id": business_id, "status": BusinessStatus.PENDING}
            record_change(transaction, caller, now, "business.create", f"business/{request.name}", after=after)

        await self._platform.database.write(apply)
        self._platform.notifier.publish(Topic.BUSINESSES, Topic.USERS)
        return Answer(Done())

    async def list_businesses(self, caller: Caller, request: ListBusinesses) -> Answer[list[Business]]:
        """Operation 13: all for the system administrator, their own for others (decision 20)."""
        own = None if caller.is_system_administrator else caller.user_id
        found, total = await self._platform.database.read(
            lambda tx: businesses.list_businesses(tx, request, user_id=own, business_id=caller.business_id)
        )
        return Answer(found, total)

    async def get_business(self, caller: Caller, request: GetBusiness) -> Answer[BusinessDetail]:
        """Operation 14."""
        return Answer(await self._platform.database.read(lambda tx: _visible(tx, caller, request.id)))

    async def list_namespaces(self, caller: Caller, request: GetBusiness) -> Answer[list[NamespaceDelivery]]:
        """Where the business's namespace is, cluster by cluster; an extension."""

        def look(transaction: Transaction) -> list[NamespaceDelivery]:
            business = _visible(transaction, caller, request.id)
            return work.list_namespaces(transaction, business_id=business.id)

        found = await self._platform.database.read(look)
        return Answer(found, len(found))

    async def audit_business(self, caller: Caller, request: AuditBusiness) -> Answer[Done]:
        """Operation 15: approval makes the namespace wanted on every cluster, in the same transaction (decision 19)."""
        if request.status == BusinessStatus.DISAPPROVED and not request.comment.strip():
            raise PlatformError(
                ErrorKind.INVALID,
                "comment is missing: a disapproval must say why.",
                reason="comment_missing",
                field="comment",
            )
        now = self._platform.clock.now()

        def decide(transaction: Transaction) -> None:
            business = _visible(transaction, caller, request.id)
            if business.status is not BusinessStatus.PENDING:
                state = STATUS_WORDS[business.status]
                raise PlatformError(
                    ErrorKind.CONFLICT,
                    f"Business {business.name} is {state} already; only a pending one can be audited.",
                    reason="business_not_pending",
                )
            businesses.set_status(transaction, business.id, request.status, request.comment, now)
            if request.status == BusinessStatus.APPROVED:
                work.want_namespace_everywhere(transaction, business.id, now)
            record_change(
                transaction,
                caller,
                now,
                "business.audit",
                f"business/{business.name}",
                before={"status": business.status},
                after={"status": request.status, "comment": request.comment},
            )

        await self._platform.database.write(decide)
        self._platform.notifier.publish(Topic.BUSINESSES, Topic.USERS, Topic.WORK)
        self._wake()
        return Answer(Done())

    async def retire_business(self, caller: Caller, request: GetBusiness) -> Answer[Done]:
        """Retire an approved business (decision 20): its users fall back to role 1, its namespaces stay as they are."""
        now = self._platform.clock.now()

        def retire(transaction: Transaction) -> None:
            business = _visible(transaction, caller, request.id)
            if business.status is not BusinessStatus.APPROVED:
                state = STATUS_WORDS[business.status]
                raise PlatformError(
                    ErrorKind.CONFLICT,
                    f"Business {business.name} is {state}; only an approved one can be retired.",
                    reason="business_not_approved",
                )
            businesses.set_status(transaction, business.id, BusinessStatus.DELETED, business.comment, now)
            work.forget_namespace_everywhere(transaction, business.id)
            record_change(
                transaction,
                caller,
                now,
                "business.retire",
                f"business/{business.name}",
                before={"status": business.status},
                after={"status": BusinessStatus.DELETED},
                message=f"namespace {business.namespace} was left on the clusters",
            )

        await self._platform.database.write(retire)
        self._platform.notifier.publish(Topic.BUSINESSES, Topic.USERS, Topic.WORK)
        return Answer(Done())


def _visible(transaction: Transaction, caller: Caller, business_id: int) -> BusinessDetail:
    business = businesses.get(transaction, business_id)
    own = business is not None and (business.user_id == caller.user_id or business.id == caller.business_id)
    if business is None or not (own or caller.is_system_administrator):
        raise unknown_business(business_id)
    return business
