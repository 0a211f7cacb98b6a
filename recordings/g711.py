"""G.711 A-law and mu-law by table lookup (``audioop`` left the standard library in Python 3.13).

PCM is signed 16-bit little-endian mono. Encoding is one gather from a 65,536-entry table, decoding one
from 256 entries, transcoding between the laws is ``bytes.translate``. Tables are built at first use.

>>> alaw_to_pcm(pcm_to_alaw(bytes.fromhex("0000e803"))).hex()
'0800f003'
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

ALAW_SILENCE = 0xD5  # the code of +8, the smallest positive value: A-law has no zero
ULAW_SILENCE = 0xFF


def pcm_to_alaw(pcm: bytes) -> bytes:
    """Encode PCM as A-law, one byte per sample. Raises ``ValueError`` for half a sample."""
    return _encode(_alaw_codes(), pcm)


def pcm_to_ulaw(pcm: bytes) -> bytes:
    """Encode PCM as mu-law, one byte per sample. Raises ``ValueError`` for half a sample."""
    return _encode(_ulaw_codes(), pcm)


def alaw_to_pcm(codes: bytes) -> bytes:
    """Decode A-law to PCM, two bytes per sample."""
    return _alaw_values().take(np.frombuffer(codes, np.uint8)).tobytes()


def ulaw_to_pcm(codes: bytes) -> bytes:
    """Decode mu-law to PCM, two bytes per sample."""
    return _ulaw_values().take(np.frombuffer(codes, np.uint8)).tobytes()


def alaw_to_ulaw(codes: bytes) -> bytes:
    """Transcode A-law to mu-law without going through PCM."""
    return codes.translate(_alaw_to_ulaw_table())


def ulaw_to_alaw(codes: bytes) -> bytes:
    """Transcode mu-law to A-law without going through PCM."""
    return codes.translate(_ulaw_to_alaw_table())


def _encode(table: NDArray[np.uint8], pcm: bytes) -> bytes:
    if len(pcm) % 2:
        raise ValueError(f"16-bit PCM has an even number of bytes, not {len(pcm)}")
    return table.take(np.frombuffer(pcm, "<u2")).tobytes()


def _samples() -> NDArray[np.int32]:
    """Every 16-bit value, at the index that is its unsigned view."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _top_bit(magnitude: NDArray[np.int32]) -> NDArray[np.int32]:
    """The position of the highest set bit (0 for 0 and 1)."""
    return np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32)


@cache
def _alaw_codes() -> NDArray[np.uint8]:
    value = _samples() >> 3  # 13 bits
    magnitude = np.where(value >= 0, value, -value - 1)
    segment = np.maximum(0, _top_bit(magnitude) - 4)
    mantissa = (magnitude >> np.maximum(segment, 1)) & 0x0F
    sign = np.where(value >= 0, 0xD5, 0x55)
    return np.asarray(((segment << 4) | mantissa) ^ sign, np.uint8)


@cache
def _ulaw_codes() -> NDArray[np.uint8]:
    value = _samples() >> 2  # 14 bits
    magnitude = np.minimum(np.abs(value), 8158) + 33
    segment = _top_bit(magnitude) - 5
    mantissa = (magnitude >> (segment + 1)) & 0x0F
    sign = np.where(value >= 0, 0xFF, 0x7F)
    return np.asarray(((segment << 4) | mantissa) ^ sign, np.uint8)


@cache
def _alaw_values() -> NDArray[np.int16]:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    segment, mantissa = (code >> 4) & 7, code & 0x0F
    magnitude = np.where(segment == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype("<i2")


@cache
def _ulaw_values() -> NDArray[np.int16]:
    code = np.arange(256, dtype=np.int32) ^ 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype("<i2")


@cache
def _alaw_to_ulaw_table() -> bytes:
    return pcm_to_ulaw(alaw_to_pcm(bytes(range(256))))


@cache
def _ulaw_to_alaw_table() -> bytes:
    return pcm_to_alaw(ulaw_to_pcm(bytes(range(256))))
