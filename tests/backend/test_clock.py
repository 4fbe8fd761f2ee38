"""The clocks: one for people, one for leases that every process shares."""

from __future__ import annotations

import time

from backend.clock import Clock
from tests.processes import run_python

ASK = "from backend.clock import Clock; clock = Clock(); print(clock.monotonic(), clock.boot())"


def test_now_is_the_wall_clock_in_seconds() -> None:
    before = int(time.time())
    assert before <= Clock().now() <= time.time()


def test_the_monotonic_clock_and_the_boot_are_the_same_in_every_process() -> None:
    before = Clock().monotonic()
    told, boot = run_python(ASK).split()
    assert before <= int(told) <= Clock().monotonic()
    assert boot == Clock().boot()


def test_without_the_systems_word_boots_are_still_told_apart() -> None:
    code = (
        "import pathlib, time; from backend import clock\n"
        "pathlib.Path.read_text = lambda *a, **k: (_ for _ in ()).throw(OSError('none'))\n"
        "one = clock.Clock().boot(); clock._boot_id.cache_clear(); two = clock.Clock().boot()\n"
        "real = time.time; time.time = lambda: real() + 7200; clock._boot_id.cache_clear()\n"
        "print(one == two, one == clock.Clock().boot())"
    )
    assert run_python(code).split() == ["True", "False"]
