"""Details and states: everything can be read and copied, nothing is obeyed, and loading does not flicker."""

from __future__ import annotations

from backend.errors import ErrorKind, PlatformError
from tests.widgets.hosts import HOSTILE, HostApp, screen_text
from widgets.columns import Cell
from widgets.detail import DetailView, Line, Section, SubTable
from widgets.states import LOADING_AFTER_SECONDS, StatePanel

SECTIONS = [
    Section(
        "User",
        [
            Line("Name", "alice"),
            Line("Status", Cell("approved", "good")),
            Line("Comment", "word " * 30 + "end"),
            Line("", "A sentence of its own."),
        ],
    ),
    Section(
        "Namespaces", [], SubTable(("Cluster", "State"), [("munich", Cell("delivered", "good")), ("[b]x", "?" * 99)])
    ),
]


async def test_lines_are_aligned_and_long_values_wrap() -> None:
    view = DetailView()
    view.show(SECTIONS)
    app = HostApp(view)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        lines = screen_text(app)
        assert lines[0] == " User"
        assert lines[2] == "   Status   approved"
        assert lines[3].startswith("   Comment  word")
        assert lines[4].startswith("            word")
        assert any(line == "   A sentence of its own." for line in lines)
        table = lines.index(" Namespaces")
        assert lines[table + 1].split() == ["Cluster", "State"]
        assert lines[table + 3].startswith("   [b]x     ???")
        assert lines[table + 3].endswith("…")


async def test_the_cursor_goes_from_value_to_value_and_copies() -> None:
    view = DetailView()
    view.show(SECTIONS)
    app = HostApp(view)
    async with app.run_test(size=(60, 8)) as pilot:
        view.focus()
        await pilot.press("j", "j", "c")
        assert app.clipboard == "word " * 30 + "end"
        await pilot.press("G")
        assert view.value == "[b]x\t" + "?" * 99
        await pilot.pause()
        assert screen_text(app)[-1].startswith(">  [b]x")
        await pilot.press("home")
        assert view.value == "alice"
        await pilot.pause()
        assert screen_text(app)[0] == " User"
        await pilot.press("pagedown", "pagedown")
        assert view.value.startswith("[b]x")
        await pilot.press("pageup", "pageup", "k")
        assert view.value == "alice"
        assert [message.sentence for message in app.of(DetailView.Copied)] == [
            "Copied 153 characters, if this terminal allows it (OSC 52)."
        ]


async def test_a_refresh_keeps_the_place() -> None:
    view = DetailView()
    view.show(SECTIONS)
    app = HostApp(view)
    async with app.run_test(size=(60, 20)) as pilot:
        view.focus()
        await pilot.press("j")
        view.show([Section("User", [Line("Name", "bob"), Line("Status", "pending")])])
        await pilot.pause()
        assert view.value == "pending"
        assert screen_text(app)[1] == "   Name    bob"
        view.show([])
        await pilot.press("j", "c", "G", "pagedown")
        assert view.value == ""


async def test_hostile_values_keep_their_line() -> None:
    view = DetailView()
    view.show([Section(text[:500], [Line(text, text)], SubTable((text,), [(text,)])) for text in HOSTILE])
    app = HostApp(view)
    async with app.run_test(size=(80, 24)) as pilot:
        view.focus()
        for _ in range(20):
            await pilot.press("pagedown")
            assert all(line.isprintable() for line in screen_text(app))


async def test_empty_and_error_say_what_to_do() -> None:
    panel = StatePanel()
    app = HostApp(panel)
    async with app.run_test(size=(60, 12)) as pilot:
        panel.show_empty("There are no users [yet].", "Press n to create one.")
        await pilot.pause()
        assert [line.strip() for line in screen_text(app) if line] == [
            "There are no users [yet].",
            "Press n to create one.",
        ]
        panel.show_error(PlatformError(ErrorKind.TIMEOUT, "No answer\x1b. Check the link."))
        await pilot.pause()
        assert [line.strip() for line in screen_text(app) if line] == [
            "Error: No answer\\e. Check the link.",
            "Press r to try again.",
        ]
        panel.show_error(RuntimeError("odd"), retry_key="")
        await pilot.pause()
        assert [line.strip() for line in screen_text(app) if line] == ["Error: Unexpected RuntimeError: odd"]
        panel.hide()
        await pilot.pause()
        assert not panel.display


async def test_loading_shows_only_after_a_moment() -> None:
    panel = StatePanel()
    app = HostApp(panel)
    async with app.run_test(size=(60, 12)) as pilot:
        panel.show_loading()
        await pilot.pause()
        shown = [panel.display]
        panel.hide()
        await pilot.pause(LOADING_AFTER_SECONDS * 2)
        shown.append(panel.display)
        assert shown == [False, False]
        panel.show_loading("Loading users…")
        for _ in range(100):
            await pilot.pause(0.02)
            if panel.display:
                break
        assert [line.strip() for line in screen_text(app) if line] == ["Loading users…"]
