"""Symmetric RTP: whom to listen to, and so where to send (pure; time is passed in)."""

from __future__ import annotations

ALIVE_S = 2.0  # a source heard within this time is not replaced by a stranger

Address = tuple[str, int]


class Source:
    """The far end's address: as signalled at first, then where its packets really come from.

    The signalled address always wins. A stranger is followed only with an agreed payload type and only
    while the present source is silent, so that a stray or forged packet cannot steal a call.
    """

    def __init__(self) -> None:
        self.address: Address | None = None
        self._signalled: Address | None = None
        self._heard_at = -ALIVE_S  # of the present source

    def signal(self, address: Address) -> None:
        """Signalling names an address (again); a new one replaces what was learnt."""
        if address != self._signalled:
            self.address = self._signalled = address
            self._heard_at = -ALIVE_S

    def accept(self, address: Address, agreed: bool, now: float) -> bool:
        """A packet came from there: whether to listen to it. ``agreed``: its payload type is."""
        if address != self.address:
            if self.address is None:
                return False
            if address != self._signalled and (not agreed or now - self._heard_at < ALIVE_S):
                return False
            self.address = address
        self._heard_at = now
        return True
