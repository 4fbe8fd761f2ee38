"""What goes over the line: bytes for each thing that happens at 120x40, and no colour with NO_COLOR."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping

import pytest

from tests.terminal import Terminal

pytestmark = pytest.mark.terminal

_STYLES = re.compile(rb"\x1b\[([0-9;:]*)m")
# Bold, dim, underline, reverse and their ends; everything else would be a colour.
_ATTRIBUTES = {"", "0", "1", "2", "3", "4", "7", "22", "23", "24", "27"}


def _terminal(environment: Mapping[str, str] | None = None) -> Terminal:
    return Terminal(
        [sys.executable, "-m", "tests.widgets.program", "1000"],
        # Snapshot tests in the same process leave a size of their own in the environment.
        environment={"NO_COLOR": "", "COLUMNS": "120", "LINES": "40", **(environment or {})},
    )


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with _terminal() as opened:
        opened.wait_for("user20")
        opened.settle(0.5)
        yield opened


def test_moving_the_cursor_costs_less_than_a_kilobyte(terminal: Terminal) -> None:
    costs = [terminal.repaint(key, quiet=0.3).bytes for key in ("j", "j", "k", "j")]
    assert all(0 < cost <= 1024 for cost in costs), costs


def test_a_changed_row_costs_less_than_half_a_kilobyte_and_nothing_out_of_view(terminal: Terminal) -> None:
    assert 0 < terminal.repaint("U", quiet=0.3).bytes <= 512
    assert terminal.repaint("O", quiet=0.3).bytes == 0


def test_a_refresh_without_a_change_costs_nothing(terminal: Terminal) -> None:
    assert terminal.repaint("R", quiet=0.3).bytes == 0


def test_the_prompt_opens_without_repainting_the_list(terminal: Terminal) -> None:
    assert 0 < terminal.repaint("/", quiet=0.3).bytes <= 1500


def test_a_dialog_costs_one_screen_to_open_and_one_to_close_and_nothing_while_it_stands(terminal: Terminal) -> None:
    opened = terminal.repaint("F", quiet=0.5).bytes
    assert "Alpha" in terminal.text
    assert terminal.idle(1.2) == 0
    assert 0 < terminal.repaint("tab", quiet=0.3).bytes <= 1500
    closed = terminal.repaint("escape", quiet=0.5).bytes
    assert "user20" in terminal.text
    assert opened <= 14_000, opened
    assert closed <= 16_000, closed


def test_idle_with_a_focused_prompt_costs_nothing(terminal: Terminal) -> None:
    terminal.repaint(":", quiet=0.5)
    assert terminal.idle(1.5) == 0


def test_what_other_programs_wrote_is_painted_over_on_request(terminal: Terminal) -> None:
    assert terminal.repaint("ctrl+l", quiet=0.3).bytes > 5000


def test_no_color_sends_no_colour_at_all() -> None:
    with _terminal({"NO_COLOR": "1", "COLORTERM": "truecolor"}) as terminal:
        terminal.wait_for("user20")
        for key in ("j", "space", "a", "/", "escape", "F", "tab", "escape", "?"):
            terminal.repaint(key)
        styles = {style.decode() for style in _STYLES.findall(bytes(terminal.written))}
        attributes = {part for style in styles for part in style.split(";")}
        assert attributes <= _ATTRIBUTES, styles
        assert "7" in attributes
        row = next(line for line in terminal.text.splitlines() if line.startswith(">"))
        assert "user2" in row
        assert any(line.startswith(" *") and "user1" in line for line in terminal.text.splitlines())


def test_the_ansi_theme_sends_only_the_sixteen_colours() -> None:
    with _terminal({"TERM": "linux", "COLORTERM": ""}) as terminal:
        terminal.wait_for("user20")
        for key in ("j", "space", "a", "F", "escape"):
            terminal.repaint(key)
        styles = {style.decode() for style in _STYLES.findall(bytes(terminal.written))}
        assert not {style for style in styles if "38;" in style or "48;" in style}
        assert any(part in {"32", "33"} for style in styles for part in style.split(";"))
