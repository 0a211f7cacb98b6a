"""Reports that are sent by themselves: made once for each period, with an e-mail for each who gets it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from store.ids import uuid7
from store.sql import first, insert_once, table

REPORTS = table("reports")


@dataclass(frozen=True, slots=True)
class FinishedReport:
    """A report as it is sent. ``pdf``, ``xlsx``: None where it is not attached."""

    title: str
    html: str
    pdf: bytes | None = None
    xlsx: bytes | None = None


def is_made(connection: Connection, key: str) -> bool:
    """Was the report of this period made?"""
    return connection.scalar(select(REPORTS.c.key).where(REPORTS.c.key == key)) is not None


def put(connection: Connection, key: str, made: FinishedReport, to: Iterable[str], at: int, now: int) -> bool:
    """Keep it and put its e-mails into the outbox, once; False when another process was first. ``at``: its date."""
    row = {"key": key, "made": now, "title": made.title, "html": made.html, "pdf": made.pdf, "xlsx": made.xlsx}
    if not insert_once(connection, "reports", row, "key"):
        return False
    payload = json.dumps({"report": key, "title": made.title, "at": at}, ensure_ascii=False)
    for target in dict.fromkeys(to):
        out = {
            "id": uuid7(), "key": f"report:{key}:email:{target}", "channel": "email", "target": target,
            "payload": payload, "created": now, "tries": 0, "next_at": now, "sent": None, "error": "",
        }  # fmt: skip
        insert_once(connection, "outbox", out, "key")
    return True


def load(connection: Connection, key: str) -> FinishedReport | None:
    """The report of this period."""
    row = first(connection, select(REPORTS).where(REPORTS.c.key == key))
    return None if row is None else FinishedReport(row["title"], row["html"], row["pdf"], row["xlsx"])
