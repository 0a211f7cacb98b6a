"""Presses as Asterisk tells them: each at its end, with how long the key was down. Pure.

A gateway that sends a key both as an event (RFC 4733) and by SIP INFO makes Asterisk tell it twice. Both times lie over
each other then, which one finger on one key cannot do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

TOGETHER_MS = 100  # the ends of one press told twice lie within this


@dataclass(frozen=True, slots=True)
class Press:
    """A key that was let go at ``end_ms`` (Asterisk's clock, Unix) after ``duration_ms``; 0 when it was not told."""

    key: str
    end_ms: int
    duration_ms: int

    @property
    def begin_ms(self) -> int:
        return self.end_ms - self.duration_ms


def press_of(event: Mapping[str, Any]) -> Press:
    """The press in a ``ChannelDtmfReceived``. Raises ``KeyError`` or ``ValueError`` for one that is not well formed."""
    end = datetime.fromisoformat(event["timestamp"])
    return Press(event["digit"], round(end.timestamp() * 1000), max(0, int(event.get("duration_ms", 0))))


def again(before: Press | None, now: Press) -> bool:
    """Whether ``now`` is the press ``before``, told a second time (another way, or sent twice)."""
    if before is None or before.key != now.key or abs(now.end_ms - before.end_ms) > TOGETHER_MS:
        return False
    return now.begin_ms < before.end_ms and before.begin_ms < now.end_ms
