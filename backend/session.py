"""One logged-in person's way to the operations: holds the token and keeps it fresh."""

from __future__ import annotations

from typing import TypeVar

from pydantic import JsonValue

from backend.clock import Clock
from backend.dispatch import Dispatcher
from backend.errors import ErrorKind, PlatformError
from backend.models.accounts import AuthorizationInfo
from backend.models.answer import Answer
from backend.operations import Operation
from backend.operations.accounts import GET_AUTHORIZATION, LOGIN, LOGOUT, UPDATE_TOKEN

T = TypeVar("T")
REFRESH_BEFORE_SECONDS = 45 * 60
"""A token is renewed once it has less than this left, so a user who does something every now and then stays in."""


class Session:
    """Calls operations with its own token. Without one, only those that need none work."""

    def __init__(self, dispatcher: Dispatcher, clock: Clock, token: str = "") -> None:
        self._dispatcher = dispatcher
        self._clock = clock
        self._token = token
        self.info: AuthorizationInfo | None = None

    @property
    def logged_in(self) -> bool:
        """Whether there is a token; it may have been revoked meanwhile."""
        return bool(self._token)

    async def call(self, operation: Operation[T], /, **parameters: JsonValue) -> Answer[T]:
        """Call an operation with parameters named as in the API documents. Raises PlatformError."""
        return await self._dispatcher.call(operation, parameters, self._token)

    async def login(self, user: str, password: str) -> AuthorizationInfo:
        """Log in; raises PlatformError (401, 403)."""
        self._token = (await self.call(LOGIN, user=user, password=password)).data.token
        return await self.look()

    async def look(self) -> AuthorizationInfo:
        """Ask anew who calls: a role may have changed."""
        self.info = (await self.call(GET_AUTHORIZATION)).data
        return self.info

    async def keep_alive(self) -> None:
        """Renew the token when it has less than three quarters of its time left; call it while the user is active."""
        if self.info is None or self.info.expire_time - self._clock.now() > REFRESH_BEFORE_SECONDS:
            return
        self._token = (await self.call(UPDATE_TOKEN)).data.token
        await self.look()

    async def logout(self) -> None:
        """Revoke the token and forget it. One that has ended already is no error."""
        try:
            if self._token:
                await self.call(LOGOUT)
        except PlatformError as error:
            if error.kind is not ErrorKind.UNAUTHENTICATED:
                raise
        finally:
            self._token = ""
            self.info = None
