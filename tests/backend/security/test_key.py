"""Where the key comes from: a file, the environment or a command."""

from __future__ import annotations

import base64
import os
import shlex
import stat
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backend.errors import ErrorKind, PlatformError
from backend.security import key as key_module
from backend.security.box import KEY_BYTES
from backend.security.key import load_key
from tests.processes import finish, run_python, start_python

KEY = bytes(range(KEY_BYTES))
TEXT = base64.b64encode(KEY).decode()

LOAD = """
import sys
from pathlib import Path
from backend.security.key import load_key
sys.stdin.readline()
print(load_key(Path(sys.argv[1]), create=True).hex())
"""

REFUSED = """
import sys
from pathlib import Path
from backend.errors import PlatformError
from backend.security.key import load_key
try:
    load_key(Path(sys.argv[1]), create=True)
except PlatformError as error:
    print(error.reason, error.message)
"""


def refusal(path: Path, *, value: str = "", command: str = "", create: bool = False) -> PlatformError:
    """The refusal of a key; fails when there is one."""
    with pytest.raises(PlatformError) as error:
        load_key(path, value=value, command=command, create=create)
    assert error.value.kind is ErrorKind.INTERNAL
    return error.value


def listing(folder: Path) -> list[str]:
    """The names of what is in a folder."""
    return [path.name for path in folder.iterdir()]


def write_key(path: Path, text: str, mode: int = 0o600) -> Path:
    """A key file with this content and mode."""
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_missing_file_is_made_with_mode_0600_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = load_key(path, create=True)
    assert len(made) == KEY_BYTES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(path) == made
    assert load_key(path, create=True) == made
    assert listing(tmp_path) == ["key"]


def test_the_mode_is_0600_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load_key(tmp_path / "key", create=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_two_made_keys_differ(tmp_path: Path) -> None:
    assert load_key(tmp_path / "one", create=True) != load_key(tmp_path / "two", create=True)


def test_without_create_a_missing_file_is_refused_and_not_made(tmp_path: Path) -> None:
    error = refusal(tmp_path / "key")
    assert error.reason == "key_missing"
    assert str(tmp_path / "key") in error.message
    assert "backup" in error.message
    assert listing(tmp_path) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o602, 0o610, 0o601, 0o777])
def test_a_file_that_others_can_reach_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    path = write_key(tmp_path / "the key", TEXT, mode)
    error = refusal(path)
    assert error.reason == "key_exposed"
    assert f"mode {mode:04o}" in error.message
    assert f"chmod 600 {shlex.quote(str(path))}" in error.message
    path.chmod(0o400)
    assert load_key(path) == KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "not base64!",
        TEXT[:-2],
        TEXT + "AAAA",
        base64.b64encode(KEY[:-1]).decode(),
        base64.b64encode(KEY + b"x").decode(),
        KEY.hex(),
        TEXT + "é",
        TEXT[:10] + "\n" + TEXT[10:],
        "\x00" * 44,
    ],
    ids=repr,
)
def test_a_malformed_key_is_refused_wherever_it_comes_from(tmp_path: Path, text: str) -> None:
    path = write_key(tmp_path / "key", text)
    error = refusal(path)
    assert error.reason == "key_malformed"
    assert str(path) in error.message
    if text:
        in_environment = refusal(path, value=text)
        assert in_environment.reason == "key_malformed"
        assert text not in in_environment.message
    if "\x00" not in text:
        printing = shlex.join([sys.executable, "-c", f"print({text!r})"])
        assert refusal(path, command=printing).reason == "key_malformed"


def test_white_space_around_the_key_does_not_matter(tmp_path: Path) -> None:
    assert load_key(write_key(tmp_path / "key", f"  {TEXT}\r\n\n")) == KEY
    assert load_key(tmp_path / "none", value=f"\t{TEXT} ") == KEY


def test_the_environment_goes_before_the_file_and_the_command_before_both(tmp_path: Path) -> None:
    path = write_key(tmp_path / "key", base64.b64encode(b"f" * 32).decode())
    value = base64.b64encode(b"e" * 32).decode()
    printing = shlex.join([sys.executable, "-c", f"print({TEXT!r})"])
    assert load_key(path) == b"f" * 32
    assert load_key(path, value=value) == b"e" * 32
    assert load_key(path, value=value, command=printing) == KEY


def test_a_key_from_elsewhere_makes_no_file(tmp_path: Path) -> None:
    assert load_key(tmp_path / "key", value=TEXT, create=True) == KEY
    assert listing(tmp_path) == []


@pytest.mark.parametrize(
    "command",
    [
        "/no/such/program --key",
        "false",
        "   ",
        "sh -c 'unclosed",
        "\x00",
        shlex.join([sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes([255, 254]))"]),
    ],
    ids=repr,
)
def test_a_failing_command_is_refused_by_name(tmp_path: Path, command: str) -> None:
    error = refusal(tmp_path / "key", command=command)
    assert error.reason == "key_command_failed"
    assert "by hand" in error.message


def test_a_command_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_module, "COMMAND_SECONDS", 0.5)
    started = time.monotonic()
    error = refusal(tmp_path / "key", command="sh -c 'sleep 600 & wait'")
    assert error.reason == "key_command_failed"
    assert time.monotonic() - started < 20


def test_what_a_failing_command_printed_is_not_shown(tmp_path: Path) -> None:
    # It may have printed the key before it failed.
    error = refusal(tmp_path / "key", command="sh -c 'cat " + str(write_key(tmp_path / "t", TEXT)) + "; exit 3'")
    assert TEXT not in error.message


def test_processes_that_make_the_key_at_once_all_get_the_same(tmp_path: Path) -> None:
    starting = [start_python(LOAD, tmp_path / "key") for _ in range(4)]
    made = {finish(process, "go\n") for process in starting}
    assert len(made) == 1
    assert made == {load_key(tmp_path / "key").hex() + "\n"}
    assert listing(tmp_path) == ["key"]


def test_threads_that_make_the_key_at_once_all_get_the_same(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def load(_number: int) -> bytes:
        together.wait(10)
        return load_key(tmp_path / "key", create=True)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(load, range(8)))) == 1
    assert listing(tmp_path) == ["key"]


def test_what_a_killed_process_left_behind_does_not_block_the_next(tmp_path: Path) -> None:
    # In a container every start has the same process id.
    (tmp_path / f"key.{os.getpid()}").write_text("half a k")
    assert len(load_key(tmp_path / "key", create=True)) == KEY_BYTES


def test_a_folder_that_cannot_be_written_is_refused_in_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        answer = run_python(REFUSED, tmp_path / "key", obey=True)
    finally:
        tmp_path.chmod(0o700)
    assert answer.startswith("key_unavailable ")
    assert str(tmp_path / "key") in answer


def test_a_key_that_cannot_be_read_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = write_key(tmp_path / "key", TEXT, 0o000)
    assert run_python(REFUSED, path, obey=True).startswith("key_unavailable ")


def test_a_folder_in_the_keys_place_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir(mode=0o700)
    assert refusal(tmp_path / "key").reason == "key_unavailable"
