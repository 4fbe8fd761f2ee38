"""The password rule (decision 8) and the hashes."""

from __future__ import annotations

import time

import argon2
import pytest
from argon2.low_level import Type

from backend.models.accounts import check_password
from backend.security import passwords


@pytest.mark.parametrize(
    "password",
    [
        "Passw0rd",
        "xxX@1234",
        "aA345678901234567890",
        "Aa1 with blanks",
        "Aa1äöü漢字字",
        "Aa1\x00\x1b\n\t.",
        "pA5'; DROP TABLE",
    ],
)
def test_a_password_that_keeps_the_rule_is_taken_unchanged(password: str) -> None:
    assert check_password(password) == password


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("", ["8 to 20 characters", "an upper-case letter", "a lower-case letter", "a digit"]),
        ("Passw0r", ["8 to 20 characters"]),
        ("Passw0rd" + "x" * 13, ["8 to 20 characters"]),
        ("passw0rd", ["an upper-case letter"]),
        ("PASSW0RD", ["a lower-case letter"]),
        ("Password", ["a digit"]),
        ("12345678", ["an upper-case letter", "a lower-case letter"]),
        ("ÄÖÜäöü123", ["an upper-case letter", "a lower-case letter"]),
        ("Password\u0661\u0662", ["a digit"]),
    ],
)
def test_a_password_that_breaks_the_rule_is_refused_naming_all_that_is_missing(
    password: str, missing: list[str]
) -> None:
    with pytest.raises(ValueError, match=r"^needs ") as refused:
        check_password(password)
    assert str(refused.value) == f"needs {', '.join(missing)}"


def test_half_a_character_is_refused_in_plain_words() -> None:
    with pytest.raises(ValueError, match="half a character"):
        check_password("Passw0rd\ud800")


def test_hashes_are_argon2id_with_the_documented_costs_and_a_salt_each() -> None:
    first, second = passwords.hash_password("Passw0rd"), passwords.hash_password("Passw0rd")
    assert first != second
    for hashed in (first, second):
        parameters = argon2.extract_parameters(hashed)
        assert parameters.type is Type.ID
        assert (parameters.time_cost, parameters.memory_cost, parameters.parallelism) == (2, 19 * 1024, 1)
        assert parameters.salt_len >= 16
        assert parameters.hash_len >= 32
        assert passwords.verify_password(hashed, "Passw0rd")
        assert not passwords.verify_password(hashed, "Passw0rd ")
        assert not passwords.needs_rehash(hashed)


def test_a_hash_of_weaker_parameters_still_verifies_and_asks_to_be_renewed() -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("Passw0rd")
    assert passwords.verify_password(weak, "Passw0rd")
    assert passwords.needs_rehash(weak)


@pytest.mark.parametrize(
    "stored", ["", "x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AAAA$", "Passw0rd", "$2b$10$abc"]
)
def test_a_malformed_hash_matches_nothing(stored: str) -> None:
    assert not passwords.verify_password(stored, "Passw0rd")
    assert not passwords.verify_password(stored, "")
    assert not passwords.verify_password(stored, stored)


def test_the_hash_of_nobody_matches_no_password_and_costs_as_much_as_anybodys() -> None:
    nobody = passwords.hash_of_nobody()
    assert argon2.extract_parameters(nobody) == argon2.extract_parameters(passwords.hash_password("Passw0rd"))
    assert not passwords.verify_password(nobody, "")
    assert not passwords.verify_password(nobody, nobody)


def test_the_first_unknown_user_costs_no_more_than_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each call of the command line is a new process: a hash made for the first unknown user would tell them apart.
    monkeypatch.setattr(passwords, "hash_password", _refuse_hashing)
    monkeypatch.setattr(argon2.PasswordHasher, "hash", _refuse_hashing)
    assert passwords.hash_of_nobody().startswith("$argon2id$")


def _refuse_hashing(*_arguments: object, **_keywords: object) -> str:
    raise AssertionError("a hash was made")


def test_verifying_against_nobody_takes_about_as_long_as_against_somebody() -> None:
    somebody, nobody = passwords.hash_password("Passw0rd"), passwords.hash_of_nobody()

    def fastest(stored: str) -> float:
        times = []
        for _ in range(5):
            started = time.perf_counter()
            passwords.verify_password(stored, "Wrong0ne")
            times.append(time.perf_counter() - started)
        return min(times)

    known, unknown = fastest(somebody), fastest(nobody)
    assert known / 3 < unknown < known * 3
