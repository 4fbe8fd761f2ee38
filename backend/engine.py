"""The one door to the platform: opens the store, wires the services, starts and stops what runs in the background."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from backend.clock import Clock
from backend.delivery.worker import Drained, Worker
from backend.dispatch import Dispatcher
from backend.errors import ErrorKind, PlatformError
from backend.models.accounts import Register
from backend.notifier import Notifier, Topic
from backend.security.box import SecretBox
from backend.security.key import load_key
from backend.services.accounts import Accounts
from backend.services.activity import Activity
from backend.services.businesses import Businesses
from backend.services.catalog import Services
from backend.services.clusters import Clusters
from backend.services.connections import Connections
from backend.services.delivery import handlers
from backend.services.inventory import Inventory
from backend.services.nodes import Nodes
from backend.services.platform import Platform
from backend.services.sessions import Sessions
from backend.services.settings import Settings
from backend.session import Session
from backend.store.database import Database
from backend.validation import validate

_LOG = logging.getLogger(__name__)
STORE_FILE = "otetui.db"
KEY_FILE = "key"
_FOREIGN_CHANGE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the secret box's key comes from; with neither value nor command, from the file in the home folder."""

    value: str = ""
    command: str = ""


class Engine:
    """The platform of one home folder."""

    def __init__(self, platform: Platform, home: Path) -> None:
        self.home = home
        self.notifier = platform.notifier
        self._platform = platform
        self._background: list[asyncio.Task[None]] = []
        self.connections = Connections(platform)
        self.worker = Worker(platform.database, platform.clock, platform.notifier, handlers(self.connections))
        self.settings = Settings(platform)
        self.inventory = Inventory(platform, self.connections, self.worker, self.settings)
        self.services = Services(
            accounts=Accounts(platform),
            activity=Activity(platform, self.settings),
            businesses=Businesses(platform, self.worker.wake),
            clusters=Clusters(platform, self.connections, self.inventory, self.worker),
            nodes=Nodes(platform, self.connections),
            sessions=Sessions(platform, self.settings),
            settings=self.settings,
        )
        self.dispatcher = Dispatcher(self.services)

    @classmethod
    async def open(cls, home: Path, key: KeySource = KeySource(), clock: Clock | None = None) -> Engine:
        """Open the platform of a home folder, making the folder (mode 0700), store and key where they are missing.

        Raises PlatformError when the store or the key cannot be used.
        """
        is_new = _prepare_home(home)
        secret = await asyncio.to_thread(load_key, home / KEY_FILE, value=key.value, command=key.command, create=is_new)
        database = await Database.open(home / STORE_FILE)
        return cls(Platform(database, SecretBox(secret), clock or Clock(), Notifier()), home)

    def session(self, token: str = "") -> Session:
        """A way to the operations for one person."""
        return Session(self.dispatcher, self._platform.clock, token)

    async def is_set_up(self) -> bool:
        """Whether the system administrator exists."""
        return await self.services.accounts.has_administrator()

    async def set_up(self, administrator: str, password: str) -> None:
        """Create the system administrator (decision 7). Raises PlatformError (409, 422)."""
        # The same rules as for every user, by the same model.
        sample: dict[str, JsonValue] = {
            "user": administrator,
            "password": password,
            "phone": "0",
            "isAdmin": True,
            "realName": "x",
        }
        validate(Register, sample, strict=True)
        await self.services.accounts.create_administrator(administrator, password)

    def start(self) -> None:
        """Start delivering, refreshing figures, and listening for other processes' changes."""
        if self._background:
            return
        for name, run in (
            ("worker", self.worker.run),
            ("inventory", self.inventory.run),
            ("foreign changes", self._follow_foreign_changes),
        ):
            task = asyncio.create_task(run(), name=name)
            task.add_done_callback(_report_end)
            self._background.append(task)

    async def drain(self) -> Drained:
        """Ask every cluster for its figures, then deliver all that can be delivered now; for `otetui worker --once`."""
        await self.inventory.refresh_all()
        return await self.worker.drain()

    async def close(self) -> None:
        """Stop what runs, close connections and the store."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        self._background.clear()
        await self.connections.close()
        await self._platform.database.close()

    async def _follow_foreign_changes(self) -> None:
        seen = await self._platform.database.data_version()
        while True:
            await asyncio.sleep(_FOREIGN_CHANGE_SECONDS)
            version = await self._platform.database.data_version()
            if version != seen:
                seen = version
                self.notifier.publish(*Topic)


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOG.error("the background task %s ended", task.get_name(), exc_info=error)


def _prepare_home(home: Path) -> bool:
    """Make the folder where it is missing; returns whether it holds no store yet."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = home / STORE_FILE
        return not store.exists() or store.stat().st_size == 0
    except OSError as error:
        raise PlatformError(
            ErrorKind.INTERNAL,
            f"The folder {home} cannot be used: {error.strerror}. Set OTETUI_HOME to one that can.",
            reason="home_unavailable",
        ) from error
