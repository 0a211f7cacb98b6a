"""Outage notices 停电公告 as they are read by panel, board, figures and command line (PWR-2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from ivr.kpi.records import Announced
from ivr.outages import notice
from ivr.outages.notice import DAY_MS, PLANNED, Standing
from ivr.projections.rows import OutageRow
from store import derived
from store.read.paging import PAGE, Page, SortOrder, read
from store.schema import Journal, Outage, OutageCustomer
from store.sql import among, table

OUTAGES = table("outages")
ORDERS = {
    "starts": Outage.starts, "ends": Outage.ends, "announced": Outage.announced, "line": Outage.line,
    "area": Outage.area, "kind": Outage.kind, "told": Outage.told, "restored": Outage.restored,
}  # fmt: skip
BOARD_AHEAD_MS = DAY_MS
BOARD_MAX = 20
SHORT = "short"  # a filter like the states


@dataclass(frozen=True, slots=True)
class OutageFilter:
    """Which notices: by state (or ``short``), kind, and beginning in ``[from_ms, to_ms)``."""

    state: str = ""
    kind: str = ""
    from_ms: int | None = None
    to_ms: int | None = None
    ids: tuple[str, ...] | None = None  # exactly these


def listed(
    session: Session, where: OutageFilter, now: int, before: str | None = None, limit: int = PAGE, sort: str = "-starts"
) -> Page[Outage]:
    """A page of notices; ``sort``: a name of :data:`ORDERS`. Raises :class:`store.read.paging.BadCursor`."""
    query = select(Outage)
    if where.ids is not None:
        query = query.where(among(session.get_bind().dialect.name, Outage.id, where.ids))
    if where.kind:
        query = query.where(Outage.kind == where.kind)
    if where.from_ms is not None:
        query = query.where(Outage.starts >= where.from_ms)
    if where.to_ms is not None:
        query = query.where(Outage.starts < where.to_ms)
    stands = Outage.withdrawn.is_(None)
    conditions: dict[str, tuple[Any, ...]] = {
        notice.AHEAD: (stands, Outage.restored.is_(None), Outage.starts > now),
        notice.NOW: (stands, Outage.restored.is_(None), Outage.starts <= now),
        notice.OVER: (stands, Outage.restored.is_not(None)),
        notice.WITHDRAWN: (~stands,),
        SHORT: (stands, Outage.short),
    }
    query = query.where(*conditions.get(where.state, ()))
    order = SortOrder(ORDERS.get(sort.lstrip("-"), Outage.starts), Outage.id, sort[:1] == "-")
    return read(session, query, order, before, limit)


def one(connection: Connection, outage_id: str, *, hold: bool = False) -> OutageRow | None:
    """The notice of that id; ``hold``: nobody else changes it until the transaction ends."""
    query = derived.query(OutageRow).where(OUTAGES.c.id == outage_id)
    return derived.first(connection, OutageRow, query.with_for_update() if hold else query)


def on_board(session: Session, now: int) -> list[Outage]:
    """What an operator has to explain 做好解释工作: power is off now, or will be within a day; the soonest first."""
    query = (
        select(Outage)
        .where(Outage.restored.is_(None), Outage.withdrawn.is_(None), Outage.starts <= now + BOARD_AHEAD_MS)
        .order_by(Outage.starts.desc(), Outage.id.desc())
        .limit(BOARD_MAX)
    )
    return list(session.scalars(query))[::-1]


def customers(session: Session, outage_id: str) -> Sequence[OutageCustomer]:
    """The notice's key customers in their order."""
    mine = select(OutageCustomer).where(OutageCustomer.outage_id == outage_id)
    return session.scalars(mine.order_by(OutageCustomer.n)).all()


def customer_numbers(connection: Connection, outage_id: str) -> dict[str, int]:
    """By name: which of the notice's key customers it is."""
    mine = select(OutageCustomer.name, OutageCustomer.n).where(OutageCustomer.outage_id == outage_id)
    return {name: n for name, n in connection.execute(mine)}


def history(session: Session, outage_id: str) -> Sequence[Journal]:
    """Everything that was written about a notice, in order."""
    return session.scalars(select(Journal).where(Journal.case_id == outage_id).order_by(Journal.seq)).all()


def planned(session: Session, from_ms: int, to_ms: int) -> list[Announced]:
    """The planned outages that begin in ``[from_ms, to_ms)``: what K19 is counted from."""
    query = (
        select(Outage.short, Outage.withdrawn, Outage.id, Outage.starts)
        .where(Outage.starts >= from_ms, Outage.starts < to_ms, Outage.kind == PLANNED)
        .order_by(Outage.id)
    )
    rows = session.execute(query)
    return [Announced(not short, withdrawn is not None, id_, starts) for short, withdrawn, id_, starts in rows]


def named(row: OutageRow, zone: tzinfo) -> str:
    """A notice as people know it: its line, and when it begins."""
    begins = datetime.fromtimestamp(row.starts / 1000, UTC).astimezone(zone)
    return f"{row.line} {begins:%Y-%m-%d %H:%M}"[:120]


def standing(row: OutageRow | Outage) -> Standing:
    """What the notice's next steps depend on."""
    return Standing(row.starts, row.customers, row.restored, row.withdrawn)
