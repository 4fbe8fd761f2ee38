"""Forms: from field to field by keyboard, live validation, the platform's errors at their field."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from backend.errors import ErrorKind, PlatformError
from tests.widgets.hosts import HOSTILE, HostApp, screen_text
from widgets.dialogs import ChoiceDialog
from widgets.fields import PathSuggester, Picker, Toggle
from widgets.form import Field, FieldValue, Form
from widgets.form_dialog import FormDialog
from widgets.inputs import QuietInput, QuietTextArea, stand_ins


def _needs_digit(value: str) -> None:
    if not any(character.isdigit() for character in value):
        raise ValueError("needs a digit")


FIELDS = [
    Field("user", "User name", required=True, help="letters, digits, . _ -"),
    Field("password", "Password", "password", required=True, check=_needs_digit, help="8-20 characters"),
    Field("isAdmin", "Administrator", "bool", help="may manage the users of the business"),
    Field("type", "Deploys as", "choice", choices=[("deployment", "Deployment"), ("daemonset", "DaemonSet")]),
    Field("note", "Note", "multiline", maximum=20),
    Field("file", "Kubeconfig", "path"),
]


class Platform:
    """Takes what a form submits; refuses as told."""

    def __init__(self) -> None:
        self.taken: list[dict[str, FieldValue]] = []
        self.error: PlatformError | None = None
        self.gate: asyncio.Event | None = None

    async def create(self, values: dict[str, FieldValue]) -> None:
        self.taken.append(values)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error


def _dialog(platform: Platform, fields: list[Field] | None = None) -> HostApp:
    return HostApp(first=lambda: FormDialog("New user", fields or FIELDS, platform.create, verb="Create"))


def _has(pilot: Pilot[Any], text: str) -> bool:
    return any(text in line for line in screen_text(pilot.app))


async def test_enter_goes_from_field_to_field_and_submits_on_the_last() -> None:
    platform = Platform()
    app = _dialog(platform)
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press(*"alice", "enter", *"pass1", "enter", "space", "enter", "right", "enter")
        assert isinstance(app.focused, QuietTextArea)
        await pilot.press("a", "enter", "b", "tab", *"x.yaml", "enter")
        await pilot.pause()
        assert platform.taken == [
            {
                "user": "alice",
                "password": "pass1",
                "isAdmin": True,
                "type": "daemonset",
                "note": "a\nb",
                "file": "x.yaml",
            }
        ]
        assert app.answers == [True]


async def test_submitting_goes_to_the_first_field_that_is_wrong() -> None:
    platform = Platform()
    app = _dialog(platform)
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert platform.taken == []
        assert _has(pilot, "✗ User name is missing")
        assert _has(pilot, "✗ Password is missing")
        assert app.focused is app.screen.query_one(Form).control_of("user")
        await pilot.press(*"alice")
        await pilot.pause()
        assert not _has(pilot, "✗ User name")
        assert _has(pilot, "letters, digits, . _ -")


async def test_a_first_attempt_is_no_mistake_until_the_field_is_left() -> None:
    app = _dialog(Platform())
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("tab", *"abc")
        await pilot.pause()
        assert not _has(pilot, "✗")
        await pilot.press("tab")
        await pilot.pause()
        assert _has(pilot, "✗ Password needs a digit")
        await pilot.press("shift+tab", "1")
        await pilot.pause()
        assert not _has(pilot, "✗")


async def test_the_platforms_error_stands_at_its_field_and_the_values_stay() -> None:
    platform = Platform()
    platform.error = PlatformError(ErrorKind.CONFLICT, "The user name alice is taken. Choose another.", field="user")
    app = _dialog(platform)
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press(*"alice", "tab", *"pass1", "ctrl+s")
        await pilot.pause()
        form = app.screen.query_one(Form)
        assert _has(pilot, "✗ The user name alice is taken. Choose another.")
        assert app.focused is form.control_of("user")
        assert form.values["password"] == "pass1"
        platform.error = None
        await pilot.press("2", "ctrl+s")
        await pilot.pause()
        assert platform.taken[-1]["user"] == "alice2"
        assert app.answers == [True]


@pytest.mark.parametrize("message", ["The site is read-only.", "The cluster answered wrongly: " + "no " * 60 + "end"])
async def test_an_error_of_no_field_stands_below_the_fields(message: str) -> None:
    platform = Platform()
    platform.error = PlatformError(ErrorKind.FORBIDDEN, message, field="unknown")
    app = _dialog(platform)
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press(*"alice", "tab", *"pass1", "ctrl+s")
        await pilot.pause()
        assert _has(pilot, f"✗ {message[:20]}")
        assert _has(pilot, message[-4:].strip())
        assert app.focused is app.screen.query_one(Form).control_of("password")


async def test_the_platforms_error_stays_at_its_field_until_the_value_is_another() -> None:
    platform = Platform()
    platform.error = PlatformError(ErrorKind.INVALID, "x.yaml cannot be read.", field="file")
    fields = [Field("user", "User name"), Field("file", "Kubeconfig", "path"), Field("note", "Note")]
    async with _dialog(platform, fields).run_test(size=(80, 30)) as pilot:
        # The field at fault is the one that is being typed in.
        await pilot.press(*"alice", "enter", *"x.yaml", "ctrl+s")
        await pilot.pause()
        assert len(platform.taken) == 1
        assert _has(pilot, "✗ x.yaml cannot be read.")
        await pilot.press("tab")
        await pilot.pause()
        assert _has(pilot, "✗ x.yaml cannot be read.")
        await pilot.press("shift+tab", "backspace")
        await pilot.pause()
        assert not _has(pilot, "cannot be read")


async def test_an_ended_session_closes_the_form_with_its_error() -> None:
    platform = Platform()
    platform.error = PlatformError(ErrorKind.UNAUTHENTICATED, "The session has ended.")
    dialogs: list[FormDialog] = []

    def first() -> FormDialog:
        dialogs.append(FormDialog("New user", FIELDS[:1], platform.create))
        return dialogs[0]

    app = HostApp(first=first)
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press(*"alice", "enter")
        await pilot.pause()
        assert app.answers == [False]
        assert dialogs[0].error is platform.error


async def test_while_it_saves_nothing_can_be_changed_or_left() -> None:
    platform = Platform()
    platform.gate = asyncio.Event()
    app = _dialog(platform)
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press(*"alice", "tab", *"pass1", "ctrl+s")
        await pilot.pause()
        assert _has(pilot, "Saving…")
        await pilot.press("x", "ctrl+s", "escape")
        await pilot.pause()
        assert _has(pilot, "Still saving: wait for the answer.")
        platform.gate.set()
        await pilot.pause()
        assert len(platform.taken) == 1
        assert app.answers == [True]


async def test_esc_leaves_at_once_when_nothing_was_entered() -> None:
    app = _dialog(Platform())
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("escape")
        await pilot.pause()
        assert app.answers == [False]


async def test_esc_asks_when_something_would_be_lost() -> None:
    app = _dialog(Platform())
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("a", "escape")
        await pilot.pause()
        assert app.answers == []
        assert _has(pilot, "Leaving loses what you entered. Press esc again to leave.")
        await pilot.press("b", "escape")
        await pilot.pause()
        assert app.answers == []
        await pilot.press("escape")
        await pilot.pause()
        assert app.answers == [False]


async def test_the_form_scrolls_to_the_field_that_has_the_focus() -> None:
    fields = [Field(f"f{number}", f"Field {number}", help="help") for number in range(30)]
    app = _dialog(Platform(), fields)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert not _has(pilot, "Field 29")
        await pilot.press(*["enter"] * 29)
        await pilot.pause()
        assert _has(pilot, "> Field 29")
        await pilot.press(*["up"] * 29)
        await pilot.pause()
        assert _has(pilot, "> Field 0")


async def test_passwords_are_hidden_until_asked() -> None:
    app = _dialog(Platform())
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("tab", *"secret")
        await pilot.pause()
        assert _has(pilot, "••••••")
        assert not _has(pilot, "secret")
        await pilot.press("ctrl+t")
        await pilot.pause()
        assert _has(pilot, "secret")


async def test_a_toggle_and_a_picker_by_keys() -> None:
    toggle = Toggle(value=False)
    picker = Picker(FIELDS[3])
    app = HostApp(toggle, picker)
    async with app.run_test(size=(60, 10)) as pilot:
        toggle.focus()
        seen = []
        for key in ("space", "n", "n", "y"):
            await pilot.press(key)
            seen.append(toggle.value)
        assert seen == [True, False, False, True]
        await pilot.pause()
        assert screen_text(app)[0].startswith("[x] yes")
        picker.focus()
        await pilot.press("left")
        assert picker.value == "daemonset"
        await pilot.press("space")
        await pilot.pause()
        assert isinstance(app.screen, ChoiceDialog)
        await pilot.press("k", "enter")
        await pilot.pause()
        assert picker.value == "deployment"


async def test_hostile_values_are_drawn_harmlessly_and_kept() -> None:
    line, area = QuietInput(), QuietTextArea()
    app = HostApp(line, area)
    async with app.run_test(size=(60, 10)) as pilot:
        line.focus()
        for text in HOSTILE:
            line.value = area.text = text[:300]
            await pilot.pause()
            assert all(shown.isprintable() for shown in screen_text(app))
            assert line.value == text[:300]


def test_stand_ins_keep_positions() -> None:
    assert stand_ins("a\x1bb\u202ec") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
    assert stand_ins("plain") == "plain"


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        (Field("a", "Name", required=True), "  ", "Name is missing"),
        (Field("a", "Name"), "", ""),
        (Field("a", "Name", maximum=3), "abcd", "Name takes at most 3 characters; these are 4"),
        (Field("a", "Name", check=_needs_digit), "abc", "Name needs a digit"),
        (Field("a", "Name", check=_needs_digit), "", ""),
        (Field("a", "Name", "bool", required=True), False, ""),
    ],
)
def test_what_is_wrong_with_a_value(field: Field, value: FieldValue, problem: str) -> None:
    assert field.problem(value) == problem


def test_a_choice_starts_with_what_the_field_names() -> None:
    assert FIELDS[3].initial == "deployment"
    assert Field("a", "A", "choice", choices=[("x", "X"), ("y", "Y")], value="y").initial == "y"
    assert Field("a", "A", "choice").initial == ""


async def test_paths_are_completed(tmp_path: Path) -> None:
    (tmp_path / "kube").mkdir()
    (tmp_path / "kube" / "config").touch()
    (tmp_path / ".hidden").touch()
    suggester = PathSuggester()
    assert await suggester.get_suggestion(f"{tmp_path}/") == f"{tmp_path}/kube/"
    assert await suggester.get_suggestion(f"{tmp_path}/kube/co") == f"{tmp_path}/kube/config"
    assert await suggester.get_suggestion(f"{tmp_path}/.h") == f"{tmp_path}/.hidden"
    assert await suggester.get_suggestion(f"{tmp_path}/none/x") is None
    assert await suggester.get_suggestion("~nobody-of-this-name/x") is None
