"""Other processes for tests: Python snippets, also without root's right to ignore file permissions."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60
_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2


def obey_permissions() -> None:
    """Make the program about to be executed obey file permissions, even as root."""
    if os.geteuid() != 0:
        return
    library = ctypes.CDLL(None, use_errno=True)
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        if library.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


def start_python(
    code: str, *arguments: str | Path, env: dict[str, str] | None = None, obey: bool = False
) -> subprocess.Popen[str]:
    """Start `code` in a Python of its own, in the project's root, with `arguments` as sys.argv[1:]."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=obey_permissions if obey else None,  # noqa: PLW1509 - tests start no threads of their own here
    )


def finish(process: subprocess.Popen[str], given: str = "") -> str:
    """Wait for a process that must succeed; returns its standard output."""
    out, err = process.communicate(given, timeout=SECONDS)
    assert process.returncode == 0, err
    return out


def run_python(code: str, *arguments: str | Path, env: dict[str, str] | None = None, obey: bool = False) -> str:
    """Run `code` to its end, which must be success; returns its standard output."""
    return finish(start_python(code, *arguments, env=env, obey=obey))
