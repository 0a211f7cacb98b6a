"""A city known only by its files: weekdays 08:30-17:00, its holidays, 5 and 10 working days at the same time of day.

And a second, simple reckoning of the same promise, step by step, which shares no code with the program.
"""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from pathlib import Path

from ivr.calendar.tables import WEEKDAYS, Reason, entries_sha256

OPEN, CLOSE = time(8, 30), time(17)
DAYS = {"pothole": 5, "street_light": 10}
HOLIDAYS = {
    date(2025, 1, 1): "New Year's Day",
    date(2025, 7, 4): "Independence Day",
    date(2025, 11, 27): "Thanksgiving",
    date(2025, 12, 25): "Christmas Day",
    date(2026, 1, 1): "New Year's Day",
    date(2026, 1, 19): "Martin Luther King Day",
    date(2026, 5, 25): "Memorial Day",
    date(2026, 7, 3): "Independence Day",
    date(2026, 9, 7): "Labor Day",
    date(2026, 11, 26): "Thanksgiving",
    date(2026, 12, 25): "Christmas Day",
}
MADE_UP = {date(2026, 7, 11)}  # a Saturday worked instead
PROFILE = """
name = "riverton"
title = { en = "Riverton 311" }
source = "Riverton service agreement"
[hours]
kind = "workday_no_break"
open = "08:30"
close = "17:00"
[deadlines]
"""
RULE = '{ n = %d, unit = "workday", convention = "same_time", after_hours = "next_opening" }'


def write_files(folder: Path) -> tuple[Path, list[Path]]:
    """The profile and the tables of 2025 and 2026."""
    profile = folder / "riverton.toml"
    profile.write_text(PROFILE + "".join(f"{kind} = {RULE % n}\n" for kind, n in DAYS.items()), "utf-8")
    return profile, [_table(folder, year) for year in (2025, 2026)]


def _table(folder: Path, year: int) -> Path:
    off = {d: Reason(name, name) for d, name in HOLIDAYS.items() if d.year == year}
    works = {d: Reason("", "") for d in MADE_UP if d.year == year}
    digest = entries_sha256(year, [5, 6], off, works)
    head = [
        'calendar = "riverton"',
        f"year = {year}",
        'title = "City holidays"',
        'source = "https://riverton.example/holidays"',
        f"notice_date = {year - 1}-06-01",
        f'weekend = ["{WEEKDAYS[5]}", "{WEEKDAYS[6]}"]',
        f'sha256 = "{digest}"',
    ]
    for d, why in off.items():
        made_up = [w for w in works if 0 < (w - d).days < 14]
        head += ["[[holiday]]", f'name = {{ en = "{why.en}" }}', f"from = {d}", f"to = {d}"]
        head += [f"works = [{', '.join(map(str, made_up))}]"] if made_up else []
    path = folder / f"riverton-{year}.toml"
    path.write_text("\n".join(head) + "\n", "utf-8")
    return path


def arrivals(count: int, seed: int = 311) -> list[tuple[str, datetime]]:
    """Cases of two years at any time, many of them at the edges of the service hours."""
    chance = random.Random(seed)
    edges = [time(8, 29, 59), OPEN, time(16, 59, 59), CLOSE, time(0), time(23, 59, 59)]
    found = []
    for _ in range(count):
        day = date(2025, 1, 1) + timedelta(days=chance.randrange(690))
        moment = time(chance.randrange(24), chance.randrange(60), chance.randrange(60))
        at = datetime.combine(day, chance.choice(edges) if chance.random() < 0.3 else moment)
        found.append((chance.choice(list(DAYS)), at))
    return found


def works(day: date) -> bool:
    return day in MADE_UP or (day.weekday() < 5 and day not in HOLIDAYS)


def due(kind: str, received: datetime) -> datetime:
    """The second reckoning: walk to an open moment, then day by day until enough working days are counted."""
    at = received
    while not (works(at.date()) and OPEN <= at.time() < CLOSE):
        if at.time() < OPEN:
            at = datetime.combine(at.date(), OPEN)
        else:
            at = datetime.combine(at.date() + timedelta(days=1), time(0))
    left = DAYS[kind]
    while left:
        at += timedelta(days=1)
        left -= works(at.date())
    return at
