"""Log-in, tokens and log-out (operations 1, 2, 9, 10; decisions 9 and 10)."""

from __future__ import annotations

import asyncio
import math
import secrets
from weakref import WeakValueDictionary

from backend.errors import ErrorKind, PlatformError
from backend.models.accounts import AuthorizationInfo, Login, TokenAnswer, UserStatus, check_user_name
from backend.models.answer import Answer
from backend.models.base import Done, Nothing, Outcome, Role
from backend.notifier import Topic
from backend.security import lockout, tokens
from backend.security.passwords import hash_of_nobody, hash_password, needs_rehash, verify_password
from backend.services.accounts import role_of
from backend.services.platform import NOBODY, Caller, Platform
from backend.services.record import record_change
from backend.services.settings import Settings
from backend.store import users
from backend.store.database import Transaction
from backend.store.settings import get_secret, put_secret
from backend.store.users import LoginFailures, UserRecord

_SIGNING_KEY = "signing-key"
_REFUSED_STATUS = {
    UserStatus.NOT_APPROVED: "was not approved. Ask the system administrator why.",
    UserStatus.FORBIDDEN: "has been disabled. Ask the system administrator to enable it.",
}


class Sessions:
    """The rules for proving who calls."""

    def __init__(self, platform: Platform, settings: Settings) -> None:
        self._platform = platform
        self._settings = settings
        self._key = b""
        self._attempts: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def _signing_key(self) -> bytes:
        if not self._key:
            box = self._platform.box

            def work(transaction: Transaction) -> bytes:
                boxed = get_secret(transaction, _SIGNING_KEY)
                if boxed is not None:
                    return box.open(boxed, _SIGNING_KEY)
                key = secrets.token_bytes(tokens.SIGNING_KEY_BYTES)
                put_secret(transaction, _SIGNING_KEY, box.box(key, _SIGNING_KEY))
                return key

            self._key = await self._platform.database.write(work)
        return self._key

    async def identify(self, token: str) -> Caller:
        """The caller that a token stands for, as the store knows them now: a changed role takes effect at once.

        Raises PlatformError (401) when the token is missing, malformed, expired or revoked.
        """
        if not token:
            raise tokens.invalid_token()
        claims = tokens.read(token.removeprefix("Bearer ").strip(), await self._signing_key())
        now = self._platform.clock.now()
        if claims.expires_at <= now:
            raise tokens.invalid_token()

        def work(transaction: Transaction) -> UserRecord | None:
            user_id = users.session_user(transaction, claims.token_id, now)
            return None if user_id is None or user_id != claims.user_id else users.get(transaction, user_id)

        user = await self._platform.database.read(work)
        if user is None:
            raise tokens.invalid_token()
        return _caller(user, claims.token_id, claims.expires_at)

    async def login(self, _caller: Caller, request: Login) -> Answer[TokenAnswer]:
        """Operation 1: a token for the right password. Failures slow down, then lock (decisions 9, 10)."""
        name = _counted_name(request.user)
        # One attempt at a time for a name: attempts side by side must not escape the delay.
        attempt = self._attempts.setdefault(name, asyncio.Lock())
        async with attempt:
            user, proof = await self._check_password(request, name)
        status = UserStatus(user.status)
        if status in _REFUSED_STATUS:
            error = PlatformError(
                ErrorKind.FORBIDDEN, f"The account {user.user_name} {_REFUSED_STATUS[status]}", reason="account_refused"
            )
            await self._record_refusal(user.user_name, error)
            raise error
        return await self._open_session(_caller_of(user), proof=proof)

    async def _check_password(self, request: Login, name: str) -> tuple[UserRecord, str]:
        """The user whose password it is, and the stored hash that it was proved against."""
        database, clock = self._platform.database, self._platform.clock
        failed = await database.read(lambda tx: users.failures(tx, name))
        self._refuse_locked(failed)
        if clock.now() - failed.last_at > lockout.FORGET_AFTER_SECONDS:
            failed = LoginFailures(0, 0, 0)
        await asyncio.sleep(lockout.delay_seconds(failed.failures))

        def look(transaction: Transaction) -> tuple[UserRecord | None, str]:
            user = users.find(transaction, request.user)
            return user, "" if user is None else users.password_hash(transaction, user.id)

        user, stored = await database.read(look)
        matches = await asyncio.to_thread(lambda: verify_password(stored or hash_of_nobody(), request.password))
        if user is None or not matches:
            await self._count_failure(name)
            raise _login_failed()
        rehashed = await asyncio.to_thread(hash_password, request.password) if needs_rehash(stored) else ""
        now = clock.now()

        def settle(transaction: Transaction) -> None:
            users.clear_failures(transaction, name)
            if rehashed and users.password_hash(transaction, user.id) == stored:
                users.set_password_hash(transaction, user.id, rehashed, now)

        if failed.failures or rehashed:
            await database.write(settle)
        return user, rehashed or stored

    def _refuse_locked(self, failed: LoginFailures) -> None:
        left = failed.locked_until - self._platform.clock.now()
        # A lock that seems to last longer than any lock does was set before the clock was put back.
        if 0 < left <= lockout.LOCK_SECONDS:
            raise PlatformError(
                ErrorKind.UNAUTHENTICATED,
                f"This account is locked after {failed.failures} failed log-ins. Try again in "
                f"{math.ceil(left / 60)} min, or have an administrator reset the password.",
                reason="login_locked",
            )

    async def _count_failure(self, name: str) -> None:
        now = self._platform.clock.now()

        def work(transaction: Transaction) -> None:
            failed = users.failures(transaction, name)
            recent = now - failed.last_at <= lockout.FORGET_AFTER_SECONDS
            count = failed.failures + 1 if recent else 1
            locked_until = now + lockout.LOCK_SECONDS if lockout.locks(count) else 0
            users.set_failures(
                transaction, name, LoginFailures(count, now, locked_until), now - lockout.FORGET_AFTER_SECONDS
            )
            # A name that nobody has may be a password typed into the wrong field: it must not reach the log.
            target = name if users.find(transaction, name) else "(no such user)"
            record_change(
                transaction,
                NOBODY,
                now,
                "session.login",
                f"user/{target}",
                after={"failures": count, "locked": bool(locked_until)},
                outcome=Outcome.REFUSED,
                message="wrong user name or password",
            )

        await self._platform.database.write(work)
        self._platform.notifier.publish(Topic.ACTIVITY)

    async def _record_refusal(self, name: str, error: PlatformError) -> None:
        now = self._platform.clock.now()
        await self._platform.database.write(
            lambda tx: record_change(
                tx, NOBODY, now, "session.login", f"user/{name}", outcome=Outcome.REFUSED, message=error.message
            )
        )
        self._platform.notifier.publish(Topic.ACTIVITY)

    async def _open_session(self, caller: Caller, *, replaced: str = "", proof: str = "") -> Answer[TokenAnswer]:
        now = self._platform.clock.now()
        key = await self._signing_key()
        claims = tokens.new_claims(caller.user_id or 0, caller.user, caller.role, now)

        def work(transaction: Transaction) -> None:
            # Checked again here: two updates of one token must not both win.
            if replaced and not users.revoke_session(transaction, replaced):
                raise tokens.invalid_token()
            if proof and not _still_proved(transaction, claims.user_id, proof):
                raise _login_failed()
            users.insert_session(transaction, claims.token_id, claims.user_id, now, claims.expires_at)
            action = "session.update" if replaced else "session.login"
            record_change(transaction, caller, now, action, f"user/{caller.user}")

        await self._platform.database.write(work)
        self._platform.notifier.publish(Topic.ACTIVITY)
        return Answer(TokenAnswer(token=tokens.sign(claims, key), expireTime=claims.expires_at))

    async def update(self, caller: Caller, _request: Nothing) -> Answer[TokenAnswer]:
        """Operation 2: a new token for a valid one, which is revoked."""
        return await self._open_session(caller, replaced=caller.token_id)

    async def logout(self, caller: Caller, _request: Nothing) -> Answer[Done]:
        """Operation 9: end the session."""
        now = self._platform.clock.now()

        def work(transaction: Transaction) -> None:
            users.revoke_session(transaction, caller.token_id)
            record_change(transaction, caller, now, "session.logout", f"user/{caller.user}")

        await self._platform.database.write(work)
        self._platform.notifier.publish(Topic.ACTIVITY)
        return Answer(Done())

    async def info(self, caller: Caller, _request: Nothing) -> Answer[AuthorizationInfo]:
        """Operation 10: who calls, and the platform's flags."""
        settings = await self._settings.current()
        return Answer(
            AuthorizationInfo(
                displayName=caller.user,
                hasRepoAccount=False,
                role=int(caller.role),
                privateProject=settings.private_project,
                enableIngress=settings.enable_ingress,
                enableAlert=settings.enable_alert,
                enableAdminAutoDeploy=settings.enable_admin_auto_deploy,
                userId=caller.user_id or 0,
                isAdmin=caller.is_admin,
                businessId=caller.business_id,
                businessName=caller.business_name,
                expireTime=caller.expires_at,
            )
        )


def _login_failed() -> PlatformError:
    return PlatformError(ErrorKind.UNAUTHENTICATED, "The user name or the password is wrong.", reason="login_failed")


def _still_proved(transaction: Transaction, user_id: int, proof: str) -> bool:
    # A password takes its time to be verified: meanwhile it may have been reset, or the account refused.
    user = users.get(transaction, user_id)
    if user is None or UserStatus(user.status) in _REFUSED_STATUS:
        return False
    return users.password_hash(transaction, user_id) == proof


def _counted_name(name: str) -> str:
    """The name under which failures are counted: one for all that cannot be a user's, which are not kept."""
    try:
        return check_user_name(name)
    except ValueError:
        return "(not a user name)"


def _caller_of(user: UserRecord) -> Caller:
    return _caller(user, "", 0)


def _caller(user: UserRecord, token_id: str, expires_at: int) -> Caller:
    role = role_of(user)
    member = role in {Role.GENERAL_USER, Role.BUSINESS_ADMINISTRATOR}
    return Caller(
        user_id=user.id,
        user=user.user_name,
        role=role,
        is_admin=user.is_admin,
        business_id=user.business_id if member else None,
        business_name=user.business_name if member else "",
        token_id=token_id,
        expires_at=expires_at,
    )
