"""Who may call, and how much: pure, every engine asks the same questions.

Two questions are asked of a new call. *Whose is it?* (:meth:`CallOrigins.whose`): with a trunk (中继) configured only
calls of the provider, of ``accept`` networks, of registered seats and of this machine are taken; a stranger's is
dropped. *Is there room for it?* (:func:`room`): calls whose answer was never acknowledged (RFC 3261 §13.3.1.4: they
live for 32 s) are bounded per source and in all, calls at once per number are bounded, and an overdue call makes room
for another one, so that a flood never takes what honest callers need.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from ivr.telephony import STRANGERS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Origin = Literal["here", "trunk", "accepted", "seat", "anyone", "stranger"]

HERE = frozenset({"127.0.0.1", "::1"})  # this machine as its programs know it, `hotline dial` among them
OVERDUE_S = 2.0  # an answer that arrived is acknowledged within a round trip, lost packets and all
REMEMBERED_S = 3600.0  # a name's addresses rotate: an address of the provider counts for so long

STRANGER = STRANGERS[0]  # the kinds of refusal, named as Asterisk names its own
SOURCE_FULL = "SourceLimit"
UNANSWERED_FULL = "UnacknowledgedLimit"
NUMBER_FULL = "NumberLimit"


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What the settings say of who may call.

    ``trunk``: one is configured, so not everybody may. ``peers``: further addresses the provider calls from.
    ``accept``: networks whose calls are taken. ``per_number``: calls at once of one number, 0 for no bound;
    ``shared_numbers`` (a hospital's, a factory's) have none, as they are dialled here.
    """

    trunk: bool = False
    peers: tuple[str, ...] = ()
    accept: tuple[Network, ...] = ()
    max_calls: int = 200
    per_number: int = 0
    shared_numbers: frozenset[str] = frozenset()

    @property
    def per_source(self) -> int:
        """Calls without an ACK that one source may have."""
        return max(4, self.max_calls // 8)

    @property
    def in_all(self) -> int:
        """And all sources together, the trunk aside: at least half of the lines stay free of them."""
        return max(8, self.max_calls // 2)


@dataclass(frozen=True, slots=True)
class PresentCall:
    """A call that is there. ``number`` None: withheld. ``acknowledged``: the far end is known to have our answer.

    ``overdue``: it should have been known for ``OVERDUE_S``. ``answered_at``: in seconds; None while it only rings.
    """

    line: str
    source: str
    trunk: bool
    number: str | None
    acknowledged: bool
    answered_at: float | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """Whether a new call finds room. ``refusal``: the kind, empty when it is taken.

    ``overdue``: the call that has to end for it, empty for none.
    """

    refusal: str = ""
    overdue: str = ""


@lru_cache(4096)  # each call that is there is compared with each new one
def plain(host: str) -> str:
    """An address in the one spelling that is compared: no zone, IPv4 not dressed up as IPv6."""
    bare = host.strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return bare.lower()
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


@dataclass(slots=True)
class CallOrigins:
    """Whose a call is. ``line``: the secret of our registration's Contact (``;line=``), empty without one."""

    rules: AccessRules
    line: str = ""
    _hosts: dict[str, float] = field(default_factory=dict)  # the provider's addresses, and when each was last found

    def found(self, hosts: Iterable[str], now: float) -> None:
        """Addresses the trunk's name leads to, ``now`` in seconds; those of the last hour count with them."""
        self._hosts = {host: at for host, at in self._hosts.items() if now - at <= REMEMBERED_S} | {
            plain(host): now for host in hosts
        }

    @property
    def hosts(self) -> frozenset[str]:
        """All addresses the provider calls from."""
        return frozenset({*self._hosts, *map(plain, self.rules.peers)})

    def whose(self, source: str, seats: Collection[str] = (), line: str = "") -> Origin:
        """Whose a call from the address ``source`` is.

        ``seats``: the addresses of operators' phones. ``line``: as the request names it. The provider goes first, so
        that one on this machine or in an accepted network is still known as the trunk.
        """
        host = plain(source)
        if self.rules.trunk and ((line and line.lower() == self.line) or host in self.hosts):
            return "trunk"
        if host in HERE:
            return "here"
        if host in map(plain, seats):
            return "seat"
        if self._accepted(host):
            return "accepted"
        return "stranger" if self.rules.trunk else "anyone"

    def _accepted(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address.version == network.version and address in network for network in self.rules.accept)


def room(rules: AccessRules, there: Iterable[PresentCall], source: str, trunk: bool, number: str | None) -> Room:
    """Whether a call finds room beside those that are there.

    Where a bound is reached, the call that makes room is the oldest one whose ACK is overdue; where calls without an
    ACK take half of the lines, also the oldest of the source with most, when that is more than the newcomer's share.
    """
    calls = list(there)
    bounded = number is not None and rules.per_number and number not in rules.shared_numbers
    if bounded and sum(call.number == number for call in calls) >= rules.per_number:
        return Room(refusal=NUMBER_FULL)
    waiting = [call for call in calls if not call.acknowledged]
    direct = [call for call in waiting if not call.trunk]
    ours = [] if trunk else [call for call in direct if call.source == source]
    leaving = ""
    if len(ours) >= rules.per_source:
        leaving = _overdue(ours)
        if not leaving:
            return Room(refusal=SOURCE_FULL)
    elif not trunk and len(direct) >= rules.in_all:
        leaving = _overdue(direct) or _of_the_greediest(direct, len(ours))
        if not leaving:
            return Room(refusal=UNANSWERED_FULL)
    elif len(calls) >= rules.max_calls:
        leaving = _overdue(waiting)
        if not leaving and 2 * len(direct) >= rules.max_calls:
            leaving = _of_the_greediest(direct, len(ours))
    return Room(overdue=leaving)


def _overdue(calls: Iterable[PresentCall]) -> str:
    """The call that was answered first of those whose ACK should have come."""
    late = [(call.answered_at, call.line) for call in calls if call.overdue and call.answered_at is not None]
    return min(late)[1] if late else ""


def _of_the_greediest(calls: Iterable[PresentCall], share: int) -> str:
    """The first answered call of the source that has most, when the newcomer's source stays below it."""
    answered = [(call.source, call.answered_at, call.line) for call in calls if call.answered_at is not None]
    if not answered:
        return ""
    source, count = Counter(of for of, _, _ in answered).most_common(1)[0]
    return min((at, line) for of, at, line in answered if of == source)[1] if count > share + 1 else ""
