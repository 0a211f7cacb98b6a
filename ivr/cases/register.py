"""A whole register at once: rows of ``kind, received[, channel]`` in, the same rows with their due dates out.

    for row in Register(columns, profile, calendar, zone).rows(reader):
        writer.writerow(row.cells)

Rows are taken one by one, so a register may be of any length. A row that cannot be read keeps its place: its
dates are empty and its explanation says what is wrong.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from ivr.calendar.tables import WorkCalendar
from ivr.cases.promise import due_for
from ivr.errors import IvrError
from ivr.profile import Profile

NEEDED = ("kind", "received")
ADDED = ("due", "unrolled", "provisional", "explanation")
BETWEEN = {"zh-CN": "；", "en": "; "}  # the steps of an explanation in one cell


class Reader(Protocol):
    """What :func:`csv.reader` gives."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


class NoRegister(IvrError, ValueError):
    """The heading lacks a column that is needed; the text says which."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row for the output; ``error`` is empty when all is well. ``line``: where it began in the input."""

    cells: list[str]
    line: int
    error: str = ""


class Register:
    """Reckons the rows under one heading; ``channel`` is that of rows which name none.

    Columns of the input stay as they are, but those named as in ``ADDED`` are written anew.
    Raises :class:`NoRegister`.
    """

    def __init__(
        self,
        heading: Sequence[str],
        profile: Profile,
        calendar: WorkCalendar,
        zone: ZoneInfo,
        channel: str = "phone",
        lang: str = "zh-CN",
    ) -> None:
        names = [name.strip().lower() for name in heading]
        if missing := [name for name in NEEDED if name not in names]:
            raise NoRegister(
                f"the first line must name the columns; missing: {', '.join(missing)} (found: {', '.join(heading)})"
            )
        self.width = len(names)
        self.heading = [*heading, *(name for name in ADDED if name not in names)]
        out = [name.strip().lower() for name in self.heading]
        self._added = [out.index(name) for name in ADDED]
        self._kind, self._received = (names.index(name) for name in NEEDED)
        self._channel = names.index("channel") if "channel" in names else None
        self._rules = profile, calendar, zone
        self._default_channel, self._lang = channel, lang

    def rows(self, reader: Reader) -> Iterator[Row]:
        """Every row with its due date; empty lines are left out."""
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._bad([], line, f"{error}; is a quotation mark not closed?")
                continue
            if cells:
                yield self._row(cells, line)

    def _row(self, cells: list[str], line: int) -> Row:
        if len(cells) > self.width and any(cells[self.width :]):
            more = ", ".join(cells[self.width :])
            return self._bad(cells, line, f"more cells than the first line has columns: {more}")
        kind, received, channel = self._cell(cells, self._kind), self._cell(cells, self._received), ""
        if self._channel is not None:
            channel = self._cell(cells, self._channel)
        try:
            found = due_for(kind, received, *self._rules, channel or self._default_channel)
        except ValueError as error:
            return self._bad(cells, line, str(error))
        due = found.due_text
        unrolled = due if found.unrolled is found.due else found.unrolled_text
        said = BETWEEN[self._lang].join([*found.lines(self._lang), *found.warnings(self._lang)])
        return Row(self._with(cells, due, unrolled, "true" if found.provisional else "false", said), line)

    def _bad(self, cells: list[str], line: int, error: str) -> Row:
        return Row(self._with(cells, "", "", "", error), line, error)

    def _with(self, cells: list[str], *added: str) -> list[str]:
        out = cells[: self.width] + [""] * (len(self.heading) - min(len(cells), self.width))
        for place, value in zip(self._added, added, strict=True):
            out[place] = value
        return out

    @staticmethod
    def _cell(cells: list[str], place: int) -> str:
        return cells[place].strip() if place < len(cells) else ""
