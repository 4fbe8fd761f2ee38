"""The screens that a person can go to by name, and the registration of all their actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from backend.models.base import Role
from screens.account import AccountScreen
from screens.activity import ACTIVITY
from screens.base import PlatformScreen
from screens.businesses import BUSINESSES
from screens.clusters import CLUSTERS
from screens.inbox import INBOX
from screens.keys import COPY, FRAME_ACTIONS, LIST_ACTIONS, MOVING, REGISTRY, WIDGET_ACTIONS
from screens.list_screen import ListScreen
from screens.nodes import NODES
from screens.resource import Resource
from screens.settings import SettingsScreen
from screens.users import USERS
from widgets.actions import EVERYWHERE
from widgets.table import NAVIGATION


@dataclass(frozen=True, slots=True)
class Place:
    """A screen to go to: its title, how it is made for a role, and from which role on it is of use."""

    name: str
    title: str
    make: Callable[[int], PlatformScreen[Any]]
    least_role: Role
    most_role: Role = Role.SYSTEM_ADMINISTRATOR


def _list(resource: Resource[Any], least_role: Role) -> Place:
    return Place(resource.name, resource.title, lambda role: ListScreen(resource, role), least_role)


PLACES: Final[Mapping[str, Place]] = {
    place.name: place
    for place in (
        _list(INBOX, Role.SYSTEM_ADMINISTRATOR),
        _list(CLUSTERS, Role.GENERAL_USER),
        _list(NODES, Role.GENERAL_USER),
        _list(USERS, Role.BUSINESS_ADMINISTRATOR),
        _list(BUSINESSES, Role.APPROVED),
        _list(ACTIVITY, Role.SYSTEM_ADMINISTRATOR),
        Place("settings", "Settings", lambda _role: SettingsScreen(), Role.SYSTEM_ADMINISTRATOR),
        Place("account", "My account", lambda _role: AccountScreen(), Role.PENDING),
    )
}
"""Every screen by name, in the order of the menu."""


def places_for(role: int) -> dict[str, Place]:
    """The screens that a role has a use for; going elsewhere would only be refused."""
    return {name: place for name, place in PLACES.items() if place.least_role <= role <= place.most_role}


def first_place(role: int, pending_audits: int) -> str:
    """Where a person begins: what waits for them, or what they look after."""
    if role == Role.SYSTEM_ADMINISTRATOR:
        return INBOX.name if pending_audits else CLUSTERS.name
    if role >= Role.GENERAL_USER:
        return CLUSTERS.name
    return BUSINESSES.name if role == Role.APPROVED else "account"


def register_actions() -> None:
    """Tell the registry of every screen's actions; once per program."""
    if len(REGISTRY.screens) > 1:
        return
    REGISTRY.add(EVERYWHERE, FRAME_ACTIONS)
    REGISTRY.add(EVERYWHERE, WIDGET_ACTIONS)
    REGISTRY.add_bindings(MOVING, NAVIGATION)
    REGISTRY.add(EVERYWHERE, [COPY])
    for resource in (INBOX, CLUSTERS, NODES, USERS, BUSINESSES, ACTIVITY):
        REGISTRY.add(resource.name, [row_action.action for row_action in resource.actions])
    REGISTRY.add(EVERYWHERE, LIST_ACTIONS)
    for screen in (SettingsScreen, AccountScreen):
        REGISTRY.add(screen.place, screen.own_actions)
