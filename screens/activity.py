"""The activity log: who did what, when, on which object, and how it ended."""

from __future__ import annotations

import json

from pydantic import JsonValue

from backend.models.activity import ActivityEntry
from backend.notifier import Topic
from backend.operations.site import LIST_ACTIVITY
from backend.session import Session
from screens.resource import Detail, Query, Resource
from screens.words import OUTCOMES, ROLES, ago
from widgets.columns import Column
from widgets.detail import Line, Section
from widgets.text import NOTHING, when

_KEYS = ("user", "action", "object", "outcome")


def _parameters(query: Query) -> dict[str, JsonValue]:
    """`user:bob action:audit outcome:refused`; a word without a key is part of an object."""
    parameters: dict[str, JsonValue] = {"order": "desc" if query.descending else "asc"}
    for word in query.text.split():
        key, colon, value = word.partition(":")
        if colon and key in _KEYS:
            # A word that is still being typed must not empty the list.
            if value and (key != "outcome" or value in OUTCOMES):
                parameters[key] = value
        else:
            parameters["object"] = word
    return {**parameters, **query.scope}


def _lines(values: dict[str, JsonValue]) -> list[Line]:
    return [Line(name, _text(value)) for name, value in values.items()] or [Line("", NOTHING)]


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _detail(entry: ActivityEntry) -> Detail:
    async def load(_session: Session) -> list[Section]:
        return [
            Section(
                "Entry",
                [
                    Line("When", f"{when(entry.time)} ({ago(entry.time)} ago)"),
                    Line("Who", entry.user or "nobody logged in"),
                    Line("Role then", ROLES[entry.role] if entry.user else NOTHING),
                    Line("Action", entry.action),
                    Line("Object", entry.object),
                    Line("Outcome", OUTCOMES[entry.outcome]),
                    Line("Message", entry.message or NOTHING),
                ],
            ),
            Section("Before", _lines(entry.before)),
            Section("After", _lines(entry.after)),
        ]

    return Detail(f"Activity {entry.id}", load, frozenset())


ACTIVITY: Resource[ActivityEntry] = Resource(
    name="activity",
    title="Activity",
    operation=LIST_ACTIVITY,
    columns=(
        Column("time", "WHEN", lambda entry: when(entry.time), width=16),
        Column("user", "WHO", lambda entry: entry.user or NOTHING, minimum=10, maximum=16),
        Column("action", "ACTION", lambda entry: entry.action, width=17),
        Column("object", "OBJECT", lambda entry: entry.object, weight=2, minimum=18, maximum=40),
        Column("outcome", "OUTCOME", lambda entry: OUTCOMES[entry.outcome], width=8, priority=2),
        Column("message", "MESSAGE", lambda entry: entry.message or NOTHING, weight=3, minimum=16, priority=3),
    ),
    key=lambda entry: entry.id,
    label=lambda entry: f"entry {entry.id}",
    topics=frozenset(Topic),
    empty="Nothing has been recorded.",
    empty_hint="Log-ins, changes and refusals are recorded here.",
    parameters=_parameters,
    filter_hint="object, user:NAME, action:WORD, outcome:refused",
    orders=(("time", "id"),),
    descending=True,
    detail=_detail,
)
