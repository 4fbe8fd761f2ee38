"""How the platform's numbers are said on the screens: statuses, roles, ages."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from widgets.columns import Cell
from widgets.text import NOTHING, age

_MINUTE: Final = 60

USER_STATUS: Final[Mapping[int, Cell]] = {
    0: Cell("pending", "warn"),
    1: Cell("approved", "good"),
    2: Cell("not approved", "bad"),
    3: Cell("disabled", "bad"),
}
BUSINESS_STATUS: Final[Mapping[int, Cell]] = {
    0: Cell("pending", "warn"),
    1: Cell("approved", "good"),
    2: Cell("disapproved", "bad"),
    3: Cell("retired", "muted"),
}
ROLES: Final[Mapping[int, str]] = {
    0: "awaiting approval",
    1: "no business yet",
    2: "general user",
    3: "business admin",
    4: "system admin",
}
YOU_ARE: Final[Mapping[int, str]] = {
    0: "your registration waits for an approval",
    1: "you are approved and belong to no business",
    2: "you are a general user of your business",
    3: "you administer your business",
    4: "you are the system administrator",
}
"""What a role means for the person who has it."""
DELIVERY: Final[Mapping[str, Cell]] = {
    "delivered": Cell("delivered", "good"),
    "waiting": Cell("waiting", "warn"),
    "conflict": Cell("conflict", "bad"),
}
OUTCOMES: Final[Mapping[str, Cell]] = {
    "done": Cell("done", "good"),
    "refused": Cell("refused", "warn"),
    "failed": Cell("failed", "bad"),
}


def said_by(cluster: str, message: str) -> str:
    """What a cluster said, without its name in front where that is told beside it; a dash for nothing."""
    return message.removeprefix(f"Cluster {cluster} ") or NOTHING


def ago(moment: int) -> str:
    """How long ago a moment in unix seconds was; a dash for never (0).

    Under a minute it is `<1m`: seconds that count in every row would be sent to the terminal all the time.
    """
    if moment <= 0:
        return NOTHING
    seconds = time.time() - moment
    return age(seconds) if seconds >= _MINUTE else "<1m"


def yes_no(value: bool) -> str:  # noqa: FBT001 - that is all there is to say
    """`yes` or `no`."""
    return "yes" if value else "no"
