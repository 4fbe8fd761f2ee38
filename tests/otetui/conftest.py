"""Fixtures of the command line's tests: an empty home, and one that was set up."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.otetui.programs import PASSWORD, Program


@pytest.fixture
def empty(tmp_path: Path) -> Program:
    """The program on a home folder that does not exist yet."""
    return Program(tmp_path / "home")


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    program = Program(tmp_path_factory.mktemp("template") / "home")
    done = program.run("init", OTETUI_ADMIN_PASSWORD=PASSWORD)
    assert done.code == 0, done.err
    return program.home, program.login()


@pytest.fixture
def program(_template: tuple[Path, str], tmp_path: Path) -> Program:
    """The program on a home folder of its own that was set up."""
    return Program(shutil.copytree(_template[0], tmp_path / "home"))


@pytest.fixture
def token(_template: tuple[Path, str]) -> str:
    """The administrator's token in every home that was set up."""
    return _template[1]
