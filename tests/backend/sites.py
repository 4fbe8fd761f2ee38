"""A whole site for tests: an engine on a real store, a clock to turn, and people of every role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pysqlite3
import pytest
from pydantic import JsonValue

from backend.clock import Clock
from backend.engine import STORE_FILE, Engine
from backend.errors import ErrorKind, PlatformError
from backend.models.activity import ActivityEntry
from backend.models.answer import Answer
from backend.models.base import Role
from backend.operations import Operation
from backend.operations.accounts import AUDIT_USER, CREATE_SUB_USER, LIST_USERS, LOGIN, REGISTER
from backend.operations.businesses import AUDIT_BUSINESS, CREATE_BUSINESS, LIST_BUSINESSES
from backend.operations.site import LIST_ACTIVITY
from backend.store.database import Transaction
from backend.wire import WireCall, call

T = TypeVar("T")
ADMINISTRATOR = "root-admin"
PASSWORD = "Passw0rd!"
START = 1_700_000_000


class ManualClock(Clock):
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> int:
        return self.time


@dataclass
class Site:
    """A site that was set up, and short ways to what tests do with it."""

    engine: Engine
    clock: ManualClock
    home: Path
    _phones: int = 0
    _tokens: dict[str, str] = field(default_factory=dict)

    async def call(self, operation: Operation[T], user: str = "", /, **parameters: JsonValue) -> Answer[T]:
        """Call an operation as a user with `PASSWORD`, or as nobody."""
        token = await self.token(user) if user else ""
        return await self.engine.dispatcher.call(operation, parameters, token)

    async def with_token(self, token: str, operation: Operation[T], /, **parameters: JsonValue) -> Answer[T]:
        """Call an operation with this very token."""
        return await self.engine.dispatcher.call(operation, parameters, token)

    async def refusal(self, operation: Operation[T], user: str = "", /, **parameters: JsonValue) -> PlatformError:
        """The refusal of a call; fails when it is not refused."""
        with pytest.raises(PlatformError) as error:
            await self.call(operation, user, **parameters)
        return error.value

    async def wire(
        self,
        method: str,
        path: str,
        body: Mapping[str, JsonValue] | None = None,
        *,
        user: str = "",
        query: Mapping[str, JsonValue] | None = None,
    ) -> dict[str, JsonValue]:
        """The JSON answer to a call as it comes over the wire."""
        token = await self.token(user) if user else ""
        return await call(self.engine.dispatcher, WireCall(method, path, query or {}, body or {}, token))

    async def login(self, user: str, password: str = PASSWORD) -> str:
        """A new token of a user."""
        return (await self.call(LOGIN, user=user, password=password)).data.token

    async def token(self, user: str) -> str:
        """A token of a user, the same one as long as it holds."""
        token = self._tokens.get(user, "")
        try:
            await self.engine.services.sessions.identify(token)
        except PlatformError:
            token = self._tokens[user] = await self.login(user)
        return token

    def phone(self) -> str:
        """A phone number that nobody has."""
        self._phones += 1
        return f"+49{self._phones:08}"

    async def register(self, user: str, *, is_admin: bool = True) -> None:
        """Register a user, who is pending then (role 0)."""
        await self.call(
            REGISTER, user=user, password=PASSWORD, phone=self.phone(), isAdmin=is_admin, realName=user.title()
        )

    async def approved(self, user: str, *, is_admin: bool = True) -> int:
        """Register and approve a user (role 1); returns the id."""
        await self.register(user, is_admin=is_admin)
        user_id = await self.user_id(user)
        await self.call(AUDIT_USER, ADMINISTRATOR, userId=user_id, status=1)
        return user_id

    async def apply(self, user: str, name: str) -> int:
        """Let a role 1 administrator apply for a business; returns its id."""
        await self.call(CREATE_BUSINESS, user, name=name, introduce="i", objective="o", scale="s")
        found = await self.call(LIST_BUSINESSES, ADMINISTRATOR, name=name, order="desc", pageSize=0)
        return found.data[0].id

    async def business(self, owner: str, name: str) -> int:
        """Make `owner` the administrator (role 3) of a new approved business; returns its id."""
        await self.approved(owner)
        business_id = await self.apply(owner, name)
        await self.call(AUDIT_BUSINESS, ADMINISTRATOR, id=business_id, comment="", status=1)
        return business_id

    async def sub_user(self, creator: str, user: str, *, is_admin: bool = False) -> int:
        """Let a business administrator create a user (role 2, or 3 with `is_admin`); returns the id."""
        await self.call(
            CREATE_SUB_USER,
            creator,
            user=user,
            password=PASSWORD,
            phone=self.phone(),
            isAdmin=is_admin,
            realName=user.title(),
        )
        return await self.user_id(user)

    async def user_id(self, user: str) -> int:
        """The id of a user who is not deleted."""
        found = await self.call(LIST_USERS, ADMINISTRATOR, name=user, pageSize=0)
        return next(row.id for row in found.data if row.user == user)

    async def cast(self) -> dict[Role, str]:
        """A user of every role, by role; those of roles 2 and 3 share a business."""
        await self.register("pat-pending")
        await self.approved("una-approved")
        await self.business("bea-business", "bakery")
        await self.sub_user("bea-business", "gil-general")
        return {
            Role.PENDING: "pat-pending",
            Role.APPROVED: "una-approved",
            Role.GENERAL_USER: "gil-general",
            Role.BUSINESS_ADMINISTRATOR: "bea-business",
            Role.SYSTEM_ADMINISTRATOR: ADMINISTRATOR,
        }

    async def activity(self, **filters: JsonValue) -> list[ActivityEntry]:
        """The entries of the activity log under these filters, oldest first."""
        found = await self.call(LIST_ACTIVITY, ADMINISTRATOR, pageSize=0, order="asc", **filters)
        return found.data

    async def add_cluster(self, name: str) -> int:
        """Store a cluster that nobody can reach; returns the id."""

        def insert(transaction: Transaction) -> int:
            return transaction.insert(
                "INSERT INTO cluster (name, context, server, kubeconfig, created_at)"
                " VALUES (?, 'context', 'https://127.0.0.1:1', x'00', ?)",
                (name, self.clock.now()),
            )

        return await self.engine._platform.database.write(insert)

    def outside(self) -> pysqlite3.Connection:
        """A connection of another program to the site's store."""
        return pysqlite3.connect(str(self.home / STORE_FILE), isolation_level=None, timeout=10)

    def dump(self) -> list[str]:
        """Every row of the store in words, to compare before and after."""
        connection = self.outside()
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = [f"{table}: {row!r}" for table in tables for row in connection.execute(f"SELECT * FROM {table}")]
        connection.close()
        return rows

    def refuse_activity(self, action: str) -> None:
        """Make the store refuse entries of this action from now on, as a failing disk would."""
        connection = self.outside()
        connection.execute(
            f"CREATE TRIGGER broken BEFORE INSERT ON activity WHEN new.action = '{action}'"
            " BEGIN SELECT RAISE(ABORT, 'no room for the record'); END"
        )
        connection.close()


def is_refusal(error: PlatformError, kind: ErrorKind, reason: str) -> bool:
    """Whether an error is of this kind and reason; for assertions in one line."""
    return (error.kind, error.reason) == (kind, reason)
