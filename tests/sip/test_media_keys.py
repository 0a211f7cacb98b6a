"""Key presses by RFC 4733: each press is told once, whatever the network does to its packets."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.embedded.dtmf import KEYS, DtmfReceiver, DtmfSender

keys = st.text(alphabet=KEYS, min_size=1, max_size=8)


def sent(text: str, ms: int = 100) -> list[tuple[int, bytes]]:
    """(timestamp, payload) of the packets a sender makes of the keys."""
    sender = DtmfSender()
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


class Gateway:
    """Sends event packets 20 ms apart, and notes the keys that a receiver tells."""

    def __init__(self) -> None:
        self.receiver = DtmfReceiver()
        self.heard = ""
        self.seq, self.now = 65_530, 0.0

    def packet(self, ts: int, event: int, duration: int, ended: bool = False, lost: bool = False) -> None:
        self.seq, self.now = (self.seq + 1) & 0xFFFF, self.now + 0.02
        if not lost:
            payload = bytes([event, 0x8A if ended else 10]) + duration.to_bytes(2, "big")
            self.heard += self.receiver.feed(1, self.seq, ts & 0xFFFFFFFF, payload, self.now) or ""

    def pause(self, ms: int, packets: bool = True) -> None:
        """Nothing pressed; ``packets``: sound goes on meanwhile, so numbers do."""
        self.now += ms / 1000
        self.seq += ms // 20 if packets else 0


def feed(receiver: DtmfReceiver, n: int, packet: tuple[int, bytes], ssrc: int = 1) -> str | None:
    """The ``n``-th packet of a wire, 20 ms after the one before."""
    return receiver.feed(ssrc, n, *packet, n * 0.02)


@given(keys, st.integers(40, 400))
def test_the_keys_that_are_sent_are_the_keys_that_are_heard(text, ms):
    receiver = DtmfReceiver()
    heard = [feed(receiver, n, packet) for n, packet in enumerate(sent(text, ms))]
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
    receiver = DtmfReceiver()
    heard = [(packets[n][0], receiver.feed(1, n, *packets[n], i * 0.02)) for i, n in enumerate(wire)]
    told = sorted((ts, key) for ts, key in heard if key)
    assert told == list(zip(presses, text, strict=True))


def test_a_key_is_told_at_its_first_packet_so_that_a_prompt_stops_at_once():
    assert feed(DtmfReceiver(), 0, sent("7")[0]) == "7"


def test_the_end_packet_alone_is_enough():
    receiver = DtmfReceiver()
    assert [feed(receiver, n, packet) for n, packet in enumerate(sent("#")[-3:])] == ["#", None, None]


def test_the_same_key_of_another_source_is_another_press():
    receiver, packet = DtmfReceiver(), sent("1")[0]
    assert (feed(receiver, 0, packet), feed(receiver, 1, packet, ssrc=2)) == ("1", "1")


def test_a_key_held_for_longer_than_an_event_can_say_is_still_one_press():
    gateway, ts = Gateway(), 0xFFFF_0000
    for _ in range(3):
        for duration in range(160, 0xFFFF, 160):
            gateway.packet(ts, 5, duration)
        gateway.packet(ts, 5, 0xFFFF)
        ts += 0xFFFF
    gateway.packet(ts, 5, 160)
    gateway.packet(ts, 5, 320, ended=True)
    assert gateway.heard == "5"
    gateway.pause(40)
    gateway.packet(ts + 800, 5, 160)
    assert gateway.heard == "55"


durations = st.sampled_from(["growing", "constant", "zero"])


@given(st.lists(st.integers(0, 11), min_size=1, max_size=6), st.integers(3, 12), durations, st.integers(60, 900))
def test_one_press_is_one_key_when_the_gateway_moves_its_timestamp_on(events, frames, style, pause):
    gateway, ts = Gateway(), 0xFFFF_FF00  # wraps
    for event in events:
        for n in range(frames + 3):
            duration = {"growing": 160 * min(n + 1, frames), "constant": 160, "zero": 0}[style]
            gateway.packet(ts, event, duration, ended=n >= frames - 1)
            ts += 160
        gateway.pause(pause)
        ts += pause * 8
    assert gateway.heard == "".join(KEYS[event] for event in events)


@given(st.lists(st.booleans(), min_size=8, max_size=8).filter(lambda lost: "111" not in "".join("01"[x] for x in lost)))
def test_lost_packets_of_a_gateway_that_moves_its_timestamp_do_not_double_the_key(lost):
    gateway = Gateway()
    for n in range(2):
        gateway.packet(160 * n, 4, 160)
    for n, gone in enumerate(lost, 2):
        gateway.packet(160 * n, 4, 160, lost=gone)
    assert gateway.heard == "4"


@given(st.integers(2, 6), st.sampled_from([40, 100, 700, 5000]), st.booleans(), st.booleans())
def test_a_second_press_that_uses_the_timestamp_again_is_a_second_key(presses, pause, ends, sound):
    gateway = Gateway()
    for _ in range(presses):
        for n in range(1, 6):
            gateway.packet(8000, 2, 160 * n)
        for _ in range(3):
            gateway.packet(8000, 2, 960, ended=True, lost=not ends)
        gateway.pause(pause, packets=sound)
    assert gateway.heard == "2" * presses


def test_the_end_alone_of_a_second_press_that_uses_the_timestamp_again_is_a_second_key():
    gateway = Gateway()
    for _ in range(2):
        for n in range(1, 6):
            gateway.packet(8000, 2, 160 * n, lost=bool(gateway.heard))
        for _ in range(3):
            gateway.packet(8000, 2, 960, ended=True)
        gateway.pause(300)
    assert gateway.heard == "22"


def test_an_end_that_the_network_held_up_is_not_a_second_key():
    gateway = Gateway()
    for n in range(1, 6):
        gateway.packet(8000, 2, 160 * n)
    gateway.packet(8000, 2, 960, ended=True)
    gateway.pause(400, packets=False)
    gateway.packet(8000, 2, 960, ended=True)
    assert gateway.heard == "2"


def test_the_middle_of_a_press_that_the_network_held_up_is_not_a_second_key():
    gateway = Gateway()
    for n in range(1, 9):
        if n == 4:
            gateway.pause(600, packets=False)
        gateway.packet(8000, 2, 160 * n, lost=n in (4, 5))
    assert gateway.heard == "2"


def test_another_key_at_the_same_timestamp_is_another_press():
    gateway = Gateway()
    for event in (1, 2, 1):
        for n in range(1, 4):
            gateway.packet(8000, event, 160 * n)
        gateway.packet(8000, event, 480, ended=True)
    assert gateway.heard == "121"


def test_a_gateway_whose_clock_stands_between_presses_and_whose_ends_are_lost():
    gateway, ts = Gateway(), 0
    for _ in range(3):
        for _ in range(5):
            gateway.packet(ts, 6, 160)
            ts += 160
        gateway.pause(1500)
    assert gateway.heard == "666"


@pytest.mark.parametrize("payload", ["", "05", "050a00", "100a00a0", "ff8affff"])
def test_short_payloads_and_events_that_are_no_keys_are_ignored(payload):
    assert DtmfReceiver().feed(1, 1, 1, bytes.fromhex(payload), 0.0) is None


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
        DtmfSender().press(key, ms)
