"""Two cores and a network that loses, repeats and overtakes: calls come up, end, and leave nothing (RFC 3261 §17)."""

from __future__ import annotations

import heapq
import itertools
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from sip.core.agent import UserAgent
from sip.core.config import Timing
from sip.core.events import Ended, Event, Invited, Up
from sip.core.leg_in import InboundLeg
from sip.core.leg_out import OutboundLeg, Target
from sip.core.wire import Addr
from tests.sip.core.house import Sound

A, B = Addr("192.0.2.1", 5060), Addr("192.0.2.2", 5060)
FATES = st.lists(st.sampled_from(("lost", "twice", "late", "well", "well")), min_size=1, max_size=12)


class Network:
    """A calls B; each datagram meets the next fate of the list, and after it every one arrives."""

    def __init__(self, fates: list[str], transport: str = "UDP") -> None:
        self.now, self.fates, self.transport = 0.0, list(fates), transport
        self.on_the_way: list[tuple[float, int, bytes, Addr, Addr]] = []
        self.count = itertools.count()
        self.ports: set[int] = set()
        self.told: dict[Addr, list[Event]] = {A: [], B: []}
        self.cores = {
            here: UserAgent("core", Timing(), Random(n), lambda _, here=here: here[:2]) for n, here in enumerate((A, B))
        }
        self.called: InboundLeg | None = None
        self.sent = 0
        target = Target(f"sip:b@{B.host}", B._replace(transport=transport))
        self.calling = OutboundLeg(self.cores[A], target, Sound(1, self.ports), from_user="a", call_id="c")
        self.calling.call(60.0)
        self.flush()

    def flush(self) -> None:
        """Put on the way what the cores have to send; B answers who calls."""
        for here, core in self.cores.items():
            while True:
                for data, to in core.datagrams_to_send(self.now):
                    self._post(data, here, Addr(to.host, to.port))
                event = core.next_event()
                if event is None:
                    break
                self.told[here].append(event)
                if isinstance(event, Invited):
                    self.called = InboundLeg(core, event.transaction, Sound(2, self.ports), 90)
                    assert self.called.begin(180.0)
                    self.called.answer()

    def _post(self, data: bytes, here: Addr, to: Addr) -> None:
        self.sent += 1
        fate = self.fates.pop(0) if self.fates and self.transport == "UDP" else "well"
        for delay in {"lost": (), "twice": (0.01, 0.05), "late": (0.7,)}.get(fate, (0.01,)):
            heapq.heappush(self.on_the_way, (self.now + delay, next(self.count), data, here, to))

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
            self.flush()
        self.now = end

    def hang_up(self, leg: OutboundLeg | InboundLeg) -> None:
        leg.agent.advance(self.now)
        leg.hang_up("done")
        self.flush()

    @property
    def left(self) -> int:
        cores = self.cores.values()
        return len(self.ports) + sum(len(core.layer) + len(core.dialogs) + len(core.schedule) for core in cores)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(FATES, FATES, st.booleans())
def test_a_call_comes_up_and_ends_however_its_datagrams_are_lost_repeated_and_overtaken(
    before: list[str], after: list[str], caller_ends: bool
) -> None:
    network = Network(before)
    network.wait(31.0)
    if before[:6] != ["lost"] * 6:  # else nothing is left of 32 s of trying
        for here in (A, B):
            assert [type(event) for event in network.told[here] if isinstance(event, Up)] == [Up]
    network.fates = list(after)
    ends: OutboundLeg | InboundLeg | None = network.calling if caller_ends else network.called
    if ends is not None:
        network.hang_up(ends)
    network.wait(100.0)
    for here in (A, B):
        assert len([event for event in network.told[here] if isinstance(event, Ended)]) <= 1
    assert network.left == 0


def test_over_a_reliable_transport_nothing_is_repeated_and_nothing_lingers() -> None:
    network = Network([], "TCP")
    network.wait(1.0)
    assert network.calling.state == "up" and network.sent == 4  # INVITE, 100, 200, ACK
    network.hang_up(network.calling)
    network.wait(1.0)
    assert network.sent == 6 and network.calling.state == "gone"
    network.wait(64.0)
    assert network.sent == 6 and network.left == 0


def test_an_invite_nobody_hears_is_repeated_seven_times_in_32_seconds_and_given_up() -> None:
    network = Network(["lost"] * 20)
    network.wait(31.9)
    assert network.sent == 7 and network.calling.state == "early"  # 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s
    network.wait(0.2)
    (ended,) = network.told[A]
    assert isinstance(ended, Ended) and ended.cause == "unreachable" and network.left == 0
