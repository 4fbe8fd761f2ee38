from __future__ import annotations

import pytest

from backend.kube.quantities import cores, whole


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("0", 0),
        ("1", 1),
        (7, 7),
        ("16Gi", 16 * 2**30),
        ("32863884Ki", 32863884 * 1024),
        ("1.5Gi", 3 * 2**29),
        ("128Mi", 128 * 2**20),
        ("1Ti", 2**40),
        ("2Pi", 2**51),
        ("1Ei", 2**60),
        ("5k", 5000),
        ("5M", 5 * 10**6),
        ("5G", 5 * 10**9),
        ("5T", 5 * 10**12),
        ("5P", 5 * 10**15),
        ("5E", 5 * 10**18),
        ("1e3", 1000),
        ("1E3", 1000),
        ("12e-1", 1),
        ("1500m", 1),
        ("999999n", 0),
        (".5k", 500),
        ("5.", 5),
        ("+5", 5),
        ("-5", 0),
        ("9Ei", 2**63 - 1),
        ("1e99", 2**63 - 1),
        ("1e999999999", 0),
        ("", 0),
        ("Gi", 0),
        ("12 Gi", 0),
        ("0x10", 0),
        ("nan", 0),
        ("1" * 5000, 0),
        (None, 0),
        (True, 0),
        ([1], 0),
    ],
)
def test_whole(value: object, number: int) -> None:
    assert whole(value) == number


@pytest.mark.parametrize(
    ("value", "number"),
    [("4", 4), ("500m", 1), ("1m", 1), ("1500m", 1), ("2999m", 2), ("0", 0), ("", 0), (8, 8), ("-1", 0)],
)
def test_cores_are_rounded_down_but_any_is_at_least_one(value: object, number: int) -> None:
    assert cores(value) == number
