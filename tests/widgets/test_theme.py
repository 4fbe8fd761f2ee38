"""Which theme a terminal gets, and that both themes can style every widget."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from tests.widgets.hosts import HostApp, ListScreen, people
from widgets.styles import STYLE_SHEETS
from widgets.theme import ANSI, DARK, TONES, ThemeSetting, WithoutColour, choose_theme, no_colour


@pytest.mark.parametrize(
    ("setting", "environment", "name"),
    [
        ("auto", {"TERM": "xterm-256color"}, "otetui-dark"),
        ("auto", {}, "otetui-dark"),
        ("auto", {"TERM": "xterm-256color", "NO_COLOR": "1"}, "otetui-ansi"),
        ("auto", {"TERM": "xterm-256color", "NO_COLOR": ""}, "otetui-dark"),
        ("auto", {"TERM": "linux"}, "otetui-ansi"),
        ("auto", {"TERM": "linux-16color"}, "otetui-ansi"),
        ("auto", {"TERM": "rxvt-16"}, "otetui-ansi"),
        ("ansi", {"TERM": "xterm-256color"}, "otetui-ansi"),
        ("dark", {"TERM": "linux"}, "otetui-dark"),
        ("dark", {"NO_COLOR": "1"}, "otetui-ansi"),
    ],
)
def test_the_theme_for_a_terminal(setting: ThemeSetting, environment: Mapping[str, str], name: str) -> None:
    assert choose_theme(setting, environment).name == name


def test_both_themes_define_the_same_variables() -> None:
    own = {name for name in DARK.variables if not name.startswith("scrollbar")}
    assert own <= ANSI.variables.keys()
    assert {f"tone-{tone}" for tone in TONES} <= own


def test_texts_contrast_with_their_grounds_in_the_dark_theme() -> None:
    def luminance(color: str) -> float:
        parts = [part / 255 for part in Color.parse(color).rgb]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(text: str, ground: str) -> float:
        light, dark = sorted((luminance(text), luminance(ground)), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    background = DARK.background or ""
    variables = DARK.variables
    pairs = [(variables[f"tone-{tone}"], background) for tone in TONES]
    pairs += [(DARK.foreground or "", background), (variables["cursor-text"], variables["cursor"])]
    pairs += [(variables["tone-muted"], variables[ground]) for ground in ("bar", "entry")]
    pairs += [(variables["bar-text"], variables["bar"]), (variables["cursor-idle-text"], variables["cursor-idle"])]
    assert min(contrast(text, ground) for text, ground in pairs) >= 4.5


def test_without_colour_only_attributes_are_left() -> None:
    style = Style(color=RichColor.parse("red"), bgcolor=RichColor.parse("default"), bold=True, reverse=True)
    (segment,) = WithoutColour().apply([Segment("x", style)], Color(0, 0, 0))
    assert segment.style is not None
    assert (segment.style.color, segment.style.bgcolor) == (None, None)
    assert segment.style.bold
    assert segment.style.reverse


def test_an_empty_no_color_is_not_set() -> None:
    assert not no_colour({"NO_COLOR": ""})
    assert no_colour({"NO_COLOR": "0"})


@pytest.mark.parametrize("theme", ["otetui-dark", "otetui-ansi", "textual-dark", "textual-light"])
async def test_the_style_sheets_hold_under_any_theme(theme: str) -> None:
    app = HostApp(first=lambda: ListScreen(people(5)))
    async with app.run_test(size=(80, 24)) as pilot:
        app.theme = theme
        await pilot.press("j", "slash", "escape")
        assert app.animation_level == "none"
        assert app.theme == theme


def test_every_widget_has_its_sheet_in_the_list() -> None:
    names = {str(path).rpartition("/")[2] for path in STYLE_SHEETS}
    assert {"base.tcss", "table.tcss", "frame.tcss", "dialogs.tcss", "form.tcss", "states.tcss", "detail.tcss"} <= names
