"""Recompute the derived tables from the journal (``hotline db rebuild``), or only say where they differ.

Works in pieces of a few calls while the hotline runs: a call's rows depend on that call's facts alone, so
each piece is one short transaction (about 50 ms at most) and the journal never waits longer than that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, func, or_, select, text

from ivr.facts.base import NotUnderstood, for_the_record
from ivr.projections.fold import fold
from ivr.projections.rows import AnyRow, Tables
from ivr.rows import DerivedRow
from store import aside, derived
from store.derived import rows_by, values_of
from store.engine import open_engine
from store.journal import hourly
from store.journal.entries import JOURNAL, JOURNAL_LOCK, read_row
from store.journal.projection import DERIVED
from store.sql import Row, table

PIECE_MS = 40  # a piece that took longer is followed by a smaller one
# By which column a derived row belongs to its call, or (of a case without a call) to its case.
BY_CALL = {
    "calls": "id",
    "legs": "call_id",
    "cases": "call_id",
    "callbacks": "call_id",
    "callback_attempts": "call_id",
    "recordings": "call_id",
    "line_quality": "call_id",
    "ratings": "call_id",
    "outgoing_calls": "id",
}
BY_CASE = {
    "cases": "id",
    "case_steps": "case_id",
    "case_dues": "case_id",
    "callbacks": "case_id",
    "callback_attempts": "case_id",
    "ratings": "case_id",
    "outages": "id",
    "outage_customers": "outage_id",
}
FIRST_PIECE, LARGEST_PIECE = 20, 500  # calls
HOURS_PIECE = 20
STALE, COUNTED = {"count": "stale"}, {"count": "that of its calls"}
CALLS = table("calls")

Progress = Callable[[int, int], None]  # (calls done, calls in all)


@dataclass(frozen=True, slots=True)
class Difference:
    """A derived row that is not what the journal says. ``found``/``expected`` None: there is no such row.

    Of a fact that this version cannot read (table ``journal``) ``why`` says more; what is derived of its call, case or
    notice is left as it stands.
    """

    table: str
    id: str
    found: Row | None
    expected: Row | None
    why: str = ""

    def __str__(self) -> str:
        if self.why:
            return f"{self.table} {self.id}: {self.why}"
        if self.found is None or self.expected is None:
            return f"{self.table} {self.id}: {'missing' if self.found is None else 'not in the journal'}"
        columns = [name for name in self.expected if self.found[name] != self.expected[name]]
        what = ", ".join(f"{c} is {self.found[c]!r}, should be {self.expected[c]!r}" for c in columns)
        return f"{self.table} {self.id}: {what}"


def rebuild(target: str | Path | Engine, progress: Progress | None = None) -> list[Difference]:
    """Make every derived row what the journal says; what had to be changed."""
    return _run(target, progress, fix=True)


def verify(target: str | Path | Engine, progress: Progress | None = None) -> list[Difference]:
    """What :func:`rebuild` would change; changes nothing."""
    return _run(target, progress, fix=False)


def _run(target: str | Path | Engine, progress: Progress | None, fix: bool) -> list[Difference]:
    engine = target if isinstance(target, Engine) else open_engine(target)
    try:
        with engine.connect() as connection:
            return list(_differences(connection, progress or (lambda done, total: None), fix))
    finally:
        if engine is not target:
            engine.dispose()


def _differences(connection: Connection, progress: Progress, fix: bool) -> Iterator[Difference]:
    with _piece(connection):
        total = connection.scalar(select(func.count(JOURNAL.c.call_id.distinct()))) or 0
    done = 0
    # A case without a call is a unit of its own, by its case id; so is an outage notice.
    lone = and_(JOURNAL.c.call_id.is_(None), JOURNAL.c.name.in_(("case_opened", "outage_announced")))
    for column, scope in ((JOURNAL.c.call_id, JOURNAL.c.call_id.is_not(None)), (JOURNAL.c.case_id, lone)):
        last, size = "", FIRST_PIECE
        while True:
            with _piece(connection):
                began = time.monotonic()
                units = select(column).where(scope, column > last).distinct().order_by(column).limit(size)
                ids = list(connection.scalars(units))
                found = _compare(connection, column.name, ids, fix) if ids else []
            took = (time.monotonic() - began) * 1000
            yield from found
            if not ids:
                break
            last, done = ids[-1], done + len(ids) * (column.name == "call_id")
            progress(done, total)
            size = max(1, size // 2) if took > PIECE_MS else min(LARGEST_PIECE, size + size // 2 + 1)
    yield from _orphans(connection, fix)
    yield from _hours(connection, fix)


def _compare(connection: Connection, unit: str, ids: Sequence[str], fix: bool) -> list[Difference]:
    expected = Tables()
    mine: ColumnElement[bool] = JOURNAL.c[unit].in_(ids)
    if unit == "call_id":  # and what became of their cases since, which no call's turn carries
        cases = select(JOURNAL.c.case_id).where(mine, JOURNAL.c.case_id.is_not(None))
        mine = or_(mine, JOURNAL.c.case_id.in_(cases))
    unread: list[AnyRow] = []
    for row in connection.execute(select(JOURNAL).where(mine).order_by(JOURNAL.c.seq)).mappings():
        if not for_the_record(row["name"], row["version"]):
            fact = read_row(row)
            if isinstance(fact.content, NotUnderstood):
                unread.append(fact)
            else:
                fold(expected, fact)
    stands = {unit for fact in unread for unit in (fact.call_id, fact.case_id) if unit}
    actual = _stored(connection, unit, ids, set(expected.cases))
    found = [Difference("journal", fact.id, None, None, fact.content.why) for fact in unread]
    for fact in unread if fix else ():
        aside.fact(connection, fact)
    for name in DERIVED:
        should, is_ = getattr(expected, name), actual[name]
        wrong = [key for key in sorted({*should, *is_}) if should.get(key) != is_.get(key)]
        if stands:
            wrong = [key for key in wrong if not any(_of(name, row) & stands for row in _rows(key, should, is_))]
        found += [Difference(name, key, _values(is_.get(key)), _values(should.get(key))) for key in wrong]
        if fix and wrong:
            connection.execute(delete(table(name)).where(table(name).c.id.in_(wrong)))
            derived.write(connection, [should[key] for key in wrong if key in should])
            if name == "calls":
                hourly.reopen(connection, [row.arrived for key in wrong for row in _rows(key, should, is_)])
    return found


def _of(name: str, row: DerivedRow) -> set[str]:
    """The call, case or notice a derived row belongs to."""
    belongs = (getattr(row, column) for column in (BY_CALL.get(name), BY_CASE.get(name)) if column)
    return {one for one in belongs if one}


def _values(row: DerivedRow | None) -> Row | None:
    return None if row is None else values_of(row)


def _rows(key: str, *tables: dict[str, Any]) -> list[Any]:
    return [rows[key] for rows in tables if key in rows]


def _stored(connection: Connection, unit: str, ids: Sequence[str], cases: set[str]) -> dict[str, dict[str, DerivedRow]]:
    """The rows there are of these calls (or lone cases and notices); ``cases``: the cases they should have."""
    found: dict[str, dict[str, DerivedRow]] = {name: {} for name in DERIVED}
    for name, column in (BY_CALL if unit == "call_id" else BY_CASE).items():
        found[name] = rows_by(connection, DERIVED[name], column, ids)
    for name in ("case_steps", "case_dues"):
        found[name] = rows_by(connection, DERIVED[name], "case_id", {*cases, *found["cases"]})
    return found


def _orphans(connection: Connection, fix: bool) -> Iterator[Difference]:
    """Rows whose call, case or notice the journal has never heard of."""
    for name in DERIVED:
        stored = table(name)
        known = []
        if name in BY_CALL and name != "cases":
            known.append(JOURNAL.c.call_id == stored.c[BY_CALL[name]])
        if name in BY_CASE:
            known.append(JOURNAL.c.case_id == stored.c[BY_CASE[name]])
        unknown = [~select(JOURNAL.c.seq).where(one).exists() for one in known]
        with _piece(connection):
            rows = [dict(row) for row in connection.execute(select(stored).where(*unknown)).mappings()]
            if fix and rows:  # by the condition: ids would be more than a statement holds
                connection.execute(delete(stored).where(*unknown))
        yield from (Difference(name, row["id"], row, None) for row in rows)


def _hours(connection: Connection, fix: bool) -> Iterator[Difference]:
    """Hours that were counted beforehand: as their calls are now; ``fix``: and those that could be."""
    with _piece(connection):
        known = hourly.counted(connection)
    for begin in range(0, len(known), HOURS_PIECE):
        with _piece(connection):
            found = hourly.wrong(connection, known[begin : begin + HOURS_PIECE], fix)
        yield from (Difference("call_hours", f"{hour} {window}".strip(), STALE, COUNTED) for hour, window in found)
    while fix and not count_hours(connection):
        pass


def count_hours(connection: Connection, pieces: int | None = None) -> bool:
    """Count hours that are over, the newest first, in pieces of some 40 ms (``pieces``: no more than so many).

    The journal's own clock says what is over. False: some are left.
    """
    with _piece(connection):
        last = connection.scalar(select(func.max(CALLS.c.arrived)))
        hours = hourly.uncounted(connection, last) if last is not None else []
    done, at = 0, 0
    while at < len(hours):
        if pieces is not None and done == pieces:
            return False
        began = time.monotonic()
        with _piece(connection):
            while at < len(hours) and (time.monotonic() - began) * 1000 < PIECE_MS:
                hourly.close(connection, hours[at])
                at += 1
        done += 1
    return len(hours) < hourly.ENOUGH


@contextmanager
def _piece(connection: Connection) -> Iterator[None]:
    """One transaction nobody writes the journal during (SQLite: by BEGIN IMMEDIATE)."""
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": JOURNAL_LOCK})
        yield
