"""A fax machine that calls is known by its tone, twice, and nobody else is."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import pytest

from recordings import g711
from sip.embedded.fax import FaxReceiver
from sip.embedded.rtp import FRAME, PCMA, RATE, Packet
from tests.sip.far_end import FarEnd, media, until
from tests.sip.raw import story


def tone(seconds: float, hz: float = 1100.0, dbm0: float = -20.0) -> np.ndarray:
    """A sine; 0 dBm0 has an RMS of 16-bit samples of 22,000 or so (G.711's overload point is at +3.14)."""
    t = np.arange(round(seconds * RATE)) / RATE
    return 31_000 * 10 ** (dbm0 / 20) * np.sin(2 * np.pi * hz * t)


def pause(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE))


def cng(bursts: int = 2, on: float = 0.5, off: float = 3.0, before: float = 0.3, **more: float) -> np.ndarray:
    return np.concatenate([pause(before), *[tone(on, **more), pause(off)] * bursts])


def heard(sound: np.ndarray, noise: float = 0.0, seed: int = 1) -> float | None:
    """At which second a fax is known, packet by packet; None: never. As codes it is known within half a second more."""
    sound = sound + np.random.default_rng(seed).normal(0, max(noise, 0.01), len(sound))
    codes = g711.pcm_to_alaw(np.clip(sound, -32768, 32767).astype("<i2").tobytes())
    starts = range(0, len(codes), FRAME)
    wide, narrow = FaxReceiver(), FaxReceiver()
    at = first(wide.packet(1000 + at, g711.alaw_to_pcm(codes[at : at + FRAME])) for at in starts)
    later = first(coded(narrow, 1000 + at, codes[at : at + FRAME]) for at in starts)
    assert (at is None) == (later is None)
    assert at is None or later is None or at <= later <= at + 0.5
    return at


def coded(receiver: FaxReceiver, ts: int, codes: bytes) -> bool:
    return receiver.settled(Packet(PCMA, False, 0, ts & 0xFFFFFFFF, 1, codes), b"") and receiver.found


def first(told: Iterable[bool]) -> float | None:
    return next(((n + 1) * FRAME / RATE for n, found in enumerate(told) if found), None)


def test_a_fax_is_known_by_its_second_burst() -> None:
    at = heard(cng())
    assert at is not None and 4.3 <= at <= 4.7  # the second burst ends at 4.3 s
    assert heard(cng(bursts=1)) is None


@pytest.mark.parametrize("hz", [1063.0, 1081.5, 1100.0, 1118.5, 1137.0])
@pytest.mark.parametrize(("on", "off"), [(0.43, 2.6), (0.5, 3.0), (0.57, 3.4), (0.43, 3.4)])
def test_a_fax_whose_tone_is_off_as_far_as_t30_allows_is_known(hz: float, on: float, off: float) -> None:
    for before in (0.0, 0.011, 0.027):  # its bursts lie anywhere in our windows
        assert heard(cng(on=on, off=off, hz=hz, before=before))


def test_a_fax_is_known_wherever_its_tones_lie_between_the_packets_that_are_glanced_at() -> None:
    for before in np.arange(0.3, 0.5, 0.007):
        assert heard(cng(on=0.43, off=2.6, before=float(before)))


@pytest.mark.parametrize("dbm0", [-3.0, -10.0, -30.0, -40.0])
def test_a_fax_near_and_far_is_known(dbm0: float) -> None:
    assert heard(cng(dbm0=dbm0))


def test_a_fax_on_a_noisy_line_is_known() -> None:
    level = 31_000 * 10 ** (-20 / 20) / np.sqrt(2)
    assert all(heard(cng(), noise=level * 10 ** (-12 / 20), seed=seed) for seed in range(10))  # 12 dB


def test_a_fax_whose_packets_are_lost_or_not_sent_in_its_pauses_is_known() -> None:
    codes = g711.pcm_to_alaw(cng(bursts=3).astype("<i2").tobytes())
    packets = [(ts, codes[ts : ts + FRAME]) for ts in range(0, len(codes), FRAME)]
    spoken = [(ts, packet) for ts, packet in packets if packet.strip(packets[0][1][:1])]
    arrived = [packet for n, packet in enumerate(packets) if n % 33]
    for kept in (spoken, arrived):
        assert len(kept) < len(packets)
        wide, narrow = FaxReceiver(), FaxReceiver()
        assert any([wide.packet(ts, g711.alaw_to_pcm(packet)) for ts, packet in kept])
        assert any([coded(narrow, ts, packet) for ts, packet in kept])


def test_a_timestamp_that_goes_back_is_a_new_source_and_breaks_nothing() -> None:
    receiver = FaxReceiver()
    assert not any(receiver.packet(ts, bytes(2 * FRAME)) for ts in (10 * RATE, 8 * RATE, 8 * RATE + FRAME))


@pytest.mark.parametrize(
    "sound",
    [
        cng(hz=2100.0),  # CED: a fax that answers
        np.concatenate([tone(3.3, 2100.0), pause(3)] * 3),
        tone(20.0),  # a tone that does not end
        cng(bursts=4, on=0.2),
        cng(bursts=4, on=1.0),
        cng(bursts=6, off=1.0),
        cng(bursts=4, off=5.0),
        cng(bursts=4, hz=1000.0),
        cng(bursts=4, hz=1209.0),
        np.concatenate([tone(0.5, 950.0), tone(0.5, 1400.0), tone(0.5, 1800.0), pause(3)] * 4),  # special information
        sum([cng(bursts=4), cng(bursts=4, hz=700.0)]),
    ],
)
def test_no_other_tone_is_a_fax(sound: np.ndarray) -> None:
    assert heard(sound) is None


def test_a_fax_is_told_once_and_not_after_a_minute() -> None:
    pcm = cng(bursts=8).astype("<i2").tobytes()
    receiver = FaxReceiver()
    told = [receiver.feed(pcm[at : at + 320]) for at in range(0, len(pcm), 320)]
    assert told.count(True) == 1
    late = FaxReceiver()
    late.feed(bytes(61 * 2 * RATE))
    assert late.done and not late.feed(pcm)


@story
async def test_a_stream_that_expects_a_fax_tells_of_it_once() -> None:
    async with media() as one:
        stream, told = one.open(), []
        far = FarEnd(stream).agree()
        stream.expect_fax(lambda: told.append(True))
        codes = g711.pcm_to_alaw(cng().astype("<i2").tobytes())
        for n, at in enumerate(itertools.chain(range(0, len(codes), FRAME))):
            far.speak(codes[at : at + FRAME])
            if n % 20 == 0:
                await until(lambda n=n: stream.stats.received > n)
        await until(lambda: told)
        assert told == [True]
        stream.close()
