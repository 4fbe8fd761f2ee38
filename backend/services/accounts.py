"""Users: registration, approval, passwords, sub-users (operations 3-8, 11; decisions 7-16)."""

from __future__ import annotations

import asyncio

from backend.errors import ErrorKind, PlatformError
from backend.models.accounts import (
    AuditUser,
    ChangePassword,
    CreateSubUser,
    DeleteUser,
    ListUsers,
    Register,
    ResetPassword,
    User,
    UserStatus,
)
from backend.models.answer import Answer
from backend.models.base import Done, Role
from backend.models.businesses import BusinessStatus
from backend.notifier import Topic
from backend.security.passwords import hash_password, verify_password
from backend.security.roles import derive_role
from backend.services.platform import SYSTEM, Caller, Platform
from backend.services.record import record_change
from backend.store import businesses, users
from backend.store.database import Transaction
from backend.store.users import NewUser, UserRecord

STATUS_WORDS = {
    UserStatus.PENDING: "pending",
    UserStatus.APPROVED: "approved",
    UserStatus.NOT_APPROVED: "not approved",
    UserStatus.FORBIDDEN: "forbidden",
}


def role_of(user: UserRecord) -> Role:
    """The derived role of a stored user."""
    return derive_role(
        status=user.status, is_admin=user.is_admin, built_in=user.built_in, business_status=user.business_status
    )


class Accounts:
    """The rules for users."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def create_administrator(self, name: str, password: str) -> None:
        """Create the one built-in system administrator (decision 7).

        Raises PlatformError (409) when there is one already. The name and password are checked by the caller's model.
        """
        hashed = await asyncio.to_thread(hash_password, password)
        now = self._platform.clock.now()

        def work(transaction: Transaction) -> None:
            if users.built_in_exists(transaction):
                raise PlatformError(
                    ErrorKind.CONFLICT, "This site has its system administrator already. Log in as that user."
                )
            _refuse_taken(transaction, name, "")
            administrator = NewUser(
                name, hashed, "System administrator", "", UserStatus.APPROVED, is_admin=True, built_in=True
            )
            users.insert(transaction, administrator, now)
            record_change(transaction, SYSTEM, now, "site.init", f"user/{name}", after={"role": 4})

        await self._platform.database.write(work)
        self._platform.notifier.publish(Topic.USERS)

    async def has_administrator(self) -> bool:
        """Whether the site was set up."""
        return await self._platform.database.read(users.built_in_exists)

    async def register(self, caller: Caller, request: Register) -> Answer[Done]:
        """Operation 3: a user that waits for the system administrator's approval."""
        return await self._add(caller, request, UserStatus.PENDING, None, "user.register")

    async def create_sub_user(self, caller: Caller, request: CreateSubUser) -> Answer[Done]:
        """Operation 11: a user of the caller's business, active at once (decision 14)."""
        if caller.is_system_administrator:
            if request.business_id is None:
                raise PlatformError(
                    ErrorKind.INVALID,
                    "businessId is missing: the system administrator must say which business the user is for.",
                    field="businessId",
                )
            business_id = request.business_id
        else:
            business_id = caller.business_id or 0
            if request.business_id not in {None, business_id}:
                raise unknown_business(request.business_id)
        return await self._add(caller, request, UserStatus.APPROVED, business_id, "user.create")

    async def _add(
        self, caller: Caller, request: Register, status: UserStatus, business_id: int | None, action: str
    ) -> Answer[Done]:
        hashed = await asyncio.to_thread(hash_password, request.password)
        now = self._platform.clock.now()

        def work(transaction: Transaction) -> None:
            _refuse_taken(transaction, request.user, request.phone)
            if business_id is not None:
                business = businesses.get(transaction, business_id)
                if business is None:
                    raise unknown_business(business_id)
                if business.status is not BusinessStatus.APPROVED:
                    raise PlatformError(
                        ErrorKind.CONFLICT,
                        f"Business {business.name} is not approved, so it takes no users yet.",
                        field="businessId",
                    )
            user = NewUser(
                request.user,
                hashed,
                request.real_name,
                request.phone,
                status,
                request.is_admin,
                business_id=business_id,
            )
            users.insert(transaction, user, now)
            after = {"status": status, "isAdmin": request.is_admin, "businessId": business_id}
            record_change(transaction, caller, now, action, f"user/{request.user}", after=after)

        await self._platform.database.write(work)
        self._platform.notifier.publish(Topic.USERS)
        return Answer(Done())

    async def list_users(self, caller: Caller, request: ListUsers) -> Answer[list[User]]:
        """Operation 7: all users, or those of a business administrator's own business."""
        if not caller.is_system_administrator:
            request = request.model_copy(update={"business_id": caller.business_id})
        found, total = await self._platform.database.read(lambda tx: users.list_users(tx, request))
        return Answer([_answer(user) for user in found], total)

    async def get_user(self, caller: Caller, request: DeleteUser) -> Answer[User]:
        """One user, under the same rule as the list; an extension for the console."""
        found = await self._platform.database.read(lambda tx: _reachable(tx, caller, request.user_id))
        return Answer(_answer(found))

    async def audit_user(self, caller: Caller, request: AuditUser) -> Answer[Done]:
        """Operation 8: set a user's status; anything but approved ends their sessions (decisions 10, 15)."""
        now = self._platform.clock.now()

        def work(transaction: Transaction) -> None:
            user = _reachable(transaction, caller, request.user_id)
            _refuse_self_or_built_in(caller, user, "audited")
            users.set_status(transaction, user.id, request.status, now)
            if request.status != UserStatus.APPROVED:
                users.revoke_sessions(transaction, user.id)
            record_change(
                transaction,
                caller,
                now,
                "user.audit",
                f"user/{user.user_name}",
                before={"status": user.status},
                after={"status": request.status},
            )

        await self._platform.database.write(work)
        self._platform.notifier.publish(Topic.USERS)
        return Answer(Done())

    async def delete_user(self, caller: Caller, request: DeleteUser) -> Answer[Done]:
        """Operation 5. A pending application of theirs is disapproved: nobody is left to answer for it."""
        now = self._platform.clock.now()

        def work(transaction: Transaction) -> None:
            user = _reachable(transaction, caller, request.user_id)
            _refuse_self_or_built_in(caller, user, "deleted")
            applied = businesses.in_use_by(transaction, user.id)
            if applied is not None and applied.status is BusinessStatus.PENDING and applied.user_id == user.id:
                comment = "The applicant was deleted."
                businesses.set_status(transaction, applied.id, BusinessStatus.DISAPPROVED, comment, now)
                record_change(
                    transaction,
                    caller,
                    now,
                    "business.audit",
                    f"business/{applied.name}",
                    before={"status": BusinessStatus.PENDING},
                    after={"status": BusinessStatus.DISAPPROVED, "comment": comment},
                )
            users.revoke_sessions(transaction, user.id)
            users.delete(transaction, user.id, now)
            record_change(
                transaction, caller, now, "user.delete", f"user/{user.user_name}", before={"status": user.status}
            )

        await self._platform.database.write(work)
        self._platform.notifier.publish(Topic.USERS, Topic.BUSINESSES)
        return Answer(Done())

    async def reset_password(self, caller: Caller, request: ResetPassword) -> Answer[Done]:
        """Operation 6: also lifts a lock-out and ends all sessions (decision 10)."""
        await self._platform.database.read(lambda tx: _reachable(tx, caller, request.user_id))
        hashed = await asyncio.to_thread(hash_password, request.password)
        now = self._platform.clock.now()

        def work(transaction: Transaction) -> None:
            user = _reachable(transaction, caller, request.user_id)
            users.set_password_hash(transaction, user.id, hashed, now)
            users.revoke_sessions(transaction, user.id)
            users.clear_failures(transaction, user.user_name)
            record_change(transaction, caller, now, "user.reset_password", f"user/{user.user_name}")

        await self._platform.database.write(work)
        self._platform.notifier.publish(Topic.USERS)
        return Answer(Done())

    async def change_password(self, caller: Caller, request: ChangePassword) -> Answer[Done]:
        """Operation 4: ends all of the caller's sessions, this one included (decision 10)."""
        user_id = caller.user_id or 0
        stored = await self._platform.database.read(lambda tx: users.password_hash(tx, user_id))
        if not await asyncio.to_thread(verify_password, stored, request.old_password):
            raise PlatformError(
                ErrorKind.FORBIDDEN,
                "The old password is wrong, so the password was not changed.",
                reason="old_password_wrong",
                field="oldPassword",
            )
        hashed = await asyncio.to_thread(hash_password, request.password)
        now = self._platform.clock.now()

        def work(transaction: Transaction) -> None:
            if users.password_hash(transaction, user_id) != stored:
                raise PlatformError(
                    ErrorKind.CONFLICT, "The password was changed by somebody else meanwhile. Log in again."
                )
            users.set_password_hash(transaction, user_id, hashed, now)
            users.revoke_sessions(transaction, user_id)
            record_change(transaction, caller, now, "user.change_password", f"user/{caller.user}")

        await self._platform.database.write(work)
        self._platform.notifier.publish(Topic.ACTIVITY)
        return Answer(Done())


