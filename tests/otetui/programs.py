"""The program as others run it: in a process of its own, on a home folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import ROOT, SECONDS

ADMINISTRATOR = "admin"
PASSWORD = "Passw0rd!"


@dataclass(frozen=True)
class Done:
    """What a run of the program came to."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        """The one JSON answer on standard output."""
        assert self.out.endswith("\n"), self.err
        assert self.out.count("\n") == 1
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The JSON answers on standard output, one per line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Program:
    """The program on a home folder."""

    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a run."""
        return {**os.environ, "OTETUI_HOME": str(self.home), "NO_COLOR": "1", "COLUMNS": "200", **more}

    def command(self, *arguments: str | bytes) -> list[str | bytes]:
        """The command line of a run."""
        return [sys.executable, "-m", "otetui", *arguments]

    def run(self, *arguments: str | bytes, given: str | bytes = b"", **environment: str) -> Done:
        """Run to the end, with `given` on standard input, which is no terminal."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment(**environment),
            input=given.encode() if isinstance(given, str) else given,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def api(self, method: str, path: str, body: object = None, *options: str, **environment: str) -> Done:
        """Call one operation."""
        data = [] if body is None else ["-d", json.dumps(body)]
        return self.run("api", method, path, *data, *options, **environment)

    def login(self, user: str = ADMINISTRATOR, password: str = PASSWORD) -> str:
        """A new token."""
        token = self.api("POST", "/v1/authorization", {"user": user, "password": password}).answer["token"]
        assert isinstance(token, str)
        return token
