"""Marks: by name, what a process wants to be known of to the others and to itself after a restart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from store.sql import insert_once, table, upsert

MARKS = table("marks")


class Mark(NamedTuple):
    """A mark as it stands; ``at``: UTC ms."""

    value: str
    at: int


def value(connection: Connection, name: str, *, hold: bool = False) -> str | None:
    """What the mark says; None: there is none. ``hold``: nobody else changes it until we end."""
    query = select(MARKS.c.value).where(MARKS.c.name == name)
    return connection.scalar(query.with_for_update() if hold else query)


def found(connection: Connection, names: Iterable[str]) -> dict[str, Mark]:
    """The marks of these names that there are."""
    rows = connection.execute(select(MARKS).where(MARKS.c.name.in_(list(names))))
    return {row.name: Mark(row.value, row.at) for row in rows}


def put(connection: Connection, name: str, value: str, now: int) -> None:
    """Set the mark, whatever it was."""
    upsert(connection, "marks", [{"name": name, "value": value, "at": now}])


def take(connection: Connection, name: str, value: str, now: int, before: int) -> bool:
    """Set the mark if there is none, or it says the same and is older than ``before``: one process alone does.

    False: another process has it, or it says something else.
    """
    if insert_once(connection, "marks", {"name": name, "value": value, "at": now}, "name"):
        return True
    old = update(MARKS).where(MARKS.c.name == name, MARKS.c.value == value, MARKS.c.at < before)
    return connection.execute(old.values(at=now)).rowcount == 1


def touch(connection: Connection, name: str, now: int) -> None:
    """It still says what it says."""
    connection.execute(update(MARKS).where(MARKS.c.name == name).values(at=now))
