"""All actions of the program: none destroys without asking, none has a key twice, each names an operation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.models.base import Role
from backend.operations import OPERATIONS
from screens.keys import REGISTRY
from screens.list_screen import ListScreen
from screens.places import PLACES, register_actions
from screens.resource import RowAction
from tests.screens.driver import console
from tests.screens.homes import fill, people
from widgets.actions import Risk
from widgets.dialogs import ConfirmDialog

register_actions()

RESOURCES = [
    screen.resource
    for place in PLACES.values()
    if isinstance(screen := place.make(Role.SYSTEM_ADMINISTRATOR), ListScreen)
]
DESTRUCTIVE = [
    pytest.param(resource.name, action, id=action.action.id)
    for resource in RESOURCES
    for action in resource.actions
    if action.action.risk is Risk.DESTRUCTIVE
]


def test_the_destructive_actions_are_those_that_are_tested_below() -> None:
    registered = {
        action.id for name in REGISTRY.screens for action in REGISTRY.actions(name) if action.risk is Risk.DESTRUCTIVE
    }
    assert registered == {parameter.id for parameter in DESTRUCTIVE}
    assert registered >= {"user.delete", "business.retire", "cluster.remove"}


@pytest.mark.parametrize(("place", "row_action"), DESTRUCTIVE)
async def test_nothing_is_destroyed_before_its_name_was_typed(
    place: str, row_action: RowAction[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("OTETUI_HOME", str(home))
    await fill(home, people, lambda site: site.add_cluster("far-away"))
    async with console(place=place) as driver:
        table = driver.list.table
        while row_action.refused(table.cursor_row):
            before = table.cursor_index
            await driver.press("down")
            assert table.cursor_index > before, "every row is refused"
        name = driver.list.resource.label(table.cursor_row)
        everything = list(driver.labels)
        await driver.press(REGISTRY.keys(row_action.action))
        await driver.on(ConfirmDialog)
        title = driver.screen.query_one(".dialog--box").border_title
        assert name in str(title)
        # It says what is lost, and no key but the name and enter does it.
        assert driver.text.count("•") >= 2
        await driver.press("enter", "y", "c", "enter", "space", "ctrl+d", "ctrl+s")
        assert isinstance(driver.screen, ConfirmDialog)
        await driver.press("escape")
        await driver.until(lambda: driver.screen is driver.list, "list")
        await driver.press("r")
        await driver.says("Loaded again.")
        assert driver.labels == everything
        await driver.press(REGISTRY.keys(row_action.action))
        await driver.on(ConfirmDialog)
        await driver.type(name)
        await driver.press("enter")
        await driver.says(f": {name}")
        assert driver.message.startswith("Done: ")


def test_every_action_that_changes_something_names_its_operation() -> None:
    known = {operation.id for operation in OPERATIONS}
    for name in REGISTRY.screens:
        for action in REGISTRY.actions(name):
            operations = [part.strip() for part in action.operation.split(",") if part.strip()]
            assert set(operations) <= known, action.id
            if action.risk is not Risk.READ:
                assert operations, action.id


def test_every_action_of_a_resource_is_registered_under_its_place() -> None:
    for resource in RESOURCES:
        assert {action.action.id for action in resource.actions} <= {
            action.id for action in REGISTRY.actions(resource.name)
        }


def test_registering_again_changes_nothing() -> None:
    before = [REGISTRY.actions(name) for name in REGISTRY.screens]
    register_actions()
    assert [REGISTRY.actions(name) for name in REGISTRY.screens] == before
