"""Dialogs ask before something is lost, show everything that was said, and close on esc."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.screen import Screen

from backend.errors import ItemResult
from tests.widgets.hosts import HOSTILE, HostApp, registry, screen_text
from widgets.actions import EVERYWHERE
from widgets.clipboard import MOST_BYTES, copy
from widgets.dialog import TextDialog
from widgets.dialogs import Choice, ChoiceDialog, ConfirmDialog, PromptDialog
from widgets.help_dialog import HelpDialog, help_groups
from widgets.result_dialog import ResultDialog

LOST = ["alice and everything she deployed", "bob[/] and his 3 deployments"]


async def _answers(make: Callable[[], Screen[Any]], *keys: str) -> tuple[list[object], list[str]]:
    app = HostApp(first=make)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        return app.answers, screen_text(app)


async def test_the_name_must_be_typed() -> None:
    answers, shown = await _answers(lambda: ConfirmDialog("Delete?", LOST, "alice"), "enter", "y", *"alic", "enter")
    assert answers == []
    assert any("That is not the name. Nothing was done." in line for line in shown)
    answers, _ = await _answers(lambda: ConfirmDialog("Delete?", LOST, "alice"), *"alice", "enter")
    assert answers == [True]


async def test_without_colour_the_confirming_hint_is_in_brackets_until_the_name_is_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    _, shown = await _answers(lambda: ConfirmDialog("Delete?", LOST, "al"), "a")
    assert any("(enter delete)" in line for line in shown)
    _, shown = await _answers(lambda: ConfirmDialog("Delete?", LOST, "al"), "a", "l")
    assert not any("(enter delete)" in line for line in shown)


@pytest.mark.parametrize(
    ("keys", "answer"), [(("y",), True), (("escape",), False), (("n",), False), (("enter", "escape"), False)]
)
async def test_without_a_name_one_key_confirms_and_enter_never(keys: tuple[str, ...], answer: bool) -> None:
    answers, _ = await _answers(lambda: ConfirmDialog("Disapprove?", LOST, verb="Disapprove"), *keys)
    assert answers == [answer]


async def test_the_key_that_opened_the_dialog_does_not_confirm() -> None:
    answers, shown = await _answers(lambda: ConfirmDialog("Delete?", LOST, opened_by="y"), "y", "enter")
    assert answers == []
    assert any("Press c to confirm or esc to keep." in line for line in shown)
    answers, _ = await _answers(lambda: ConfirmDialog("Delete?", LOST, opened_by="y"), "c")
    assert answers == [True]


async def test_everything_that_is_lost_can_be_read_by_scrolling() -> None:
    many = [f"deployment number {number}" for number in range(60)]
    _, shown = await _answers(lambda: ConfirmDialog("Delete?", many, "alice"))
    assert "Type alice to confirm:" in " ".join(shown)
    assert not any("number 59" in line for line in shown)
    _, shown = await _answers(lambda: ConfirmDialog("Delete?", many, "alice"), *["pagedown"] * 8)
    assert any("number 59" in line for line in shown)


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_names_in_dialogs(text: str) -> None:
    def confirm() -> Screen[Any]:
        return ConfirmDialog(f"Delete {text}?", [text, text], text or "x", verb="Delete")

    _, shown = await _answers(confirm)
    assert len(shown) == 24
    assert all(line.isprintable() for line in shown)
    assert "esc keep" in shown[-2] or any("esc keep" in line for line in shown)


async def test_a_required_text_must_be_given() -> None:
    def ask() -> Screen[Any]:
        return PromptDialog("Disapprove", "Say why", required=True, max_length=20)

    answers, shown = await _answers(ask, "space", "enter")
    assert answers == []
    assert any("This needs a text." in line for line in shown)
    answers, _ = await _answers(ask, *"no", "enter")
    assert answers == ["no"]
    answers, _ = await _answers(ask, *"no", "escape")
    assert answers == [None]


async def test_an_optional_text_may_stay_empty() -> None:
    answers, _ = await _answers(lambda: PromptDialog("Approve", "Comment"), "enter")
    assert answers == [""]


async def test_a_long_text_has_several_lines_and_a_limit() -> None:
    def ask() -> Screen[Any]:
        return PromptDialog("Disapprove", "Say why", multiline=True, max_length=5)

    answers, _ = await _answers(ask, "a", "enter", "b", "ctrl+s")
    assert answers == ["a\nb"]
    answers, shown = await _answers(ask, *"abcdef", "ctrl+s")
    assert answers == []
    assert any("At most 5 characters; these are 6." in line for line in shown)


async def test_a_choice_begins_at_the_present_one() -> None:
    def ask() -> Screen[Any]:
        choices = [Choice(1, "Name", "a to z"), Choice(2, "[b]Created"), Choice(3, "Status")]
        return ChoiceDialog("Sort by", choices, selected=2)

    answers, shown = await _answers(ask)
    assert next(line for line in shown if ">" in line).split("│")[1].split() == [">", "[b]Created"]
    assert any("Name" in line and "a to z" in line for line in shown)
    answers, _ = await _answers(ask, "j", "enter")
    assert answers == [3]
    answers, _ = await _answers(ask, "escape")
    assert answers == [None]


async def test_results_list_the_failed_items_first_with_their_sentences() -> None:
    results = [
        ItemResult("alice", 200, "approved"),
        ItemResult("bob[/]", 409, "User bob[/] is approved already and " + "nothing " * 12 + "was done."),
        ItemResult("carl", 200, "approved"),
    ]
    app = HostApp(first=lambda: ResultDialog("Approve 3 users", results))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        shown = screen_text(app)
        assert any("2 items done, 1 failed." in line for line in shown)
        rows = [line for line in shown if "failed  " in line or " OK " in line]
        assert [("bob[/]" in line, "alice" in line) for line in rows] == [(True, False), (False, True), (False, False)]
        assert any("was done." in line for line in shown)
        await pilot.press("c")
        assert app.clipboard.splitlines()[1] == "OK\talice\tapproved"
        await pilot.press("q")
        await pilot.pause()
        assert app.answers == [None]


async def test_help_lists_keys_by_group_and_says_what_is_refused() -> None:
    def refused(action_id: str) -> str | None:
        return "user0 is approved already." if action_id == "user.approve" else None

    groups = help_groups(registry(), "Users", refused)
    assert [group.title for group in groups] == ["Users", EVERYWHERE, "Table"]
    app = HostApp(first=lambda: HelpDialog("Keys of Users", groups))
    async with app.run_test(size=(100, 50)) as pilot:
        await pilot.pause()
        shown = "\n".join(screen_text(app))
        assert "Not now: user0 is approved already." in shown
        assert "works on marked rows" in shown
        assert "the user and their sessions; asks first" in shown
        assert "↓ j             Next row" in shown


async def test_a_text_of_a_megabyte_opens_at_once_and_copies_what_terminals_take() -> None:
    text = "x" * 1_000_000
    app = HostApp(first=lambda: TextDialog("Log", text))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c")
        await pilot.pause()
        assert len(app.clipboard) == MOST_BYTES
        assert any("Copied the first 74,000 characters of 1,000,000" in line for line in screen_text(app))
        await pilot.press("j", "pagedown", "k", "q")
        await pilot.pause()
        assert app.answers == [None]


async def test_copying_never_cuts_a_character_in_two() -> None:
    app = HostApp()
    async with app.run_test():
        copy(app, "x" + "日" * 50_000)
        assert app.clipboard == "x" + "日" * ((MOST_BYTES - 1) // 3)
