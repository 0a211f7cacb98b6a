"""Everything that is heard on a telephone and is no key: speech in all voices, music, noise, tones of the network.

All of it is made here, the same for the same seed: 16-bit PCM at 8 kHz, as it comes out of an A-law line.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ivr.phrases import Phrases
from recordings import g711
from recordings.studio import Studio, VoiceError

RATE = 8000
PAD = ("123A", "456B", "789C", "*0#D")  # ITU-T Q.23: a row for each low tone
LOWS, HIGHS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
Samples = NDArray[np.float64]

_VOICES = {"zh-CN": "cmn", "en": "en"}
_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14), (0, 3, 7), (2, 5, 9, 12), (4, 7, 11, 14))
# Loudness of the harmonics of: strings, a reed, a flute, a music box (the last two are nearly pure)
_TIMBRES = ((1, 0.5, 0.33, 0.25, 0.2, 0.17), (1, 0.1, 0.6, 0.1, 0.4), (1, 0.25, 0.08), (1, 0.0, 0.0, 0.22))
_NETWORK = ((450,), (950,), (1100,), (2100,), (1300,), (350, 440), (480, 620), (440, 480), (1400, 2060), (400, 425))


def over_a_line(samples: Samples) -> bytes:
    """As it comes out of A-law."""
    pcm = np.clip(samples, -32768, 32767).round().astype("<i2").tobytes()
    return g711.alaw_to_pcm(g711.pcm_to_alaw(pcm))


def speech(studio: Studio, seed: int = 1) -> Iterator[bytes]:
    """The hotline's own prompts, each in another of espeak-ng's hundred voices, at many paces. Without end."""
    import espeakng_loader

    rng = random.Random(seed)
    variants = sorted(path.name for path in Path(espeakng_loader.get_data_path(), "voices", "!v").iterdir())
    phrases = list(Phrases.load())
    texts = {lang: [_filled(phrase.text[lang], rng) for phrase in phrases if lang in phrase.text] for lang in _VOICES}
    for turn in itertools.count():
        if turn % len(variants) == 0:
            rng.shuffle(variants)
        lang = rng.choice(("zh-CN", "zh-CN", "en"))
        voice = f"{_VOICES[lang]}+{variants[turn % len(variants)]}"
        try:
            pcm, _ = studio.espeak(rng.choice(texts[lang]), voice, rng.randrange(110, 230))
        except VoiceError:  # a voice that says nothing of this text
            continue
        yield over_a_line(np.frombuffer(pcm, "<i2") * 10 ** (rng.uniform(-15, 5) / 20))


def _filled(text: str, rng: random.Random) -> str:
    return re.sub(r"\{[^}]*\}", lambda _: str(rng.randrange(10_000)), text)


def music(seed: int = 2) -> Iterator[bytes]:
    """Ten-second pieces: chords, a melody above them, a bass and a beat, in several timbres. Without end."""
    rng = random.Random(seed)
    noise = np.random.default_rng(seed)
    while True:
        beat = rng.uniform(0.25, 0.7)
        piece = np.zeros(10 * RATE)
        key, timbre = rng.randrange(40, 60), rng.sample(_TIMBRES, 2)
        for start in np.arange(0, 10, beat):
            if rng.random() < 0.5:
                chord = rng.choice(_CHORDS)
            for step in chord if start else (chord := rng.choice(_CHORDS)):
                _note(piece, start, beat * rng.uniform(0.8, 2), key + step + rng.choice((0, 12)), timbre[0], 0.5, rng)
            for part in range(rng.choice((1, 2, 4))):
                at = start + part * beat / 4
                _note(piece, at, beat / 2, key + rng.choice((12, 24)) + rng.choice(chord), timbre[1], 1.0, rng)
            _note(piece, start, beat, key - 12 + chord[0], _TIMBRES[0], 0.8, rng)
            if rng.random() < 0.7:
                drum = noise.normal(0, 1500, RATE // 20) * np.exp(-np.arange(RATE // 20) / 80)
                at = int(start * RATE)
                piece[at : at + len(drum)] += drum[: len(piece) - at]
        yield over_a_line(piece * rng.uniform(2000, 14000) / np.abs(piece).max())


def _note(
    piece: Samples,
    start: float,
    seconds: float,
    pitch: float,
    timbre: tuple[float, ...],
    loud: float,
    rng: random.Random,
) -> None:
    """A note by its MIDI number, with its harmonics, a little vibrato and a decay."""
    at, end = int(start * RATE), min(len(piece), int((start + seconds) * RATE))
    time = np.arange(end - at) / RATE
    hz = 440 * 2 ** ((pitch - 69) / 12) * rng.uniform(0.995, 1.005)
    phase = 2 * np.pi * hz * time + rng.uniform(0, 0.15) * np.sin(2 * np.pi * 5.5 * time)
    shape = np.minimum(1, time * 60) * np.exp(-time * rng.uniform(0.5, 4)) * 2000 * loud
    for n, part in enumerate(timbre, 1):
        if n * hz < RATE / 2:
            piece[at:end] += shape * part * np.sin(n * phase + rng.uniform(0, 6))


def noise(seed: int = 3) -> Iterator[bytes]:
    """Ten-second pieces: hiss, rumble, hum, sirens, engaged and ringing tones, modems. Without end."""
    rng, draw = random.Random(seed), np.random.default_rng(seed)
    time = np.arange(10 * RATE) / RATE
    while True:
        white = draw.normal(0, 1, len(time))
        rumble = np.cumsum(white) / 30
        rumble -= np.convolve(rumble, np.ones(801) / 801, "same")
        hum = sum(np.sin(2 * np.pi * 50 * n * time) / n for n in range(1, 40, rng.choice((1, 2))))
        low, high = sorted(rng.uniform(300, 3000) for _ in range(2))
        siren = np.sin(2 * np.pi * np.cumsum(low + (high - low) * (1 + np.sin(2 * np.pi * 0.3 * time)) / 2) / RATE)
        network = sum(np.sin(2 * np.pi * hz * time) for hz in rng.choice(_NETWORK)) * (time % 0.7 < 0.35)
        for kind in (white, rumble, hum, siren, siren + white, network, network + 0.1 * white):
            yield over_a_line(kind * rng.uniform(300, 8000))


def presses(seed: int = 5, on_ms: int = 40, off_ms: int = 40) -> Iterator[tuple[str, bytes]]:
    """All sixteen keys at every level, twist, offset and noise that ITU-T Q.24 asks for: keys and their sound."""
    rng, draw = random.Random(seed), np.random.default_rng(seed)
    for level in (-30, -20, -10, -3, 0):  # dBm0 of the louder tone
        for twist in (-8, -4, 0, 4):  # dB, high over low tone
            for off in (-0.015, 0, 0.015):
                for snr in (15, 24, 60):
                    keys = "".join(rng.sample("1234567890*#ABCD", 16))
                    low, high = level + min(0, -twist), level + min(0, twist)
                    parts = [press(key, on_ms, off_ms, low, high, off, rng.uniform(0, 6)) for key in keys]
                    lead, tail = np.zeros(rng.randrange(300, 500)), np.zeros(1000)
                    sound = np.concatenate((lead, *parts, tail))
                    loudness = np.hypot(amplitude(low), amplitude(high)) / np.sqrt(2)
                    yield keys, over_a_line(sound + draw.normal(0, loudness * 10 ** (-snr / 20), len(sound)))


def press(
    key: str, on_ms: int, off_ms: int, low: float = -10, high: float = -10, off: float = 0.0, phase: float = 0.3
) -> Samples:
    """One key as tones of these levels (dBm0), off pitch by a share, and the pause after it."""
    row = next(n for n, keys in enumerate(PAD) if key in keys)
    time = 2 * np.pi * (1 + off) * np.arange(on_ms * RATE // 1000) / RATE
    one = amplitude(low) * np.sin(LOWS[row] * time + phase)
    other = amplitude(high) * np.sin(HIGHS[PAD[row].index(key)] * time + 2 * phase)
    return np.concatenate((one + other, np.zeros(off_ms * RATE // 1000)))


def amplitude(dbm0: float) -> float:
    """Of a tone in 16-bit samples; A-law's loudest is +3.14 dBm0 (ITU-T G.711)."""
    return float(32124 * 10 ** ((dbm0 - 3.14) / 20))
