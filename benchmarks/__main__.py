"""`python -m benchmarks [NAME ...] [--markdown]` measures and prints a table."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from benchmarks.figures import Figure
    from benchmarks.ground import Ground

NAMES = ("start", "keys", "bytes", "rows", "refresh", "memory", "users")
_MODULES = {"bytes": "traffic"}


def main() -> int:
    """Measure what is named, or everything; returns the exit code, which no missed goal changes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what the README claims.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(NAMES)}; default: all")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(NAMES)):
        parser.error(f"there is no benchmark {unknown[0]!r}; there are: {', '.join(NAMES)}")

    from benchmarks import figures, ground

    ground.prepare()
    load = os.getloadavg()[0]
    found: list[Figure] = []
    try:
        with ground.Ground() as here:
            for name in arguments.names or NAMES:
                start = time.perf_counter()
                module = importlib.import_module(f"benchmarks.{_MODULES.get(name, name)}")
                measure = cast("Callable[[Ground], list[Figure]]", module.measure)
                found += measure(here)
                print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    finally:
        # What was measured before one fails is not lost.
        print((figures.markdown if arguments.markdown else figures.table)(found))
    print(f"\n{_machine()}; load {load:.1f} before, {os.getloadavg()[0]:.1f} after (each benchmark adds about one).")
    return 0


def _machine() -> str:
    import platform
    from importlib.metadata import version

    processors = len(os.sched_getaffinity(0))
    return f"Python {platform.python_version()}, Textual {version('textual')}, {processors} processors"


if __name__ == "__main__":
    sys.exit(main())
