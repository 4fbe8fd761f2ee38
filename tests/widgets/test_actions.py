"""The action registry: unique ids and keys, remapping, and how keys are written."""

from __future__ import annotations

import pytest

from tests.widgets.hosts import registry
from widgets.actions import EVERYWHERE, Action, ActionRegistry, KeyConflictError, Risk
from widgets.keys import is_key, key_label, keys_label, normal_keys

APPROVE: Action[object] = Action("user.approve", "Approve", "a", Risk.REVERSIBLE)
DELETE: Action[object] = Action("user.delete", "Delete", "ctrl+d,delete", Risk.DESTRUCTIVE)
HELP: Action[object] = Action("help", "Help", "?")


def _registry() -> ActionRegistry:
    made = ActionRegistry()
    made.add(EVERYWHERE, [HELP])
    made.add("Users", [APPROVE, DELETE])
    return made


def test_the_same_key_means_different_things_on_different_screens() -> None:
    made = _registry()
    made.add("Businesses", [Action("business.approve", "Approve", "a")])
    assert made.screens == (EVERYWHERE, "Users", "Businesses")
    assert [action.id for action in made.actions("Users")] == ["user.approve", "user.delete"]


@pytest.mark.parametrize(
    ("screen", "action", "sentence"),
    [
        ("Users", Action("user.ban", "Ban", "a"), "The key a is both user.approve and user.ban on the screen Users."),
        ("Nodes", Action("node.x", "X", "question_mark"), "The key ? is both help and node.x on the screen Nodes."),
        (EVERYWHERE, Action("quit", "Quit", "delete"), "The key del is both quit and user.delete on the screen Users."),
        ("Nodes", Action("user.approve", "X", "x"), "The action id user.approve is used twice."),
    ],
)
def test_conflicts_are_sentences_and_change_nothing(screen: str, action: Action[object], sentence: str) -> None:
    made = _registry()
    with pytest.raises(KeyConflictError) as raised:
        made.add(screen, [action])
    assert raised.value.conflicts == (sentence,)
    assert made.find(action.id) in {None, APPROVE}
    assert len(made.actions("Users")) == 2


def test_actions_can_trade_keys() -> None:
    made = _registry()
    made.remap({"user.approve": "ctrl+d", "user.delete": "a"})
    assert made.label(APPROVE) == "ctrl+d"
    assert made.label(DELETE) == "a"
    assert made.keymap == {"user.approve": "ctrl+d", "user.delete": "a"}


def test_every_wrong_remapping_is_told_at_once() -> None:
    made = _registry()
    with pytest.raises(KeyConflictError) as raised:
        made.remap({"user.aprove": "x", "user.delete": "", "help": "hyperspace"})
    assert raised.value.conflicts == (
        "There is no action user.aprove.",
        "The action user.delete needs a key.",
        "There is no key hyperspace (for the action help).",
    )
    with pytest.raises(KeyConflictError, match=r"The key \? is both help and user.approve on the screen Users."):
        made.remap({"user.approve": "?"})
    assert made.keys(APPROVE) == "a"


def test_the_keys_of_widgets_can_be_remapped_too() -> None:
    made = registry({"table.down": "down,x", "user.new": "N"})
    assert made.keymap["table.down"] == "down,x"
    with pytest.raises(KeyConflictError, match="The key j is both"):
        registry({"user.new": "j"})


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("?", "?"),
        ("question_mark", "?"),
        ("slash", "/"),
        ("escape", "esc"),
        ("ctrl+p", "ctrl+p"),
        ("G", "G"),
        ("space", "space"),
        ("pagedown", "pgdn"),
        ("f5", "f5"),
    ],
)
def test_keys_are_written_as_people_write_them(key: str, label: str) -> None:
    assert key_label(key) == label
    assert is_key(normal_keys(key)[0])


def test_lists_of_keys() -> None:
    assert keys_label("down,j") == "↓ j"
    assert normal_keys("a,") == ()
    assert normal_keys(",") == ("comma",)
    assert not is_key("ctrl+")
    assert not is_key("strg+a")
