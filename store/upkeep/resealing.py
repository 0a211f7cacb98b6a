"""Seal again, with the newest master key, what older keys sealed: in short pieces, while the hotline runs.

    while (found := reseal(engine, keys, step)).done: pass     # until a whole look finds nothing
    found.unreadable                                           # what no key opens; it stays as it was

Nothing is remembered: a row says itself by which key it is sealed, so whoever was killed goes on where they were. A row
that somebody else changes or destroys meanwhile is left to them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, LargeBinary, and_, bindparam, func, literal, select, tuple_, update

from store.engine import reading
from store.journal import live
from store.keys import Keys
from store.people import accounts, drafts, notes
from store.sql import table
from store.upkeep import querycodes

PIECE = 100  # rows of a transaction, some 10 ms
BREATH_S = 0.01  # between two, so that the journal is written
WRAPPED = b"wrap"  # how a ring seals data keys (recordings/keys.py)

Step = Callable[[str, int], None]  # what, how many more


class Sealing(Keys, Protocol):
    """A ring that knows by which key something is sealed."""

    @property
    def ids(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column that is sealed; ``place``: what it is bound to, by its row."""

    table: str
    column: str
    key: tuple[str, ...]
    place: Callable[[Mapping[str, Any]], bytes]


SEALED = (
    Sealed("party_keys", "wrapped", ("party_id",), lambda row: WRAPPED),
    Sealed("sealed_identities", "wrapped", ("case_id",), lambda row: WRAPPED),
    Sealed("case_notes", "sealed", ("id", "case_id"), lambda row: notes.place(row["id"], row["case_id"])),
    Sealed("drafts", "sealed", ("account", "form"), lambda row: drafts.place(row["account"], row["form"])),
    Sealed("live_calls", "state", ("call_id",), lambda row: live.place(row["call_id"])),
    Sealed("set_aside", "data", ("id", "key"), lambda row: live.place(row["key"])),
    Sealed("users", "totp", ("id",), lambda row: accounts.factor_place(row["id"])),
    Sealed("users", "totp_new", ("id",), lambda row: accounts.factor_place(row["id"])),
    Sealed("query_codes", "sealed", ("case_id",), lambda row: querycodes.place(row["case_id"])),
)


@dataclass(frozen=True, slots=True)
class ResealResult:
    """What one look through everything did: rows sealed anew, and rows that no key opens."""

    done: int
    unreadable: int


def outdated(engine: Engine, keys: Sealing) -> int:
    """How many rows are still sealed by an older key."""
    with reading(engine).connect() as connection:
        return sum(
            connection.scalar(select(func.count()).select_from(table(one.table)).where(_old(one, keys))) or 0
            for one in SEALED
        )


def reseal(engine: Engine, keys: Sealing, step: Step = lambda what, n: None) -> ResealResult:
    """Look through everything once."""
    done = unreadable = 0
    for one in SEALED:
        last: tuple[Any, ...] | None = None
        while rows := _piece(engine, one, keys, last):
            last = tuple(rows[-1][name] for name in one.key)
            fresh = [(row, sealed) for row in rows if (sealed := _anew(keys, one, row)) is not None]
            unreadable += len(rows) - len(fresh)
            with engine.begin() as connection:
                done += sum(_put(connection, one, row, sealed) for row, sealed in fresh)
            step(one.table, len(rows))
            time.sleep(BREATH_S)
    return ResealResult(done, unreadable)


def _piece(engine: Engine, one: Sealed, keys: Sealing, last: tuple[Any, ...] | None) -> list[dict[str, Any]]:
    """The next rows that are sealed by an older key."""
    columns = [table(one.table).c[name] for name in one.key]
    query = select(*columns, table(one.table).c[one.column]).where(_old(one, keys)).order_by(*columns).limit(PIECE)
    if last is not None:
        query = query.where(tuple_(*columns) > tuple_(*(literal(value) for value in last)))
    with reading(engine).connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _old(one: Sealed, keys: Sealing) -> Any:
    """Is it sealed, and not by the newest key? A seal begins with its key's id (recordings/keys.py)."""
    newest, column = keys.ids[-1].encode(), table(one.table).c[one.column]
    head = bytes([1, len(newest)]) + newest
    begins = func.substr(column, 1, len(head)) == bindparam(None, head, type_=LargeBinary)
    found = and_(column.is_not(None), ~begins)
    return and_(found, table(one.table).c.kind == "live_call") if one.table == "set_aside" else found


def _anew(keys: Sealing, one: Sealed, row: Mapping[str, Any]) -> bytes | None:
    """Seal the row's value by the newest key; None: no key opens it."""
    place = one.place(row)
    try:
        return keys.encrypt(keys.decrypt(bytes(row[one.column]), place), place)
    except Exception:  # every kind of key ring has errors of its own; what was changed stays as evidence
        return None


def _put(connection: Connection, one: Sealed, row: Mapping[str, Any], sealed: bytes) -> int:
    target = table(one.table)
    same = [target.c[name] == row[name] for name in one.key]
    change = update(target).where(*same, target.c[one.column] == bytes(row[one.column]))
    return connection.execute(change.values({one.column: sealed})).rowcount
