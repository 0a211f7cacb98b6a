"""UUIDv7 (RFC 9562): ids that sort by time, never backwards within one process.

The only module state of the store: two ids of one millisecond must still sort, whoever asks for them.
"""

from __future__ import annotations

import os
import threading
import time

_LOCK = threading.Lock()
_RANDOM_BITS = 74  # rand_a (12) and rand_b (62)
_POOL = 4096  # bytes asked of the system at once: each asking lets another thread run in between
_pool, _pool_at, _pool_of = b"", 0, 0  # random bytes, how many are used, and of which process
_last = 0  # the last id without its version and variant bits: 48 bits of ms, then the random ones


def uuid7(at_ms: int | None = None) -> str:
    """A new id for the moment ``at_ms`` (UTC ms, default: now), greater than every one before it."""
    global _last
    ms = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    with _LOCK:
        fresh = ms << _RANDOM_BITS | _random(_RANDOM_BITS)
        _last = fresh if fresh > _last else _last + 1 + _random(32)
        value = _last
    stamp, random = value >> _RANDOM_BITS, value & ((1 << _RANDOM_BITS) - 1)
    text = f"{stamp:012x}7{random >> 62:03x}{0x8000000000000000 | random & ((1 << 62) - 1):016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _random(bits: int) -> int:
    """So many random bits; the caller holds the lock."""
    global _pool, _pool_at, _pool_of
    size = -(-bits // 8)
    if _pool_at + size > len(_pool) or _pool_of != os.getpid():  # a forked process never repeats its parent's
        _pool, _pool_at, _pool_of = os.urandom(_POOL), 0, os.getpid()
    taken = _pool[_pool_at : _pool_at + size]
    _pool_at += size
    return int.from_bytes(taken, "big") >> (8 * size - bits)
