"""Fixtures of the screens' tests: home folders that are made once and copied."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import argon2
import pytest

from backend.security import passwords
from screens.keys import REGISTRY
from tests.screens.homes import make, people


def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Quick passwords, a terminal of many colours, universal time, and no remapped key left behind."""
    _quick(monkeypatch)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLORTERM", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    REGISTRY.remap({})


@pytest.fixture(scope="session")
def _people_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as monkeypatch:
        _quick(monkeypatch)
        return make(tmp_path_factory.mktemp("people") / "home", people)


@pytest.fixture(scope="session")
def _empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as monkeypatch:
        _quick(monkeypatch)
        return make(tmp_path_factory.mktemp("empty") / "home")


def _copy(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = shutil.copytree(template, tmp_path / "home")
    monkeypatch.setenv("OTETUI_HOME", str(home))
    return home


@pytest.fixture
def home(_people_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with people and businesses in every state, and no cluster."""
    return _copy(_people_home, tmp_path, monkeypatch)


@pytest.fixture
def empty_home(_empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with its administrator alone."""
    return _copy(_empty_home, tmp_path, monkeypatch)
