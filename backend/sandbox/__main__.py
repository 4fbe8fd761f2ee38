"""`python -m backend.sandbox`: serve simulated clusters until interrupted."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def _count(value: str) -> int:
    number = int(value)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def _ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit code is 0 after a clean stop and 1 when the site could not be served."""
    parser = argparse.ArgumentParser(prog="python -m backend.sandbox", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="where kubeconfig and control.json are written")
    parser.add_argument("--clusters", type=_count, help="serve this many generated clusters instead of the demo's")
    parser.add_argument("--nodes", type=_count, help="nodes in each generated cluster (default 5)")
    parser.add_argument("--no-life", action="store_true", help="let nothing happen by itself")
    parser.add_argument("--lifeline", action="store_true", help="stop when standard input is closed")
    chosen = parser.parse_args(arguments)

    from backend.sandbox.main import serve

    try:
        serve(
            chosen.dir,
            clusters=chosen.clusters,
            nodes=chosen.nodes,
            life=not chosen.no_life,
            ready=_ready,
            lifeline=sys.stdin.fileno() if chosen.lifeline else None,
        )
    except OSError as error:
        sys.stderr.write(f"The sandbox could not start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
