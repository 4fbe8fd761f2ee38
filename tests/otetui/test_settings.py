"""The program's settings: the environment, the file in the home folder, and what is wrong with them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from backend.errors import ErrorKind, PlatformError
from otetui.settings import SETTINGS_FILE, home_folder, load_settings
from tests.errors import error_of
from tests.otetui.programs import Program


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of this test."""
    monkeypatch.setenv("OTETUI_HOME", str(tmp_path))
    return tmp_path


def refusal() -> PlatformError:
    """The refusal of the settings; fails when they are taken."""
    with pytest.raises(PlatformError) as error:
        load_settings()
    assert (error.value.kind, error.value.reason) == (ErrorKind.INVALID, "setting_wrong")
    return error.value


def test_the_home_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OTETUI_HOME", str(tmp_path / "here"))
    assert home_folder() == tmp_path / "here"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OTETUI_HOME", "relative")
    assert home_folder() == tmp_path / "relative"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OTETUI_HOME", "~/mine")
    assert home_folder() == tmp_path / "mine"


def test_without_a_name_the_home_is_in_the_users_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for name in (None, ""):
        if name is not None:
            monkeypatch.setenv("OTETUI_HOME", name)
        assert home_folder() == tmp_path / "otetui"


@pytest.mark.usefixtures("home")
def test_without_file_and_environment_there_are_defaults() -> None:
    settings = load_settings()
    assert (settings.theme, settings.keys, settings.key_command) == ("auto", {}, "")
    assert settings.token.get_secret_value() == settings.key.get_secret_value() == ""


def test_the_file_is_read_and_the_environment_goes_before_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / SETTINGS_FILE).write_text('theme = "dark"\nkey_command = "file"\n[keys]\n"user.approve" = "A"\n')
    monkeypatch.setenv("OTETUI_KEY_COMMAND", "environment")
    settings = load_settings()
    assert (settings.theme, settings.keys, settings.key_command) == ("dark", {"user.approve": "A"}, "environment")


def test_settings_of_another_version_are_passed_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / SETTINGS_FILE).write_text('newer = 1\ntheme = "ansi"\n')
    monkeypatch.setenv("OTETUI_NEWER", "1")
    assert load_settings().theme == "ansi"


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ('theme = "pink"', ["theme", "OTETUI_THEME"]),
        ("theme = 5", ["theme"]),
        ("keys = 5", ["keys"]),
        ('[keys]\n"user.approve" = 5', ["keys.user.approve"]),
        ("key_command = []", ["key_command"]),
    ],
)
def test_a_wrong_setting_is_named_with_the_file_to_mend(home: Path, content: str, names: list[str]) -> None:
    (home / SETTINGS_FILE).write_text(content)
    message = refusal().message
    assert str(home / SETTINGS_FILE) in message
    for name in names:
        assert name in message


@pytest.mark.parametrize("content", [b"not toml", b"theme = ", b"\xff\xfe", b"theme = 'dark'\ntheme = 'ansi'"])
def test_a_file_that_is_no_toml_is_named(home: Path, content: bytes) -> None:
    (home / SETTINGS_FILE).write_bytes(content)
    assert str(home / SETTINGS_FILE) in refusal().message


def test_a_folder_in_the_files_place_is_named_or_passed_over(home: Path) -> None:
    (home / SETTINGS_FILE).mkdir()
    error = error_of(load_settings)
    assert error is None or error.reason == "setting_wrong"


@pytest.mark.usefixtures("home")
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTETUI_KEYS", "not json")
    assert "keys" in refusal().message


def test_no_secret_is_shown_by_settings_or_their_errors(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTETUI_TOKEN", "OTETUI_ADMIN_PASSWORD", "OTETUI_KEY"):
        monkeypatch.setenv(name, "S3cretS3cret")
    assert "S3cret" not in repr(load_settings())
    assert "S3cret" not in str(load_settings())
    (home / SETTINGS_FILE).write_text('theme = "S3cretTheme"')
    assert "S3cret" not in refusal().message


def test_the_command_line_refuses_wrong_settings_in_a_sentence(empty: Program) -> None:
    empty.home.mkdir()
    (empty.home / SETTINGS_FILE).write_text('theme = "pink"')
    done = empty.run("init", OTETUI_ADMIN_PASSWORD="Passw0rd!")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("otetui: The setting theme is wrong")
    assert [path.name for path in empty.home.iterdir()] == [SETTINGS_FILE]


def test_a_key_command_is_used(empty: Program) -> None:
    text = base64.b64encode(b"k" * 32).decode()
    empty.home.mkdir()
    (empty.home / SETTINGS_FILE).write_text(f'key_command = "echo {text}"\n')
    assert empty.run("init", OTETUI_ADMIN_PASSWORD="Passw0rd!").code == 0
    assert empty.login()
    assert not (empty.home / "key").exists()
    (empty.home / SETTINGS_FILE).write_text('key_command = "false"\n')
    done = empty.api("GET", "/v1/authorization")
    assert (done.code, done.answer["error"]) == (1, "key_command_failed")
