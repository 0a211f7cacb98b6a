"""The few statements the store repeats at every turn of every call, built once and cached."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Executable, String, Table, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from store.schema import Base

Row = dict[str, Any]


def table(name: str) -> Table:
    """The table of that name."""
    return Base.metadata.tables[name]


def values(entity: Base) -> Row:
    """A row of a table as plain data, by column."""
    return {column.name: getattr(entity, column.name) for column in entity.__table__.columns}


def first(connection: Connection, query: Executable) -> Row | None:
    """The first row of an answer as plain data."""
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def upsert(connection: Connection, name: str, rows: list[Row]) -> None:
    """Insert or replace whole rows. Text longer than its column is cut (headers may be any length)."""
    limits = _limits(name)
    for row in rows:
        for column, limit in limits:
            if row[column] is not None and len(row[column]) > limit:
                row[column] = row[column][:limit]
    connection.execute(_upsert(name, connection.dialect.name), rows)


def insert_once(connection: Connection, name: str, row: Row, unique: str) -> bool:
    """Insert a row unless one with the same key is there; whether it was inserted."""
    target = table(name)
    insert = sqlite.insert(target) if connection.dialect.name == "sqlite" else postgresql.insert(target)
    # Not every driver says how many rows an INSERT made unless it is asked to keep the number.
    once = insert.on_conflict_do_nothing(index_elements=[unique]).execution_options(preserve_rowcount=True)
    return connection.execute(once, row).rowcount == 1


def rows_by(
    connection: Connection, name: str, column: str, values: Collection[Any], *, lock: bool = False
) -> dict[str, Row]:
    """Rows of a table whose ``column`` is one of ``values``, by id. ``lock``: nobody else changes them until we end."""
    if not values:
        return {}
    found = connection.execute(_select(name, column, lock), {"values": list(values)})
    return {row["id"]: dict(row) for row in found.mappings()}


def delete_by(connection: Connection, name: str, column: str, values: Collection[Any]) -> None:
    """Delete the rows of a table whose ``column`` is one of ``values``."""
    if values:
        connection.execute(_delete(name, column), {"values": list(values)})


def among(dialect: str, column: Any, ids: Sequence[str]) -> ColumnElement[bool]:
    """Is the text in ``column`` one of ``ids``? Thousands of them are sent as one value."""
    if dialect == "postgresql":
        given = bindparam(None, list(ids), type_=postgresql.ARRAY(String))
        return cast(ColumnElement[bool], column == func.any(given))
    each = func.json_each(json.dumps(ids)).table_valued("value")
    return cast(ColumnElement[bool], column.in_(select(each.c.value)))


# Statements are built once; building them anew would cost more than running them.


@cache
def _select(name: str, column: str, lock: bool) -> Executable:
    query = select(table(name)).where(table(name).c[column].in_(bindparam("values", expanding=True)))
    return query.order_by(table(name).c.id).with_for_update() if lock else query  # SQLite has one writer anyway


@cache
def _delete(name: str, column: str) -> Executable:
    return delete(table(name)).where(table(name).c[column].in_(bindparam("values", expanding=True)))


@cache
def _upsert(name: str, dialect: str) -> Executable:
    target = table(name)
    keys = [column.name for column in target.primary_key]
    insert = sqlite.insert(target) if dialect == "sqlite" else postgresql.insert(target)
    others = [column.name for column in target.columns if column.name not in keys]
    return insert.on_conflict_do_update(index_elements=keys, set_={name: insert.excluded[name] for name in others})


@cache
def _limits(name: str) -> tuple[tuple[str, int], ...]:
    return tuple(
        (column.name, length)
        for column in table(name).columns
        if (length := getattr(column.type, "length", None)) and not column.primary_key
    )
