"""The panel's cookies and forms, signed with keys that may be changed while it runs (``hotline keys rotate``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer


class Secrets:
    """What signs now, the newest last; asked for each time something is signed or checked."""

    def __init__(self, now: Callable[[], Sequence[bytes]]) -> None:
        self._now = now

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._now())


class Cookies(SecureCookieSessionInterface):
    """Flask's own signed cookies, with the keys of this moment."""

    def __init__(self, now: Callable[[], Sequence[bytes]]) -> None:
        self._now = now

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer:
        options = {"key_derivation": self.key_derivation, "digest_method": self.digest_method}
        return URLSafeTimedSerializer(
            list(self._now()), salt=self.salt, serializer=self.serializer, signer_kwargs=options
        )  # fmt: skip
