"""Dial by the embedded engine: every phone of a seat at once, or a citizen over the trunk."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence

from ivr.telephony import FailReason, LineFailed
from sip.core.config import EmbeddedConfig
from sip.core.events import Ended, Found
from sip.core.fork import Fork
from sip.core.leg_out import DialTarget, OutboundLeg, sealing
from sip.core.phones import Phones, RegisteredPhone
from sip.core.referral import of_seat
from sip.core.sip_messages import Addr
from sip.core.trunk import server_of, trunk_leg
from sip.embedded.legs import EmbeddedLeg, EmbeddedLegs, now_ms
from sip.embedded.media import Media, NoPorts, Stream
from sip.embedded.shell import Shell
from sip.numbers import is_number

log = logging.getLogger(__name__)

_TRIES = 8  # x T1: a phone that has not said a word after four INVITEs is not there


class EmbeddedDialling:
    """A ``line`` it is given is new and known to ``lines``, and gets its end in any case."""

    def __init__(self, config: EmbeddedConfig, shell: Shell, media: Media, lines: EmbeddedLegs, phones: Phones) -> None:
        self._config, self._shell, self._media = config, shell, media
        self._lines, self._phones = lines, phones

    def seat(self, line: EmbeddedLeg, seat: str, ring_ms: int, display: str, codec: int) -> None:
        """Ring the phones of a seat that answer. ``codec``: to be offered first."""
        found = self._phones.to_ring(seat)
        if not found:
            self.failed(line, "unreachable")
            return
        fork = Fork(self._phones.silent, len(found))
        self._lines.begin(line, fork)
        for phone in found:
            self._phone(line, fork, phone, seat, ring_ms, display, codec)

    def _phone(
        self, line: EmbeddedLeg, fork: Fork, phone: RegisteredPhone, seat: str, ring_ms: int, display: str, codec: int
    ) -> None:
        def ring(servers: Sequence[Addr], stream: Stream) -> None:
            target, name = DialTarget(phone.uri, servers[0], phone.behind_nat), uuid.uuid4().hex
            seal = sealing(self._config.seats[seat].encryption, servers[0])
            leg = OutboundLeg(
                self._shell.agent, target, stream, from_user="hotline", display=display, call_id=name, first=codec,
                seal=seal,
            )  # fmt: skip
            of_seat(leg, seat)
            self._lines.ring(line, leg, phone, stream)
            leg.call(ring_ms / 1000, _TRIES * self._config.timing.t1)

        def lost(reason: FailReason) -> None:
            if (end := fork.lost(Ended(fork, "failure", reason, 0))) is not None:
                self._lines.happened(end)

        self._call(line, self._phones.way_to(phone), ring, lost)

    def number(self, line: EmbeddedLeg, number: str, ring_ms: int, caller_id: str) -> None:
        """Ring a citizen."""
        trunk = self._config.trunk
        if trunk is None or not is_number(number):
            self.failed(line, "unreachable" if trunk is None else "refused")
            return

        def ring(servers: Sequence[Addr], stream: Stream) -> None:
            leg = trunk_leg(self._shell.agent, trunk, number, caller_id, servers, stream)
            self._lines.attach(line, leg, stream)
            leg.call(ring_ms / 1000)

        self._call(line, (*server_of(trunk), trunk.transport), ring, lambda reason: self.failed(line, reason))

    def failed(self, line: EmbeddedLeg, reason: FailReason) -> None:
        """The line's end."""
        self._lines.end(line, LineFailed(line.name, now_ms(), reason))

    def _call(
        self,
        line: EmbeddedLeg,
        to: tuple[str, int | None, str],
        ring: Callable[[Sequence[Addr], Stream], None],
        lost: Callable[[FailReason], None],
    ) -> None:
        """Ring whoever is at one of the servers of ``to``, with a stream; or say why that cannot be."""

        def go(found: Found) -> None:
            if line.gone or line.leg is not None:
                return
            servers = self._shell.agent.servers.ordered(found.addresses, self._shell.agent.now)
            if not servers:
                lost("unreachable")
                return
            try:
                stream = self._media.open()
            except NoPorts as error:
                log.error("line %s cannot be dialled: %s", line.name, error)
                lost("error")
                return
            ring(servers, stream)

        with self._shell.turn() as agent:
            agent.locate(*to, go)
