"""Registered phones of seats, and whether they answer.

A seat has as many phones as registered for it, and the one at its fixed address. Each is asked by OPTIONS
(RFC 3261 §11) as soon as it is known and every ``qualify_s`` from then on; one that does not answer is not rung until
it does. Any answer will do: who can refuse can ring.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiosipua.message import SipResponse

from sip.core.agent import UserAgent
from sip.core.config import EmbeddedConfig
from sip.core.dice import between, token
from sip.core.events import Reached
from sip.core.locating import addr_of
from sip.core.sip_messages import Addr, host_of, host_port, scheme_of, uri_of
from sip.core.timers import Timers

log = logging.getLogger(__name__)

MOST = 10  # phones of one seat
FOREVER = float("inf")


@dataclass(slots=True, eq=False)
class RegisteredPhone:
    """One phone: its Contact, where its packets come from, until when (the core's time).

    ``call_id`` and ``cseq``: of its last REGISTER. ``instance``: which telephone it says it is (RFC 5626 §4.1).
    ``answers``: as far as is known. ``asked``: when it was asked last.
    """

    uri: str
    to: Addr
    until: float = FOREVER
    call_id: str = ""
    cseq: int = 0
    instance: str = ""
    answers: bool = True
    asked: float = 0.0

    @property
    def behind_nat(self) -> bool:
        """Its Contact names a host that its packets do not come from."""
        return self.until != FOREVER and host_of(self.uri)[0] != self.to.host

    def is_same(self, other: RegisteredPhone) -> bool:
        """Is it the same telephone? Behind address translation many have the same Contact."""
        if self.instance and self.instance == other.instance:
            return True
        if self.uri != other.uri:
            return False
        return self.call_id == other.call_id or self.to == other.to or not (self.behind_nat and other.behind_nat)


class Phones:
    """All phones of all seats; each change of what can be rung is an event."""

    def __init__(self, config: EmbeddedConfig, agent: UserAgent) -> None:
        self._agent, self._every = agent, config.qualify_s
        self._patience = 8 * agent.timing.t1  # four tries over UDP
        self._of = {seat.id: list(_fixed(seat.uri)) for seat in config.seats.values()}
        self._timers: dict[RegisteredPhone, Timers] = {}
        self._here = {seat: bool(phones) for seat, phones in self._of.items()}
        agent.registered.append(self._far_ends)
        agent.on_disconnected.append(self._disconnected)

    def start(self) -> None:
        """Ask those with a fixed address."""
        for phone in [phone for phones in self._of.values() for phone in phones]:
            self._watch(phone)

    def close(self) -> None:
        for timers in self._timers.values():
            timers.clear_all()

    def reachable(self) -> dict[str, bool]:
        """Every seat and whether it can be rung."""
        return dict(self._here)

    def to_ring(self, seat: str) -> list[RegisteredPhone]:
        """Those of a seat that answer, as far as is known."""
        return [phone for phone in self._of.get(seat, ()) if phone.answers]

    def registered(self, seat: str) -> list[RegisteredPhone]:
        """Those that registered, the newest last."""
        return [phone for phone in self._of[seat] if phone.until != FOREVER]

    def sources(self) -> Iterator[str]:
        """The addresses registered phones send from."""
        return (phone.to.host for phones in self._of.values() for phone in phones if phone.until != FOREVER)

    def keep(self, seat: str, phones: Sequence[RegisteredPhone]) -> None:
        """These have registered, the newest last; of too many those that do not answer go first, then the oldest."""
        before = self._of[seat]
        kept = sorted(phones, key=lambda phone: phone.answers)[-MOST:]
        self._of[seat] = [phone for phone in before if phone.until == FOREVER] + [p for p in phones if p in kept]
        for phone in set(before).difference(self._of[seat]):
            if timers := self._timers.pop(phone, None):
                timers.clear_all()
        for phone in self._of[seat]:
            if phone not in self._timers or not phone.answers:
                self._watch(phone)
        self._look_again(seat)

    def way_to(self, phone: RegisteredPhone) -> Addr:
        """Its own connection; when that is gone a new one to its Contact, where it can be had there."""
        if not phone.to.reliable or phone.to in self._agent.connections:
            return phone.to
        return addr_of(phone.uri, phone.to.transport)

    def silent(self, phone: RegisteredPhone) -> None:
        """It was rung and did not say a word."""
        if self._every:
            self._answered(phone, False)

    def next_end(self) -> float:
        """When the next registration ends, unless it is renewed."""
        return min((phone.until for phones in self._of.values() for phone in phones), default=FOREVER)

    def expire(self) -> None:
        """Forget those whose time is over."""
        now = self._agent.now
        for seat in self._of:
            registered = self.registered(seat)
            alive = [phone for phone in registered if phone.until > now]
            if len(alive) < len(registered):
                self.keep(seat, alive)

    def _far_ends(self) -> Iterator[Addr]:
        return (phone.to for phones in self._of.values() for phone in phones)

    def _disconnected(self, from_: Addr) -> None:
        """Ask at once whether a phone whose connection is gone can be had another way."""
        for phone, timers in list(self._timers.items()):
            if phone.to == from_ and self._every:
                self._ask(phone, timers)

    # --- asking ----------------------------------------------------------------------------

    def _watch(self, phone: RegisteredPhone) -> None:
        timers = self._timers.setdefault(phone, Timers(self._agent.schedule))
        if self._every:
            self._ask(phone, timers)

    def _ask(self, phone: RegisteredPhone, timers: Timers) -> None:
        def go(to: Addr | None) -> None:
            if self._timers.get(phone) is not timers:
                return
            if to is None:
                self._answered(phone, False)
                return
            here = host_port(self._agent.local(to))
            headers = [
                ("From", f"<sip:hotline@{here}>;tag={token(self._agent.dice)}"),
                ("To", f"<{phone.uri}>"),
                ("Call-ID", token(self._agent.dice, 128)),
                ("CSeq", "1 OPTIONS"),
                self._agent.contact("hotline", to),
                ("Accept", "application/sdp"),
            ]
            request = self._agent.new_request("OPTIONS", phone.uri, to, headers)
            timers.arm("patience", self._patience, lambda: self._answered(phone, False))
            self._agent.request(request, to, heard, nobody)

        def heard(response: SipResponse) -> None:
            if self._timers.get(phone) is timers:
                timers.clear("patience")
                self._answered(phone, response.status_code != 408)  # that a proxy says for a phone which is not there

        def nobody() -> None:
            """The network says so, or an old question is given up, which says nothing new."""
            if phone.asked == asked:
                self._answered(phone, False)

        phone.asked = asked = self._agent.now
        timers.arm("ask", self._every * between(self._agent.dice, 0.9, 1.1), lambda: self._ask(phone, timers))
        self._agent.resolve(self.way_to(phone), go)

    def _answered(self, phone: RegisteredPhone, answers: bool) -> None:
        seat = next((seat for seat, phones in self._of.items() if phone in phones), None)
        if seat is None or phone.answers == answers:
            return
        phone.answers = answers
        log.info("seat %s: the phone at %s %s", seat, phone.to.host, "answers" if answers else "does not answer")
        self._look_again(seat)

    def _look_again(self, seat: str) -> None:
        here = bool(self.to_ring(seat))
        if self._here[seat] != here:
            self._here[seat] = here
            log.info("seat %s is %s", seat, "reachable" if here else "not reachable")
            self._agent.tell(Reached(seat, here))


def _fixed(uri: str | None) -> Iterator[RegisteredPhone]:
    """The phone at a fixed address, if it is one."""
    if uri and scheme_of(uri_of(uri)) in ("sip", "sips"):
        try:
            yield RegisteredPhone(uri_of(uri), addr_of(uri_of(uri)))
        except ValueError:
            log.warning("%s is no address of a phone", uri)
