"""Who was refused, told so that an attack floods nothing and no address is kept (pure, for every engine).

Of an address only the network stays: addresses are personal data, and the journal is for ever. The same refusal again
is counted and told once a minute.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from ivr.telephony import AccessDenied

GATHER_MS = 60_000
KINDS_MAX = 50  # of one minute; what is beyond is told together


def network_of(address: str) -> str:
    """``198.51.100.7`` -> ``198.51.100.0/24`` (IPv6: /48); empty when it is no address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False))


class Gathered:
    """Refusals: the first of its kind is told at once, those like it are counted and told once a minute."""

    def __init__(self, tell: Callable[[AccessDenied], None]) -> None:
        self._tell = tell
        self._since = 0
        self._more: dict[tuple[str, str, str, str], int] = {}

    def add(self, one: AccessDenied) -> None:
        """Take one in; its ``at`` is the time now."""
        self.flush(one.at)
        key = (one.kind, one.service, one.account, one.network)
        if key not in self._more and len(self._more) >= KINDS_MAX:
            key = ("many", "other", "", "")
        if key in self._more:
            self._more[key] += 1
            return
        if not self._more:
            self._since = one.at
        self._more[key] = 0
        self._tell(AccessDenied(one.at, *key))

    def flush(self, now: int) -> None:
        """Tell what was counted, when its minute is over."""
        if not self._more or now - self._since < GATHER_MS:
            return
        gathered, self._more = self._more, {}
        for key, count in gathered.items():
            if count:
                self._tell(AccessDenied(now, *key, count))
