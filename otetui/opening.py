"""What follows the first paint: settings, key map, log file, and the engine. Imported in a thread."""

from __future__ import annotations

import screens.places
from backend.engine import Engine, KeySource
from backend.errors import ErrorKind, PlatformError
from otetui.log_file import log_to_file
from otetui.process import tune_process
from otetui.settings import home_folder, load_settings
from screens.console import ConsoleApp
from screens.keys import REGISTRY, keymap
from widgets.actions import KeyConflictError
from widgets.theme import choose_theme


async def open_engine(app: ConsoleApp) -> Engine:
    """Open the engine of the home folder, and give the application its theme and keys. Raises PlatformError."""
    import os

    settings = load_settings()
    screens.places.register_actions()
    try:
        REGISTRY.remap(settings.keys)
    except KeyConflictError as error:
        raise PlatformError(
            ErrorKind.INVALID, f"The keys in the settings cannot be used: {error} Mend them in the settings file."
        ) from error
    app.set_keymap(keymap())
    app.theme = choose_theme(settings.theme, os.environ).name
    engine = await Engine.open(home_folder(), KeySource(settings.key.get_secret_value(), settings.key_command))
    log_to_file(home_folder())
    tune_process()
    return engine
