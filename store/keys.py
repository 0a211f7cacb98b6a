"""Port of the key ring as the store sees it (``recordings/keys.py``; keys live apart from the data)."""

from __future__ import annotations

from typing import Protocol


class Keys(Protocol):
    """Master keys: wrap data keys, seal small pieces of data, and name things without showing them."""

    def wrap(self, key: bytes, /) -> bytes:
        """A data key, encrypted under the present master key."""

    def unwrap(self, wrapped: bytes, /) -> bytes:
        """The data key again."""

    def encrypt(self, data: bytes, aad: bytes = b"", /) -> bytes:
        """Authenticated encryption under the present master key; ``aad`` says where it belongs."""

    def decrypt(self, sealed: bytes, aad: bytes = b"", /) -> bytes:
        """The data again; raises when it was changed, moved elsewhere, or no key fits."""

    def hmac(self, data: bytes, /) -> str:
        """64 hex digits that only the holder of the keys can compute; others once the look-up key was changed."""

    @property
    def former(self) -> Keys | None:
        """The keys with the look-up key of before, while it is being changed."""
