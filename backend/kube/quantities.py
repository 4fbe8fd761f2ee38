"""Kubernetes resource quantities, such as 16Gi, 1500m or 1e3."""

from __future__ import annotations

import re
from decimal import Decimal
from math import floor

_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30}))([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?"
)
_FACTORS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}
# What Kubernetes itself allows, and what a database column holds.
_LARGEST = 2**63 - 1


def quantity(value: object) -> Decimal:
    """Return the number that a quantity stands for; 0 for one that is missing, negative or not a quantity."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return Decimal(0)
    match = _QUANTITY.fullmatch(str(value).strip())
    if match is None:
        return Decimal(0)
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _FACTORS:
        number *= _FACTORS[suffix]
    elif suffix:
        number = number.scaleb(int(suffix[1:]))
    return min(max(number, Decimal(0)), Decimal(_LARGEST))


def whole(value: object) -> int:
    """Return a quantity rounded down, e.g. bytes."""
    return floor(quantity(value))


def cores(value: object) -> int:
    """Return a cpu quantity in cores, rounded down, but at least 1 when there is any."""
    number = quantity(value)
    return max(1, floor(number)) if number > 0 else 0
