"""Sound in tests: made so that it can be told apart, and found again in what somebody heard.

All of it is signed 16-bit little-endian mono at 8 kHz, as bytes.
"""

from __future__ import annotations

import struct
import wave
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recordings.g711 import alaw_to_pcm, pcm_to_alaw

RATE = 8000
PCMA = 8
RATES = {"PCMA": RATE, "PCMU": RATE, "G722": 16_000}  # Hz of the sound a codec carries


def voice(seed: int, ms: int) -> bytes:
    """Something like speech: a hum whose pitch and loudness wander. Different seeds do not correlate."""
    rng = np.random.default_rng(seed)
    count = RATE * ms // 1000
    knots = np.arange(0, count + RATE, RATE // 10)
    pitch = np.interp(np.arange(count), knots, rng.uniform(110, 260, len(knots)))
    loud = np.interp(np.arange(count), knots, rng.uniform(0.35, 1.0, len(knots)))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    weights = rng.uniform(0.3, 1.0, 8)
    sound = sum(w * np.sin(k * phase + seed) for k, w in enumerate(weights, start=1))
    return bytes((loud * sound / weights.sum() * 14_000).astype("<i2").tobytes())


def hiss(seed: int, ms: int) -> bytes:
    """A steady noise: no piece of it is like another one, so that every piece can be found or missed."""
    return bytes(np.random.default_rng(seed).normal(0, 3000, RATE * ms // 1000).clip(-30_000, 30_000).astype("<i2"))


def silence(ms: int) -> bytes:
    """Nothing at all."""
    return bytes(RATE * ms // 1000 * 2)


def through_alaw(pcm: bytes) -> bytes:
    """What is left of it after a telephone line."""
    return alaw_to_pcm(pcm_to_alaw(pcm))


def likeness(heard: bytes, wanted: bytes) -> float:
    """Normalised cross-correlation of ``wanted`` with the place in ``heard`` that fits it best, -1..1."""
    return _Sound(_samples(heard)).best(_samples(wanted))[0]


def place_of(heard: bytes, wanted: bytes) -> int:
    """Where in ``heard`` it fits best, in milliseconds."""
    return _Sound(_samples(heard)).best(_samples(wanted))[1] * 1000 // RATE


def likeness_in_pieces(heard: bytes, wanted: bytes, piece_ms: int = 1000) -> list[float]:
    """:func:`likeness` of each piece: two clocks, or a jitter buffer, may have shifted them a little."""
    size, sound = RATE * piece_ms // 1000 * 2, _Sound(_samples(heard))
    pieces = [_samples(wanted[at : at + size]) for at in range(0, max(1, len(wanted) - size // 2), size)]
    return [sound.best(piece)[0] for piece in pieces if piece.any()]


def gaps(heard: bytes, said: bytes, first_ms: int = 0, last_ms: int | None = None) -> list[int]:
    """Where in a :func:`hiss` that was ``said`` something is missing in ``heard``: the places, ms.

    Any piece of 100 ms that is lost is told; one packet of 20 ms, or two, are not. From ``first_ms`` to ``last_ms``
    of what was said.
    """
    there, wanted = _samples(heard), _samples(said)
    size, hop, around = RATE // 10, RATE // 20, RATE // 4
    end = len(wanted) if last_ms is None else last_ms * RATE // 1000
    begin = first_ms * RATE // 1000
    shift = _Sound(there).best(wanted[begin : begin + 10 * size])[1] - begin  # where it is in what was heard
    missing = []
    for at in range(begin, end - size + 1, hop):
        low = max(0, at + shift - around)
        fit, place = _Sound(there[low : at + shift + size + around]).best(wanted[at : at + size])
        if fit < 0.6:  # it may have moved: who speaks was held up for a moment, or more than this piece is lost
            low = max(0, low - RATE)
            fit, place = _Sound(there[low:]).best(wanted[at : at + size])
        if fit < 0.6:
            missing.append(at * 1000 // RATE)
        else:
            shift = low + place - at
    return missing


def same_words(heard: bytes, wanted: bytes) -> float:
    """How well the spectrum of ``wanted`` over time fits the best place in ``heard``, -1..1.

    For prompts made while the caller waits: espeak-ng says a text again with the same sounds at the same
    times, but not with the same samples.
    """
    there, here = _bands(heard), _bands(wanted)
    count = len(here)
    if len(there) < count:
        return 0.0
    here = here - here.mean(axis=0)
    size = 1 << (len(there) + count).bit_length()
    product = np.fft.irfft(np.fft.rfft(there, size, axis=0) * np.conj(np.fft.rfft(here, size, axis=0)), size, axis=0)
    fit = product.sum(axis=1)[: len(there) - count + 1]
    sums, squares = (np.concatenate((np.zeros((1, there.shape[1])), np.cumsum(x, axis=0))) for x in (there, there**2))
    spread = (squares[count:] - squares[:-count] - (sums[count:] - sums[:-count]) ** 2 / count).sum(axis=1)
    return float(np.max(fit / np.sqrt(np.maximum(spread, 1e-9) * float((here**2).sum()))))


def write_wav(path: Path, pcm: bytes, rate: int = RATE) -> Path:
    """Write it as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(pcm)
    return path


def read_wav(path: Path, wanted: int = RATE) -> bytes:
    """The samples of a WAV file of ``wanted`` Hz, also of one whose writer has not finished it."""
    data = path.read_bytes()
    at, rate, channels = 12, RATE, 1
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        if name == b"fmt ":
            channels, rate = struct.unpack("<HI", data[at + 10 : at + 16])
        if name == b"data":
            assert (channels, rate) == (1, wanted), f"{path.name}: {channels} channels at {rate} Hz"
            body = data[at + 8 : at + 8 + size] if size else data[at + 8 :]
            return body[: len(body) // 2 * 2]
        at += 8 + size + size % 2
    return b""


def sound_of_capture(path: Path) -> bytes:
    """The A-law sound in a packet capture (Ethernet or Linux "any"), in order of sequence numbers."""
    data = path.read_bytes()
    link = struct.unpack("<I", data[20:24])[0]
    skip = {1: 14, 113: 16}[link] + 20 + 8  # IPv4 without options, UDP
    packets, at = {}, 24
    while at + 16 <= len(data):
        size = struct.unpack("<I", data[at + 8 : at + 12])[0]
        rtp = data[at + 16 + skip : at + 16 + size]
        at += 16 + size
        if rtp[1] & 0x7F == PCMA:
            packets[struct.unpack(">H", rtp[2:4])[0]] = rtp[12:]
    return alaw_to_pcm(b"".join(packets[number] for number in sorted(packets)))


@lru_cache(maxsize=32)  # the same sound is compared with many prompts
def _bands(pcm: bytes) -> NDArray[np.float64]:
    """Loudness of 25 bands each 10 ms, on a logarithmic scale."""
    window, hop = 256, RATE // 100
    sound = _samples(pcm)
    if len(sound) < window:
        return np.zeros((0, 25))
    frames = np.lib.stride_tricks.sliding_window_view(sound, window)[::hop] * np.hanning(window)
    power = np.abs(np.fft.rfft(frames, axis=1))[:, 3:128] ** 2
    return np.asarray(np.log10(1e4 + power.reshape(len(frames), 25, 5).sum(axis=2)))


def _samples(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float64)


class _Sound:
    """What was heard, to look up pieces in it. It is cut into blocks, transformed once for all pieces of one length."""

    def __init__(self, heard: NDArray[np.float64]) -> None:
        self._heard = heard
        self._sums = np.concatenate(([0.0], np.cumsum(heard * heard)))
        self._blocks: dict[int, tuple[int, NDArray[np.complex128]]] = {}  # length of a piece -> block and spectra

    def best(self, wanted: NDArray[np.float64]) -> tuple[float, int]:
        """How well a piece fits where it fits best, -1..1, and the sample at which that is."""
        count, energy = len(wanted), float(wanted @ wanted)
        places = len(self._heard) - count + 1
        if places < 1 or not energy:
            return 0.0, 0
        block, spectra = self._cut(count)
        product = np.fft.irfft(spectra * np.conj(np.fft.rfft(wanted, block)), block)[:, : block - count + 1]
        local = self._sums[count:] - self._sums[:-count]
        floor = 1e-6 * energy  # where there is silence nothing fits
        fit = product.reshape(-1)[:places] / np.sqrt(np.maximum(local, floor) * energy)
        place = int(np.argmax(fit))
        return float(fit[place]), place

    def _cut(self, count: int) -> tuple[int, NDArray[np.complex128]]:
        """Spectra of blocks that overlap by a piece of ``count`` samples less one (overlap-save)."""
        if count not in self._blocks:
            block = 1 << (min(4 * count, len(self._heard)) - 1).bit_length()
            hop = block - count + 1
            blocks = -(-(len(self._heard) - count + 1) // hop)
            padded = np.zeros((blocks - 1) * hop + block)
            padded[: len(self._heard)] = self._heard
            cut = np.lib.stride_tricks.sliding_window_view(padded, block)[::hop]
            self._blocks[count] = block, np.fft.rfft(cut)
        return self._blocks[count]
