"""The program's settings for one user: from the environment and from `settings.toml` in the home folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from backend.errors import ErrorKind, PlatformError

SETTINGS_FILE = "settings.toml"


def home_folder() -> Path:
    """The folder that holds the store, the key and the settings: `OTETUI_HOME`, or the user's data folder."""
    named = os.environ.get("OTETUI_HOME", "")
    return Path(named).expanduser().absolute() if named else user_data_path("otetui")


class ProgramSettings(BaseSettings):
    """What can be set per installation. Environment variables begin with `OTETUI_` and win over the file."""

    model_config = SettingsConfigDict(env_prefix="OTETUI_", extra="ignore")

    theme: Literal["auto", "dark", "ansi"] = Field(
        "auto", description="Colours: auto picks ansi with NO_COLOR or 16-colour terminals."
    )
    keys: dict[str, str] = Field(default_factory=dict, description='Action id = key, e.g. "user.approve" = "A".')
    admin_password: SecretStr = Field(SecretStr(""), description="The administrator's password for `otetui init`.")
    token: SecretStr = Field(SecretStr(""), description="The token for `otetui api`.")
    key: SecretStr = Field(
        SecretStr(""), description="The key of stored secrets, 32 bytes in base64, instead of the key file."
    )
    key_command: str = Field("", description="A command that prints the key, instead of the key file.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the file in the home folder."""
        del dotenv_settings, file_secret_settings
        file = TomlConfigSettingsSource(settings_cls, home_folder() / SETTINGS_FILE)
        return init_settings, env_settings, file


def load_settings() -> ProgramSettings:
    """Read the settings. Raises PlatformError (422) naming the setting that is wrong."""
    try:
        return ProgramSettings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise PlatformError(
            ErrorKind.INVALID,
            f"The setting {name} is wrong: {first['msg']}. Mend it in {home_folder() / SETTINGS_FILE} "
            f"or in OTETUI_{name.upper()}.",
            reason="setting_wrong",
        ) from None
    except (OSError, ValueError) as error:
        raise PlatformError(
            ErrorKind.INVALID,
            f"The settings file {home_folder() / SETTINGS_FILE} cannot be read: {error}.",
            reason="setting_wrong",
        ) from error
