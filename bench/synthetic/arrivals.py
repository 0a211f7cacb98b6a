"""When people call: quarters of an hour, weekdays, seasons, holidays, and a few days on which the power fails."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import date, time
from itertools import accumulate

from bench.synthetic.plan import Plan
from ivr.calendar.hours import local_moment
from ivr.calendar.tables import WorkCalendar

QUARTER_MS = 900_000
QUARTERS = 96
# Summer heat and the cold weeks bring most calls to a power company.
SEASON = (1.10, 0.92, 0.90, 0.88, 0.92, 1.08, 1.28, 1.24, 0.98, 0.88, 0.90, 1.04)
WEEKDAY = (1.14, 1.06, 1.02, 1.00, 0.98, 0.92, 0.88)  # of working days
DAY_OFF, HOLIDAY = 0.62, 0.45
STORMS_PER_YEAR = 6


def shape(working: bool) -> list[float]:
    """The weight of each quarter of an hour of a day."""
    found = []
    for quarter in range(QUARTERS):
        hour = quarter / 4
        night = 0.06 + 0.10 * math.exp(-(((hour - 21) / 2.5) ** 2))
        morning, afternoon = math.exp(-(((hour - 10.2) / 1.9) ** 2)), math.exp(-(((hour - 15.7) / 2.0) ** 2))
        lunch = 0.22 * math.exp(-(((hour - 13) / 2.5) ** 2))
        found.append(night + (morning + 0.85 * afternoon if working else 0.55 * (morning + afternoon)) + lunch)
    return found


def weights(plan: Plan, calendar: WorkCalendar, dice: random.Random) -> list[tuple[int, float]]:
    """(begin in UTC ms, expected share) of every quarter of an hour of the plan, those after its end left out."""
    working, free = shape(True), shape(False)
    storms = {day for day in plan.every_day() if dice.random() < STORMS_PER_YEAR / 365}
    found = []
    for day in plan.every_day():
        begin = round(local_moment(day, time.min, plan.zone).timestamp() * 1000)
        works = calendar.is_workday(day)
        whole = _day(day, works, calendar) * max(0.5, dice.gauss(1.0, 0.07))
        form = working if works else free
        storm_from = dice.randrange(52, 80) if day in storms else QUARTERS
        for quarter in range(QUARTERS):
            at = begin + quarter * QUARTER_MS
            if at >= plan.to_ms:
                break
            storm = 3.0 if storm_from <= quarter < storm_from + 14 else 0.0
            found.append((at, whole * (form[quarter] + storm) * max(0.2, dice.gauss(1.0, 0.12))))
    return found


def _day(day: date, works: bool, calendar: WorkCalendar) -> float:
    if works:
        return SEASON[day.month - 1] * WEEKDAY[day.weekday()]
    return SEASON[day.month - 1] * (DAY_OFF if day.weekday() >= 5 else HOLIDAY)


def moments(plan: Plan, calendar: WorkCalendar, dice: random.Random) -> Iterator[tuple[int, float]]:
    """(arrival in UTC ms, pressure on the operators) of every call, in order; exactly ``plan.calls`` of them.

    Pressure 1.0: as many calls as on an average working morning.
    """
    slots = weights(plan, calendar, dice)
    sums = list(accumulate(weight for _, weight in slots))
    busy = sorted(weight for _, weight in slots)[int(len(slots) * 0.85)] or 1.0
    told = 0
    for (begin, weight), total in zip(slots, sums, strict=True):
        upto = round(plan.calls * total / sums[-1])
        length = min(QUARTER_MS, plan.to_ms - begin)
        for offset in sorted(dice.randrange(length) for _ in range(upto - told)):
            yield begin + offset, weight / busy
        told = upto
