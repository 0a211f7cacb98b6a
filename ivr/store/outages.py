"""Outage notices 停电公告: written down as facts, and read by panel, board, figures and command line (PWR-2).

    with engine.begin() as connection:
        announce(connection, uuid7(), draft, by, days, zone)

What may be written is decided by :mod:`ivr.outages.notice`. A reason is kept in the clear, so numbers in it are hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from ivr.cases.actions import Refused
from ivr.facts.base import with_texts
from ivr.ledger import Fact
from ivr.metrics.records import Announced
from ivr.outages import notice
from ivr.outages.notice import DAY_MS, PLANNED, By, Draft, Standing
from ivr.scrubbing import without_numbers
from ivr.store import journal
from ivr.store.models import Journal, Outage, OutageCustomer
from ivr.store.paging import PAGE, Order, Page, read
from ivr.store.sql import Row, among, table

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


def announce(connection: Connection, outage_id: str, draft: Draft, by: By, days: int, zone: tzinfo) -> Row | None:
    """Keep a notice. None: there is one of this id, and nothing was changed. Raises :class:`Refused`."""
    mine = select(OUTAGES).where(OUTAGES.c.id == outage_id)
    if connection.execute(mine).first() is not None:
        return None
    _write(connection, outage_id, notice.announce(draft, by, days, zone))
    return dict(connection.execute(mine).mappings().one())


def name_customers(connection: Connection, outage_id: str, names: Sequence[str], by: By) -> Row:
    """More key customers 重要客户 to be told."""

    def facts(standing: Standing) -> tuple[Fact, ...]:
        if not any(name.strip() for name in names):
            raise Refused("请填写重要客户名称。", "write the key customer's name", notice.CUSTOMERS)
        return notice.name_customers(standing, names, by)

    return _change(connection, outage_id, facts)


def tell(connection: Connection, outage_id: str, n: int, how: str, result: str, told: int | None, by: By) -> Row:
    """What came of telling the notice's ``n``-th key customer."""

    def facts(standing: Standing) -> tuple[Fact, ...]:
        if not 1 <= n <= standing.customers:
            raise Refused("公告中没有这个重要客户。", "the notice has no such key customer")
        return (notice.tell(standing, n, how, result, told, by),)

    return _change(connection, outage_id, facts)


def restore(connection: Connection, outage_id: str, restored: int | None, by: By) -> Row:
    """Power is back."""
    return _change(connection, outage_id, lambda standing: (notice.restore(standing, restored, by),))


def withdraw(connection: Connection, outage_id: str, reason: str, by: By) -> Row:
    """Take the notice back."""
    return _change(connection, outage_id, lambda standing: (notice.withdraw(standing, reason, by),))


def listed(
    session: Session, where: OutageFilter, now: int, before: str | None = None, limit: int = PAGE, sort: str = "-starts"
) -> Page[Outage]:
    """A page of notices; ``sort``: a name of :data:`ORDERS`. Raises :class:`ivr.store.paging.BadCursor`."""
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
    order = Order(ORDERS.get(sort.lstrip("-"), Outage.starts), Outage.id, sort[:1] == "-")
    return read(session, query, order, before, limit)


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


def named(row: Row, zone: tzinfo) -> str:
    """A notice as people know it: its line, and when it begins."""
    begins = datetime.fromtimestamp(row["starts"] / 1000, UTC).astimezone(zone)
    return f"{row['line']} {begins:%Y-%m-%d %H:%M}"[:120]


def standing(row: Row | Outage) -> Standing:
    """What the notice's next steps depend on."""
    of = row if isinstance(row, dict) else {name: getattr(row, name) for name in Standing.__slots__}
    return Standing(of["starts"], of["customers"], of["restored"], of["withdrawn"])


def _change(connection: Connection, outage_id: str, facts: Callable[[Standing], Sequence[Fact]]) -> Row:
    """Journal what may be done to the notice as it stands; the row it was done to."""
    found = connection.execute(select(OUTAGES).where(OUTAGES.c.id == outage_id).with_for_update()).mappings().first()
    if found is None:
        raise Refused("没有这个停电公告。", "there is no such outage notice")
    _write(connection, outage_id, facts(standing(dict(found))))
    return dict(found)


def _write(connection: Connection, outage_id: str, facts: Sequence[Fact]) -> None:
    shown = [
        replace(fact, content=with_texts(fact.content, without_numbers), reason=without_numbers(fact.reason))
        for fact in facts
    ]
    journal.append_facts(connection, shown, case_id=outage_id)
