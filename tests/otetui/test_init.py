"""`otetui init` and the program's own options."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pexpect
import pytest

import otetui
from tests.otetui.programs import PASSWORD, Program
from tests.processes import ROOT, SECONDS


def typing(program: Program, *arguments: str) -> pexpect.spawn:
    """The program in a terminal, to be typed to."""
    return pexpect.spawn(
        sys.executable,
        ["-m", "otetui", *arguments],
        cwd=str(ROOT),
        env=program.environment(),
        encoding="utf-8",
        timeout=SECONDS,
    )


def ended(terminal: pexpect.spawn) -> tuple[int, str]:
    """The exit code of a program in a terminal, and all that it had left to say."""
    terminal.expect(pexpect.EOF)
    terminal.close()
    return terminal.exitstatus, terminal.before


def test_with_a_password_in_the_environment_nothing_is_asked(empty: Program) -> None:
    done = empty.run("init", OTETUI_ADMIN_PASSWORD=PASSWORD)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"The site in {empty.home} is ready. Run otetui and log in as admin.\n"
    assert empty.login("admin")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in empty.home.iterdir()}
    assert modes == {"otetui.db": 0o600, "otetui.db.lock": 0o600, "key": 0o600}
    assert stat.S_IMODE(empty.home.stat().st_mode) == 0o700


def test_the_administrator_may_have_another_name(empty: Program) -> None:
    done = empty.run("init", "--admin", "boss", OTETUI_ADMIN_PASSWORD=PASSWORD)
    assert (done.code, done.err) == (0, "")
    assert "log in as boss" in done.out
    assert empty.login("boss")
    assert empty.api("POST", "/v1/authorization", {"user": "admin", "password": PASSWORD}).code == 1


def test_a_second_time_is_refused_and_changes_nothing(program: Program) -> None:
    before = (program.home / "otetui.db").read_bytes()
    done = program.run("init", "--admin", "other", OTETUI_ADMIN_PASSWORD="0therPassword")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"otetui: The site in {program.home} is set up already. Run otetui to log in.\n"
    assert (program.home / "otetui.db").read_bytes() == before
    assert program.login()


@pytest.mark.parametrize("password", ["weak", "Passw0rd" * 3])
def test_a_weak_password_is_refused_unshown_and_may_be_mended(empty: Program, password: str) -> None:
    done = empty.run("init", OTETUI_ADMIN_PASSWORD=password)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("otetui: password needs ")
    assert password not in done.err
    if password == "weak":
        assert empty.run("init", OTETUI_ADMIN_PASSWORD=PASSWORD).code == 0


@pytest.mark.parametrize("name", ["", "\x1b[2J"])
def test_a_wrong_name_is_refused(empty: Program, name: str) -> None:
    done = empty.run("init", "--admin", name, OTETUI_ADMIN_PASSWORD=PASSWORD)
    assert (done.code, done.out) == (1, "")
    assert "user takes 1 to 50 letters" in done.err
    assert "\x1b" not in done.err


def test_without_a_terminal_and_a_password_nothing_is_waited_for(empty: Program) -> None:
    done = empty.run("init", given="Passw0rd!\nPassw0rd!\n")
    assert (done.code, done.out) == (1, "")
    assert "Set OTETUI_ADMIN_PASSWORD" in done.err


def test_errors_may_be_json(program: Program, empty: Program) -> None:
    done = program.run("init", "--json", OTETUI_ADMIN_PASSWORD=PASSWORD)
    assert (done.code, done.out) == (1, "")
    assert json.loads(done.err)["code"] == 409
    done = Program(empty.home.parent / "second").run("init", "--json", OTETUI_ADMIN_PASSWORD="weak")
    assert {key: json.loads(done.err)[key] for key in ("code", "error", "field")} == {
        "code": 422,
        "error": "invalid_parameter",
        "field": "password",
    }


@pytest.mark.terminal
def test_a_typed_password_is_asked_twice_and_not_shown(empty: Program) -> None:
    terminal = typing(empty, "init")
    terminal.expect("8 to 20 characters")
    terminal.expect("Password: ")
    terminal.sendline(PASSWORD)
    terminal.expect("Repeat for confirmation: ")
    shown = terminal.before
    terminal.sendline(PASSWORD)
    code, rest = ended(terminal)
    assert code == 0
    assert f"The site in {empty.home} is ready" in rest.replace("\r\n", "")
    assert PASSWORD not in shown + rest
    assert empty.login()


@pytest.mark.terminal
def test_two_typed_passwords_that_differ_are_asked_again(empty: Program) -> None:
    terminal = typing(empty, "init")
    for first, second in (("Passw0rd!", "Passw0rd?"), ("N3wPassword", "N3wPassword")):
        terminal.expect("Password: ")
        terminal.sendline(first)
        terminal.expect("Repeat for confirmation: ")
        terminal.sendline(second)
    assert ended(terminal)[0] == 0
    assert empty.login(password="N3wPassword")


@pytest.mark.terminal
def test_a_weak_typed_password_is_refused(empty: Program) -> None:
    terminal = typing(empty, "init")
    for prompt in ("Password: ", "Repeat for confirmation: "):
        terminal.expect(prompt)
        terminal.sendline("weakling")
    code, rest = ended(terminal)
    assert code == 1
    assert "password needs" in rest
    assert "weakling" not in rest


@pytest.mark.terminal
def test_interrupting_the_question_sets_nothing_up(empty: Program) -> None:
    terminal = typing(empty, "init")
    terminal.expect("Password: ")
    terminal.sendintr()
    code, rest = ended(terminal)
    assert code not in {0, None}
    assert "Traceback" not in rest
    assert empty.run("init", OTETUI_ADMIN_PASSWORD=PASSWORD).code == 0


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("api", "-h")])
def test_help_and_version_touch_no_home(empty: Program, arguments: tuple[str, ...]) -> None:
    done = empty.run(*arguments)
    assert (done.code, done.err) == (0, "")
    if arguments == ("--version",):
        assert done.out == f"otetui {otetui.__version__}\n"
    else:
        assert "Usage:" in done.out
    assert not empty.home.exists()


@pytest.mark.parametrize("arguments", [("nonsense",), ("init", "--nonsense"), ("init", "extra")])
def test_wrong_usage_is_exit_2_on_stderr(empty: Program, arguments: tuple[str, ...]) -> None:
    done = empty.run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage:" in done.err
    assert "Traceback" not in done.err


def test_the_console_says_that_it_needs_a_terminal(program: Program) -> None:
    done = program.run()
    assert (done.code, done.out) == (1, "")
    assert "needs a terminal" in done.err


def test_a_home_that_cannot_be_made_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = Program(tmp_path / "file" / "home").run("init", OTETUI_ADMIN_PASSWORD=PASSWORD)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("otetui: The folder ")
    assert "Set OTETUI_HOME" in done.err


def test_a_damaged_store_is_refused_in_a_sentence_and_left_alone(program: Program) -> None:
    store = program.home / "otetui.db"
    store.write_bytes(b"garbage" * 1000)
    done = program.run("init", OTETUI_ADMIN_PASSWORD=PASSWORD)
    assert (done.code, done.out) == (1, "")
    assert "is damaged" in done.err
    assert "Traceback" not in done.err
    assert store.read_bytes() == b"garbage" * 1000


def test_a_lost_key_is_refused_in_a_sentence(program: Program) -> None:
    (program.home / "key").unlink()
    done = program.run("api", "GET", "/v1/authorization")
    assert (done.code, done.answer["error"]) == (1, "key_missing")
    assert done.err.startswith(f"otetui: The key file {program.home / 'key'} is missing")
    done = program.run("api", "--stdin", given="{}\n")
    assert (done.code, done.out) == (1, "")
    assert "The key file" in done.err
    assert not (program.home / "key").exists()
