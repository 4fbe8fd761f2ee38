"""The secret box: AES-256-GCM under a key that lives outside the store."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend.errors import ErrorKind, PlatformError

KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = b"\x01"


class SecretBox:
    """Boxes secrets for the store. `label` ties a box to its place, so that boxes cannot be swapped."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise PlatformError(
                ErrorKind.INTERNAL, f"The key must be {KEY_BYTES} bytes, not {len(key)}.", reason="key_malformed"
            )
        self._cipher = AESGCM(key)

    def box(self, secret: bytes, label: str) -> bytes:
        """Encrypt `secret` for the place named by `label`."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, secret, label.encode())

    def open(self, boxed: bytes, label: str) -> bytes:
        """Decrypt what `box` returned for the same label.

        Raises PlatformError (`key_wrong`) when the key is another one or the box was changed.
        """
        nonce, sealed = boxed[1 : 1 + _NONCE_BYTES], boxed[1 + _NONCE_BYTES :]
        try:
            if boxed[:1] != _VERSION:
                raise InvalidTag
            return self._cipher.decrypt(nonce, sealed, label.encode())
        except (InvalidTag, ValueError) as error:
            raise PlatformError(
                ErrorKind.INTERNAL,
                f"The secret of {label} cannot be opened: the key is not the one it was boxed with, or it was changed. "
                "Put the right key back.",
                reason="key_wrong",
            ) from error
