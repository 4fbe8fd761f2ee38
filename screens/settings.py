"""The platform's settings, which the system administrator edits (decision 29)."""

from __future__ import annotations

from typing import ClassVar

from backend.models.settings import PlatformSettings
from backend.notifier import Topic
from backend.operations.site import CHANGE_SETTINGS, GET_SETTINGS
from screens.sections_screen import SectionsScreen
from screens.words import yes_no
from widgets.actions import Action, Risk
from widgets.detail import Line, Section
from widgets.form import Field, FieldValue
from widgets.message_line import Severity

_EDIT: Action[object] = Action(
    "setting.edit", "Edit", "e", Risk.REVERSIBLE, CHANGE_SETTINGS.id, help="They hold for everyone at once."
)
_LEAST_SECONDS, _MOST_SECONDS = 5, 3600
_FLAGS = (
    ("privateProject", "Private projects", "new Harbor projects are private", "whoever makes a project chooses"),
    ("enableIngress", "Ingress", "applications may be reached from outside", "applications stay inside their cluster"),
    ("enableAlert", "Alerts", "alert information is shown", "no alert information is shown"),
    (
        "enableAdminAutoDeploy",
        "Direct deployment",
        "administrators' requests run at once",
        "administrators' requests are audited too",
    ),
    ("fourEyes", "Four eyes", "nobody approves their own request", "people may approve their own requests"),
)
"""Wire name, title, what it means when it is on, and when it is off."""


def check_seconds(text: str) -> None:
    """Raise ValueError unless `text` is a number of seconds that clusters may be asked after."""
    if not (text.isascii() and text.isdigit() and _LEAST_SECONDS <= int(text[:9]) <= _MOST_SECONDS):
        msg = f"takes {_LEAST_SECONDS} to {_MOST_SECONDS} seconds"
        raise ValueError(msg)


class SettingsScreen(SectionsScreen[None]):
    """Shows the settings; e edits them."""

    place = "settings"
    title_text = "Settings"
    own_actions: ClassVar[tuple[Action[object], ...]] = (_EDIT,)
    topics = frozenset({Topic.SETTINGS})

    def __init__(self) -> None:
        super().__init__(self.own_actions)

    def current_context(self) -> None:
        """Editing is always possible."""

    async def sections(self) -> list[Section]:
        """What is in force."""
        return _sections((await self.session.call(GET_SETTINGS)).data)

    async def perform(self, action: Action[None]) -> None:
        """Edit, or what the frame does."""
        if action.id == _EDIT.id:
            self.run_action_safely(self._edit)
        else:
            await super().perform(action)

    async def _edit(self) -> None:
        present = (await self.session.call(GET_SETTINGS)).data.model_dump(by_alias=True)
        fields = [
            Field("siteName", "Site name", required=True, value=present["siteName"], maximum=100),
            Field(
                "refreshSeconds",
                "Ask clusters every",
                required=True,
                value=str(present["refreshSeconds"]),
                help="seconds",
                check=check_seconds,
            ),
            *(
                Field(name, title, kind="bool", value=present[name], help=f"yes: {yes}; no: {no}")
                for name, title, yes, no in _FLAGS
            ),
        ]

        async def change(values: dict[str, FieldValue]) -> None:
            await self.session.call(CHANGE_SETTINGS, **{**values, "refreshSeconds": int(str(values["refreshSeconds"]))})

        if await self.ask_form("Settings", fields, change):
            self.say("The settings were saved.", Severity.DONE)
            self.refresh_data()
            self.console.show_header()


def _sections(settings: PlatformSettings) -> list[Section]:
    values = settings.model_dump(by_alias=True)
    return [
        Section(
            "Site",
            [Line("Site name", settings.site_name), Line("Ask clusters every", f"{settings.refresh_seconds} s")],
        ),
        Section(
            "Rules",
            [Line(title, f"{yes_no(values[name])}: {yes if values[name] else no}") for name, title, yes, no in _FLAGS],
        ),
    ]
