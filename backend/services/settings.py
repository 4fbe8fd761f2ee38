"""Platform settings, which the system administrator edits (decision 29)."""

from __future__ import annotations

from backend.models.answer import Answer
from backend.models.base import Nothing
from backend.models.settings import ChangeSettings, PlatformSettings
from backend.notifier import Topic
from backend.services.platform import Caller, Platform
from backend.services.record import record_change
from backend.store.database import Transaction
from backend.store.settings import all_settings, put_setting


def _stored(transaction: Transaction) -> PlatformSettings:
    known = {field.alias for field in PlatformSettings.model_fields.values()}
    return PlatformSettings.model_validate(
        {name: value for name, value in all_settings(transaction).items() if name in known}
    )


class Settings:
    """The settings in force, and changing them."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def current(self) -> PlatformSettings:
        """The settings in force, for the platform's own use."""
        return await self._platform.database.read(_stored)

    async def get_settings(self, _caller: Caller, _request: Nothing) -> Answer[PlatformSettings]:
        """The settings in force."""
        return Answer(await self.current())

    async def change_settings(self, caller: Caller, request: ChangeSettings) -> Answer[PlatformSettings]:
        """Change the named settings; answers all of them as they are then."""
        wanted = request.model_dump(by_alias=True, exclude_none=True)
        now = self._platform.clock.now()

        def work(transaction: Transaction) -> PlatformSettings:
            before = _stored(transaction).model_dump(by_alias=True)
            changed = {name: value for name, value in wanted.items() if before[name] != value}
            for name, value in changed.items():
                put_setting(transaction, name, value, now)
            if changed:
                was = {name: before[name] for name in changed}
                record_change(transaction, caller, now, "setting.change", "settings", before=was, after=changed)
            return _stored(transaction)

        settings = await self._platform.database.write(work)
        self._platform.notifier.publish(Topic.SETTINGS)
        return Answer(settings)
