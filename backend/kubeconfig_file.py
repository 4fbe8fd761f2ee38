"""Reading the kubeconfig file that a person names on this machine, for registering a cluster."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

from backend.errors import ErrorKind, PlatformError
from backend.safe_text import visible

MAXIMUM_BYTES = 1024 * 1024
_SHOWN = 200


async def read_kubeconfig_file(name: str, context: str = "") -> str:
    """The text of a kubeconfig file, with the certificates, keys and tokens that it names as files put inline.

    `~` stands for the home folder; with `context`, only that context's files are read.
    Raises PlatformError (422, field kubeconfig) when a file is missing, too large, or no plain file.
    """
    return await asyncio.to_thread(_read, Path(name.strip()), context.strip())


def _read(path: Path, context: str) -> str:
    from backend.kube.kubeconfig_files import inline_files

    try:
        path = path.expanduser().absolute()
        # A pipe would keep us waiting, a device would feed us for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise _refused(path, "is not a plain file")
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
        if len(data) > MAXIMUM_BYTES:
            raise _refused(path, f"is larger than {MAXIMUM_BYTES // 1024} KiB, which no kubeconfig is")
        return inline_files(data.decode(), path.parent, context)
    except UnicodeDecodeError as error:
        raise _refused(path, "is not text") from error
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _refused(path, f"cannot be read: {reason}") from error


def _refused(path: Path, why: str) -> PlatformError:
    return PlatformError(
        ErrorKind.INVALID,
        f"{visible(str(path), _SHOWN)} {why}. Name a kubeconfig file.",
        reason="kubeconfig_unreadable",
        field="kubeconfig",
    )
