"""Counters of a stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Stats:
    """Counts since the stream was opened."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    late: int = 0  # came after a later one
    duplicates: int = 0
    junk: int = 0  # not RTP
    forged: int = 0  # not sealed as agreed, sealed by somebody else, or seen before (SRTP)
    strays: int = 0  # RTP from a source we do not listen to
    other: int = 0  # RTP of a payload type that was not agreed
    keys: int = 0
    gaps_sent: int = 0  # longer than 40 ms
    gaps_received: int = 0
    send_errors: int = 0
