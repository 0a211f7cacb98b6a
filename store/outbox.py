"""E-mails and webhooks of notices: made of the inbox once each, taken by one process at a time, tried again.

Each function is a part of one short transaction, and decides again inside it (compare and set).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from store.aside import put as put_aside
from store.ids import uuid7
from store.sql import first, insert_once, table

INBOX, OUTBOX, DELIVERIES = table("inbox"), table("outbox"), table("deliveries")
LEASE_MS = 120_000  # who sends has this long; then somebody else tries
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 30_000, 3_600_000
TRIES_MAX = 20  # about half a day of trying


@dataclass(frozen=True)
class Addresses:
    """Where notices go besides the inbox. ``email``: by role (``lead``) or name of an account."""

    email: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    webhook: bool = False


@dataclass(frozen=True, slots=True)
class OutboxNotice:
    """A notice to be sent. ``key`` is always the same for the same notice to the same place."""

    id: str
    key: str
    channel: str
    target: str
    data: Mapping[str, Any]
    tries: int


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
        insert_once(connection, "outbox", out, "key")
    return True


def is_waiting(connection: Connection, now: int, channel: str = "") -> bool:
    """Is there something to be sent (by ``channel``, if one is named)?"""
    return connection.scalar(select(OUTBOX.c.id).where(_due(now, channel)).limit(1)) is not None


def claim(connection: Connection, now: int, channel: str = "", aside: Collection[str] = ()) -> OutboxNotice | None:
    """Take a notice to be sent, for :data:`LEASE_MS`: whoever is killed while sending leaves it to the next."""
    query = select(OUTBOX).where(_due(now, channel), OUTBOX.c.id.not_in(list(aside)))
    row = first(connection, query.order_by(OUTBOX.c.next_at, OUTBOX.c.id).limit(1))
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
    return OutboxNotice(row["id"], row["key"], row["channel"], row["target"], data, row["tries"] + 1)


def delivered(connection: Connection, item: OutboxNotice, now: int, detail: str) -> None:
    """It was sent."""
    connection.execute(update(OUTBOX).where(OUTBOX.c.id == item.id).values(sent=now, next_at=None, error=""))
    _log(connection, item, now, True, detail)


def failed(connection: Connection, item: OutboxNotice, now: int, error: str) -> int | None:
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


def _log(connection: Connection, item: OutboxNotice, now: int, ok: bool, detail: str) -> None:
    row = {"id": uuid7(), "outbox_id": item.id, "at": now, "tries": item.tries, "ok": ok, "detail": detail[:1000]}
    connection.execute(insert(DELIVERIES), row)
