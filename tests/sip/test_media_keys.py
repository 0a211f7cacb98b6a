"""Key presses by RFC 4733: each press is told once, whatever the network does to its packets."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.embedded.dtmf import KEYS, KeyReceiver, KeySender

keys = st.text(alphabet=KEYS, min_size=1, max_size=8)


def sent(text: str, ms: int = 100) -> list[tuple[int, bytes]]:
    """(timestamp, payload) of the packets a sender makes of the keys."""
    sender = KeySender()
    for key in text:
        sender.press(key, ms)
    out, now, begun = [], 5000, 5000
    while sender.busy:
        event = sender.next()
        if event is not None:
            first, since, payload = event
            begun = now if first else begun
            assert now - begun == since
            out.append((begun, payload))
        now += 160
    return out


@given(keys, st.integers(40, 400))
def test_the_keys_that_are_sent_are_the_keys_that_are_heard(text, ms):
    receiver = KeyReceiver()
    heard = [receiver.feed(1, ts, payload) for ts, payload in sent(text, ms)]
    assert [key for key in heard if key] == list(text)


@given(keys, st.randoms(), st.data())
def test_lost_doubled_and_overtaken_packets_do_no_harm(text, rng: random.Random, data):
    """As long as one packet of a press comes, the press is told exactly once."""
    packets = sent(text)
    presses = sorted({ts for ts, _ in packets})
    wire = []
    for ts in presses:
        own = [n for n, packet in enumerate(packets) if packet[0] == ts]
        wire += data.draw(st.lists(st.sampled_from(own), min_size=1, max_size=12))
    wire.sort(key=lambda n: n + rng.uniform(0, 3))
    receiver = KeyReceiver()
    heard = [(packets[n][0], receiver.feed(1, *packets[n])) for n in wire]
    told = sorted((ts, key) for ts, key in heard if key)
    assert told == list(zip(presses, text, strict=True))


def test_a_key_is_told_at_its_first_packet_so_that_a_prompt_stops_at_once():
    packets = sent("7")
    assert KeyReceiver().feed(1, *packets[0]) == "7"


def test_the_end_packet_alone_is_enough():
    packets = sent("#")
    receiver = KeyReceiver()
    assert [receiver.feed(1, *packet) for packet in packets[-3:]] == ["#", None, None]


def test_the_same_key_of_another_source_is_another_press():
    receiver = KeyReceiver()
    ts, payload = sent("1")[0]
    assert (receiver.feed(1, ts, payload), receiver.feed(2, ts, payload)) == ("1", "1")


def test_a_key_held_for_longer_than_an_event_can_say_is_still_one_press():
    receiver = KeyReceiver()
    assert receiver.feed(1, 1000, bytes.fromhex("050affff")) == "5"
    assert receiver.feed(1, 1000 + 0xFFFF, bytes.fromhex("050a00a0")) is None
    assert receiver.feed(1, 1000 + 0xFFFF, bytes.fromhex("058a0140")) is None
    assert receiver.feed(1, 200_000, bytes.fromhex("050a00a0")) == "5"


@pytest.mark.parametrize("payload", ["", "05", "050a00", "100a00a0", "ff8affff"])
def test_short_payloads_and_events_that_are_no_keys_are_ignored(payload):
    assert KeyReceiver().feed(1, 1, bytes.fromhex(payload)) is None


def test_a_press_is_sent_with_growing_duration_and_three_ends_at_one_timestamp():
    packets = sent("5", 160)
    assert {ts for ts, _ in packets} == {5000}
    durations = [int.from_bytes(p[2:4], "big") for _, p in packets]
    assert durations == [160, 320, 480, 640, 800, 960, 1120, 1280, 1280, 1280]
    assert [bool(p[1] & 0x80) for _, p in packets] == [False] * 7 + [True] * 3


def test_two_presses_of_the_same_key_are_parted_by_a_pause():
    first, second = sorted({ts for ts, _ in sent("55", 100)})
    assert second - first - 100 * 8 >= 40 * 8  # ITU-T Q.24: a pause of at least 40 ms


@pytest.mark.parametrize(("key", "ms"), [("x", 160), ("", 160), ("12", 160), ("1", 10), ("1", 9000)])
def test_what_is_no_key_press_is_refused(key, ms):
    with pytest.raises(ValueError, match="a key is"):
        KeySender().press(key, ms)
