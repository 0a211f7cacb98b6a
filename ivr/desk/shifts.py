"""The self test before a shift, and who came late (STF-4; pure): is each phone there, has each seat its operator?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ivr.calendar.hours import local_moment, open_on
from ivr.calendar.tables import WorkCalendar
from ivr.desk.states import OUT, SeatRow
from ivr.profile import Schedule

MINUTE_MS = 60_000
WATCHED_MS = 4 * 3_600_000  # who is not there by then does not come late any more
UNREGISTERED, SIGNED_OUT = "unregistered", "signed_out"


@dataclass(frozen=True, slots=True)
class ShiftStand:
    """What is known of today's shift. ``missing``: seats that are not ready, and why; ``late``: by how many ms."""

    missing: Mapping[str, str] = field(default_factory=dict)
    late: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """For the mark that keeps it."""
        return json.dumps({"missing": dict(self.missing), "late": dict(self.late)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> ShiftStand:
        """As written by :meth:`to_json`."""
        return cls(**json.loads(text))


def begins(schedule: Schedule, at: int, calendar: WorkCalendar, zone: ZoneInfo) -> int | None:
    """Return when the shift of that day begins (UTC ms): at opening; of a service that is always open, at its ``open``.

    None: it is a day off.
    """
    day = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).date()
    if not open_on(schedule, day, calendar):
        return None
    first = schedule.open if schedule.kind == "always" else schedule.spans[0][0]
    return round(local_moment(day, first, zone).timestamp() * 1000)


def tested(rows: Iterable[SeatRow], sign_in: bool) -> dict[str, str]:
    """Return the seats that could not take a call now, and why. A phone is there when it registered and answers."""
    return {row.id: why for row in rows if (why := _why(row, sign_in))}


def watched(stand: ShiftStand, rows: Iterable[SeatRow], sign_in: bool, begin: int, now: int) -> ShiftStand:
    """Return how the shift stands now: who is there at last is no longer missing, and late if it had begun."""
    still = tested(rows, sign_in)
    come = [seat for seat in stand.missing if seat not in still]
    if not come:
        return stand
    late = {seat: now - begin for seat in come if now > begin}
    missing = {seat: still[seat] for seat in stand.missing if seat in still}
    return replace(stand, missing=missing, late={**stand.late, **late})


def _why(row: SeatRow, sign_in: bool) -> str:
    if not row.reachable:
        return UNREGISTERED
    return SIGNED_OUT if row.state == OUT or (sign_in and not row.operator) else ""
