"""Received audio is put in order on one time line."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sip.embedded.jitter import DEPTH, JitterBuffer
from sip.embedded.rtp import FRAME


def frame(n: int) -> bytes:
    """A frame that can be told by its first sample."""
    return np.full(FRAME, n + 1, "<i2").tobytes()


def numbers(pcm: bytes) -> list[int]:
    """Which frames are in there; -1 for silence."""
    assert len(pcm) % (2 * FRAME) == 0
    samples = np.frombuffer(pcm, "<i2").reshape(-1, FRAME)
    assert (samples == samples[:, :1]).all()
    return [int(n) - 1 for n in samples[:, 0]]


starts = st.integers(0, 0xFFFFFFFF)


# Two losses in a row and two places of disorder are as much as the depth of 100 ms allows for.
few_lost = st.lists(st.booleans(), max_size=50).filter(
    lambda lost: not any(all(lost[n : n + 3]) for n in range(len(lost) - 2))
)


@given(starts, few_lost, st.randoms())
def test_shuffled_doubled_and_lost_packets_come_out_in_order_with_silence_for_the_lost(start, lost, rng: random.Random):
    """The first and last packet arrive; those between are moved by up to two places, some come twice."""
    line = JitterBuffer()
    there = [n + 1 for n, gone in enumerate(lost) if not gone]
    doubled = [n for n in there for _ in range(rng.choice([1, 1, 2]))]
    wire = [0, *sorted(doubled, key=lambda n: n + rng.uniform(0, 2.5)), len(lost) + 1]
    out = b"".join(line.push(1, (start + n * FRAME) & 0xFFFFFFFF, frame(n)) for n in wire) + line.flush()
    assert numbers(out) == [0, *(-1 if gone else n + 1 for n, gone in enumerate(lost)), len(lost) + 1]


@given(st.lists(st.tuples(st.integers(0, 3), starts, st.integers(0, 400)), max_size=60))
def test_whatever_comes_nothing_is_lost_without_being_counted(packets):
    """Wild timestamps, sources and lengths: each packet's samples come out or it is counted as dropped."""
    line = JitterBuffer()
    out = kept = 0
    for ssrc, ts, samples in packets:
        out += len(line.push(ssrc, ts, b"\1\1" * samples)) // 2
        kept += samples
    out += len(line.flush()) // 2
    biggest = max((samples for _, _, samples in packets), default=0)
    assert kept - line.dropped * biggest <= out <= kept + line.filled


def test_a_missing_packet_is_waited_for_and_then_replaced():
    line = JitterBuffer()
    assert numbers(line.push(1, 0, frame(0))) == [0]
    waits = [line.push(1, n * FRAME, frame(n)) for n in range(2, 7)]
    assert [numbers(pcm) for pcm in waits[:-2]] == [[], [], []]
    assert numbers(b"".join(waits)) == [-1, 2, 3, 4, 5, 6]
    assert line.held <= DEPTH


def test_time_without_packets_is_silence_and_the_speaker_goes_on_where_the_clock_is():
    line = JitterBuffer()
    line.push(1, 0, frame(0))
    assert numbers(line.fill(10 * FRAME)) == [-1] * 10
    assert numbers(line.push(1, 11 * FRAME, frame(11))) == [11]
    assert line.push(1, 5 * FRAME, frame(5)) == b""  # its time is over
    assert line.dropped == 1


def test_a_source_whose_clock_stood_still_while_it_was_silent_is_heard_again():
    line = JitterBuffer()
    line.push(1, 0, frame(0))
    line.fill(50 * FRAME)
    heard = [numbers(line.push(1, n * FRAME, frame(n))) for n in range(1, 10)]
    assert [n for piece in heard for n in piece] == [5, 6, 7, 8, 9]


def test_a_new_source_follows_at_once():
    line = JitterBuffer()
    assert numbers(line.push(1, 1000, frame(0)) + line.push(2, 999_999, frame(1))) == [0, 1]
