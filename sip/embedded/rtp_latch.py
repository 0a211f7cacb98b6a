"""Whose sound it is: whom a stream listens to, and so where it sends (pure; time is passed in, in seconds)."""

from __future__ import annotations

ALIVE_S = 2.0  # a source that spoke within this time is not replaced, not even by its own host
RUN = 4  # packets in sequence that a source nobody named has to show (RFC 3550 A.1 asks for two)
UNCONFIRMED = 200  # packets (4 s, about 34 kB) sent to an address nobody has confirmed

_RUNS = 8  # sources watched at the same time

Address = tuple[str, int]


class RtpLatch:
    """The far end's address: as signalled at first, then where its packets really come from.

    Named are the address in the SDP and the host its signalling comes from; the first packet of either counts.
    Of anybody else four packets in sequence have to come, and none from the named ones. Once a source is heard
    only it counts: another port of its host is followed after four packets in sequence and two seconds of
    silence (a NAT that forgot), another host never, unless signalling names it. An address given up by
    signalling is not listened to for two seconds, so that its last packets do not count for the new one.
    """

    def __init__(self) -> None:
        self.address: Address | None = None  # where to send
        self.confirmed = True
        self._signalled: Address | None = None
        self._named: tuple[str, ...] = ()
        self._heard: Address | None = None
        self._heard_at = 0.0
        self._left: Address | None = None
        self._left_until = 0.0
        self._credit = 0
        self._runs: dict[tuple[Address, int], tuple[int, int]] = {}  # address and SSRC: last number, run

    def signal(self, address: Address, via: str, now: float, confirmed: bool = True) -> None:
        """Signalling that comes from host ``via`` names an address (again); a new one replaces what was learnt.

        ``confirmed``: whether the far end has shown that it takes part; until then little is sent there.
        """
        self._named = (address[0], via)
        if address == self._signalled:
            self.confirmed = self.confirmed or confirmed
            return
        self._left, self._left_until = self._heard, now + ALIVE_S
        self.address = self._signalled = address
        self._heard = None
        self._runs.clear()
        self.confirmed, self._credit = confirmed, UNCONFIRMED

    def spend(self) -> bool:
        """Whether one more packet may go to an address that is not confirmed."""
        self._credit -= 1
        return self._credit >= 0

    def accept(self, address: Address, agreed: bool, now: float, ssrc: int, seq: int) -> bool:
        """A packet came from there: whether to listen to it. ``agreed``: its payload type is."""
        if address == self._heard:
            self._heard_at = now
            if self._runs:
                self._runs.clear()
            return True
        if address != self._signalled and not (agreed and self._counts(address, now, ssrc, seq)):
            return False
        self.address = self._heard = address
        self._heard_at = now
        self.confirmed = True
        self._runs.clear()
        return True

    def _counts(self, address: Address, now: float, ssrc: int, seq: int) -> bool:
        """Whether somebody else than signalled and than heard up to now is the far end."""
        if self._signalled is None or (address == self._left and now < self._left_until):
            return False
        named = address[0] in self._named
        if self._heard is None or self._heard[0] not in self._named:
            if named:
                return True
        if self._heard is None:
            return self._in_sequence(address, ssrc, seq)
        same_host = address[0] == self._heard[0]
        return same_host and self._in_sequence(address, ssrc, seq) and now - self._heard_at >= ALIVE_S

    def _in_sequence(self, address: Address, ssrc: int, seq: int) -> bool:
        key = (address, ssrc)
        last, run = self._runs.pop(key, (seq, 0))
        if seq != last or not run:  # a packet that comes twice says nothing
            run = run + 1 if seq == (last + 1) & 0xFFFF else 1
        self._runs[key] = (seq, run)
        if len(self._runs) > _RUNS:
            del self._runs[next(iter(self._runs))]
        return run >= RUN
