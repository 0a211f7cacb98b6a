"""Symmetric RTP: packets go where they come from, and nobody takes a conversation over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.embedded.rtp_latch import ALIVE_S, UNCONFIRMED, Address, RtpLatch

SIGNALLED, PROXY = ("10.0.0.5", 4000), "203.0.113.9"
REAL, STRANGER = ("203.0.113.9", 61000), ("198.51.100.66", 4000)
FRAME_S = 0.02


class Wire:
    """Packets of several senders, each with a sequence of its own."""

    def __init__(self, signalled: Address = SIGNALLED, via: str = PROXY, confirmed: bool = True) -> None:
        self.source = RtpLatch()
        self.source.signal(signalled, via, 0.0, confirmed)
        self.now = 0.0
        self.seq: dict[Address, int] = {}

    def packet(self, sender: Address, agreed: bool = True, step: int = 1) -> bool:
        """One packet of this sender, ``step`` after its last one."""
        seq = self.seq[sender] = (self.seq.get(sender, 65_534) + step) & 0xFFFF
        return self.source.accept(sender, agreed, self.now, hash(sender) & 0xFFFF, seq)

    def packets(self, sender: Address, count: int, step: int = 1) -> list[bool]:
        """So many packets, 20 ms apart."""
        heard = []
        for _ in range(count):
            self.now += FRAME_S
            heard.append(self.packet(sender, step=step))
        return heard


def test_before_signalling_nobody_is_listened_to():
    source = RtpLatch()
    assert not any(source.accept(REAL, True, n * FRAME_S, 1, n) for n in range(9))


def test_sound_goes_to_the_signalled_address_until_packets_come_from_the_host_that_signals():
    wire = Wire()
    assert wire.source.address == SIGNALLED
    assert wire.packet(REAL)  # a NAT: the port is another one, and its first packet counts
    assert wire.source.address == REAL


def test_another_port_of_the_address_in_the_description_counts_at_once():
    wire = Wire()
    assert wire.packet((SIGNALLED[0], 4002))


def test_a_packet_of_a_type_nobody_agreed_on_moves_nothing():
    wire = Wire()
    assert not wire.packet(REAL, agreed=False)
    assert wire.source.address == SIGNALLED


def test_anybody_else_counts_only_after_four_packets_in_sequence():
    wire = Wire()
    assert wire.packets(STRANGER, 4) == [False, False, False, True]
    assert wire.source.address == STRANGER


@pytest.mark.parametrize("step", [0, 2, -1])
def test_packets_out_of_sequence_never_make_a_stranger_count(step):
    wire = Wire()
    assert not any(wire.packets(STRANGER, 50, step))


def test_a_stranger_whose_packets_come_twice_is_judged_by_their_sequence():
    wire = Wire()
    heard = []
    for _ in range(4):
        heard += [wire.packet(STRANGER), wire.packet(STRANGER, step=0)]
    assert heard == [False] * 6 + [True, True]


def test_two_strangers_do_not_lend_each_other_their_sequence():
    wire, other = Wire(), ("198.51.100.67", 4000)
    heard = [wire.packet(who) for _ in range(3) for who in (STRANGER, other)]
    assert not any(heard)


def test_a_stranger_never_counts_while_the_caller_sends():
    wire = Wire()
    wire.packet(SIGNALLED)
    for _ in range(500):
        assert wire.packets(SIGNALLED, 1) == [True]
        assert not wire.packet(STRANGER)
    assert wire.source.address == SIGNALLED


def test_a_caller_who_listens_in_silence_is_not_taken_over_by_a_stranger():
    wire = Wire()
    wire.packet(REAL)
    wire.now += 3600
    assert not any(wire.packets(STRANGER, 3000))
    assert wire.source.address == REAL


def test_a_stranger_who_came_first_gives_way_to_the_caller_at_once():
    for caller in (SIGNALLED, REAL):
        wire = Wire()
        wire.packets(STRANGER, 10)
        assert wire.packet(caller)
        assert not any(wire.packets(STRANGER, 500))
        assert wire.source.address == caller


def test_a_caller_whose_nat_forgot_the_port_is_heard_again_after_two_seconds_of_silence():
    wire, moved = Wire(), ("203.0.113.9", 61002)
    wire.packet(REAL)
    heard = wire.packets(moved, 150)
    assert heard.index(True) == round(ALIVE_S / FRAME_S) - 1
    assert all(heard[heard.index(True) :])
    assert wire.source.address == moved


def test_another_port_of_the_same_host_is_not_followed_while_the_old_one_speaks():
    wire, beside = Wire(), ("203.0.113.9", 61002)  # two phones behind one NAT
    wire.packet(REAL)
    for _ in range(500):
        assert not any(wire.packets(beside, 3))
        assert wire.packet(REAL)


def test_a_single_packet_of_another_port_moves_nothing_however_long_the_silence():
    wire, beside = Wire(), ("203.0.113.9", 61002)
    wire.packet(REAL)
    wire.now += 60
    assert wire.packets(beside, 4) == [False, False, False, True]


def test_the_signalled_address_always_wins():
    wire = Wire()
    wire.packet(REAL)
    assert wire.packet(SIGNALLED)
    assert not wire.packet(REAL)
    assert wire.source.address == SIGNALLED


def test_signalling_the_same_address_again_keeps_what_was_learnt():
    wire = Wire()
    wire.packet(REAL)
    wire.source.signal(SIGNALLED, PROXY, wire.now)
    assert wire.source.address == REAL


def test_a_new_signalled_address_is_used_at_once_and_heard_at_once():
    wire, new = Wire(), ("10.0.0.6", 5000)
    wire.packet(STRANGER)
    wire.source.signal(new, PROXY, wire.now)
    assert wire.source.address == new
    assert wire.packet(new)
    assert wire.packet(REAL) is False


def test_the_last_packets_of_an_address_that_was_given_up_do_not_shut_the_new_one_out():
    """A transfer at the far end: the old media server goes on for a moment, the new one is behind a NAT."""
    wire, transferred = Wire(), ("192.0.2.200", 7000)
    wire.packet(REAL)
    wire.source.signal(("10.9.9.9", 9000), PROXY, wire.now)
    assert not any(wire.packets(REAL, 20))
    assert wire.packets(transferred, 4)[-1]
    assert wire.source.address == transferred


def test_an_address_nobody_confirmed_is_sent_a_few_seconds_of_sound_and_no_more():
    wire = Wire(confirmed=False)
    sent = sum(wire.source.confirmed or wire.source.spend() for _ in range(1600))  # 32 s
    assert sent == UNCONFIRMED == 200
    wire.packet(SIGNALLED)
    assert wire.source.confirmed


def test_a_reinvite_to_another_address_has_to_be_confirmed_anew_and_a_repeated_one_does_not():
    wire = Wire()
    wire.source.signal(SIGNALLED, PROXY, 1.0, confirmed=False)
    assert wire.source.confirmed
    wire.source.signal(STRANGER, PROXY, 1.0, confirmed=False)
    assert not wire.source.confirmed


senders = st.sampled_from([SIGNALLED, REAL, STRANGER, (STRANGER[0], 4002), ("192.0.2.1", 9), (REAL[0], 61002)])


@given(st.lists(st.tuples(senders, st.sampled_from([0.0, 0.02, 3.0]), st.sampled_from([1, 1, 1, 2])), max_size=80))
def test_once_the_caller_was_heard_no_foreign_host_ever_is(packets):
    wire, named = Wire(), (SIGNALLED[0], PROXY)
    known = False
    for sender, pause, step in packets:
        wire.now += pause
        heard = wire.packet(sender, step=step)
        known = known or (heard and sender[0] in named)
        assert not (known and heard and sender[0] not in named)
        assert not known or (wire.source.address is not None and wire.source.address[0] in named)
