"""Where the key of the secret box comes from: a command, an environment variable, or a 0600 file."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import shlex
import subprocess
import tempfile
from pathlib import Path

from backend.errors import ErrorKind, PlatformError
from backend.security.box import KEY_BYTES

COMMAND_SECONDS = 30


def load_key(path: Path, *, value: str = "", command: str = "", create: bool = False) -> bytes:
    """The key: from `command`'s output, else from `value`, else from the file at `path`. Blocking: call it in a thread.

    All three hold 32 bytes in base64. With `create`, a missing file is made (mode 0600).
    Raises PlatformError when there is no key, or one that is malformed or readable by others.
    """
    if command:
        return _decode(_run(command), f"the output of {shlex.split(command)[0]}")
    if value:
        return _decode(value, "the key in the environment")
    try:
        return _decode(_read(path, create=create), f"the key file {path}")
    except OSError as error:
        raise PlatformError(
            ErrorKind.INTERNAL,
            f"The key file {path} cannot be used: {error.strerror}. Check the folder and its permissions.",
            reason="key_unavailable",
        ) from error


def _read(path: Path, *, create: bool) -> str:
    if not path.exists():
        if not create:
            raise PlatformError(
                ErrorKind.INTERNAL,
                f"The key file {path} is missing, so stored secrets cannot be opened. Put it back from your backup.",
                reason="key_missing",
            )
        _create(path)
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise PlatformError(
            ErrorKind.INTERNAL,
            f"The key file {path} can be read by others (mode {mode:04o}). Run: chmod 600 {shlex.quote(str(path))}",
            reason="key_exposed",
        )
    return path.read_text(encoding="ascii", errors="replace")


def _create(path: Path) -> None:
    text = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n"
    # Written whole under another name first: a key cut short by a crash would lock everything boxed later.
    descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # fails where another process was first: then its key is the one
    except FileExistsError:
        return
    finally:
        Path(temporary).unlink()


def _run(command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own setting names it
            shlex.split(command), capture_output=True, text=True, timeout=COMMAND_SECONDS, check=True
        )
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        raise PlatformError(
            ErrorKind.INTERNAL,
            f"The command that gives the key failed ({type(error).__name__}). Run it by hand to see why: {command}",
            reason="key_command_failed",
        ) from error
    return done.stdout


def _decode(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise PlatformError(ErrorKind.INTERNAL, f"{source} is not {KEY_BYTES} bytes in base64.", reason="key_malformed")
    return key
