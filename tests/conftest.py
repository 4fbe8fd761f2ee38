"""What all tests share: an environment without the developer's own settings, and Hypothesis' profile."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# Loaded machines make single examples slow; what counts is the number of examples.
settings.register_profile("otetui", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("otetui")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OTETUI_"):
            monkeypatch.delenv(name)
