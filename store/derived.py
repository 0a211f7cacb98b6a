"""Rows of the derived tables as objects: here they are read from the database and written to it, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Select, bindparam, select

from ivr.cases.case import CaseRow
from ivr.projections.rows import CaseDueRow
from ivr.rows import DerivedRow, made, values
from store.sql import Row, table, upsert

R = TypeVar("R", bound=DerivedRow)
# Columns that hold a list of lines as JSON text; in the row it is a tuple.
LISTS: Mapping[str, tuple[str, ...]] = {
    CaseRow.TABLE: ("explanation", "co_handlers"),
    CaseDueRow.TABLE: ("explanation",),
}


def query(kind: type[R]) -> Select[Any]:
    """Return the query for all rows of a table, to be narrowed down; :func:`found` runs it."""
    return _query(kind.TABLE, kind.__match_args__)


def found(connection: Connection, kind: type[R], narrowed: Executable, given: Row | None = None) -> list[R]:
    """Return the rows a :func:`query` finds."""
    return [_made(kind, values) for values in connection.execute(narrowed, given)]


def first(connection: Connection, kind: type[R], narrowed: Select[Any]) -> R | None:
    """Return the first row a :func:`query` finds; None: there is none."""
    return next(iter(found(connection, kind, narrowed.limit(1))), None)


def rows_by(
    connection: Connection, kind: type[R], column: str, values: Collection[Any], *, lock: bool = False
) -> dict[str, R]:
    """Return rows whose ``column`` is one of ``values``, by id. ``lock``: nobody else changes them until we end."""
    if not values:
        return {}
    wanted = _by(kind.TABLE, kind.__match_args__, column, lock)
    return {row.id: row for row in found(connection, kind, wanted, {"values": list(values)})}


def row_of(kind: type[R], stored: object) -> R:
    """Return the row of which ``stored`` (an entity of the schema) has the columns, as they stand in the table."""
    return _made(kind, values(kind.__match_args__)(stored))


def values_of(row: DerivedRow) -> Row:
    """Return the row's columns, as they stand in the table."""
    columns = row.__match_args__
    given = dict(zip(columns, values(columns)(row), strict=True))
    for name in LISTS.get(row.TABLE, ()):
        given[name] = json.dumps(given[name], ensure_ascii=False)
    return given


def write(connection: Connection, rows: Sequence[DerivedRow]) -> None:
    """Insert or replace rows of one table."""
    if rows:
        upsert(connection, rows[0].TABLE, [values_of(row) for row in rows])


def _made(kind: type[R], given: Sequence[Any]) -> R:
    """The row of the values of its columns, in their order."""
    lists = LISTS.get(kind.TABLE)
    if lists:
        at, given = kind.__match_args__.index, list(given)
        for name in lists:
            given[at(name)] = _lines(given[at(name)])
    return made(kind, given)


def _lines(text: str) -> tuple[Any, ...]:
    """What the text lists; of a text that lists nothing (it was not written here) itself, so that it is noticed."""
    if text == "[]":
        return ()
    try:
        listed: Iterable[Any] = json.loads(text)
    except ValueError:
        return (text,)
    return tuple(listed) if isinstance(listed, list) else (text,)


# Statements are built once; building them anew would cost more than running them.


@cache
def _query(name: str, columns: tuple[str, ...]) -> Select[Any]:
    return select(*(table(name).c[column] for column in columns))


@cache
def _by(name: str, columns: tuple[str, ...], column: str, lock: bool) -> Executable:
    derived = table(name)
    wanted = _query(name, columns).where(derived.c[column].in_(bindparam("values", expanding=True)))
    return wanted.order_by(derived.c.id).with_for_update() if lock else wanted  # SQLite has one writer anyway
