"""Tokens: JWT, HS256 pinned, one hour (decision 10)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import jwt

from backend.errors import ErrorKind, PlatformError

LIFETIME_SECONDS = 3600
SIGNING_KEY_BYTES = 32
MAXIMUM_TOKEN_LENGTH = 4096
_ALGORITHM = "HS256"
_ISSUER = "otetui"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says; the role in it is for readers only and is derived anew at each call."""

    token_id: str
    user_id: int
    user: str
    role: int
    issued_at: int
    expires_at: int


def new_claims(user_id: int, user: str, role: int, now: int) -> Claims:
    """The claims of a new token that expires an hour after `now` (unix seconds)."""
    return Claims(secrets.token_urlsafe(24), user_id, user, role, now, now + LIFETIME_SECONDS)


def sign(claims: Claims, key: bytes) -> str:
    """The token of these claims."""
    payload = {
        "iss": _ISSUER,
        "sub": str(claims.user_id),
        "jti": claims.token_id,
        "user": claims.user,
        "role": claims.role,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
    }
    return jwt.encode(payload, key, algorithm=_ALGORITHM)


def read(token: str, key: bytes) -> Claims:
    """The claims of a token whose signature holds. Whether it has expired is for the caller's clock to say.

    Raises PlatformError (401, `token_invalid`) for anything that is not such a token.
    """
    try:
        if len(token) > MAXIMUM_TOKEN_LENGTH:
            raise jwt.InvalidTokenError
        payload = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            options={"require": ["exp", "iat", "jti", "sub", "iss"], "verify_exp": False, "verify_iat": False},
        )
        return Claims(
            str(payload["jti"]),
            int(payload["sub"]),
            str(payload.get("user", "")),
            int(payload.get("role", 0)),
            int(payload["iat"]),
            int(payload["exp"]),
        )
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
        raise invalid_token() from error


def invalid_token() -> PlatformError:
    """The refusal of a token that is missing, malformed, expired or revoked."""
    return PlatformError(
        ErrorKind.UNAUTHENTICATED,
        "Your session is missing, has ended or was revoked. Log in again.",
        reason="token_invalid",
    )
