"""Keys of SRTP in a session description (``a=crypto``, SDES: RFC 4568), pure.

They are in the clear there, so they are worth what the signalling's own encryption is worth.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from sip.core.dice import Dice

SUITES = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")  # preferred first
_KEY = 30  # bytes: master key and salt
_LINE = re.compile(r"(\d{1,9})\s+(\w+)\s+inline:([A-Za-z0-9+/=]+)(?:\|[0-9^]+)?\s*(.*)")


@dataclass(frozen=True, slots=True)
class Crypto:
    """One direction's key. It is in no log: ``repr`` leaves it out."""

    tag: int
    suite: str
    key: bytes = field(repr=False)

    @property
    def line(self) -> str:
        """As it stands behind ``a=crypto:``."""
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode()}"


@dataclass(frozen=True, slots=True)
class Secret:
    """What both directions of a call's sound are sealed with."""

    ours: Crypto
    theirs: Crypto


def offered(lines: Iterable[str]) -> list[Crypto]:
    """The keys that can be used here, in their order: no MKI, no session parameters (RFC 4568 §6.3: skip those)."""
    found = []
    for line in lines:
        match = _LINE.fullmatch(line.strip())
        if match is None or match[4] or match[2].upper() not in SUITES:
            continue
        try:
            key = base64.b64decode(match[3] + "=" * (-len(match[3]) % 4), validate=True)
        except binascii.Error:
            continue
        if len(key) == _KEY:
            found.append(Crypto(int(match[1]), match[2].upper(), key))
    return found


class SrtpKeys:
    """Ours of one call: the same for a suite whenever it is described again, so that nobody has to begin anew."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._keys: dict[str, bytes] = {}

    def ours(self, tag: int, suite: str) -> Crypto:
        """The key for what we send."""
        if suite not in self._keys:
            self._keys[suite] = self._dice.getrandbits(8 * _KEY).to_bytes(_KEY, "big")
        return Crypto(tag, suite, self._keys[suite])

    def offer(self) -> list[Crypto]:
        """One for each suite."""
        return [self.ours(tag, suite) for tag, suite in enumerate(SUITES, 1)]

    def answered(self, theirs: Iterable[Crypto]) -> Secret | None:
        """What was settled by an answer to :meth:`offer`: one of it, by its tag."""
        chosen = next(iter(theirs), None)
        if chosen is None or not 1 <= chosen.tag <= len(SUITES) or SUITES[chosen.tag - 1] != chosen.suite:
            return None
        return Secret(self.ours(chosen.tag, chosen.suite), chosen)
