"""A core in a time of its own: a far end writes datagrams by hand, sound is a port number, waiting costs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from sip.core.agent import UserAgent
from sip.core.config import EmbeddedConfig, SeatConfig, Timing
from sip.core.events import Ended, Event, Invited, LookUp, Up
from sip.core.leg_in import InboundLeg, well_formed
from sip.core.leg_out import OutboundLeg, Target
from sip.core.registrar import Registrar
from sip.core.wire import Addr, is_ip

HERE = Addr("192.0.2.1", 5060)
FAR = Addr("192.0.2.77", 5099)


class Sound:
    """Stands where an audio stream would: it counts as a taken port until it is closed."""

    def __init__(self, port: int, taken: set[int]) -> None:
        self.port, self._taken = port, taken
        self.on_broken: Callable[[Exception], None] | None = None
        self.remote: tuple[str, int] | None = None
        self.keys = ""
        self.codec: int | None = None
        self.payload_type: int | None = None
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
        via: str = "",
        confirmed: bool = True,
    ) -> None:
        assert is_ip(host) and 0 <= port <= 65_535 and 0 <= payload_type <= 127 and codec in (0, 8)
        assert dtmf_pt is None or (0 <= dtmf_pt <= 127 and dtmf_pt not in (0, 8))
        self.remote = host, port
        self.codec, self.payload_type = codec, payload_type

    def confirm(self) -> None:
        pass

    def pressed(self, key: str, way: str, /) -> None:
        self.keys += key

    def close(self) -> None:
        self._taken.discard(self.port)
        self.on_broken = None


class House:
    """A hotline of one seat on the core; it answers every call, and whoever has ended is counted."""

    def __init__(self, seed: int = 1, max_calls: int = 5, answers: bool = True) -> None:
        self.now, self.max_calls, self.answers = 1000.0, max_calls, answers
        self.agent = UserAgent("house", Timing(), Random(seed), lambda _: HERE[:2])
        self.agent.advance(self.now)
        config = EmbeddedConfig(seats={"101": SeatConfig("101", "s3cret")})
        self.registrar = Registrar(config, self.agent)
        self.agent.on_register = self.registrar.handle
        self.ports: set[int] = set()
        self.legs: set[InboundLeg | OutboundLeg] = set()
        self.up: list[InboundLeg | OutboundLeg] = []
        self.events: list[Event] = []
        self.sent: list[tuple[bytes, Addr]] = []
        self._port = 20_000

    # --- time and datagrams ------------------------------------------------------------------

    def receive(self, data: bytes, source: Addr = FAR) -> list[bytes]:
        """What is sent because this came."""
        self.agent.receive(data, source, self.now)
        return self.run()

    def run(self) -> list[bytes]:
        """Take what the core has to say."""
        out: list[bytes] = []
        while True:
            for data, to in self.agent.datagrams_to_send(self.now):
                assert 1 <= to.port <= 65_535 and is_ip(to.host)
                self.sent.append((data, to))
                out.append(data)
            event = self.agent.next_event()
            if event is None:
                return out
            self.events.append(event)
            self._happened(event)

    def wait(self, seconds: float) -> list[bytes]:
        """Let time pass; every timer comes when it is due."""
        end, out = self.now + seconds, list[bytes]()
        while (due := self.agent.next_timer()) is not None and due <= end:
            self.now = max(self.now, due)
            self.agent.handle_timer(self.now)
            out += self.run()
        self.now = end
        return out

    def dial(self, ring_s: float = 12.0) -> OutboundLeg:
        """Ring the far end, as the phone of a seat."""
        target = Target(f"sip:101@{FAR.host}:{FAR.port}", FAR)
        leg = OutboundLeg(self.agent, target, self._sound(), from_user="hotline", call_id="to-the-seat")
        self.legs.add(leg)
        leg.call(ring_s)
        return leg

    def hang_up_all(self) -> list[bytes]:
        """The hotline has said farewell to everybody."""
        self.agent.advance(self.now)
        for leg in list(self.legs):
            leg.hang_up("done")
        return self.run()

    @property
    def left(self) -> dict[str, int]:
        """Whatever a call could leave behind; all zero when nothing did."""
        return {
            "lines": len(self.legs),
            "ports": len(self.ports),
            "transactions": len(self.agent.layer),
            "dialogs": len(self.agent.dialogs),
            "timers": len(self.agent.schedule),
        }

    # --- inside --------------------------------------------------------------------------------

    def _sound(self) -> Sound:
        self._port += 2
        return Sound(self._port, self.ports)

    def _happened(self, event: Event) -> None:
        if isinstance(event, Invited):
            self._invited(event)
        elif isinstance(event, Up):
            assert isinstance(event.leg, InboundLeg | OutboundLeg)
            self.up.append(event.leg)
        elif isinstance(event, Ended):
            self.legs.discard(event.leg)  # type: ignore[arg-type]
        elif isinstance(event, LookUp):  # no name is known here
            self.agent.found(event.number, None, self.now)

    def _invited(self, event: Invited) -> None:
        transaction = event.transaction
        if len(self.legs) >= self.max_calls:
            transaction.respond(503)
        elif well_formed(transaction):
            sound = self._sound()
            leg = InboundLeg(self.agent, transaction, sound, 90)
            if not leg.begin(180.0):
                sound.close()
                return
            self.legs.add(leg)
            if self.answers:
                leg.answer()


def codes(sent: list[bytes], method: str) -> list[int]:
    """The status codes of the answers to a method, in order."""
    found = (re.match(rb"SIP/2\.0 (\d{3}) .*?^CSeq: \S+ (\w+)", data, re.DOTALL | re.MULTILINE) for data in sent)
    return [int(match[1]) for match in found if match and match[2].decode() == method]
