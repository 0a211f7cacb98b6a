"""Two cores and a network between them that loses, repeats and delays what it likes; waiting costs nothing."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from random import Random

from hypothesis import strategies as st

from sip.core.agent import UserAgent
from sip.core.config import EmbeddedConfig, SeatConfig, Timing
from sip.core.credentials import Credentials
from sip.core.events import Ended, Event, Invited
from sip.core.leg_in import InboundLeg
from sip.core.leg_out import DialTarget, OutboundLeg
from sip.core.registrar import Registrar
from sip.core.registration import Registration
from sip.core.sip_messages import Addr, Host
from tests.sip.core.house import Leg, Sound

A, B = Addr("192.0.2.1", 5060), Addr("192.0.2.2", 5060)
FATES = st.lists(st.sampled_from(("lost", "twice", "late", "well", "well")), min_size=1, max_size=12)
_DELAYS = {"lost": (), "twice": (0.01, 0.05), "late": (0.7,), "well": (0.01,)}  # seconds on the way, of each copy


class Network:
    """A calls B. Each datagram meets the next fate of the weather; after the last every one arrives.

    ``answers``: else B only rings.
    """

    def __init__(self, fates: Iterable[str] = (), transport: str = "UDP", answers: bool = True) -> None:
        self.now, self.fates, self.transport, self.answers = 0.0, list(fates), transport, answers
        self.on_the_way: list[tuple[float, int, bytes, Addr, Addr]] = []
        self.count = itertools.count()
        self.ports: set[int] = set()
        self.told: dict[Addr, list[Event]] = {A: [], B: []}
        self.cores = {here: UserAgent("core", Timing(), Random(n), _at(here)) for n, here in enumerate((A, B))}
        self.registrar = Registrar(EmbeddedConfig(seats={"101": SeatConfig("101", "s3cret")}), self.cores[B])
        self.cores[B].on_register = self.registrar.handle
        self.calling: OutboundLeg | None = None
        self.called: InboundLeg | None = None
        self.sent = 0

    # --- what is done ------------------------------------------------------------------------

    def call(self) -> OutboundLeg:
        """A calls B."""
        target = DialTarget(f"sip:b@{B.host}", B._replace(transport=self.transport))
        leg = OutboundLeg(self.cores[A], target, Sound(1, self.ports), from_user="a", call_id="c")
        self.calling = leg
        self.do(lambda: leg.call(60.0))
        return leg

    def registers(self) -> Registration:
        """A keeps a registration with B."""
        one = Registration(self.cores[A], B.host, Credentials("101", "s3cret"), 300)
        self.do(one.start)
        return one

    def do(self, verb: Callable[[], object]) -> None:
        """A verb of a leg or a registration, now."""
        for core in self.cores.values():
            core.advance(self.now)
        verb()
        self._flush()

    def hang_up(self, leg: Leg | None) -> None:
        """Nobody's call ends quietly."""
        if leg is not None:
            self.do(lambda: leg.hang_up("done"))

    # --- time --------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Let time pass: what is on the way arrives, what is due is done."""
        end = self.now + seconds
        while True:
            due = [timer for core in self.cores.values() if (timer := core.next_timer()) is not None]
            first = min([*due, *(item[0] for item in self.on_the_way[:1])], default=end + 1)
            if first > end:
                break
            self.now = max(self.now, first)
            if self.on_the_way and self.on_the_way[0][0] <= self.now:
                _, _, data, here, to = heapq.heappop(self.on_the_way)
                self.cores[to].receive(data, here._replace(transport=self.transport), self.now)
            for core in self.cores.values():
                core.handle_timer(self.now)
            self._flush()
        self.now = end

    # --- what is seen --------------------------------------------------------------------------

    def of(self, here: Addr, kind: type) -> list[Event]:
        """What the core of an address told, of one kind."""
        return [event for event in self.told[here] if isinstance(event, kind)]

    @property
    def ends(self) -> list[int]:
        """How often each side was told the end of its call."""
        return [len(self.of(here, Ended)) for here in (A, B)]

    @property
    def left(self) -> int:
        """Ports, transactions, dialogs and timers of both."""
        cores = self.cores.values()
        return len(self.ports) + sum(len(core.layer) + len(core.dialogs) + len(core.schedule) for core in cores)

    # --- inside --------------------------------------------------------------------------------

    def _flush(self) -> None:
        for here, core in self.cores.items():
            while True:
                for data, to in core.datagrams_to_send(self.now):
                    self._post(data, here, Addr(to.host, to.port))
                event = core.next_event()
                if event is None:
                    break
                self.told[here].append(event)
                if isinstance(event, Invited):
                    self._invited(core, event)

    def _invited(self, core: UserAgent, event: Invited) -> None:
        self.called = InboundLeg(core, event.transaction, Sound(2, self.ports), 90)
        assert self.called.begin(180.0)
        self.called.ring()
        if self.answers:
            self.called.answer()

    def _post(self, data: bytes, here: Addr, to: Addr) -> None:
        self.sent += 1
        fate = self.fates.pop(0) if self.fates and self.transport == "UDP" else "well"
        for delay in _DELAYS[fate]:
            heapq.heappush(self.on_the_way, (self.now + delay, next(self.count), data, here, to))


def _at(here: Addr) -> Callable[[Addr], Host]:
    return lambda _: here[:2]
