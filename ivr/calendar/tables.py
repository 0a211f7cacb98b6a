"""Working days from dated tables (``callflows/calendars/cn-2026.toml``), with their source and hash.

A holiday package that guesses next year is silently wrong; a table knows what it covers. Outside
the covered years only weekends are off, and whoever asks is told (``covers``).
"""

from __future__ import annotations

import hashlib
import tomllib
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ivr.errors import IvrError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
YEARS = (1990, 2199)  # of a table: what is further away is a slip, and would be counted through day by day
_DAY = timedelta(days=1)


class CalendarError(IvrError, ValueError):
    """A table that cannot be used; the text names file, entry and remedy."""


class Reason(NamedTuple):
    """Why a day counts or not, in both languages."""

    zh: str
    en: str

    def text(self, lang: str) -> str:
        return self.zh if lang == "zh-CN" else self.en


WORKDAY = Reason("工作日", "working day")
WEEKEND = Reason("周末", "weekend")


@dataclass(frozen=True, slots=True)
class YearTable:
    """One year of one calendar: which days differ from the plain week, and why."""

    calendar: str
    year: int
    title: str
    source: str
    notice_date: date
    weekend: frozenset[int]  # date.weekday() values
    off: Mapping[date, Reason]
    works: Mapping[date, Reason]
    sha256: str


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Holiday(_Strict):
    name: dict[str, str]
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    works: list[date] = []


class _File(_Strict):
    calendar: str
    year: int = Field(ge=YEARS[0], le=YEARS[1])
    title: str
    source: str
    notice_date: date
    weekend: list[str]
    sha256: str = ""
    holiday: list[_Holiday] = []


def _with_files(tables: dict[int, YearTable], more: Iterable[Path]) -> dict[int, YearTable]:
    for path in more:
        if not path.is_file():
            raise CalendarError(f"{path}: there is no such table")
        table = parse_table(str(path), path.read_text("utf-8"))
        tables = tables if all(t.calendar == table.calendar for t in tables.values()) else {}
        tables[table.year] = table
    return tables


class _Reach(NamedTuple):
    """The days that were counted through: ``[first, last)`` as ordinals."""

    first: int
    last: int
    work: list[int]  # ordinals of working days, ascending
    until: list[int]  # working days up to and including day first + i


class WorkCalendar:
    """Which days are working days, and the n-th working day after a day, in constant time.

    Tables may be exchanged while everybody works with it (:meth:`take`): what was remembered of it under its old
    hash is not found again.
    """

    def __init__(self, tables: Sequence[YearTable]) -> None:
        self.take(tables)

    def take(self, tables: Sequence[YearTable]) -> None:
        """Count by these tables from now on. Raises :class:`CalendarError`, and then nothing changed."""
        if not tables:
            raise CalendarError("a calendar needs at least one year's table")
        if len({table.calendar for table in tables}) > 1 or len({t.year for t in tables}) < len(tables):
            raise CalendarError("the tables of a calendar must bear one name and differ in their year")
        self.tables = {table.year: table for table in sorted(tables, key=lambda t: t.year)}
        self.name = tables[0].calendar
        self.digest = hashlib.sha256(" ".join(t.sha256 for t in self.tables.values()).encode()).hexdigest()
        self._hash = hash(self.digest)
        self._weekend = self.tables[max(self.tables)].weekend
        self._reach = _Reach(0, 0, [], [])
        self._span(date(min(self.tables) - 1, 1, 1), date(max(self.tables) + 3, 1, 1))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other

    @classmethod
    def load(cls, name: str = "cn", more: Iterable[Path] = ()) -> WorkCalendar:
        """The shipped tables of ``name`` and those in ``more``.

        A file in ``more`` replaces its year; one of another calendar replaces all that came before.
        """
        folder = files("callflows").joinpath("calendars")
        shipped = [f for f in folder.iterdir() if f.name.startswith(f"{name}-") and f.name.endswith(".toml")]
        tables = {t.year: t for t in (parse_table(f"calendars/{f.name}", f.read_text("utf-8")) for f in shipped)}
        tables = _with_files(tables, more)
        if not tables:
            raise CalendarError(f"there is no calendar {name!r}: add calendars/{name}-YEAR.toml")
        return cls(list(tables.values()))

    @classmethod
    def over(cls, known: WorkCalendar, more: Iterable[Path]) -> WorkCalendar:
        """``known`` with further files, as in :meth:`load`."""
        return cls(list(_with_files(dict(known.tables), more).values()))

    def covers(self, d: date) -> bool:
        """Is there a table for the year of ``d``?"""
        return d.year in self.tables

    def is_workday(self, d: date) -> bool:
        """Is ``d`` a working day? Outside the covered years only weekends are off."""
        table = self.tables.get(d.year)
        if table is None:
            return d.weekday() not in self._weekend
        return d in table.works or (d not in table.off and d.weekday() not in table.weekend)

    def why(self, d: date) -> Reason:
        """Why ``d`` is a working day or not: 国庆节, 周末, 工作日, 国庆节调休上班."""
        table = self.tables.get(d.year)
        if table is not None and (named := table.works.get(d) or table.off.get(d)):
            return named
        return WORKDAY if self.is_workday(d) else WEEKEND

    def next_workday(self, d: date) -> date:
        """``d`` itself when it is a working day, else the first one after it."""
        return d if self.is_workday(d) else self.workday_after(d, 1)

    def workday_after(self, d: date, n: int) -> date:
        """The ``n``-th (n >= 1) working day after ``d``; ``d`` itself is not counted."""
        at = d.toordinal()
        # A week holds at least one working day, so 7n days and a long holiday are always enough.
        reach = self._span(d, date.fromordinal(at + 7 * n + 400))
        return date.fromordinal(reach.work[reach.until[at - reach.first] + n - 1])

    def workdays_between(self, first: date, last: date) -> int:
        """Working days from ``first`` to ``last``, both included."""
        reach = self._span(first, last + _DAY)
        begin = bisect_left(reach.work, first.toordinal())
        return max(0, reach.until[last.toordinal() - reach.first] - begin)

    def _span(self, first: date, end: date) -> _Reach:
        """Arrays that reach from ``first`` to before ``end`` (they only ever grow, by whole years)."""
        reach = self._reach
        if reach.first <= first.toordinal() and end.toordinal() <= reach.last:
            return reach
        low = min(date(first.year, 1, 1).toordinal(), reach.first or date.max.toordinal())
        high = max(date(min(end.year + 1, 9999), 1, 1).toordinal(), reach.last)
        work: list[int] = []
        until: list[int] = []
        for ordinal in range(low, high):
            if self.is_workday(date.fromordinal(ordinal)):
                work.append(ordinal)
            until.append(len(work))
        self._reach = reach = _Reach(low, high, work, until)  # at once: other threads count with the old or the new
        return reach


