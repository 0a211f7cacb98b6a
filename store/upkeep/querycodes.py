"""Query codes 查询码 when the look-up key changes: each is hashed again, so that it still finds its case.

A code follows from the look-up key the case was stored under. Once that key is gone the code stands sealed in
``query_codes``, which is as far from being read as it was before: who holds the keys can make it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from ivr.facts.opened import CaseCodeRekeyed
from ivr.ledger import Fact
from store.engine import reading
from store.journal import entries
from store.keys import Keys
from store.people.parties import check_query_code, hash_query_code, query_code_of
from store.sql import table

CASES, CODES = table("cases"), table("query_codes")
TRIED = 20  # as many as the writer tries when a code is another case's
PIECE = 50
BREATH_S = 0.01


def rehash(
    engine: Engine, keys: Keys, former: Keys, now: Callable[[], int], step: Callable[[str, int], None]
) -> tuple[int, int]:
    """Hash the codes of all cases by the present key; of how many the hash is another one, and how many codes are
    unknown (of a version before, made by chance: they are found as long as the former key is kept)."""
    done = unknown = 0
    last = ""
    while rows := _piece(engine, last):
        last = rows[-1]["id"]
        for row in rows:
            code = _code(keys, former, row)
            if code is None:
                unknown += 1
            elif not check_query_code(keys, code, row["query_hash"]):
                with engine.begin() as connection:
                    done += _put(connection, keys, row, code, now())
        step("cases", len(rows))
        time.sleep(BREATH_S)
    return done, unknown


def _piece(engine: Engine, after: str) -> list[dict[str, Any]]:
    query = (
        select(CASES.c.id, CASES.c.command_id, CASES.c.query_hash, CODES.c.sealed)
        .outerjoin(CODES, CODES.c.case_id == CASES.c.id)
        .where(CASES.c.query_hash.is_not(None), CASES.c.id > after)
        .order_by(CASES.c.id)
        .limit(PIECE)
    )
    with reading(engine).connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _code(keys: Keys, former: Keys, row: dict[str, Any]) -> str | None:
    """The code of a case; None: no key tells it."""
    if row["sealed"] is not None:
        return keys.decrypt(row["sealed"], place(row["id"])).decode()
    for ring in (former, keys):  # stored before, or since
        for attempt in range(TRIED):
            code = query_code_of(ring, row["command_id"], attempt)
            if check_query_code(ring, code, row["query_hash"]):
                return code
    return None


def _put(connection: Connection, keys: Keys, row: dict[str, Any], code: str, now: int) -> int:
    """The new hash, as a fact of the journal, and the code sealed, when the case has that hash still."""
    held = select(CASES.c.query_hash).where(CASES.c.id == row["id"])
    if connection.scalar(held) != row["query_hash"]:
        return 0
    if row["sealed"] is None:
        kept = {"case_id": row["id"], "sealed": keys.encrypt(code.encode(), place(row["id"]))}
        connection.execute(insert(CODES), kept)
    told = Fact(now, CaseCodeRekeyed(hash_query_code(keys, code)))
    entries.append_facts(connection, [told], case_id=row["id"])
    return 1


def place(case_id: str) -> bytes:
    """Where a sealed code belongs."""
    return f"query-code:{case_id}".encode()
