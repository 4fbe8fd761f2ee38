"""A day on the demo's site in a real terminal, and what typed text must never do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal import Terminal

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(300)]

START_SECONDS = 120.0
SECONDS = 60.0
PASSWORD = "Demo-pass1"
COLUMNS, LINES = 120, 36


class Console(Terminal):
    """The program in a terminal, with generous deadlines: the machine may be busy."""

    def __init__(self, *arguments: str, home: Path | None = None, **more: str) -> None:
        environment = {"OTETUI_HOME": str(home) if home else "", "TZ": "UTC", **more}
        command = [sys.executable, "-m", "otetui", *arguments]
        super().__init__(command, columns=COLUMNS, lines=LINES, environment=environment)

    def sees(self, *texts: str, timeout: float = SECONDS) -> None:
        """Wait until all of them are on the screen."""
        self.wait_until(lambda screen: all(text in screen for text in texts), repr(texts), timeout)

    def enter(self, *values: str) -> None:
        """Type values into the fields of a form, each ended by enter."""
        for value in values:
            self.type(value)
            self.settle()
            self.press("enter")

    def go(self, place: str, title: str) -> None:
        """Go to a place by name."""
        self.press(":")
        self.settle()
        self.type(place)
        self.press("enter")
        self.sees(f" {title}  ")

    def leave(self) -> int:
        """Quit; the exit code."""
        self.press("ctrl+q")
        return self.wait_exit(SECONDS)

    @property
    def is_restored(self) -> bool:
        """Whether the alternate screen was left and the cursor is shown again, after all else."""
        written = bytes(self.written)
        return all(
            written.rfind(on) < written.rfind(off)
            for on, off in ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h"))
        )


@pytest.fixture
def demo() -> Iterator[Console]:
    with Console("demo") as terminal:
        terminal.sees("Demo: log in as admin with Demo-pass1", timeout=START_SECONDS)
        yield terminal


def test_a_day_on_the_demos_site(demo: Console) -> None:
    demo.enter("admin", PASSWORD)
    demo.sees("Audit inbox  5", "5 to audit", "5/6 clusters reachable")
    assert PASSWORD not in demo.text

    # A user, found by the filter.
    demo.press("/")
    demo.settle()
    demo.type("tanaka")
    demo.sees("Audit inbox  1  filter: tanaka")
    demo.press("enter")
    demo.settle()
    demo.press("a")
    demo.sees("Done: Approved: user tanaka.", "4 to audit")
    demo.press("escape")
    demo.sees("Audit inbox  4")

    # A business, read and then decided; its namespace reaches every cluster but the one that is away.
    demo.press("/")
    demo.settle()
    demo.type("cold")
    demo.sees("filter: cold", "cold-chain")
    demo.press("enter")
    demo.settle()
    demo.press("enter")
    demo.sees("Business cold-chain", "Temperature watch in refrigerated stores.", "The namespace ns3 is made on every")
    demo.press("a")
    demo.sees("Approve business cold-chain")
    demo.enter("welcome")
    demo.sees("Done: Approved: business cold-chain.")
    demo.go("businesses", "Businesses")
    demo.press("/")
    demo.settle()
    demo.type("cold")
    demo.sees("filter: cold", "welcome")
    demo.press("enter")
    demo.settle()
    demo.press("enter")
    demo.sees("Namespace ns3: on 5 of 6 clusters", "waiting")
    rows = [line.split() for line in demo.text.splitlines() if " ns3 " in line and " made " not in line]
    states = {row[0]: row[2] for row in rows if row[0] != "Namespace"}
    assert [cluster for cluster, state in states.items() if state == "waiting"] == ["turin-toll-plaza"]
    assert list(states.values()).count("delivered") == 5

    # Nodes: several are marked and labelled at once.
    demo.go("nodes", "Nodes")
    demo.press("/")
    demo.settle()
    demo.type("cluster:porto-store-214")
    demo.sees("filter: cluster:porto", "opo-srv-01", "3 of 3 ready when last seen")
    demo.press("enter")
    demo.settle()
    demo.press("*")
    demo.sees("3 rows marked")
    demo.press("l")
    demo.sees("Label 3 nodes")
    demo.enter("tills")
    demo.sees("Done: Label tills added: porto-store-214/opo-srv-01")
    demo.wait_until(lambda screen: screen.count("tills") >= 4, "labels in the list", SECONDS)

    # The rest of the inbox at once, with one comment.
    demo.go("inbox", "Audit inbox")
    demo.press("*")
    demo.sees("3 rows marked")
    demo.press("a")
    demo.sees("Approve 3 requests")
    demo.enter("all fine")
    demo.sees("Done: Approved: ", "Nothing waits for an audit.")

    assert demo.leave() == 0
    assert demo.is_restored


def test_the_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    with Console("demo", TMPDIR=str(tmp_path)) as terminal:
        terminal.sees("Demo: log in as admin", timeout=START_SECONDS)
        assert list(tmp_path.glob("otetui-demo-*"))
        assert terminal.leave() == 0
    assert not list(tmp_path.glob("otetui-demo-*"))


HOSTILE = (
    "\x1b]0;owned\x07",
    "\x1b]52;c;cm0gLXJmIC8=\x07",
    "\x1b[2J\x1b[31m",
    "\x9b31m",
    "[bold red]x[/]",
    "[@click=app.quit]x[/]",
)


def test_the_terminal_never_executes_what_somebody_typed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Console(home=home) as terminal:
        terminal.sees("Set the site up", timeout=START_SECONDS)
        terminal.press("enter")
        terminal.settle()
        terminal.enter("N3wPassword", "N3wPassword")
        terminal.sees("The site is ready.")
        terminal.leave()
    _plant(home)
    with Console(home=home) as terminal:
        terminal.sees("enter log in", timeout=START_SECONDS)
        terminal.enter("admin", "N3wPassword")
        terminal.sees("Audit inbox  6")
        terminal.go("users", "Users")
        for _ in HOSTILE:
            terminal.press("enter")
            terminal.sees("Real name", "esc back")
            terminal.press("escape")
            terminal.wait_for("Users  7", SECONDS)
            terminal.press("down")
        # As text, visibly.
        assert r"\e]0;owned" in terminal.text
        assert "[bold red]x" in terminal.text
        assert "[@click=app" in terminal.text
        written = bytes(terminal.written)
        for harm in (b"\x1b]0;owned", b"\x1b]52;", "\x9b31m".encode()):
            assert harm not in written
        assert terminal.leave() == 0


def _plant(home: Path) -> None:
    """Put pending users with these real names into the store, past every rule."""
    import pysqlite3

    store = pysqlite3.connect(str(home / "otetui.db"), isolation_level=None)
    columns = [row[1] for row in store.execute("PRAGMA table_info(user)") if row[1] not in {"id", "built_in"}]
    for place, text in enumerate(HOSTILE):
        values = {"user_name": "?", "real_name": "?", "phone": "?", "status": "0"}
        chosen = ", ".join(values.get(column, column) for column in columns)
        store.execute(
            f"INSERT INTO user ({', '.join(columns)}) SELECT {chosen} FROM user WHERE built_in = 1",
            [
                {"user_name": f"user{place}", "real_name": text, "phone": f"+49{place}"}[column]
                for column in columns
                if values.get(column) == "?"
            ],
        )
    store.close()


def test_ctrl_c_copies_and_never_quits(tmp_path: Path) -> None:
    with Console(home=tmp_path / "home") as terminal:
        terminal.sees("Set the site up", timeout=START_SECONDS)
        terminal.press("ctrl+c")
        terminal.settle()
        assert "Set the site up" in terminal.text
        assert terminal.leave() == 0
        assert terminal.is_restored
