"""The command line. Exit codes: 0 done, 1 refused (the error is on stderr), 2 usage."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.errors import PlatformError

REFUSED = 1


def main() -> None:
    """The program: without arguments it opens the console, without the price of parsing any."""
    if len(sys.argv) == 1:
        sys.exit(open_console())
    from otetui.commands import application

    application()()


def open_console() -> int:
    """Open the console on the home folder; returns the exit code."""
    from otetui.console import run_console

    return run_console()


def refuse(error: PlatformError, *, as_json: bool = False) -> int:
    """Print a refusal on stderr, safely; returns the exit code."""
    import json

    from backend.safe_text import visible

    if as_json:
        from backend.wire import error_json

        print(json.dumps(error_json(error)), file=sys.stderr)
    else:
        print(f"otetui: {visible(error.message)}", file=sys.stderr)
    return REFUSED


def read_file(path: Path, limit: int) -> str:
    """The text of a file or, for `-`, of standard input; at most `limit` bytes. Raises PlatformError (422)."""
    from backend.errors import ErrorKind, PlatformError

    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        if len(data) > limit:
            raise PlatformError(ErrorKind.INVALID, f"{path} is larger than {limit} bytes.", reason="file_too_large")
        return data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise PlatformError(ErrorKind.INVALID, f"{path} cannot be read: {error}.", reason="file_unreadable") from error
