"""The journal, and what the program keeps about itself."""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from store.schema.base import Base, BigId

_SYSTEM, _SEAT = text("kind = 'system'"), text("kind = 'seat'")


class Journal(Base):
    """Append-only: one row per event or command of a call or a case. No personal data.

    ``case_id`` names the case; of what is of kind ``outage`` the outage notice.
    """

    __tablename__ = "journal"
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(36), unique=True)
    at: Mapped[int]
    call_id: Mapped[str | None] = mapped_column(String(36), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    kind: Mapped[str] = mapped_column(String(8))  # event, command, case, outage, seat, system
    name: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"), default=1)  # of the fact's form
    data: Mapped[str] = mapped_column(Text, default="{}")
    reason: Mapped[str] = mapped_column(Text, default="")
    # the system's own facts (trunk, refusals) are few and found by time; so are those of operators' states
    __table_args__ = (
        Index("ix_journal_system", "at", sqlite_where=_SYSTEM, postgresql_where=_SYSTEM),
        Index("ix_journal_seat", "at", sqlite_where=_SEAT, postgresql_where=_SEAT),
    )


class SetAside(Base):
    """Something that could not be read and stops nothing any more: what, why, and the thing itself as it was found."""

    __tablename__ = "set_aside"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))  # live_call, spool, notice, fact
    key: Mapped[str] = mapped_column(String(120), unique=True)
    reason: Mapped[str] = mapped_column(Text)
    data: Mapped[bytes | None] = mapped_column(LargeBinary)
    seen: Mapped[int | None]  # somebody looked at it (hotline db aside --seen)


class Process(Base):
    """A running process of this hotline (calls, panel): heart-beat for the board and the doctor."""

    __tablename__ = "processes"
    owner: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    started: Mapped[int]
    beat: Mapped[int]
    detail: Mapped[str] = mapped_column(Text, default="{}")


class CalendarTable(Base):
    """A year's working days added in the panel; of each year the newest that was not withdrawn counts."""

    __tablename__ = "calendar_tables"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    year: Mapped[int]
    source: Mapped[str] = mapped_column(String(500))  # where the notice was published
    content: Mapped[str] = mapped_column(Text)  # TOML, as in callflows/calendars
    sha256: Mapped[str] = mapped_column(String(64))  # of its entries
    added: Mapped[int]
    added_by: Mapped[str] = mapped_column(String(80))
    withdrawn: Mapped[int | None]
    withdrawn_by: Mapped[str] = mapped_column(String(80), default="")


class KeyValue(Base):
    """Something the processes remember together, by name: under which rules open cases were last looked through."""

    __tablename__ = "marks"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    at: Mapped[int]


class Pruning(Base):
    """The proof of a deletion (B10): by which rule, until when, how many, and the hash of the ids that went."""

    __tablename__ = "prunings"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at: Mapped[int] = mapped_column(index=True)
    finished: Mapped[int | None]
    rule: Mapped[str] = mapped_column(String(40))
    before: Mapped[int]  # what was older than this (UTC ms)
    profile: Mapped[str] = mapped_column(String(80), default="")
    by: Mapped[str] = mapped_column(String(80), default="")
    count: Mapped[int]
    bytes: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256, each id in its order added to the one before


Index("ix_journal_call_seq", Journal.call_id, Journal.seq)
