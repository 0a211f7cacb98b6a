"""Set aside what could not be read, with its reason, so that it stops nothing else; the board shows it.

    aside.put(connection, "live_call", call_id, "encrypted data was changed", now, data)
    aside.waiting(session)                  # nobody has looked at these yet
    aside.seen(connection, ident, now)      # hotline db aside --seen ID

``data``: the thing itself as it was found, still encrypted where it was, for whoever can mend it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from ivr.facts.base import NotUnderstood
from ivr.projections.rows import AnyRow
from ivr.scrubbing import without_numbers
from store.ids import uuid7
from store.schema import SetAside
from store.sql import insert_once, table

ASIDE = table("set_aside")
# A call that was up, a spooled turn, something to be sent, a fact of the journal.
KINDS = ("live_call", "spool", "notice", "fact")
SHOWN = 50


def put(connection: Connection, kind: str, key: str, reason: str, now: int, data: bytes | None = None) -> None:
    """Set a thing aside, once by its ``key``."""
    why = without_numbers(reason)[:500]
    row = {"id": uuid7(), "at": now, "kind": kind, "key": key[:120], "reason": why, "data": data, "seen": None}
    insert_once(connection, "set_aside", row, "key")


def spooled(line: bytes, kept: str, now: int) -> Callable[[Connection], None]:
    """To be done in a transaction: show that a spooled turn could not be written, and in which file it is kept."""
    key, why = hashlib.sha256(line).hexdigest(), f"kept in {kept}"
    return lambda connection: put(connection, "spool", key, why, now)


def fact(connection: Connection, row: AnyRow) -> None:
    """Show that a fact stands in the journal which this version cannot read; it is kept there as it is."""
    content = row.content
    if isinstance(content, NotUnderstood):
        data = json.dumps(content.data, ensure_ascii=False).encode()
        put(connection, "fact", row.id, content.why, row.at, data)


def waiting(session: Session) -> Sequence[SetAside]:
    """What nobody has looked at yet, the newest first."""
    query = select(SetAside).where(SetAside.seen.is_(None)).order_by(SetAside.at.desc(), SetAside.id.desc())
    return session.scalars(query.limit(SHOWN)).all()


def seen(connection: Connection, ident: str, now: int) -> bool:
    """Somebody looked at it; False when there is no such thing, or somebody did before."""
    mine = update(ASIDE).where(ASIDE.c.id == ident, ASIDE.c.seen.is_(None))
    return connection.execute(mine.values(seen=now)).rowcount == 1
