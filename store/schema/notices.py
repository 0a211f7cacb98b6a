"""What is told to people: the inbox, mail and webhooks, reports; outage notices 停电公告."""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from store.schema.base import Base


class InboxRow(Base):
    """A notice in somebody's inbox of the panel. ``recipient``: ``user:NAME`` or ``role:lead``."""

    __tablename__ = "inbox"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(220), unique=True)  # event and recipient: what makes it exactly one
    event: Mapped[str] = mapped_column(String(120))
    at: Mapped[int]
    recipient: Mapped[str] = mapped_column(String(90))
    kind: Mapped[str] = mapped_column(String(20))
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    data: Mapped[str] = mapped_column(Text, default="{}")
    fanned: Mapped[int | None]  # when e-mail and webhook were made of it; None: not yet
    read: Mapped[int | None]
    read_by: Mapped[str] = mapped_column(String(80), default="")


class OutboxRow(Base):
    """A notice on its way out by e-mail or webhook; sent at least once, always under the same key."""

    __tablename__ = "outbox"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(480), unique=True)
    channel: Mapped[str] = mapped_column(String(10))  # email, webhook
    target: Mapped[str] = mapped_column(String(255), default="")  # address of a member of staff
    payload: Mapped[str] = mapped_column(Text)
    created: Mapped[int]
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[int | None] = mapped_column(index=True)  # None: sent, or given up
    sent: Mapped[int | None]
    error: Mapped[str] = mapped_column(Text, default="")


class Delivery(Base):
    """One attempt to send a notice: when, and what came of it."""

    __tablename__ = "deliveries"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    outbox_id: Mapped[str] = mapped_column(String(36), index=True)
    at: Mapped[int]
    tries: Mapped[int]
    ok: Mapped[bool]
    detail: Mapped[str] = mapped_column(Text, default="")


class Report(Base):
    """A report made to be sent, once for its period: ``monthly:2026-10``. Figures and counts, no person."""

    __tablename__ = "reports"
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    made: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    html: Mapped[str] = mapped_column(Text)
    pdf: Mapped[bytes | None] = mapped_column(LargeBinary)
    xlsx: Mapped[bytes | None] = mapped_column(LargeBinary)


class Outage(Base):
    """Derived: an outage notice 停电公告. ``short``: a planned one announced later than ``days`` ahead."""

    __tablename__ = "outages"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    line: Mapped[str] = mapped_column(String(120))
    area: Mapped[str] = mapped_column(String(500))
    kind: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    starts: Mapped[int]
    ends: Mapped[int]
    announced: Mapped[int]
    entered: Mapped[int]
    entered_by: Mapped[str] = mapped_column(String(80))
    days: Mapped[int]
    short: Mapped[bool]
    confirmed: Mapped[str] = mapped_column(Text)
    customers: Mapped[int]
    told: Mapped[int]
    restored: Mapped[int | None]
    restored_by: Mapped[str] = mapped_column(String(80))
    withdrawn: Mapped[int | None]
    withdrawn_by: Mapped[str] = mapped_column(String(80))
    withdrawn_why: Mapped[str] = mapped_column(Text)


class OutageCustomer(Base):
    """Derived: a key customer of a notice, and what came of telling them; the last attempt counts."""

    __tablename__ = "outage_customers"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    outage_id: Mapped[str] = mapped_column(String(36), index=True)
    n: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    tries: Mapped[int]
    told: Mapped[int | None]
    how: Mapped[str] = mapped_column(String(10))
    result: Mapped[str] = mapped_column(String(10))
    who: Mapped[str] = mapped_column(String(80))


Index("ix_inbox_recipient", InboxRow.recipient, InboxRow.at, InboxRow.id)
Index(
    "ix_inbox_unread",
    InboxRow.recipient,
    InboxRow.at,
    InboxRow.id,
    sqlite_where=InboxRow.read.is_(None),
    postgresql_where=InboxRow.read.is_(None),
)
Index("ix_inbox_fanned", InboxRow.fanned, InboxRow.id)
_OPEN = text("restored IS NULL AND withdrawn IS NULL")
Index("ix_outages_starts_id", Outage.starts, Outage.id)
Index("ix_outages_open", Outage.starts, Outage.id, sqlite_where=_OPEN, postgresql_where=_OPEN)