NEXT_YEAR_FROM_MONTH = 11  # the notice for next year usually comes in November


def missing_years(calendar: WorkCalendar, today: date) -> list[int]:
    """Years that should be known by now and are not: this one, and from 1 November the next."""
    wanted = [today.year, *([today.year + 1] if today.month >= NEXT_YEAR_FROM_MONTH else [])]
    return [year for year in wanted if year not in calendar.tables]


def parse_table(where: str, content: str, *, unsealed: bool = False) -> YearTable:
    """Read one year's table; raises :class:`CalendarError` naming ``where`` and the entry.

    ``unsealed``: it may come without its hash, because somebody is just comparing it with its source.
    """
    try:
        raw = _File.model_validate(tomllib.loads(content))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise CalendarError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:  # no TOML, numbers of thousands of digits, brackets in brackets
        raise CalendarError(f"{where}: not readable as TOML: {error}") from None
    if unknown := set(raw.weekend) - set(WEEKDAYS):
        raise CalendarError(f"{where}: weekend: {min(unknown)!r} is no day; use {', '.join(WEEKDAYS)}")
    if len(set(raw.weekend)) == 7:
        raise CalendarError(f"{where}: weekend: a week needs at least one working day")
    off: dict[date, Reason] = {}
    works: dict[date, Reason] = {}
    for holiday in raw.holiday:
        _add_holiday(where, raw.year, holiday, off, works)
    if both := set(off) & set(works):
        raise CalendarError(f"{where}: {min(both)} is both off and a working day; keep one")
    weekend = frozenset(WEEKDAYS.index(day) for day in raw.weekend)
    digest = entries_sha256(raw.year, weekend, off, works)
    if digest != raw.sha256 and not (unsealed and not raw.sha256):
        raise CalendarError(
            f"{where}: the entries do not match sha256; if they were compared with {raw.source}, "
            f'write  sha256 = "{digest}"'
        )
    return YearTable(raw.calendar, raw.year, raw.title, raw.source, raw.notice_date, weekend, off, works, digest)


def entries_sha256(year: int, weekend: Iterable[int], off: Mapping[date, Reason], works: Mapping[date, Reason]) -> str:
    """The hash over what a table says: its year, its weekend, and one line per special day."""
    lines = [f"{d} off {why.zh}" for d, why in off.items()] + [f"{d} works" for d in works]
    head = f"{year} weekend {' '.join(WEEKDAYS[day] for day in sorted(weekend))}"
    return hashlib.sha256("\n".join([head, *sorted(lines)]).encode()).hexdigest()


def _add_holiday(where: str, year: int, holiday: _Holiday, off: dict[date, Reason], works: dict[date, Reason]) -> None:
    zh = holiday.name.get("zh-CN") or next(iter(holiday.name.values()), "holiday")
    name = Reason(zh, holiday.name.get("en", zh))
    if holiday.last < holiday.first:
        raise CalendarError(f"{where}: {zh}: 'to' is before 'from'")
    for d in (holiday.first, holiday.last, *holiday.works):  # before any day between them is made
        if d.year != year:
            raise CalendarError(f"{where}: {zh}: {d} is not in {year}; put it into that year's table")
    days = [holiday.first + i * _DAY for i in range((holiday.last - holiday.first).days + 1)]
    off.update(dict.fromkeys(days, name))
    made_up = Reason(f"{zh}调休上班", f"make-up working day ({name.en})")
    works.update(dict.fromkeys(holiday.works, made_up))
