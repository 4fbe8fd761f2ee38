"""`otetui worker`: runs until it is told to stop, and stops cleanly."""

from __future__ import annotations

import signal
import stat
import subprocess
import time

import pytest

from tests.otetui.programs import Program
from tests.processes import ROOT, SECONDS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_stops_cleanly_when_told_to(program: Program, number: signal.Signals) -> None:
    running = subprocess.Popen(
        program.command("worker"),
        cwd=ROOT,
        env=program.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = program.home / "otetui.log"
    try:
        deadline = time.monotonic() + SECONDS
        while not log.exists():
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(number)
        out, err = running.communicate(timeout=SECONDS)
        assert (running.returncode, out, err) == (0, "", "")
    finally:
        running.kill()
        running.wait()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    # The store was closed: its log of changes is merged into it.
    assert not (program.home / "otetui.db-wal").exists()


def test_one_pass_says_what_it_did(program: Program) -> None:
    done = program.run("worker", "--once")
    assert (done.code, done.err) == (0, "")
    assert done.out == "0 delivered, 0 waiting, 0 in conflict\n"
