"""The lines around a screen: what they drop when there is no room, and that they obey nobody's escape sequences."""

from __future__ import annotations

from backend.errors import ErrorKind, ItemResult, PlatformError
from tests.widgets.hosts import HOSTILE, HostApp, screen_text
from widgets.header import SiteHeader
from widgets.hints import Hint, HintsLine
from widgets.message_line import MessageLine, Severity
from widgets.text import width_of
from widgets.title_line import TitleLine


def _header() -> SiteHeader:
    header = SiteHeader()
    header.site, header.user, header.role = "Plant Munich", "alice", "administrator"
    header.clusters_reachable, header.clusters_total, header.pending, header.link = 11, 12, 3, "live"
    return header


async def _line(width: int, *widgets: SiteHeader | HintsLine | MessageLine | TitleLine) -> str:
    app = HostApp(*widgets)
    async with app.run_test(size=(width, 5)) as pilot:
        await pilot.pause()
        return screen_text(app)[0]


async def test_the_header_drops_role_user_link_and_audits_in_this_order() -> None:
    full = " Plant Munich   alice   administrator"
    assert (await _line(120, _header())).startswith(full)
    assert (await _line(120, _header())).endswith("11/12 clusters reachable   3 to audit   live")
    assert "alice" in await _line(75, _header())
    assert "administrator" not in await _line(75, _header())
    assert "alice" not in await _line(62, _header())
    narrow = await _line(42, _header())
    assert narrow == " Plant Munich    11/12 clusters reachable"


async def test_when_all_clusters_are_there_the_header_counts_them() -> None:
    header = _header()
    header.clusters_reachable, header.pending = 12, 0
    line = await _line(80, header)
    assert "12 clusters" in line
    assert "audit" not in line


async def test_a_hostile_site_name_stays_in_its_line() -> None:
    for text in HOSTILE:
        header = _header()
        header.site = text
        line = await _line(80, header)
        assert line.isprintable()
        assert width_of(line) <= 80


async def test_hints_are_cut_by_importance_but_help_stays() -> None:
    hints = HintsLine()
    hints.show([Hint(key, f"action {key}") for key in "abcdefgh"] + [Hint("?", "help")])
    line = await _line(50, hints)
    assert line.split("  ")[0].strip() == "a action a"
    assert line.endswith("? help")
    assert "h action h" not in line


async def test_messages_carry_their_severity_as_a_word() -> None:
    for severity, word in (
        (Severity.DONE, "Done:"),
        (Severity.REFUSED, "Not possible:"),
        (Severity.ERROR, "Error:"),
        (Severity.WARNING, "Warning:"),
        (Severity.BUSY, "Working:"),
    ):
        line = MessageLine()
        line.show("[b]text[/]", severity)
        assert (await _line(80, line)) == f" {word} [b]text[/]"


async def test_behind_the_message_stands_what_always_holds() -> None:
    line = MessageLine()
    line.standing = "filtered"
    line.show("hello")
    line.settle()
    assert (await _line(80, line)) == " filtered"
    assert line.last_notice is not None
    assert line.last_notice.text == "hello"


def test_errors_and_work_in_progress_survive_a_key() -> None:
    line = MessageLine()
    for severity in (Severity.ERROR, Severity.BUSY):
        line.show("text", severity)
        line.settle()
        assert line.notice is not None
    line.clear()
    assert line.notice is None


def test_an_error_of_several_items_keeps_all_of_them() -> None:
    line = MessageLine()
    results = [ItemResult("a", 200, "done"), ItemResult("b", 409, "no")]
    line.show_error(PlatformError(ErrorKind.CONFLICT, "1 of 2 failed.", results=results))
    assert line.notice is not None
    assert line.notice.text == "1 of 2 failed."
    assert line.notice.detail == "a: done\nb: no"
    line.show_error(RuntimeError("odd"))
    assert line.notice is not None
    assert line.notice.text == "Unexpected error RuntimeError: odd"
    assert [notice.severity for notice in line.past] == [Severity.ERROR, Severity.ERROR]


async def test_the_title_says_that_the_list_is_filtered() -> None:
    title = TitleLine("Users")
    title.show_count(12, 1204)
    title.show_filter("[b]bob")
    title.show_place(3, 12)
    line = await _line(80, title)
    assert line.startswith(" Users  12 of 1,204  filter: [b]bob")
    assert line.endswith("4/12")
