"""Tokens: what is signed, and what is refused (decision 10)."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest

from backend.errors import ErrorKind, PlatformError
from backend.security import tokens

KEY = b"k" * tokens.SIGNING_KEY_BYTES
OTHER_KEY = b"o" * tokens.SIGNING_KEY_BYTES
NOW = 1_700_000_000
CLAIMS = tokens.new_claims(7, "bob", 3, NOW)


def payload(**changes: object) -> dict[str, object]:
    """The payload of a good token, changed; None leaves a claim out."""
    whole: dict[str, object] = {
        "iss": "otetui",
        "sub": "7",
        "jti": "an-id",
        "user": "bob",
        "role": 3,
        "iat": NOW,
        "exp": NOW + 3600,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def part(text: str | bytes) -> str:
    """A part of a token."""
    data = text.encode() if isinstance(text, str) else text
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def refused(token: str, key: bytes = KEY) -> PlatformError:
    """The refusal of a token; fails when it is taken."""
    with pytest.raises(PlatformError) as error:
        tokens.read(token, key)
    assert error.value.kind is ErrorKind.UNAUTHENTICATED
    assert error.value.reason == "token_invalid"
    return error.value


def test_a_token_says_what_was_signed_for_one_hour() -> None:
    assert tokens.LIFETIME_SECONDS == 3600
    assert CLAIMS.expires_at == NOW + 3600
    assert tokens.read(tokens.sign(CLAIMS, KEY), KEY) == CLAIMS


def test_a_token_is_a_jwt_with_hs256_and_the_users_information() -> None:
    token = tokens.sign(CLAIMS, KEY)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    shown = jwt.decode(token, options={"verify_signature": False})
    assert shown == {
        "iss": "otetui",
        "sub": "7",
        "jti": CLAIMS.token_id,
        "user": "bob",
        "role": 3,
        "iat": NOW,
        "exp": NOW + 3600,
    }


def test_token_ids_are_long_and_never_the_same() -> None:
    ids = {tokens.new_claims(7, "bob", 3, NOW).token_id for _ in range(200)}
    assert len(ids) == 200
    assert min(len(token_id) for token_id in ids) >= 32


def test_an_unsigned_token_is_refused() -> None:
    refused(jwt.encode(payload(), key="", algorithm="none"))
    for algorithm in ("none", "None", "NONE", "nOnE", ""):
        head = part(json.dumps({"alg": algorithm, "typ": "JWT"}))
        refused(f"{head}.{part(json.dumps(payload()))}.")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused_even_with_the_right_key(algorithm: str) -> None:
    key = b"k" * 64
    refused(jwt.encode(payload(), key, algorithm=algorithm), key)


def test_a_token_of_another_key_is_refused() -> None:
    refused(tokens.sign(CLAIMS, OTHER_KEY))


def test_a_token_with_any_part_changed_is_refused() -> None:
    token = tokens.sign(CLAIMS, KEY)
    head, body, signature = token.split(".")
    richer = json.loads(base64.urlsafe_b64decode(body + "=="))
    richer["role"] = 4
    refused(f"{head}.{part(json.dumps(richer))}.{signature}")
    flipped = bytearray(base64.urlsafe_b64decode(signature + "=="))
    for position in range(len(flipped)):
        flipped[position] ^= 0x01
        refused(f"{head}.{body}.{part(bytes(flipped))}")
        flipped[position] ^= 0x01
    assert tokens.read(token, KEY) == CLAIMS


@pytest.mark.parametrize("claim", ["exp", "iat", "jti", "sub", "iss"])
def test_a_token_without_a_required_claim_is_refused(claim: str) -> None:
    refused(jwt.encode(payload(**{claim: None}), KEY, algorithm="HS256"))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody else"},
        {"sub": "not a number"},
        {"exp": "soon"},
        {"exp": []},
        {"exp": 1e400},
        {"role": []},
        {"role": "four"},
        {"nbf": 2**40},
        {"aud": "another service"},
    ],
    ids=str,
)
def test_a_signed_token_with_wrong_claims_is_refused(change: dict[str, Any]) -> None:
    signed = jwt.api_jws.encode(json.dumps(payload(**change)).encode(), KEY, "HS256")
    refused(signed)


def test_expiry_is_left_to_the_callers_clock() -> None:
    claims = tokens.new_claims(7, "bob", 3, 1_000)
    assert tokens.read(tokens.sign(claims, KEY), KEY).expires_at == 4_600


def test_a_token_of_before_the_clock_was_put_back_is_read() -> None:
    claims = tokens.new_claims(7, "bob", 3, 2**40)
    assert tokens.read(tokens.sign(claims, KEY), KEY) == claims


@pytest.mark.parametrize(
    "token",
    [
        "",
        " ",
        "x",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "....",
        "\x00.\x00.\x00",
        "\ud800.\ud800.\ud800",
        "Bearer",
        "%s.%s.%s",
        f"{part('[]')}.{part('{}')}.x",
        f"{part('null')}.{part('{}')}.x",
        f"{part('{}')}.{part('{}')}.x",
        f"{part(json.dumps({'alg': ['HS256']}))}.e30.x",
        f"{part(json.dumps({'alg': {}}))}.e30.x",
        f"{part(json.dumps({'alg': 'HS256', 'crit': 5}))}.e30.x",
        f"{part('[' * 2900)}.e30.x",
        f"{part(bytes([255, 254]))}.e30.x",
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    refused(token)


def test_a_huge_token_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_anyway(*_arguments: object, **_keywords: object) -> None:
        raise AssertionError("a huge token was parsed")

    monkeypatch.setattr(jwt, "decode", read_anyway)
    refused("x" * (tokens.MAXIMUM_TOKEN_LENGTH + 1))
    refused("e30." * 10_000_000)


def test_the_refusal_says_what_to_do_and_not_what_was_wrong() -> None:
    sentences = {refused(token).message for token in ("x", tokens.sign(CLAIMS, OTHER_KEY))}
    assert len(sentences) == 1
    assert "Log in again" in sentences.pop()
