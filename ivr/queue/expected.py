"""How long somebody will wait, told honestly: by the talks of the last hour, and how wrong that was (STF-13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil

MINUTE_MS = 60_000
TALK_MS = 180_000  # taken for a talk when nobody talked in the last hour
LOOK_BACK_MS = 3_600_000
FEW = 3  # fewer talks than this say little: counted together with TALK_MS
TOLD_MAX_MIN = 60  # more is told as this


def expected_ms(ahead: int, staffed: int, talks_ms: Sequence[int]) -> int:
    """Return the expected wait in ms of who has ``ahead`` before him at ``staffed`` seats that are all busy.

    A talk lasts on average what those of the last hour lasted (``talks_ms``), and as each is somewhere in its middle,
    a seat gets free every talk / seats.
    """
    known = list(talks_ms) if len(talks_ms) >= FEW else [*talks_ms, *[TALK_MS] * (FEW - len(talks_ms))]
    return round((ahead + 1) * (sum(known) / len(known)) / max(1, staffed))


def told_min(expected: int) -> int:
    """Return the minutes that are told for an expected wait in ms: rounded up, at least one."""
    return min(TOLD_MAX_MIN, max(1, ceil(expected / MINUTE_MS)))


def error_ms(told_ms: int, waited_ms: int) -> int:
    """Return by how much the wait that was told was wrong, in ms."""
    return abs(told_ms - waited_ms)


MARGIN = 1.5  # an expected wait is a guess, a promise is none
LEAST_MS = 10 * MINUTE_MS
FIVE = timedelta(minutes=5)


def in_local_time(at: int, expected: int, zone: tzinfo = UTC) -> str:
    """Return the local date-time (ISO) before which somebody is called back, in full five minutes.

    ``at``: UTC ms; ``expected``: the wait in ms, of which half is added.
    """
    moment = datetime.fromtimestamp((at + max(LEAST_MS, MARGIN * expected)) / 1000, zone)
    past = timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)
    return (moment - past + (FIVE if past else timedelta())).replace(tzinfo=None).isoformat(timespec="minutes")
