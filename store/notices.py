"""Who is told what: rows of the inbox, each exactly once by its key, in the transaction of what they tell of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select, update

from ivr.cases.actions import Notice
from ivr.cases.case import CaseRow
from ivr.scrubbing import scrubbed
from store.ids import uuid7
from store.sql import Row, insert_once, table

INBOX, USERS = table("inbox"), table("users")


@dataclass(frozen=True, slots=True)
class Matter:
    """What a notice is about: of a case what people are told of it, of anything else nothing."""

    id: str | None = None
    number: str = ""
    kind: str = ""
    due: str = ""
    status: str = ""
    owner: str = ""


NO_CASE = Matter()


def tell(
    connection: Connection, notice: Notice, case: CaseRow | Matter, at: int, event: str, *, by: str = "",
    **more: Any,
) -> list[str]:  # fmt: skip
    """Put a notice about a case into the inboxes it is for; who got it now. Nobody is told what they did themselves.

    ``event`` names what happened: the same event reaches the same inbox once, however often it is told.
    """
    data = scrubbed({"number": case.number, "kind": case.kind, "due": case.due, "status": case.status, **more})
    told = []
    for recipient in recipients(connection, notice.to, case):
        if recipient == f"user:{by}":
            continue
        row = {
            "id": uuid7(), "key": f"{event}:{recipient}", "event": event, "at": at, "recipient": recipient,
            "kind": notice.kind, "case_id": case.id, "data": json.dumps(data, ensure_ascii=False), "fanned": None,
            "read": None, "read_by": "",
        }  # fmt: skip
        if insert_once(connection, "inbox", row, "key"):
            told.append(recipient)
    return told


def recipients(connection: Connection, to: Iterable[str], case: CaseRow | Matter) -> list[str]:
    """Inboxes for ``owner``, ``lead``, ``user:NAME``, ``role:lead`` …; the leads stand in for who has no account."""
    found: dict[str, None] = {}
    for one in to:
        one = f"user:{case.owner}" if one == "owner" else one
        one = one if ":" in one else f"role:{one}"
        name = one.removeprefix("user:")
        if one.startswith("user:") and not _is_known(connection, name):
            one = "role:lead"
        found[one] = None
    return list(found)


def inbox(connection: Connection, name: str, role: str, *, unread: bool = False, limit: int = 200) -> list[Row]:
    """What this person was told, newest first: their own, and their role's."""
    found: list[Row] = []
    for recipient in (f"user:{name}", f"role:{role}"):  # one question each, so that each walks its index from the end
        query = select(INBOX).where(INBOX.c.recipient == recipient)
        query = query.where(INBOX.c.read.is_(None)) if unread else query
        rows = connection.execute(query.order_by(INBOX.c.at.desc(), INBOX.c.id.desc()).limit(limit)).mappings()
        found += [dict(row) for row in rows]
    newest = sorted(found, key=lambda row: (row["at"], row["id"]), reverse=True)[:limit]
    return [{**row, "data": data} for row in newest if (data := _readable(row["data"])) is not None]


def _readable(data: str) -> dict[str, Any] | None:
    """What a notice says; None for one that cannot be read, which the sweeper sets aside."""
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def mark_read(connection: Connection, ids: Iterable[str], name: str, role: str, at: int) -> int:
    """Note that these were read; only one's own. How many were unread."""
    mine = or_(INBOX.c.recipient == f"user:{name}", INBOX.c.recipient == f"role:{role}")
    change = update(INBOX).where(INBOX.c.id.in_(list(ids)), mine, INBOX.c.read.is_(None))
    return connection.execute(change.values(read=at, read_by=name)).rowcount


def _is_known(connection: Connection, name: str) -> bool:
    return bool(name) and connection.scalar(select(USERS.c.id).where(USERS.c.name == name, USERS.c.active)) is not None
