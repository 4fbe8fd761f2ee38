"""Child processes that never outlive the tests, and loopback ports for them."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KILL_TIMEOUT_S = 10
_TAIL_LINES = 30
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST_PORT = 10_000

# Run in a fresh interpreter rather than as a preexec_fn, which may deadlock in
# a process with threads. PR_SET_PDEATHSIG (1) survives the exec that follows.
_LAUNCHER = """
import ctypes, os, sys
parent = int(sys.argv[1])
if ctypes.CDLL(None, use_errno=True).prctl(1, 9, 0, 0, 0) != 0 or os.getppid() != parent:
    sys.exit("the parent process is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""

# The kernel delivers the parent-death signal when the *thread* that forked ends,
# so every child is forked by one thread that lasts as long as this process.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")

_taken_ports: set[int] = set()
_ports_lock = Lock()


class Process:
    """One running program, its log file and its process group."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str]) -> None:
        """Start `command`, whose first item is an absolute path, logging to `log`."""
        self.name = Path(command[0]).name
        self.log = log
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *command]
        self._popen = _spawner.submit(_spawn, launcher, log, env).result()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether the program has not ended yet."""
        return self._popen.poll() is None

    def tail(self) -> str:
        """Return the last lines of the program's log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program's process group, if it is still there."""
        if self.running:
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """End the program at once and reap it; does nothing when it has ended.

        Raises `subprocess.TimeoutExpired` if the kernel does not let go of it.
        """
        self.signal(signal.SIGKILL)
        self._popen.wait(timeout=_KILL_TIMEOUT_S)


def _spawn(command: Sequence[str], log: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=log.parent,
            process_group=0,
        )


def free_port() -> int:
    """Return a loopback TCP port nothing listens on, never the same one twice.

    It lies below the range the kernel takes the local end of outgoing
    connections from, so that none of those can occupy it before it is used.
    Raises `OSError` when no such port is found.
    """
    highest = int(_EPHEMERAL_RANGE.read_text(encoding="ascii").split()[0])
    candidates = range(_LOWEST_PORT, max(highest, _LOWEST_PORT + 1))
    with _ports_lock:
        for port in random.sample(candidates, k=min(len(candidates), 200)):
            if port not in _taken_ports and _can_bind(port):
                _taken_ports.add(port)
                return port
    raise OSError("no free loopback port found")


def _can_bind(port: int) -> bool:
    with socket.socket() as candidate:
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
