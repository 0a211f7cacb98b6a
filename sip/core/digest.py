"""Digest authentication, the server's side (RFC 7616, RFC 8760): SHA-256 and MD5, qop=auth.

Nonces sign their own birth time, so an unknown one costs nothing; only used ones are remembered,
with their count, so that a request heard on the wire cannot be sent again. Old phones answer without
qop (RFC 2069): with MD5 that is taken, for a nonce that was never used, and then never again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Literal

from aiosipua.headers import parse_auth

from sip.core.dice import Dice, token
from sip.core.sip_messages import Header

Verdict = Literal["ok", "stale", "wrong"]
_REMEMBERED = 4096
_LONGEST_NAME = 64
_SPENT = 1 << 32  # more than any count of eight hexadecimal digits


def _hash(algorithm: str, text: str) -> str:
    if algorithm == "SHA-256":
        return hashlib.sha256(text.encode()).hexdigest()
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class Digest:
    """Challenges for one realm, and the judgement of what comes back. ``now``: seconds."""

    def __init__(self, realm: str, dice: Dice, lifetime_s: float = 300.0) -> None:
        self._realm, self._dice, self._lifetime = realm, dice, lifetime_s
        self._key = token(dice, 256).encode()
        self._nobodys = token(dice, 128)  # the secret of users there are not
        self._counts: OrderedDict[str, int] = OrderedDict()

    def challenge(self, now: float, algorithms: Sequence[str], stale: bool = False) -> list[Header]:
        """WWW-Authenticate headers, one for each algorithm, the preferred one first."""
        nonce = self._nonce(now)
        tail = ", stale=true" if stale else ""
        return [
            (
                "WWW-Authenticate",
                f'Digest realm="{self._realm}", nonce="{nonce}", algorithm={algorithm}, qop="auth"{tail}',
            )
            for algorithm in algorithms
        ]

    def judge(
        self, authorization: str, method: str, user: str, secret: str | None, now: float, algorithms: Sequence[str]
    ) -> Verdict:
        """Whether this header proves ``user``'s secret (None: there is no such user, which takes as long to find out).

        ``stale``: it does, and asks for a try with a fresh nonce.
        """
        given = {name.lower(): value for name, value in parse_auth(authorization, credentials=True).params.items()}
        algorithm = given.get("algorithm", "MD5").upper()
        nonce, count, qop = given.get("nonce", ""), given.get("nc", ""), given.get("qop")
        by_count = qop == "auth" and re.fullmatch(r"[0-9a-fA-F]{8}", count) is not None
        well_formed = (
            authorization[:7].lower() == "digest "
            and algorithm in algorithms
            and (by_count or (qop is None and algorithm == "MD5"))
            and given.get("realm") == self._realm
        )
        ha1 = _hash(algorithm, f"{user}:{self._realm}:{self._nobodys if secret is None else secret}")
        ha2 = _hash(algorithm, f"{method}:{given.get('uri', '')}")
        middle = nonce if qop is None else f"{nonce}:{count}:{given.get('cnonce', '')}:auth"
        expected = _hash(algorithm, f"{ha1}:{middle}:{ha2}")
        right = hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode())
        if not (well_formed and right and secret is not None and given.get("username") == user):
            return "wrong"
        used = self._counts.get(nonce, 0)
        if not self._fresh(nonce, now) or (int(count, 16) <= used if by_count else used):
            return "stale"
        self._counts[nonce] = int(count, 16) if by_count else _SPENT
        self._counts.move_to_end(nonce)
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        return "ok"

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]

    def _nonce(self, now: float) -> str:
        born = f"{int(now * 1000):x}.{token(self._dice)}"
        return f"{born}.{self._sign(born)}"

    def _fresh(self, nonce: str, now: float) -> bool:
        born, _, signature = nonce.rpartition(".")
        if not hmac.compare_digest(self._sign(born).encode(), signature.encode()):
            return False
        return now - int(born.split(".")[0], 16) / 1000 <= self._lifetime


class Throttle:
    """Counts failures of one name from one address, so that nobody tries secrets all night."""

    def __init__(self, limit: int = 10, window_s: float = 60.0) -> None:
        self._limit, self._window = limit, window_s
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def failed(self, source: str, name: str, now: float) -> bool:
        """Count one more; True when there were ``limit`` before it within the window."""
        key = source, name[:_LONGEST_NAME]
        times = self._failures.setdefault(key, deque(maxlen=self._limit))
        many = len(times) == self._limit and now - times[0] < self._window
        times.append(now)
        self._failures.move_to_end(key)
        if len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)
        return many
