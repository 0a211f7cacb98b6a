"""RTP packets: reading what comes, and what sequence numbers say."""

import random

from aiortp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from sip.embedded.rtp import SequenceTracker, later, parse

u16, u32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)


@given(
    st.integers(0, 127), st.booleans(), u16, u32, u32, st.lists(u32, max_size=15), st.binary(max_size=400),
    st.integers(0, 255),
)  # fmt: skip
def test_what_another_implementation_builds_is_read(pt, marker, seq, ts, ssrc, csrc, payload, padding):
    theirs = RtpPacket(
        payload_type=pt, marker=int(marker), sequence_number=seq, timestamp=ts, ssrc=ssrc, payload=payload
    )
    theirs.csrc = csrc
    theirs.padding_size = padding
    packet = parse(theirs.serialize())
    assert packet is not None
    assert packet == (pt, marker, seq, ts, ssrc, payload)


@given(st.binary(max_size=40))
def test_junk_is_never_an_error(data):
    packet = parse(data)
    assert packet is None or data[0] >> 6 == 2


def test_lengths_that_reach_beyond_the_datagram_are_junk():
    head = bytes.fromhex("8008000100000000deadbeef")
    assert parse(b"") is None
    assert parse(head[:11]) is None
    assert parse(bytes([0x40]) + head[1:]) is None  # version 1
    assert parse(bytes([0x8F]) + head[1:]) is None  # 15 contributing sources that are not there
    assert parse(bytes([0x90]) + head[1:]) is None  # an extension without its header
    assert parse(bytes([0x90]) + head[1:] + bytes.fromhex("bede0009")) is None
    assert parse(bytes([0xA0]) + head[1:] + b"\x00") is None  # padding of no length
    assert parse(bytes([0xA0]) + head[1:] + b"\xff") is None  # more padding than packet


def test_an_extension_is_stepped_over():
    packet = parse(bytes.fromhex("9008000100000000deadbeef" + "bede000110aa0000" + "d5d5"))
    assert packet is not None and packet.payload == b"\xd5\xd5"


@given(u32, st.integers(-0x80000000, 0x7FFFFFFF))
def test_counters_are_compared_across_their_wrap(base, step):
    assert later((base + step) & 0xFFFFFFFF, base, 32) == step


@given(u16, st.lists(st.sampled_from(["ok", "lost", "twice"]), max_size=60), st.randoms())
def test_losses_and_duplicates_are_told_apart_whatever_the_order(first, fates, rng: random.Random):
    """Packets are lost, doubled, and shuffled by up to a few places."""
    fates = ["ok", *fates, "ok"]
    wire = [n for n, fate in enumerate(fates) for _ in range({"ok": 1, "lost": 0, "twice": 2}[fate])]
    head, middle = wire[:1], wire[1:-1]
    shuffled = sorted(middle, key=lambda n: n + rng.uniform(0, 5))
    arrivals = SequenceTracker()
    new = [n for n in (*head, *shuffled, wire[-1]) if arrivals.is_new(7, (first + n) & 0xFFFF)]
    assert sorted(new) == sorted(set(wire))
    assert arrivals.duplicates == fates.count("twice")
    assert arrivals.lost == fates.count("lost")
    assert arrivals.restarts == 0


def test_a_new_source_or_a_far_jump_is_a_restart_and_no_loss():
    arrivals = SequenceTracker()
    assert arrivals.is_new(1, 65535)
    assert arrivals.is_new(1, 0)
    assert arrivals.is_new(2, 40000)
    assert arrivals.is_new(2, 10000)
    assert (arrivals.lost, arrivals.restarts) == (0, 2)
