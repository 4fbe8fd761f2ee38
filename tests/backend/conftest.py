"""Fixtures of the platform's tests: quick passwords and a site on a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import argon2
import pytest

from backend.engine import Engine
from backend.security import passwords
from tests.backend.sites import ADMINISTRATOR, PASSWORD, ManualClock, Site


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with the least cost there is: what is tested is not how slow a hash is."""
    monkeypatch.setattr(passwords, "_HASHER", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def site(tmp_path: Path, quick_passwords: None) -> AsyncIterator[Site]:
    """A site that was set up, without anything running in the background."""
    clock = ManualClock()
    engine = await Engine.open(tmp_path / "home", clock=clock)
    await engine.set_up(ADMINISTRATOR, PASSWORD)
    yield Site(engine, clock, tmp_path / "home")
    await engine.close()
