"""All phones of a seat ring, and the first to lift has the call; in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.core.events import Ended, Event, Ringing, Up
from sip.core.fork import Fork
from sip.core.leg_out import DialTarget, OutboundLeg
from sip.core.sip_messages import Addr
from tests.sip.core.desk import Desk, invites, pass_time, says, serve
from tests.sip.core.house import House
from tests.sip.core.script import SDP, answer

NAT = "198.51.100.7"
RING_S, SILENT_S = 12.0, 4.0


class Seat(House):
    """Seat 101 with ``phones`` behind one address, all of one Contact. ``told``: what its line is told."""

    def __init__(self, phones: int, seed: int = 1) -> None:
        super().__init__(seed, qualify_s=15)
        self.told: list[Event] = []
        self.fork: Fork | None = None
        self.desks = [Desk(self, Addr(NAT, 40_000 + n), contact="sip:101@10.0.0.5:5060") for n in range(phones)]
        for desk in self.desks:
            assert desk.register() == 200
        self.let(1)

    def let(self, seconds: float) -> None:
        """Time passes; what is sent arrives."""
        pass_time(self, self.desks, seconds)

    def ring(self) -> None:
        phones = self.registrar.phones
        found = phones.to_ring("101")
        self.fork = Fork(phones.silent, len(found))
        for phone in found:
            target = DialTarget(phone.uri, phone.to, phone.behind_nat)
            leg = OutboundLeg(self.agent, target, self.sound(), from_user="hotline", call_id=f"ring{phone.to.port}")
            self.legs.add(leg)
            self.fork.add(leg, phone)
            leg.call(RING_S, SILENT_S)
        self.run()
        serve(self, self.desks)

    def give_up(self) -> None:
        assert self.fork is not None
        if (end := self.fork.hang_up()) is not None:
            self.told.append(end)
        self.run()
        serve(self, self.desks)

    def _happened(self, event: Event) -> None:
        super()._happened(event)
        if isinstance(event, Ringing | Up | Ended) and self.fork is not None:
            if (found := self.fork.happened(event)) is not None:
                self.told.append(found)

    @property
    def reasons(self) -> list[str]:
        return [event.cause for event in self.told if isinstance(event, Ended)]


def obey(desk: Desk, done: set[bytes]) -> None:
    """A phone does what the standard asks of it: 200 and 487 to CANCEL, 200 to BYE."""
    for data in list(desk.heard):
        if data in done or not data.startswith((b"CANCEL ", b"BYE ")):
            continue
        done.add(data)
        desk.house.receive(answer(data, 200).data(), desk.source)
        if data.startswith(b"CANCEL "):
            says(desk, invites(desk)[-1], 487)


def test_all_phones_ring_and_the_first_to_lift_has_the_call_the_others_are_cancelled() -> None:
    seat = Seat(3)
    seat.ring()
    for desk in seat.desks:
        assert len(invites(desk)) == 1
        says(desk, invites(desk)[0], 180)
    says(seat.desks[1], invites(seat.desks[1])[0], 200)
    seat.let(0.1)
    assert [type(event) for event in seat.told] == [Ringing, Up]
    for desk in (seat.desks[0], seat.desks[2]):
        assert [b"cause=200" in data for data in desk.heard if data.startswith(b"CANCEL ")] == [True]
        obey(desk, set())
    seat.let(40)
    (leg,) = seat.up
    assert seat.told[1:] == [Up(leg)] and leg.state == "up" and seat.legs == {leg} and len(seat.ports) == 1


def test_two_that_lift_at_once_are_one_call_and_the_second_is_told_farewell() -> None:
    seat = Seat(2)
    seat.ring()
    for desk in seat.desks:
        says(desk, invites(desk)[0], 180)
    for desk in seat.desks:
        says(desk, invites(desk)[0], 200)
    seat.let(0.5)
    first, second = seat.desks
    assert not any(data.startswith(b"BYE ") for data in first.heard)
    assert any(data.startswith(b"ACK ") for data in second.heard)
    assert any(data.startswith(b"BYE ") for data in second.heard)
    assert [type(event) for event in seat.told] == [Ringing, Up] and len(seat.ports) == 1


@pytest.mark.parametrize("code", [486, 480, 404, 488, 500, 302, 606])
def test_a_phone_that_cannot_does_not_end_the_others(code: int) -> None:
    seat = Seat(2)
    seat.ring()
    busy, free = seat.desks
    says(busy, invites(busy)[0], code)
    says(free, invites(free)[0], 180)
    seat.let(3)
    says(free, invites(free)[0], 200)
    seat.let(1)
    assert [type(event) for event in seat.told] == [Ringing, Up] and len(seat.up) == 1


def test_a_person_who_declines_declines_for_the_seat() -> None:
    seat = Seat(3)
    seat.ring()
    for desk in seat.desks:
        says(desk, invites(desk)[0], 180)
    says(seat.desks[0], invites(seat.desks[0])[0], 603)
    done: set[bytes] = set()
    serve(seat, seat.desks)
    assert seat.reasons == ["declined"] and not seat.up
    for desk in seat.desks[1:]:
        assert any(data.startswith(b"CANCEL ") for data in desk.heard)
        obey(desk, done)
    seat.let(40)
    assert seat.reasons == ["declined"] and not seat.ports and not seat.legs


@pytest.mark.parametrize(
    ("codes", "reason"),
    [((486, 486), "busy"), ((486, 404), "busy"), ((404, 480), "unreachable"), ((486, None), "no_answer"),
     ((500, 404), "error"), ((488, 486), "busy")],
)  # fmt: skip
def test_what_is_said_of_the_seat_when_nobody_lifts(codes: tuple[int | None, ...], reason: str) -> None:
    seat = Seat(2)
    seat.ring()
    for desk, code in zip(seat.desks, codes, strict=True):
        says(desk, invites(desk)[0], code or 180)
    assert len(seat.reasons) == (None not in codes)
    seat.let(RING_S + 0.5)
    assert seat.reasons == [reason]


def test_a_phone_that_died_since_it_was_asked_costs_four_seconds_once() -> None:
    seat = Seat(1)
    (desk,) = seat.desks
    desk.alive = False
    seat.ring()
    seat.let(SILENT_S + 0.1)
    assert seat.reasons == ["unreachable"]
    assert not seat.registrar.phones.reachable()["101"] and not seat.registrar.phones.to_ring("101")


def test_a_line_that_is_hung_up_ends_once_and_every_phone_falls_silent() -> None:
    seat = Seat(3)
    seat.ring()
    for desk in seat.desks[:2]:
        says(desk, invites(desk)[0], 180)
    seat.give_up()
    seat.give_up()
    done: set[bytes] = set()
    says(seat.desks[2], invites(seat.desks[2])[0], 200)  # it crosses the CANCEL that was not allowed yet
    for _ in range(3):
        seat.let(0.2)
        for desk in seat.desks:
            obey(desk, done)
    assert not any(b"\r\nReason:" in data for data, _ in seat.sent)  # each of them has missed a call
    seat.let(70)
    assert seat.reasons == ["cancelled"] and not seat.up and not seat.ports
    assert any(data.startswith(b"BYE ") for data in seat.desks[2].heard)


def test_an_answer_nobody_can_use_leaves_the_other_phone_ringing() -> None:
    seat = Seat(2)
    seat.ring()
    bad, good = seat.desks
    says(bad, invites(bad)[0], 200, tuple(line.replace("40000", "0") for line in SDP))
    says(good, invites(good)[0], 180)
    seat.let(0.5)
    says(good, invites(good)[0], 200)
    seat.let(0.5)
    assert len(seat.up) == 1 and not seat.reasons


ANSWERS = (100, 180, 183, 200, 302, 404, 408, 480, 486, 487, 488, 500, 503, 600, 603, 606)


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 4),
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from((*ANSWERS, "hang up", "obey")), st.integers(0, 30)), max_size=14
    ),
    st.integers(0, 99),
)
def test_whatever_phones_say_the_line_has_one_call_or_one_end_and_nothing_is_left(
    phones: int, acts: list[tuple[int, int | str, int]], seed: int
) -> None:
    seat = Seat(phones, seed)
    seat.ring()
    done: set[bytes] = set()
    for n, act, tenths in acts:
        desk = seat.desks[n % phones]
        if act == "hang up":
            seat.give_up()
        elif act == "obey":
            obey(desk, done)
        else:
            says(desk, invites(desk)[0], int(act))
        serve(seat, seat.desks)
        seat.let(tenths / 10)
    for _ in range(20):
        for desk in seat.desks:
            obey(desk, done)
        seat.let(2)
    ups = [event for event in seat.told if isinstance(event, Up)]
    assert len(ups) + len(seat.reasons) == 1 or (len(ups) == 1 and not seat.legs)
    assert sum(isinstance(event, Ringing) for event in seat.told) <= 1
    assert len(seat.legs) == len(seat.ports) == sum(leg.state == "up" for leg in seat.up) <= 1
    seat.hang_up_all()
    seat.registrar.close()
    for _ in range(20):
        for desk in seat.desks:
            obey(desk, done)
        seat.let(4)
    assert not any(seat.left.values()), seat.left