def _answer(user: UserRecord) -> User:
    return User.model_construct(
        id=user.id,
        user=user.user_name,
        status=UserStatus(user.status),
        real_name=user.real_name,
        phone=user.phone,
        create_time=user.created_at,
        update_time=user.updated_at,
        is_admin=user.is_admin,
        role=int(role_of(user)),
        business_id=user.business_id,
        business_name=user.business_name,
        built_in=user.built_in,
    )


def _refuse_taken(transaction: Transaction, name: str, phone: str) -> None:
    if users.name_in_use(transaction, name):
        raise PlatformError(
            ErrorKind.CONFLICT,
            f"The user name {name} is taken. Choose another.",
            reason="user_name_taken",
            field="user",
        )
    if phone and users.phone_in_use(transaction, phone):
        raise PlatformError(
            ErrorKind.CONFLICT,
            f"The phone number {phone} belongs to another user. Give another.",
            reason="phone_taken",
            field="phone",
        )


def _reachable(transaction: Transaction, caller: Caller, user_id: int) -> UserRecord:
    """The user, if the caller may act on them; outside a business administrator's business: 404 (decision 16)."""
    user = users.get(transaction, user_id)
    if user is None or not (caller.is_system_administrator or user.business_id == caller.business_id):
        raise PlatformError(ErrorKind.NOT_FOUND, f"There is no user with id {user_id}.", reason="user_unknown")
    return user


def _refuse_self_or_built_in(caller: Caller, user: UserRecord, done: str) -> None:
    if user.id == caller.user_id:
        raise PlatformError(ErrorKind.CONFLICT, f"You cannot be {done} by yourself.", reason="user_is_self")
    if user.built_in:
        raise PlatformError(
            ErrorKind.CONFLICT,
            f"{user.user_name} is the built-in administrator and cannot be {done}.",
            reason="user_built_in",
        )


def unknown_business(business_id: int | None) -> PlatformError:
    """The refusal of a business that does not exist or that the caller may not see."""
    return PlatformError(
        ErrorKind.NOT_FOUND,
        f"There is no business with id {business_id}.",
        reason="business_unknown",
        field="businessId",
    )
