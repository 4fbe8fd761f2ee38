"""Actions as data: hints, help, palette, key dispatch, remapping and the reference are all made from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, Never, TypeVar

from textual.binding import Binding

from widgets.keys import is_key, key_label, normal_keys

ContextT_contra = TypeVar("ContextT_contra", contravariant=True)

EVERYWHERE: Final = "Everywhere"
"""The screen name of actions whose keys work on every screen."""


class Risk(Enum):
    """What an action does to the platform: nothing, something that can be taken back, or something that cannot."""

    READ = "read"
    REVERSIBLE = "reversible"
    DESTRUCTIVE = "destructive"


def never_refused(context: object) -> str | None:
    """For actions that are always possible."""
    del context
    return None


@dataclass(frozen=True, slots=True)
class Action(Generic[ContextT_contra]):
    """Something a key does.

    `id` is unique in the program, such as `user.approve`; settings remap the key by it. `key` is the default, several
    separated by commas. `operation` names the platform's operation it calls, if any. `refused` says for what is in
    focus now (the screen's context) why the action is not possible, in one sentence with the remedy, or None.
    `bulk`: it works on all marked rows. `at_once`: it opens a prompt, and what is typed right behind its key must
    land there, not in the list; while text is being typed its key is a character like any other. Hints show actions
    in the order of a screen's list.
    """

    id: str
    title: str
    key: str
    risk: Risk = Risk.READ
    operation: str = ""
    refused: Callable[[ContextT_contra], str | None] = never_refused
    bulk: bool = False
    help: str = ""
    group: str = ""
    at_once: bool = False


AnyAction = Action[Never]
"""An action of any context, for readers that never ask whether it is refused."""


class KeyConflictError(ValueError):
    """Keys that cannot be used as wished: `conflicts` has one sentence for each."""

    def __init__(self, conflicts: Sequence[str]) -> None:
        super().__init__(" ".join(conflicts))
        self.conflicts = tuple(conflicts)


class ActionRegistry:
    """All actions of the program by screen, and the keys they have after remapping.

    On one screen no key has two meanings; the actions and bindings under EVERYWHERE count on each.
    """

    def __init__(self) -> None:
        self._screens: dict[str, list[AnyAction]] = {EVERYWHERE: []}
        self._actions: dict[str, AnyAction] = {}
        self._keys: dict[str, str] = {}

    def add(self, screen: str, actions: Iterable[AnyAction]) -> None:
        """Add the actions of a screen. Raises KeyConflictError when an id or a key is taken."""
        added = list(actions)
        taken = [f"The action id {action.id} is used twice." for action in added if action.id in self._actions]
        if len({action.id for action in added}) != len(added):
            taken.append(f"Two actions of {screen} have the same id.")
        if taken:
            raise KeyConflictError(taken)
        for action in added:
            self._actions[action.id] = action
            self._screens.setdefault(screen, []).append(action)
        if conflicts := self._conflicts({}):
            for action in added:
                del self._actions[action.id]
                self._screens[screen].remove(action)
            raise KeyConflictError(conflicts)

    def add_bindings(self, group: str, bindings: Iterable[Binding]) -> None:
        """Add keys that a widget handles itself, the same on every screen; those without an id are left out."""
        self.add(
            EVERYWHERE,
            [
                Action(binding.id, binding.description, binding.key, help=binding.tooltip, group=group)
                for binding in bindings
                if binding.id
            ],
        )

    def remap(self, keys: Mapping[str, str]) -> None:
        """Give actions other keys, by id. Raises KeyConflictError, and changes nothing, when any cannot be given."""
        problems = [f"There is no action {unknown}." for unknown in keys if unknown not in self._actions]
        for action_id, wished in keys.items():
            names = normal_keys(wished)
            if not names:
                problems.append(f"The action {action_id} needs a key.")
            problems += [f"There is no key {name} (for the action {action_id})." for name in names if not is_key(name)]
        if not problems:
            problems = self._conflicts(keys)
        if problems:
            raise KeyConflictError(problems)
        self._keys = {action_id: wished for action_id, wished in keys.items() if wished}

    def _conflicts(self, remapped: Mapping[str, str]) -> list[str]:
        """What is wrong when these actions have these keys and all others their own."""
        found: list[str] = []
        for screen, actions in self._screens.items():
            owners: dict[str, AnyAction] = {}
            for action in [*self._screens[EVERYWHERE], *(actions if screen != EVERYWHERE else ())]:
                for key in normal_keys(remapped.get(action.id, action.key)):
                    other = owners.setdefault(key, action)
                    if other is not action:
                        where = "" if screen == EVERYWHERE else f" on the screen {screen}"
                        sentence = f"The key {key_label(key)} is both {other.id} and {action.id}{where}."
                        if sentence not in found:
                            found.append(sentence)
        return found

    @property
    def screens(self) -> tuple[str, ...]:
        """The names of all screens with actions, EVERYWHERE first."""
        return tuple(self._screens)

    def actions(self, screen: str) -> tuple[AnyAction, ...]:
        """The actions of a screen in order."""
        return tuple(self._screens.get(screen, ()))

    def find(self, action_id: str) -> AnyAction | None:
        """The action with this id."""
        return self._actions.get(action_id)

    def keys(self, action: AnyAction) -> str:
        """The key or comma-separated keys the action has now."""
        return self._keys.get(action.id, action.key)

    def label(self, action: AnyAction) -> str:
        """The first of the action's keys as people write it."""
        return next((key_label(key) for key in normal_keys(self.keys(action))), "")

    @property
    def keymap(self) -> Mapping[str, str]:
        """The remapped keys by action id, for `App.set_keymap`, which gives them to the widgets' own bindings."""
        return dict(self._keys)
