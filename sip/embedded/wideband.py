"""G.722, 7 kHz sound in 64 kbit/s (ITU-T G.722): prompts encoded once, and joined without a click.

Encoder and decoder of G.722 adapt to what went before, so codes are understood in one place only: behind the
codes they were made after. Prompts that are encoded by themselves and put together anyhow click. So each is encoded
behind a *lead*, 160 ms of the quietest noise, always the same; it is sent before each prompt, and it is
what is sent when nothing is said. At its end every decoder is where the encoder was, whatever it heard before (what
it knows fades within some 30 ms), to within the noise of the codec.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import soxr
from G722 import G722
from numpy.typing import NDArray

from sip.embedded.rtp import FRAME, FRAME_MS

WIDE = 16_000  # Hz
LEAD = 8  # frames: what a decoder knew has faded by 40 dB; of fewer, now and then a click is left
_FADE = 2  # frames of silence behind a prompt, in which the codes' steps grow small
_LEVEL, _SEED = 30, 1  # of the noise: some -62 dBm0; of several that were tried the one that settles decoders best
_LOOPS = 20  # until the encoder has forgotten how it began
_PIECE = WIDE // 10  # samples encoded at a time: other threads have their turn in between
_BITRATE = 64_000

Samples = NDArray[np.int16]


def encode(sound: Samples) -> bytes:
    """A prompt (16 kHz) as codes to be sent behind :func:`lead`, in whole frames of 160 bytes, with its fade."""
    encoder = _settled()
    size = WIDE * FRAME_MS // 1000
    whole = np.concatenate((sound, np.zeros(-len(sound) % size + _FADE * size, np.int16)))
    return b"".join(encoder.encode(whole[at : at + _PIECE]) for at in range(0, len(whole), _PIECE))


def joined(parts: list[bytes]) -> bytes:
    """Prompts behind each other; a part that is only a pause has codes of the lead, so it shortens the next lead."""
    out = bytearray()
    quiet = 0  # frames of the lead that stand at the end
    for codes in parts:
        pause = len(codes) // FRAME if is_quiet(codes) else 0
        if pause:
            quiet = pause
            continue
        out += silence(max(0, quiet - LEAD - _FADE)) + lead() + codes
        quiet = 0
    return bytes(out + silence(quiet))


def silence(frames: int) -> bytes:
    """So many frames of nothing."""
    return (lead() * (frames // LEAD + 1))[: frames * FRAME]


def is_quiet(codes: bytes) -> bool:
    """Whether codes are those of :func:`silence`."""
    return codes == silence(len(codes) // FRAME)


@cache
def lead() -> bytes:
    """The codes that bring a decoder to where each prompt begins."""
    encoder = _encoder()
    for _ in range(_LOOPS - 1):
        encoder.encode(_noise())
    return encoder.encode(_noise())


def widened(pcm: bytes) -> Samples:
    """8 kHz sound at 16 kHz, for what has no wide recording."""
    narrow = np.frombuffer(pcm, "<i2").astype(np.float32)
    wide: NDArray[np.float32] = soxr.resample(narrow, WIDE // 2, WIDE)
    return np.clip(wide, -32768, 32767).astype(np.int16)


def decoder() -> Callable[[bytes], bytes]:
    """From codes, packet by packet in order, to PCM at 8 kHz: the lower half, which tones and recordings need."""
    narrow = G722(WIDE // 2, _BITRATE)
    return lambda codes: narrow.decode(codes).tobytes()


def encoder() -> Callable[[bytes], bytes]:
    """From PCM at 8 kHz, packet by packet in order, to codes: what an A-law phone says to a G.722 one."""
    narrow = G722(WIDE // 2, _BITRATE)
    return lambda pcm: narrow.encode(np.frombuffer(pcm, np.int16))


def _encoder() -> G722:
    return G722(WIDE, _BITRATE)


def _settled() -> G722:
    """An encoder at the end of the lead."""
    encoder = _encoder()
    for _ in range(_LOOPS):
        encoder.encode(_noise())
    return encoder


@cache
def _noise() -> Samples:
    count = WIDE * FRAME_MS // 1000 * LEAD
    return np.random.default_rng(_SEED).integers(-_LEVEL, _LEVEL + 1, count).astype(np.int16)
