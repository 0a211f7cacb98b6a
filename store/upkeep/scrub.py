"""Numbers of persons that older versions let into texts: found by ``db verify``, made unreadable by ``db scrub``.

The one lawful change of journal and audit log (``docs/security.md``): only texts in which :mod:`ivr.scrubbing` finds a
number, only that number, each piece in one transaction that lifts the tables' lock against changes and puts it back,
with a proof of which rows: a row of ``prunings`` (rule ``numbers``) and one of the audit log.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, text, update

from ivr.scrubbing import scrubbed, without_numbers
from store.engine import reading
from store.ids import uuid7
from store.sql import Row, table
from store.upkeep import pruning

PIECE = 200  # rows of one transaction
LOOKED_FOR = 1000  # rows of a look
TYPED = (
    "case",
    "outage",
    "seat",
)  # kinds of facts whose data holds what people typed; a call's facts hold the hotline's own numbers


@dataclass(frozen=True, slots=True)
class Texts:
    """A table's columns of texts, and those of JSON; ``fixed``: the database refuses changes of its rows."""

    table: str
    key: str
    plain: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    fixed: bool = False


ALL = (
    Texts("journal", "seq", ("reason",), ("data",), fixed=True),
    Texts("audit", "seq", ("target", "detail"), fixed=True),
    Texts("identity_requests", "id", ("reason", "answer")),
    Texts("inbox", "id", data=("data",)),
    Texts("outbox", "id", data=("payload",)),
)


def count(engine: Engine) -> dict[str, int]:
    """By table: in how many rows a number stands."""
    counted = {texts.table: sum(1 for _ in _found(engine, texts)) for texts in ALL}
    return {name: n for name, n in counted.items() if n}


def scrub(engine: Engine, now: Callable[[], int], by: str) -> Row:
    """Make every such number unreadable; the proof. What is derived from the journal is to be rebuilt afterwards."""
    proof: Row = {
        "id": uuid7(), "at": now(), "finished": None, "rule": "numbers", "before": now(), "profile": "", "by": by,
        "count": 0, "bytes": 0, "digest": pruning.digest(()),
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(pruning.PRUNINGS), proof)
    for texts in ALL:
        source = table(texts.table)
        changes = list(_found(engine, texts))
        for begin in range(0, len(changes), PIECE):
            with engine.begin() as connection, _unlocked(connection, texts):
                for key, changed in changes[begin : begin + PIECE]:
                    connection.execute(update(source).where(source.c[texts.key] == key).values(changed))
                    proof["count"] += 1
                    proof["digest"] = pruning.further(proof["digest"], f"{texts.table} {key}")
                connection.execute(update(pruning.PRUNINGS).where(pruning.PRUNINGS.c.id == proof["id"]).values(proof))
    pruning.finish(engine, proof, now(), "scrub")
    return proof


def _found(engine: Engine, texts: Texts) -> Iterator[tuple[Any, Row]]:
    """Rows with a number in them: key, and the columns as they should be."""
    source = table(texts.table)
    key = source.c[texts.key]
    last: Any = None
    while True:
        query = select(source).order_by(key).limit(LOOKED_FOR)
        with reading(engine).connect() as connection:
            rows = connection.execute(query if last is None else query.where(key > last)).mappings().all()
        for row in rows:
            if changed := _changed(texts, row):
                yield row[texts.key], changed
        if len(rows) < LOOKED_FOR:
            return
        last = rows[-1][texts.key]


def _changed(texts: Texts, row: Mapping[Any, Any]) -> Row:
    should = {name: without_numbers(row[name] or "") for name in texts.plain}
    if texts.table != "journal" or row["kind"] in TYPED:
        should |= {name: _json(row[name]) for name in texts.data}
    return {name: value for name, value in should.items() if value != (row[name] or "")}


def _json(stored: str) -> str:
    """The data with its texts scrubbed; exactly what is stored when nothing is found, or when it cannot be read."""
    try:
        data = json.loads(stored)
    except ValueError:
        return stored
    clean = scrubbed(data)
    return stored if clean == data else json.dumps(clean, ensure_ascii=False, separators=(",", ":"))


@contextmanager
def _unlocked(connection: Connection, texts: Texts) -> Iterator[None]:
    """Within the transaction: rows of the table may be changed. Whatever goes wrong takes the lifting back, too."""
    name = texts.table
    if not texts.fixed:
        yield
    elif connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER {name}_append_only"))
        yield
        connection.execute(text(f"ALTER TABLE {name} ENABLE TRIGGER {name}_append_only"))
    else:
        trigger = f"{name}_no_update"
        made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": trigger})
        connection.execute(text(f"DROP TRIGGER {trigger}"))
        yield
        connection.exec_driver_sql(str(made))
