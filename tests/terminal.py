"""A real terminal for tests and benchmarks: a pseudo terminal with a screen that can be read and timed."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import pyte

QUIET_SECONDS = 0.15
TOGETHER_SECONDS = 0.002
"""What follows a chunk so soon belongs to it."""
_KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "space": " ",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
} | {f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"}


@dataclass(frozen=True, slots=True)
class Repaint:
    """What a program wrote after a key: bytes, and seconds to its first and last byte."""

    bytes: int
    first_seconds: float
    last_seconds: float


class Terminal:
    """A program running in a terminal of `columns` x `lines`; use it in a `with` block."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 120,
        lines: int = 40,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self._unseen: list[tuple[bytes, float]] = []
        self.written = bytearray()
        self.started = time.perf_counter()
        self.pressed = self.started
        self.process_id, self._descriptor = pty.fork()
        if self.process_id == 0:
            variables = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})}
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.execvpe(command[0], list(command), variables)
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.exit_code: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, timeout: float) -> tuple[bytes, float]:
        """What the program writes within `timeout` seconds, up to one chunk, and when it came; empty when nothing.

        The chunk is put on the screen when the screen is next looked at: drawing it takes longer than reading it, and
        a program that waits for its reader would be timed too slow.
        """
        ready, _, _ = select.select([self._descriptor], [], [], timeout)
        if not ready:
            return b"", time.perf_counter()
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:
            data = b""
        moment = time.perf_counter()
        if data:
            self.written += data
            self._unseen.append((data, moment))
        return data, moment

    def draw(self) -> None:
        """Put everything that was read on the screen."""
        for data, _ in self._unseen:
            self._stream.feed(data)
        self._unseen.clear()

    @property
    def text(self) -> str:
        """The screen as text, a line per row."""
        self.draw()
        return self._shown()

    def _shown(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_until(self, condition: Callable[[str], bool], what: str, timeout: float = 20) -> float:
        """Read until the screen meets `condition`; returns when the bytes that did it came. Raises AssertionError."""
        deadline = time.perf_counter() + timeout
        self.draw()
        while (moment := self._met(condition)) is None:
            left = deadline - time.perf_counter()
            if left <= 0:
                raise AssertionError(f"no {what} within {timeout} s; the screen:\n{self.text}")
            data, _ = self.read(min(left, 0.5))
            if not data and self._ended():
                raise AssertionError(f"the program ended before {what}; the screen:\n{self.text}")
            while data and time.perf_counter() < deadline:
                data, _ = self.read(TOGETHER_SECONDS)
        return moment

    def _met(self, condition: Callable[[str], bool]) -> float | None:
        """Draw what was read up to the chunk that makes the screen meet `condition`; when that came, or None."""
        moment = time.perf_counter()
        if condition(self._shown()):
            return moment
        while self._unseen:
            data, moment = self._unseen.pop(0)
            self._stream.feed(data)
            if condition(self._shown()):
                return moment
        return None

    def painted(self, quiet: float = QUIET_SECONDS, timeout: float = 20) -> float:
        """Read until the program has written and is quiet; returns when the screen first showed what it shows then."""
        before = self.text
        self.read(timeout)
        self.settle(quiet, timeout)
        chunks = tuple(self._unseen)
        shown = [before]
        for data, _ in chunks:
            self._stream.feed(data)
            shown.append(self._shown())
        self._unseen.clear()
        moments = [time.perf_counter(), *(moment for _, moment in chunks)]
        return moments[shown.index(shown[-1])]

    def wait_for(self, text: str, timeout: float = 20) -> float:
        """Read until `text` is on the screen; returns when the bytes that did it came."""
        return self.wait_until(lambda screen: text in screen, repr(text), timeout)

    def wait_without(self, text: str, timeout: float = 20) -> float:
        """Read until `text` is no longer on the screen."""
        return self.wait_until(lambda screen: text not in screen, f"screen without {text!r}", timeout)

    def press(self, *keys: str) -> None:
        """Send keys by name (`enter`, `ctrl+p`) or as they are."""
        self.pressed = time.perf_counter()
        for key in keys:
            os.write(self._descriptor, _KEYS.get(key, key).encode())

    def type(self, text: str) -> None:
        """Send `text` as typed."""
        self.pressed = time.perf_counter()
        os.write(self._descriptor, text.encode())

    def settle(self, quiet: float = QUIET_SECONDS, timeout: float = 10) -> int:
        """Read until the program has been quiet for `quiet` seconds; returns how many bytes it wrote."""
        count = 0
        deadline = time.perf_counter() + timeout
        while time.perf_counter() < deadline:
            data, _ = self.read(quiet)
            if not data:
                return count
            count += len(data)
        return count

    def repaint(self, key: str, quiet: float = QUIET_SECONDS) -> Repaint:
        """Send a key and take in what it makes the program write until it is quiet."""
        self.press(key)
        start = self.pressed
        count, first, last = 0, 0.0, 0.0
        while True:
            data, moment = self.read(quiet)
            if not data:
                return Repaint(count, first, last)
            first = first or moment - start
            last = moment - start
            count += len(data)

    def idle(self, seconds: float) -> int:
        """How many bytes the program writes in so many seconds without a key."""
        deadline = time.perf_counter() + seconds
        count = 0
        while (left := deadline - time.perf_counter()) > 0:
            data, _ = self.read(left)
            count += len(data)
        return count

    def wait_exit(self, timeout: float = 20) -> int:
        """Read until the program ends; returns its exit code."""
        deadline = time.perf_counter() + timeout
        while not self._ended():
            if time.perf_counter() > deadline:
                raise AssertionError(f"the program did not end within {timeout} s; the screen:\n{self.text}")
            self.read(0.05)
        assert self.exit_code is not None
        return self.exit_code

    def _ended(self) -> bool:
        if self.exit_code is None:
            ended, status = os.waitpid(self.process_id, os.WNOHANG)
            if ended:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code is not None

    def close(self) -> None:
        """End the program, by force if it does not go by itself within two seconds."""
        if not self._ended():
            os.kill(self.process_id, signal.SIGTERM)
            deadline = time.perf_counter() + 2
            while not self._ended() and time.perf_counter() < deadline:
                self.read(0.05)
            if not self._ended():
                os.kill(self.process_id, signal.SIGKILL)
                _, status = os.waitpid(self.process_id, 0)
                self.exit_code = os.waitstatus_to_exitcode(status)
        os.close(self._descriptor)
