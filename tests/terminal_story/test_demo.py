"""The demo's story in a real terminal: log in, decide, see a namespace arrive, label nodes, leave."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.terminal import Terminal

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(180), pytest.mark.xdist_group("terminal")]
_START_SECONDS = 90


def _log_in(terminal: Terminal) -> None:
    terminal.wait_for("Demo: log in as admin", _START_SECONDS)
    terminal.type("admin\rDemo-pass1\r")
    terminal.wait_for("Audit inbox", 30)


def _filter(terminal: Terminal, text: str, gone: str) -> None:
    terminal.press("/")
    terminal.type(text)
    terminal.press("enter")
    terminal.wait_for(f"filter: {text}")
    terminal.wait_without(gone)


def _go(terminal: Terminal, place: str, title: str) -> None:
    terminal.press(":")
    terminal.type(place)
    terminal.press("enter")
    terminal.wait_for(f" {title} ")


def test_from_the_inbox_to_a_labelled_node(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "otetui", "demo"]
    with Terminal(command, columns=120, lines=40, environment={"TMPDIR": str(tmp_path)}) as terminal:
        _log_in(terminal)
        terminal.wait_for("cold-chain")
        terminal.wait_for("5 to audit")

        # A business is read, then decided.
        _filter(terminal, "cold", "tunnel-watch")
        terminal.press("enter")
        terminal.wait_for("Business cold-chain")
        terminal.wait_for("Temperature watch in refrigerated stores.")
        terminal.press("a")
        terminal.wait_for("Comment")
        terminal.type("Welcome.")
        terminal.press("ctrl+s")
        terminal.wait_for("4 to audit")
        terminal.wait_for("Nothing matches cold.")
        terminal.press("escape")

        # A user is opened and approved; the next request opens by itself.
        terminal.wait_for("tunnel-watch")
        terminal.press("home", "enter")
        terminal.wait_for("If approved")
        first = terminal.text.splitlines()[1]
        terminal.press("a")
        if "Business" in first:
            terminal.wait_for("Comment")
            terminal.press("ctrl+s")
        terminal.wait_for("3 to audit")
        terminal.wait_until(lambda text: "If approved" in text and first not in text, "the next request")
        terminal.press("escape")

        # The namespace is on every cluster but the one that is away.
        _go(terminal, "businesses", "Businesses")
        _filter(terminal, "cold", "port-vision")
        terminal.press("enter")
        terminal.wait_for("on 5 of 6 clusters", 60)
        assert "turin-toll-plaza" in terminal.text
        away = next(line for line in terminal.text.splitlines() if "turin-toll-plaza" in line)
        assert "waiting" in away
        terminal.press("escape")

        # Two marked nodes get a label at once.
        _go(terminal, "nodes", "Nodes")
        _filter(terminal, "cluster:gdansk-tram-depot", "ham-")
        terminal.press("space", "space")
        terminal.wait_for("2 rows marked")
        terminal.press("l")
        terminal.wait_for("Label")
        terminal.type("depot")
        terminal.press("ctrl+s")
        terminal.wait_until(lambda text: text.count("depot ") >= 2 or text.count(" depot") >= 2, "two labelled nodes")

        terminal.press("ctrl+q")
        assert terminal.wait_exit(30) == 0
    assert bytes(terminal.written).rstrip().endswith(b"\x1b[?25h") or b"\x1b[?1049l" in terminal.written


def test_what_arrives_in_one_burst_decides_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "otetui", "demo"]
    with Terminal(command, columns=120, lines=40, environment={"TMPDIR": str(tmp_path)}) as terminal:
        _log_in(terminal)
        terminal.wait_for("5 to audit")
        # As a slow link delivers it: the key of an action, and behind it the words for its dialog.
        terminal.type("da bad actor")
        terminal.wait_for("Disapprove")
        terminal.press("escape", "escape")
        terminal.wait_for("5 to audit")
        # And a screen's name: its letters must not be taken for keys of the list.
        terminal.type(":activity\r")
        terminal.wait_for(" Activity ")
        assert "5 to audit" in terminal.text
        terminal.press("ctrl+q")
        assert terminal.wait_exit(30) == 0


def test_a_new_site_is_set_up_before_anyone_logs_in(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "otetui"]
    with Terminal(command, columns=80, lines=24, environment={"OTETUI_HOME": str(tmp_path / "home")}) as terminal:
        terminal.wait_for("Set the site up", 60)
        terminal.press("enter")
        terminal.type("First-pass1\rFirst-pass2\r")
        terminal.wait_for("The two passwords differ")
        terminal.press("ctrl+q")
        terminal.wait_exit()
    with Terminal(command, columns=80, lines=24, environment={"OTETUI_HOME": str(tmp_path / "home")}) as terminal:
        terminal.wait_for("Set the site up", 60)
        terminal.press("enter")
        terminal.type("First-pass1\rFirst-pass1\r")
        terminal.wait_for("The site is ready. Log in as admin.", 30)
        terminal.type("admin\rFirst-pass1\r")
        terminal.wait_for("No cluster is registered.", 30)
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0


def test_a_terminal_never_runs_what_somebody_typed_as_a_name(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "otetui", "demo"]
    with Terminal(command, columns=120, lines=40, environment={"TMPDIR": str(tmp_path)}) as terminal:
        _log_in(terminal)
        terminal.press("/")
        # A filter may hold anything; the title repeats it.
        terminal.type("[red]x[/]")
        terminal.press("enter")
        terminal.wait_for("filter: [red]x[/]")
        terminal.wait_for("Nothing matches [red]x[/].")
        terminal.press("ctrl+q")
        assert terminal.wait_exit(30) == 0
