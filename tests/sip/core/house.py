"""A core in a time of its own: a far end writes datagrams by hand, sound is a port number, waiting costs nothing."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any, Protocol, TypeVar

from sip.core.agent import UserAgent
from sip.core.config import EmbeddedConfig, SeatConfig
from sip.core.crypto import Secret
from sip.core.events import Ended, Event, Found, Invited, LookUp, Up
from sip.core.leg_in import InboundLeg, well_formed
from sip.core.leg_out import DialTarget, OutboundLeg
from sip.core.referral import of_seat
from sip.core.registrar import Registrar
from sip.core.sip_messages import Addr, is_ip

HERE = Addr("192.0.2.1", 5060)
FAR = Addr("192.0.2.77", 5099)
NOTHING = {"lines": 0, "ports": 0, "transactions": 0, "dialogs": 0, "timers": 0}

Leg = InboundLeg | OutboundLeg
_Event = TypeVar("_Event")


class FarEnd(Protocol):
    """Whoever gets what is sent to an address."""

    inbox: deque[bytes]


class Sound:
    """Stands where an audio stream would: it counts as a taken port until it is closed."""

    def __init__(self, port: int, taken: set[int]) -> None:
        self.port, self._taken = port, taken
        self.on_broken: Callable[[Exception], None] | None = None
        self.remote: tuple[str, int] | None = None
        self.sends = self.receives = self.confirmed = False
        self.keys = ""
        self.codec: int | None = None
        self.payload_type: int | None = None
        self.secret: Secret | None = None
        taken.add(port)

    def set_remote(
        self,
        host: str,
        port: int,
        payload_type: int,
        dtmf_pt: int | None,
        send: bool = True,
        receive: bool = True,
        *,
        codec: int | None = None,
        secret: Secret | None = None,
        via: str = "",
        confirmed: bool = True,
    ) -> None:
        assert is_ip(host) and 0 <= port <= 65_535 and 0 <= payload_type <= 127 and codec in (0, 8, 9)
        assert dtmf_pt is None or (0 <= dtmf_pt <= 127 and dtmf_pt not in (0, 8))
        self.remote, self.codec, self.payload_type = (host, port), codec, payload_type
        self.secret = secret
        self.sends, self.receives, self.confirmed = send, receive, self.confirmed or confirmed

    def confirm(self) -> None:
        self.confirmed = True

    def pressed(self, key: str, way: str, /) -> None:
        self.keys += key

    def close(self) -> None:
        self._taken.discard(self.port)
        self.on_broken = None


class House:
    """A hotline of one seat on the core; it answers every call, and whoever has ended is counted.

    ``settings``: of :class:`EmbeddedConfig`. ``answers``: else a call only waits.
    """

    def __init__(self, seed: int = 1, answers: bool = True, **settings: object) -> None:
        self.now, self.answers = 1000.0, answers
        values: dict[str, Any] = {"seats": {"101": SeatConfig("101", "s3cret")}, "max_calls": 5, "qualify_s": 0}
        self.config = EmbeddedConfig(**(values | settings))
        self.agent = UserAgent("house", self.config.timing, Random(seed), lambda _: HERE[:2])
        self.agent.advance(self.now)
        self.registrar = Registrar(self.config, self.agent)
        self.agent.on_register = self.registrar.handle
        self.ports: set[int] = set()
        self.calls: list[InboundLeg] = []  # of all who called and were not refused at once
        self.legs: set[Leg] = set()  # that are there now
        self.up: list[Leg] = []
        self.events: list[Event] = []
        self.sent: list[tuple[bytes, Addr]] = []
        self.far: dict[tuple[str, int], FarEnd] = {}
        self.names: dict[str, Addr] = {}  # what a look-up finds
        self._port = 20_000

    # --- time and datagrams ------------------------------------------------------------------

    def receive(self, data: bytes, source: Addr = FAR) -> list[bytes]:
        """What is sent because this came."""
        self.agent.receive(data, source, self.now)
        return self.run()

    def do(self, verb: Callable[[], object]) -> list[bytes]:
        """A verb of a leg or a registration, and what is sent because of it."""
        self.agent.advance(self.now)
        verb()
        return self.run()

    def run(self) -> list[bytes]:
        """Take what the core has to say."""
        out: list[bytes] = []
        while True:
            for data, to in self.agent.datagrams_to_send(self.now):
                assert 1 <= to.port <= 65_535 and is_ip(to.host)
                self.sent.append((data, to))
                out.append(data)
                if (far := self.far.get(to[:2])) is not None:
                    far.inbox.append(data)
            event = self.agent.next_event()
            if event is None:
                return out
            self.events.append(event)
            self._happened(event)

    def step(self, end: float) -> list[bytes] | None:
        """Go on to the next timer; None when none comes until ``end``: then it is that late."""
        due = self.agent.next_timer()
        if due is None or due > end:
            self.now = max(self.now, end)
            return None
        self.now = max(self.now, due)
        self.agent.handle_timer(self.now)
        return self.run()

    def wait(self, seconds: float) -> list[bytes]:
        """Let time pass; every timer comes when it is due."""
        end, out = self.now + seconds, list[bytes]()
        while (sent := self.step(end)) is not None:
            out += sent
        return out

    # --- what it does --------------------------------------------------------------------------

    def dial(self, to: Addr = FAR, ring_s: float = 12.0, display: str = "") -> OutboundLeg:
        """Ring the phone of a seat."""
        target = DialTarget(f"sip:101@{to.host}:{to.port}", to)
        leg = OutboundLeg(
            self.agent, target, self.sound(), from_user="hotline", display=display, call_id=f"to-the-seat-{self._port}"
        )
        self.call(leg, ring_s)
        return leg

    def call(self, leg: OutboundLeg, ring_s: float = 12.0) -> None:
        """A leg of ours goes out."""
        self.legs.add(leg)
        self.do(lambda: leg.call(ring_s))

    def hang_up(self, cause: str) -> None:
        """The hotline ends the only call there is."""
        self.do(lambda: self.leg.hang_up(cause))

    def hang_up_all(self) -> list[bytes]:
        """The hotline has said farewell to everybody."""
        return self.do(lambda: [leg.hang_up("done") for leg in list(self.legs)])

    def sound(self) -> Sound:
        self._port += 2
        return Sound(self._port, self.ports)

    # --- what is seen --------------------------------------------------------------------------

    @property
    def leg(self) -> Any:
        """The only one there is."""
        (leg,) = self.legs
        return leg

    def of(self, kind: type[_Event]) -> list[_Event]:
        """The events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def ends(self) -> list[tuple[str, str]]:
        """By whom, and why: of every leg that ended."""
        return [(event.by, event.cause) for event in self.of(Ended)]

    @property
    def left(self) -> dict[str, int]:
        """Whatever a call could leave behind; :data:`NOTHING` when nothing did."""
        return {
            "lines": len(self.legs),
            "ports": len(self.ports),
            "transactions": len(self.agent.layer),
            "dialogs": len(self.agent.dialogs),
            "timers": len(self.agent.schedule),
        }

    # --- inside --------------------------------------------------------------------------------

    def _happened(self, event: Event) -> None:
        if isinstance(event, Invited):
            self._invited(event)
        elif isinstance(event, Up):
            assert isinstance(event.leg, Leg)
            self.up.append(event.leg)
        elif isinstance(event, Ended):
            self.legs.discard(event.leg)
        elif isinstance(event, LookUp):
            known = self.names.get(event.host)
            found = Found((known,)) if known is not None else Found()
            self.agent.found(event.number, found, self.now)

    def _invited(self, event: Invited) -> None:
        transaction = event.transaction
        if len(self.legs) >= self.config.max_calls:
            transaction.respond(503)
        elif well_formed(transaction) and (seat := self.registrar.calling(transaction)) is not None:
            sound = self.sound()
            leg = InboundLeg(self.agent, transaction, sound, self.config.min_session_s)
            if seat:
                of_seat(leg, seat)
            if not leg.begin(self.config.setup_timeout_s):
                sound.close()
                return
            self.calls.append(leg)
            self.legs.add(leg)
            if self.answers:
                leg.answer()


def codes(sent: list[bytes], method: str) -> list[int]:
    """The status codes of the answers to a method, in order."""
    found = (re.match(rb"SIP/2\.0 (\d{3}) .*?^CSeq: \S+ (\w+)", data, re.DOTALL | re.MULTILINE) for data in sent)
    return [int(match[1]) for match in found if match and match[2].decode() == method]
