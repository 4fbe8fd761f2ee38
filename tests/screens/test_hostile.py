"""Texts that others typed: whatever they hold, they are shown as text, and no screen breaks."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from backend.safe_text import visible
from screens.detail_screen import DetailScreen
from tests.backend.kube.clusters import node
from tests.backend.sites import Site
from tests.screens.driver import Driver, console
from tests.screens.edges import edges, register
from tests.screens.homes import fill
from widgets.dialogs import ConfirmDialog
from widgets.form_dialog import FormDialog
from widgets.help_dialog import HelpDialog

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b]52;c;cm0gLXJm\x07",
    "[bold]x[/]",
    "bob[/]",
    "[@click=app.quit]press[/]",
    "img[latest]",
    "a\u202egnp.exe",
    "zero\u200bwidth\ufeff",
    "日本語の名前です" * 8,
    "e" + "\u0301" * 40,
    "two\nlines\r\tand tab",
    "long " * 200_000,
    "\x07bell \x9b31m",
    "\ud7ff\U0001f468\u200d\U0001f469\u200d\U0001f467",
)
"""Escapes, markup, text that runs backwards, wide, stacked, endless."""


async def hostile(site: Site) -> None:
    """A pending user and a pending business for each text, which is all that they say."""
    for place, _ in enumerate(HOSTILE):
        await site.register(f"pending{place}")
        await site.approved(f"owner{place}")
        await site.apply(f"owner{place}", f"business{place}")
    store = site.outside()
    for place, text in enumerate(HOSTILE):
        store.execute("UPDATE user SET real_name = ? WHERE user_name = ?", (text, f"pending{place}"))
        store.execute("UPDATE user SET real_name = ? WHERE user_name = ?", (text, f"owner{place}"))
        store.execute(
            "UPDATE business SET name = ?, introduce = ?, objective = ?, scale = ?, comment = ? WHERE name = ?",
            (f"{place}{text}", text, text, text, text, f"business{place}"),
        )
    store.execute(
        "INSERT INTO activity (at, user_id, user_name, role, action, object, before, after, outcome, message)"
        " VALUES (2000000000, NULL, ?, 0, 'user.audit', ?, '{}', '{}', 'done', ?)",
        (HOSTILE[3], HOSTILE[4], HOSTILE[0]),
    )
    store.close()


def check(driver: Driver) -> None:
    """Nothing on the screen is more than text, and every line is as wide as the screen at most."""
    for line in driver.text.splitlines():
        for character in line:
            assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}, ascii(line)
    assert driver.app.is_running


@pytest.fixture
async def hostile_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("OTETUI_HOME", str(home))
    await fill(home, hostile)


async def open_each(driver: Driver) -> None:
    """Open the detail of each row, and its help."""
    table = driver.list.table
    check(driver)
    for index in range(table.row_count):
        table.move_cursor(index)
        await driver.press("enter")
        await driver.on(DetailScreen)
        await driver.until(lambda: len(driver.words) > 200, "detail")
        check(driver)
        await driver.press("end", "escape")
        await driver.until(lambda: driver.screen is driver.list, "list")
        check(driver)


@pytest.mark.usefixtures("hostile_home")
@pytest.mark.parametrize("place", ["users", "businesses", "inbox"])
async def test_people_and_businesses(place: str) -> None:
    async with console(place=place, size=(140, 40)) as driver:
        await open_each(driver)
        await driver.go("activity")
        check(driver)
        await driver.press("slash")
        await driver.type("click")
        await driver.until(lambda: driver.list.table.row_count == 1, "one entry")
        await driver.press("enter", "enter")
        await driver.shows(visible(HOSTILE[0]))
        check(driver)


@pytest.mark.usefixtures("hostile_home")
async def test_dialogs_hints_help_and_palette_show_names_as_text() -> None:
    async with console(place="businesses", size=(140, 50)) as driver:
        for index in range(len(HOSTILE)):
            driver.list.table.move_cursor(index)
            await driver.press("a")
            await driver.on(FormDialog)
            check(driver)
            await driver.press("escape")
            await driver.until(lambda: driver.screen is driver.list, "list")
            await driver.press("ctrl+d")
            await driver.says("is not approved.")
            check(driver)
            await driver.press("question_mark")
            await driver.on(HelpDialog)
            check(driver)
            await driver.press("escape", "ctrl+p")
            await driver.shows("Search an action")
            check(driver)
            await driver.press("escape")
            await driver.until(lambda: driver.screen is driver.list, "list")
        await driver.press("asterisk", "a")
        await driver.on(FormDialog)
        check(driver)
        await driver.press("enter")
        await driver.says("Approved: ")
        check(driver)
        for index in range(len(HOSTILE)):
            driver.list.table.move_cursor(index)
            await driver.press("ctrl+d")
            await driver.on(ConfirmDialog)
            check(driver)
            await driver.press("escape")
            await driver.until(lambda: driver.screen is driver.list, "list")


@pytest.mark.usefixtures("empty_home")
async def test_nodes_and_messages_of_clusters(tmp_path: Path) -> None:
    async with edges("hamburg") as (edge,), console(place="nodes", size=(140, 40)) as driver:
        edge.cluster.nodes = [node(f"{place}{text[:300]}") for place, text in enumerate(HOSTILE)]
        await register(driver, edge)
        await driver.until(lambda: len(driver.labels) == len(HOSTILE), "nodes")
        await open_each(driver)
        await driver.press("asterisk", "l")
        await driver.on(FormDialog)
        check(driver)
        await driver.type("gpu")
        await driver.press("enter")
        await driver.until(lambda: "Label gpu added" in driver.message or "failed" in driver.message, "result")
        check(driver)
        while driver.screen is not driver.list:
            await driver.press("escape")
        site = Site(driver.engine, None, tmp_path / "home")  # type: ignore[arg-type]
        await driver.go("clusters")
        for text in HOSTILE:
            store = site.outside()
            store.execute("UPDATE cluster_state SET message = ?", (text,))
            store.close()
            await driver.press("r")
            wanted = visible(text[:8])[:6]
            await driver.until(lambda wanted=wanted: wanted.split("\n")[0] in driver.text, f"message {wanted}")  # type: ignore[misc]
            check(driver)
            await driver.press("enter")
            await driver.shows("Server http")
            check(driver)
            await driver.press("escape")
            await driver.until(lambda: driver.screen is driver.list, "list")


@pytest.mark.usefixtures("hostile_home")
async def test_what_is_typed_into_a_filter_is_text_too() -> None:
    async with console(place="users") as driver:
        await driver.press("slash")
        for text in ("[/]", "[bold]", "\u202e", "%_", "' OR 1=1 --"):
            for character in text:
                await driver.press("space" if character == " " else character)
        await driver.press("enter")
        await driver.shows("Nothing matches")
        check(driver)
