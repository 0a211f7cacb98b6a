"""Is anybody speaking? Noise, keys and clicks are not speech."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.embedded.speech import SpeechDetector

RATE = 8000
LAG_MS = 200  # the detector looks at this much at a time


def pcm(samples) -> bytes:
    return np.clip(samples, -32768, 32767).astype("<i2").tobytes()


def seconds(s: float):
    return np.arange(int(s * RATE)) / RATE


def speech(s: float, level: float = 3000.0):
    """Like speech: a harmonic sound with four syllables a second."""
    t = seconds(s)
    voice = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 20))
    return level * voice * np.maximum(0, np.sin(2 * np.pi * 2 * t)) ** 2


def noise(s: float, rms: float, seed: int = 1):
    return np.random.default_rng(seed).normal(0, rms, int(s * RATE))


def key(s: float, row: float = 770, column: float = 1336, level: float = 6000):
    t = seconds(s)
    return level * (np.sin(2 * np.pi * row * t) + np.sin(2 * np.pi * column * t))


def detect(*parts) -> SpeechDetector:
    detector = SpeechDetector()
    for part in parts:
        detector.feed(pcm(part))
    return detector


def test_a_line_on_which_nobody_speaks_is_quiet_from_the_start():
    detector = detect(noise(5, 8))
    assert detector.quiet_ms == 5000
    assert not detector.heard


def test_speech_is_heard_and_the_quiet_after_it_is_measured():
    detector = detect(noise(1, 10), speech(3), noise(2, 10))
    assert detector.heard
    assert 2000 - LAG_MS <= detector.quiet_ms <= 2500


def test_pauses_between_syllables_and_words_are_short():
    detector = SpeechDetector()
    longest = 0
    for _ in range(40):
        detector.feed(pcm(speech(0.5)))
        longest = max(longest, detector.quiet_ms)
    assert longest < 1000


def test_a_noisy_room_becomes_the_floor_within_two_seconds():
    detector = detect(noise(6, 300))
    assert detector.quiet_ms >= 4000 - LAG_MS


def test_speech_above_a_noisy_room_is_heard():
    room = noise(9, 200)
    room[4 * RATE : 7 * RATE] += speech(3)
    detector = detect(room)
    assert 2000 - LAG_MS <= detector.quiet_ms <= 2500


@pytest.mark.parametrize("row", [697, 770, 852, 941])
@pytest.mark.parametrize("column", [1209, 1336, 1477, 1633])
def test_no_key_counts_as_speech(row, column):
    detector = detect(noise(1, 10), key(0.5, row, column), noise(1, 10), key(2.0, row, column))
    assert not detector.heard


def test_any_steady_loud_sound_but_a_key_counts_so_that_no_voice_is_taken_for_silence():
    assert detect(8000 * np.sin(2 * np.pi * 440 * seconds(4))).quiet_ms < 500


def test_a_click_is_not_speech():
    click = np.zeros(RATE * 2)
    click[RATE : RATE + 160] = 20000 * np.sin(np.arange(160))
    assert not detect(click).heard


def test_a_constant_offset_is_not_sound():
    assert not detect(np.full(RATE * 3, 4000.0)).heard


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30), st.integers(0, 9))
def test_it_does_not_matter_how_the_audio_is_cut_into_packets(cuts, seed):
    sound = pcm(np.concatenate([noise(0.5, 20, seed), speech(1.0), noise(1, 20, seed)]))
    whole = SpeechDetector()
    whole.feed(sound)
    parts, at = SpeechDetector(), 0
    for n in cuts * (len(sound) // (2 * sum(cuts)) + 1):
        parts.feed(sound[at : at + 2 * n])
        at += 2 * n
    assert (parts.quiet_ms, parts.heard) == (whole.quiet_ms, whole.heard)
