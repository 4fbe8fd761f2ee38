"""Opening the console in this terminal."""

from __future__ import annotations

import sys


def run_console(hint: str = "") -> int:
    """Run the console until its user leaves; `hint` is a line for the log-in screen. Returns the exit code.

    Only what the first paint needs is imported before it; the engine follows while the log-in screen is up.
    """
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        print("otetui: the console needs a terminal. Use `otetui api` in scripts.", file=sys.stderr)
        return 1
    from otetui.interpreter import settle, start_quickly

    start_quickly()
    from otetui.app import OtetuiApp

    app = OtetuiApp(hint, when_settled=settle)
    app.run()
    if app.fatal:
        from backend.safe_text import visible

        print(f"otetui: {visible(app.fatal)}", file=sys.stderr)
    return app.return_code or 0
