"""From any recording or synthesised speech to an even, unclipped telephone prompt.

One chain for every voice, so that a person's recording, an online voice and espeak-ng sit next to
each other in one call without the caller reaching for the volume key: trim, band-limit, resample,
level, limit. Samples are float arrays in -1..1; levels are dBFS (0 dB = full-scale RMS of 1.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from recordings.errors import RecordingsError

Samples = NDArray[np.float64]

NARROW_HZ, WIDE_HZ = 8000, 16000
NARROW_BAND = (300.0, 3400.0)  # telephone band, ITU-T G.712
WIDE_BAND = (100.0, 7000.0)  # for G.722 legs
TARGET_DBFS = -20.0  # speech level of every prompt
CEILING = 10 ** (-1.5 / 20)  # peaks stay below the last A-law code even after its rounding
LEAD_S, TAIL_S = 0.060, 0.120
FRAME_S = 0.010
LONGEST_S = 300  # nobody listens to a longer prompt; the wrong file, surely


class AudioError(RecordingsError, ValueError):
    """The audio cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A finished prompt: signed 16-bit little-endian mono at 8 kHz and at 16 kHz."""

    pcm8: bytes
    pcm16: bytes


def read(path: Path) -> tuple[Samples, int]:
    """Read any WAV, FLAC, OGG or MP3 as mono samples and its rate in Hz."""
    try:
        if (seconds := soundfile.info(path).duration) > LONGEST_S:
            raise AudioError(f"{path.name} lasts {seconds:.0f} s; a prompt has at most {LONGEST_S} s")
        data, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(f"{path}: not a readable sound file ({error}); save it as WAV, FLAC or OGG") from None
    return data.mean(axis=1), int(rate)


def prompt(samples: Samples, rate: int, *, stretch: float = 1.0) -> Prompt:
    """Make a finished prompt of speech. ``stretch`` > 1 speaks slower without lowering the pitch.

    Raises :class:`AudioError` when there is no speech in it.
    """
    speech = _trim(np.nan_to_num(np.asarray(samples, dtype=np.float64)), rate)
    if abs(stretch - 1.0) > 0.01:
        speech = _stretch(speech, rate, stretch)
    lead, tail = np.zeros(round(LEAD_S * rate)), np.zeros(round(TAIL_S * rate))
    speech = np.concatenate((lead, speech, tail))
    return Prompt(pcm8=_finish(speech, rate, NARROW_HZ, NARROW_BAND), pcm16=_finish(speech, rate, WIDE_HZ, WIDE_BAND))


def level(samples: Samples, rate: int) -> float:
    """Speech level in dBFS: RMS over the frames that carry speech, so that pauses do not count.

    Two gates as in ITU-R BS.1770: an absolute one, then one 10 dB below what passed the first.
    -inf when nothing passes.
    """
    power = _frame_power(samples, rate, 0.020)
    loud = power[power > 10**-6.0]
    if not loud.size:
        return float("-inf")
    speech = loud[loud > loud.mean() / 10]
    return float(10 * np.log10(speech.mean()))


def to_pcm(samples: Samples) -> bytes:
    """Signed 16-bit little-endian bytes."""
    return (np.clip(samples, -1.0, 1.0) * 32767).round().astype("<i2").tobytes()


def _finish(speech: Samples, rate: int, to_rate: int, band: tuple[float, float]) -> bytes:
    """Resample, band-limit, level and limit."""
    out = _band_limit(soxr.resample(speech, rate, to_rate, quality="HQ"), to_rate, band)
    if not (power := float((out**2).mean())) > 0:
        raise AudioError("there is no speech in it: record it again")
    out *= 10 ** (TARGET_DBFS / 20) / power**0.5  # near enough for the gates of level()
    for _ in range(4):  # limiting takes a little level away: approach the target again
        gain = 10 ** ((TARGET_DBFS - level(out, to_rate)) / 20)
        if abs(gain - 1) < 0.01:
            break
        out = _limit(out * gain, to_rate)
    return to_pcm(out)


def _frame_power(samples: Samples, rate: int, frame_s: float) -> Samples:
    """Mean power of each whole frame (the rest is padded with silence)."""
    size = max(1, round(rate * frame_s))
    padded = np.pad(samples, (0, -len(samples) % size))
    power: Samples = (padded.reshape(-1, size) ** 2).mean(axis=1)
    return power


def _trim(samples: Samples, rate: int) -> Samples:
    """Cut silence before and after the speech; 5 ms fades keep the cuts from clicking."""
    power = _frame_power(samples, rate, FRAME_S)
    floor = max(1e-7, float(power.max(initial=0.0)) * 10**-4.0)  # 40 dB below the loudest frame
    speech = np.flatnonzero(power > floor)
    if not speech.size:
        raise AudioError("there is no speech in it: record it again, louder")
    size = max(1, round(rate * FRAME_S))
    # One frame more on each side: soft consonants (f, s, h) begin below the floor.
    cut = samples[max(0, (speech[0] - 1) * size) : (speech[-1] + 2) * size].copy()
    fade = np.linspace(0.0, 1.0, min(len(cut), round(rate * 0.005)))
    cut[: len(fade)] *= fade
    cut[len(cut) - len(fade) :] *= fade[::-1]
    return cut


def _band_limit(samples: Samples, rate: int, band: tuple[float, float]) -> Samples:
    """Linear-phase band-pass (windowed sinc, about 100 Hz wide edges), delay taken out."""
    taps = 2 * (rate // 50) + 1
    t = np.arange(taps) - taps // 2
    low, high = (2 * f / rate for f in band)
    kernel = (high * np.sinc(high * t) - low * np.sinc(low * t)) * np.blackman(taps)
    size = 8192  # overlap-add: small transforms stay in the processor's cache
    step = size - taps + 1
    blocks = np.pad(samples, (0, -len(samples) % step)).reshape(-1, step)
    parts = np.fft.irfft(np.fft.rfft(blocks, size) * np.fft.rfft(kernel, size), size)
    out = np.zeros((len(blocks) + 1, step))
    out[:-1] = parts[:, :step]
    out[1:, : taps - 1] += parts[:, step:]
    whole: Samples = out.ravel()[taps // 2 : taps // 2 + len(samples)]
    return whole


def _limit(samples: Samples, rate: int) -> Samples:
    """Look-ahead limiter: no sample above the ceiling, the gain glides over 2.5 ms."""
    if np.abs(samples).max(initial=0.0) <= CEILING:
        return samples
    size = max(1, round(rate * 0.0025))
    peaks = np.abs(np.pad(samples, (0, -len(samples) % size))).reshape(-1, size).max(axis=1)
    need = np.pad(np.minimum(1.0, CEILING / np.maximum(peaks, CEILING)), 1, mode="edge")
    # Each block takes its neighbours' need, too: between two block centres the gain is never too high.
    gain = np.minimum(np.minimum(need[:-2], need[2:]), need[1:-1])
    centres = (np.arange(len(gain)) + 0.5) * size
    limited: Samples = samples * np.interp(np.arange(len(samples)), centres, gain)
    return limited


def _stretch(samples: Samples, rate: int, factor: float) -> Samples:
    """Time-stretch by WSOLA: overlapping 40 ms pieces, each placed where it fits the last one best."""
    if not 0.4 <= factor <= 2.5:
        raise AudioError(f"a pace {1 / factor:.2f} times the recorded one is out of range (0.4 to 2.5)")
    size = 2 * round(rate * 0.020)
    hop, reach = size // 2, round(rate * 0.008)
    window = np.hanning(size + 1)[:size]
    source = np.pad(samples, (reach, size + hop + 2 * reach))
    count = int(len(samples) * factor) // hop + 1
    out = np.zeros(count * hop + size)
    previous = reach
    for i in range(count):
        ideal = reach + min(round(i * hop / factor), len(samples))
        start = ideal
        if i:
            natural = source[previous + hop : previous + hop + size]  # what would follow by itself
            region = source[ideal - reach : ideal + reach + size]
            start = ideal - reach + int(np.argmax(np.correlate(region, natural, mode="valid")))
        out[i * hop : i * hop + size] += source[start : start + size] * window
        previous = start
    return out[: int(len(samples) * factor)]
