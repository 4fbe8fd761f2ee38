"""The commands beside the console: init, worker, api, sandbox, demo."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue

from backend.engine import Engine, KeySource
from backend.errors import ErrorKind, PlatformError
from backend.safe_text import visible
from backend.wire import MAXIMUM_LINE_BYTES, WireCall, call, error_json, parse_call, parse_json
from otetui import __version__
from otetui.cli import REFUSED, open_console, refuse
from otetui.log_file import log_to_file
from otetui.process import tune_process
from otetui.settings import ProgramSettings, home_folder, load_settings

_OK = 200
AsJson = Annotated[bool, typer.Option("--json", help="Print errors as JSON.")]


def application() -> typer.Typer:
    """The command line with all its commands."""
    app = typer.Typer(
        name="otetui",
        help="Terminal management console for the ote-stack edge platform. Without a command it opens the console.",
        add_completion=False,
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(console)
    for command in (init, worker, api, sandbox, demo):
        app.command()(command)
    return app


def console(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Open the console."""
    if version:
        typer.echo(f"otetui {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.Exit(open_console())


@asynccontextmanager
async def opened(settings: ProgramSettings) -> AsyncIterator[Engine]:
    """The engine of the home folder, closed afterwards."""
    key = KeySource(settings.key.get_secret_value(), settings.key_command)
    engine = await Engine.open(home_folder(), key)
    try:
        yield engine
    finally:
        await engine.close()


def _run(work: Callable[[], Coroutine[None, None, int]], *, as_json: bool = False) -> None:
    _finish(lambda: asyncio.run(work()), as_json=as_json)


def _finish(work: Callable[[], int], *, as_json: bool) -> None:
    try:
        code = work()
    except PlatformError as error:
        code = refuse(error, as_json=as_json)
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)


def init(
    admin: Annotated[str, typer.Option("--admin", help="The system administrator's user name.")] = "admin",
    *,
    as_json: AsJson = False,
) -> None:
    """Set the site up: create its store, its key and the system administrator.

    The password is asked for, or taken from OTETUI_ADMIN_PASSWORD.
    """

    async def refuse_second(settings: ProgramSettings) -> None:
        async with opened(settings) as engine:
            if await engine.is_set_up():
                raise PlatformError(
                    ErrorKind.CONFLICT, f"The site in {home_folder()} is set up already. Run otetui to log in."
                )

    async def set_up(settings: ProgramSettings, password: str) -> None:
        async with opened(settings) as engine:
            await engine.set_up(admin, password)

    def work() -> int:
        settings = load_settings()
        asyncio.run(refuse_second(settings))
        # Asked outside of any event loop, which would keep Ctrl-C to itself until the answer is there.
        password = settings.admin_password.get_secret_value() or _ask_password()
        asyncio.run(set_up(settings, password))
        typer.echo(f"The site in {home_folder()} is ready. Run otetui and log in as {admin}.")
        return 0

    _finish(work, as_json=as_json)


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise PlatformError(
            ErrorKind.INVALID,
            "There is no terminal to ask for the administrator's password. Set OTETUI_ADMIN_PASSWORD.",
            reason="password_missing",
        )
    typer.echo("The password takes 8 to 20 characters with an upper-case letter, a lower-case letter and a digit.")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def worker(
    *,
    once: Annotated[bool, typer.Option("--once", help="Deliver what waits, once, and exit.")] = False,
    as_json: AsJson = False,
) -> None:
    """Deliver to the clusters without a screen, until stopped."""

    async def work() -> int:
        import signal

        async with opened(load_settings()) as engine:
            if once:
                drained = await engine.drain()
                typer.echo(f"{drained.delivered} delivered, {drained.waiting} waiting, {drained.conflict} in conflict")
                return 0
            stop = asyncio.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            log_to_file(home_folder())
            tune_process()
            engine.start()
            await stop.wait()
        return 0

    _run(work, as_json=as_json)


