"""Keys as tones in the sound: all that are pressed, and none that nobody pressed (ITU-T Q.24)."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.studio import Studio
from sip.embedded.tones import ToneReceiver
from tests.support.need import ROOT

sys.path.insert(0, str(ROOT / "bench"))

from support import talk

KEYS = "1234567890*#ABCD"


def packets(sound: bytes) -> list[bytes]:
    """20 ms each."""
    return [sound[at : at + 320] for at in range(0, len(sound) - 319, 320)]


def heard(sound: bytes) -> str:
    receiver = ToneReceiver()
    return "".join(receiver.feed(packet) for packet in packets(sound))


def dialled(keys: str, on_ms: int = 60, off_ms: int = 60, **options: float) -> bytes:
    parts = [talk.press(key, on_ms, off_ms, **options) for key in keys]
    return talk.over_a_line(np.concatenate((np.zeros(400), *parts, np.zeros(1000))))


def test_all_keys_are_heard_at_every_level_twist_offset_and_noise_of_q_24() -> None:
    missed = [(keys, got) for keys, sound in talk.presses() if (got := heard(sound)) != keys]
    assert not missed


@pytest.mark.parametrize("kind", ["speech", "music", "noise"])
def test_ten_minutes_of_what_is_no_key_are_no_key(kind: str) -> None:
    minutes = {"speech": 6, "music": 2.5, "noise": 1.5}[kind]
    studio = Studio()
    sounds: Iterator[bytes] = {
        "speech": lambda: talk.speech(studio, seed=11),
        "music": lambda: talk.music(12),
        "noise": lambda: talk.noise(13),
    }[kind]()
    receiver, keys, samples = ToneReceiver(), "", 0
    try:
        for sound in sounds:
            keys += receiver.feed(sound)
            samples += len(sound) // 2
            if samples > minutes * 60 * talk.RATE:
                break
    finally:
        studio.close()
    assert keys == ""


@pytest.mark.parametrize(("low", "high"), [(-10, -21), (-20, -10), (-40, -40)])
def test_tones_too_far_apart_or_too_faint_are_no_key(low: float, high: float) -> None:
    assert heard(dialled(KEYS, low=low, high=high)) == ""


@pytest.mark.parametrize("off", [-0.035, 0.035])
def test_tones_off_pitch_by_more_than_q_24_allows_are_no_key(off: float) -> None:
    assert heard(dialled(KEYS, off=off)) == ""


def test_a_burst_of_20_ms_is_no_key() -> None:
    assert heard(dialled(KEYS, on_ms=20)) == ""


def test_a_break_of_10_ms_does_not_make_two_presses_of_one_and_a_pause_of_40_ms_does() -> None:
    assert heard(dialled("5", 60, 10)[:-2000] + dialled("5", 60, 60)[800:]) == "5"
    assert heard(dialled("55", 60, 40)) == "55"


def test_a_key_held_down_is_one_press() -> None:
    assert heard(dialled("7", on_ms=8000)) == "7"


@given(st.text(alphabet=KEYS, min_size=1, max_size=8), st.integers(40, 200), st.integers(40, 200), st.integers(0, 159))
@settings(max_examples=60, deadline=None)
def test_the_keys_that_are_dialled_are_the_keys_that_are_heard(text: str, on_ms: int, off_ms: int, late: int) -> None:
    assert heard(bytes(2 * late) + dialled(text, on_ms, off_ms)) == text


@given(st.sets(st.integers(0, 60), max_size=12), st.sets(st.integers(0, 60), max_size=5), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_lost_and_overtaken_packets_make_no_two_presses_of_one(lost: set[int], swapped: set[int], start: int) -> None:
    """Up to two packets in a row."""
    wire = list(enumerate(packets(dialled("2", 1000, 200))))
    gone = {n for n in lost if not ({n - 1, n - 2} & lost)}  # an overtaken packet beside a lost one: two in a row
    for n in swapped - {n + step for n in gone for step in range(-3, 4)}:
        wire[n], wire[n + 1] = wire[n + 1], wire[n]
    receiver = ToneReceiver()
    told = [receiver.packet((start + 160 * n) & 0xFFFFFFFF, pcm) for n, pcm in wire if n not in gone]
    assert "".join(told) == "2"


def test_a_source_that_sends_no_silence_presses_the_same_key_twice() -> None:
    receiver, told = ToneReceiver(), ""
    press = packets(dialled("3", 80, 20)[800:])[:5]
    for turn, (n, pcm) in itertools.product(range(2), enumerate(press)):
        told += receiver.packet(160 * (n + 20 * turn), pcm)
    assert told == "33"
