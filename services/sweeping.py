"""What the sweeper asks of the store: each step one short transaction, decided again inside it (compare and set)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from ivr.cases.actions import Notice
from ivr.cases.watch import DAY_MS, SUPERVISED, due_level
from ivr.facts.cases import CaseWarned
from ivr.ledger import Fact
from store import notices
from store.aside import put as put_aside
from store.ids import uuid7
from store.journal import entries
from store.sql import table

CASES, INBOX, OUTBOX, DELIVERIES = table("cases"), table("inbox"), table("outbox"), table("deliveries")
LEASE_MS = 120_000  # who sends has this long; then somebody else tries
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 30_000, 3_600_000
TRIES_MAX = 20  # about half a day of trying


@dataclass(frozen=True)
class Addresses:
    """Where notices go besides the inbox. ``email``: by role (``lead``) or name of an account."""

    email: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    webhook: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notice to be sent. ``key`` is always the same for the same notice to the same place."""

    id: str
    key: str
    channel: str
    target: str
    data: Mapping[str, Any]
    tries: int


# --- warnings ------------------------------------------------------------------------------


def next_case(connection: Connection, now: int, working_hours: bool, aside: Collection[str]) -> str | None:
    """A case that needs attention; outside working hours only what cannot wait.

    That is what is promised within a day (a repair: 45 minutes), and what is major.
    """
    query = select(CASES.c.id).where(CASES.c.next_action_at <= now, CASES.c.id.not_in(list(aside)))
    if not working_hours:
        query = query.where(or_(CASES.c.flag == "major", CASES.c.due_ms - CASES.c.span_from < DAY_MS))
    return connection.scalar(query.order_by(CASES.c.next_action_at, CASES.c.id).limit(1))


def warn(connection: Connection, case_id: str, now: int) -> bool:
    """Warn of what is due in this case, once; False when somebody else was first or nothing is due."""
    found = connection.execute(select(CASES).where(CASES.c.id == case_id).with_for_update()).mappings().first()
    row: dict[str, Any] = dict(found or {})
    level = due_level(row, now) if row else None
    if level is None:
        return False
    kind, moment = level.id, row["due_ms"]
    if level is SUPERVISED:
        kind, moment = "supervision_late", row["supervised"]
    fact = Fact(now, CaseWarned(level=level.id, percent=level.percent, to=level.to))
    entries.append_facts(connection, [fact], case_id=case_id)
    notices.tell(connection, Notice(kind, level.to), row, now, f"{case_id}:{row['span_from']}:{moment}:{kind}")
    return True


# --- e-mail and webhook --------------------------------------------------------------------


def next_notice(connection: Connection, aside: Collection[str]) -> str | None:
    """A row of the inbox that has not been passed on."""
    query = select(INBOX.c.id).where(INBOX.c.fanned.is_(None), INBOX.c.id.not_in(list(aside)))
    return connection.scalar(query.order_by(INBOX.c.id).limit(1))


def pass_on(connection: Connection, inbox_id: str, to: Addresses, now: int) -> bool:
    """Make the e-mails and the webhook of a notice; each once by its key. False: somebody else was first."""
    mine = update(INBOX).where(INBOX.c.id == inbox_id, INBOX.c.fanned.is_(None)).values(fanned=now)
    if connection.execute(mine).rowcount != 1:
        return False
    row = connection.execute(select(INBOX).where(INBOX.c.id == inbox_id)).mappings().one()
    try:
        told = json.loads(row["data"])
        payload = json.dumps(
            {**told, "notice": row["kind"], "event": row["event"], "at": row["at"]}, ensure_ascii=False
        )
    except (ValueError, TypeError) as error:
        put_aside(connection, "notice", row["id"], f"inbox: {error}", now, row["data"].encode())
        return True
    places = [("email", address) for address in to.email.get(row["recipient"].partition(":")[2], ())]
    places += [("webhook", "")] if to.webhook else []
    for channel, target in places:
        out = {
            "id": uuid7(), "key": f"{row['event']}:{channel}:{target}", "channel": channel, "target": target,
            "payload": payload, "created": now, "tries": 0, "next_at": now, "sent": None, "error": "",
        }  # fmt: skip
        notices.insert_once(connection, "outbox", out, "key")
    return True


def is_waiting(connection: Connection, now: int, channel: str = "") -> bool:
    """Is there something to be sent (by ``channel``, if one is named)?"""
    return connection.scalar(select(OUTBOX.c.id).where(_due(now, channel)).limit(1)) is not None


def claim(connection: Connection, now: int, channel: str = "", aside: Collection[str] = ()) -> Outgoing | None:
    """Take a notice to be sent, for :data:`LEASE_MS`: whoever is killed while sending leaves it to the next."""
    query = select(OUTBOX).where(_due(now, channel), OUTBOX.c.id.not_in(list(aside)))
    row = connection.execute(query.order_by(OUTBOX.c.next_at, OUTBOX.c.id).limit(1)).mappings().first()
    if row is None:
        return None
    mine = update(OUTBOX).where(OUTBOX.c.id == row["id"], OUTBOX.c.tries == row["tries"], OUTBOX.c.next_at <= now)
    if connection.execute(mine.values(tries=row["tries"] + 1, next_at=now + LEASE_MS)).rowcount != 1:
        return claim(connection, now, channel, {*aside, row["id"]})
    try:
        data = json.loads(row["payload"])
    except ValueError as error:  # nobody could ever send it: the others go out
        connection.execute(update(OUTBOX).where(OUTBOX.c.id == row["id"]).values(next_at=None, error="unreadable"))
        reason = f"{row['channel']}: {error}"
        put_aside(connection, "notice", row["id"], reason, now, row["payload"].encode())
        return claim(connection, now, channel, aside)
    return Outgoing(row["id"], row["key"], row["channel"], row["target"], data, row["tries"] + 1)


def delivered(connection: Connection, item: Outgoing, now: int, detail: str) -> None:
    """It was sent."""
    connection.execute(update(OUTBOX).where(OUTBOX.c.id == item.id).values(sent=now, next_at=None, error=""))
    _log(connection, item, now, True, detail)


def failed(connection: Connection, item: Outgoing, now: int, error: str) -> int | None:
    """It could not be sent: when it is tried again (UTC ms), None when it is given up."""
    pause = min(FIRST_PAUSE_MS << min(item.tries - 1, 20), LONGEST_PAUSE_MS)
    next_at = now + pause if item.tries < TRIES_MAX else None
    still = OUTBOX.c.sent.is_(None)  # another sweeper may have sent it after our lease
    connection.execute(update(OUTBOX).where(OUTBOX.c.id == item.id, still).values(next_at=next_at, error=error[:1000]))
    _log(connection, item, now, False, error)
    return next_at


def _due(now: int, channel: str) -> ColumnElement[bool]:
    due = OUTBOX.c.next_at <= now
    return and_(due, OUTBOX.c.channel == channel) if channel else due


def _log(connection: Connection, item: Outgoing, now: int, ok: bool, detail: str) -> None:
    row = {"id": uuid7(), "outbox_id": item.id, "at": now, "tries": item.tries, "ok": ok, "detail": detail[:1000]}
    connection.execute(insert(DELIVERIES), row)