def api(
    method: Annotated[str, typer.Argument(help="GET, POST, PUT or DELETE.")] = "",
    path: Annotated[str, typer.Argument(help="The operation's path, e.g. /v1/cluster?page=1.")] = "",
    data: Annotated[str, typer.Option("-d", "--data", help="The body: JSON, @FILE, or @- for standard input.")] = "",
    *,
    stdin: Annotated[bool, typer.Option("--stdin", help="Take one JSON call per line, print one answer each.")] = False,
    as_json: AsJson = False,
) -> None:
    """Call one operation and print its answer as JSON. The token is taken from OTETUI_TOKEN."""
    if (method or path or data) if stdin else not (method and path):
        raise typer.BadParameter("give METHOD and PATH, or --stdin and neither of them")

    async def work() -> int:
        if stdin:
            settings = load_settings()
            async with opened(settings) as engine:
                return await _serve_lines(engine, settings.token.get_secret_value())
        answer = await _answer(method, path, data)
        print(json.dumps(answer))
        if answer["code"] == _OK:
            return 0
        if as_json:
            print(json.dumps(answer), file=sys.stderr)
        else:
            print(f"otetui: {visible(str(answer['message']))}", file=sys.stderr)
        return REFUSED

    _run(work, as_json=as_json)


async def _answer(method: str, path: str, data: str) -> dict[str, JsonValue]:
    """The answer to one call; what stops it before the platform is reached is an answer, too."""
    try:
        settings = load_settings()
        body = _body(data)
        async with opened(settings) as engine:
            token = settings.token.get_secret_value()
            return await call(engine.dispatcher, WireCall(method, path, {}, body, token))
    except PlatformError as error:
        return error_json(error)


async def _serve_lines(engine: Engine, token: str) -> int:
    """Answer each line of standard input with one line, in order, until it ends."""
    lines: asyncio.Queue[bytes] = asyncio.Queue(1)
    # A daemon: one that waits for a line must not keep the program from ending when it is interrupted.
    threading.Thread(target=_read_lines, args=(lines, asyncio.get_running_loop()), daemon=True).start()
    while line := await lines.get():
        if not line.strip():
            continue
        try:
            if len(line) > MAXIMUM_LINE_BYTES:
                raise PlatformError(
                    ErrorKind.INVALID, f"The line is longer than {MAXIMUM_LINE_BYTES} bytes.", reason="line_too_long"
                )
            request = parse_call(line)
            answer = await call(engine.dispatcher, replace(request, token=request.token or token))
        except PlatformError as error:
            answer = error_json(error)
        print(json.dumps(answer), flush=True)
    return 0


def _read_lines(lines: asyncio.Queue[bytes], loop: asyncio.AbstractEventLoop) -> None:
    """Pass on each line, the start of one that is too long, and at the end an empty one."""
    # Not sys.stdin: the lock of a read that goes on would stop the program's end.
    with os.fdopen(sys.stdin.fileno(), "rb", closefd=False) as source:
        line = b"more"
        while line:
            line = source.readline(MAXIMUM_LINE_BYTES + 1)
            rest = line
            while len(line) > MAXIMUM_LINE_BYTES and rest and not rest.endswith(b"\n"):
                rest = source.readline(MAXIMUM_LINE_BYTES)
            try:
                asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()
            except (RuntimeError, CancelledError):
                return  # the loop has ended: nobody waits for lines any more


def _body(data: str) -> dict[str, JsonValue]:
    from otetui.cli import read_file

    if not data:
        return {}
    text = read_file(Path(data[1:]), MAXIMUM_LINE_BYTES) if data.startswith("@") else data
    body = parse_json(text, "The body")
    if not isinstance(body, dict):
        raise PlatformError(ErrorKind.INVALID, "The body must be a JSON object.", reason="invalid_json")
    return body


def sandbox(
    directory: Annotated[Path, typer.Option("--dir", help="Where to write kubeconfig, a context per cluster.")],
    clusters: Annotated[int | None, typer.Option(min=1, max=1000, help="How many clusters.")] = None,
    nodes: Annotated[int | None, typer.Option(min=0, max=1000, help="How many nodes each.")] = None,
) -> None:
    """Serve simulated clusters on loopback until stopped; prints `ready` once they answer."""
    from backend.sandbox.main import serve

    serve(directory, clusters=clusters, nodes=nodes, life=True, ready=lambda: print("ready", flush=True))


def demo(
    clusters: Annotated[int | None, typer.Option(min=1, max=1000, help="How many clusters.")] = None,
    nodes: Annotated[int | None, typer.Option(min=0, max=1000, help="How many nodes each.")] = None,
) -> None:
    """Open the console on simulated clusters, with a site worth looking at. Nothing outlives it."""
    from otetui.demo import run_demo

    try:
        code = run_demo(clusters, nodes)
    except PlatformError as error:
        code = refuse(error)
    raise typer.Exit(code)
