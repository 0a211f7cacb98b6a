"""What the panel and the API read: pages by key (:mod:`store.read.paging`), so that the last of a million rows is as
near as the first.

Every list is newest first unless another order is named, and takes ``before``: the cursor of the page before.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from ivr.cases.kinds import ids
from store import operators
from store.read import call_counts
from store.read.paging import PAGE, PAGE_MAX, BadCursor, Page, SortOrder, bounds, read
from store.schema import Audit, Call, Case, Journal, Leg, LiveCall, PartyRow, Process, Recording, Seat, User
from store.sql import among

__all__ = ["PAGE", "PAGE_MAX", "BadCursor", "Page"]

CALL_ORDERS = {
    "arrived": Call.arrived, "outcome": Call.outcome, "window": Call.window, "seat": Call.seat,
    "wait": Call.human_wait, "ring": Call.agent_ring_wait, "cases": Call.cases,
}  # fmt: skip
UNTAKEN_MAX = 5  # on the board
CASE_ORDERS = {
    "received": Case.received, "due": Case.due_ms, "kind": Case.kind, "status": Case.status, "owner": Case.owner,
    "number": Case.number,
}  # fmt: skip
AUDIT_ORDERS = {"at": Audit.seq, "user": Audit.user, "action": Audit.action}
# Calls are sorted by anything else than their time only within a few days: there are a million, and no index
# for each column (docs/decisions.md).
SORT_DAYS_MAX = 7
RARE = ("failed", "unanswered", "callback", "live")


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls: ``[from_ms, to_ms)`` by arrival, and exact values; ``hmac`` finds one number's calls.

    ``where``: further conditions, such as those of a figure (:mod:`store.figures.drilldown`).
    """

    from_ms: int | None = None
    to_ms: int | None = None
    outcome: str = ""
    window: str = ""
    seat: str = ""
    hmac: str = ""
    test: bool | None = None
    where: tuple[ColumnElement[bool], ...] = ()
    ids: tuple[str, ...] | None = None  # exactly these

    @property
    def days(self) -> float:
        """How long the period is; endless when it has no beginning or end."""
        if self.from_ms is None or self.to_ms is None:
            return float("inf")
        return (self.to_ms - self.from_ms) / 86_400_000


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases: by kind, status, receipt ``[from_ms, to_ms)``, due moment, and the exact number."""

    kind: str = ""
    status: str = ""
    number: str = ""
    from_ms: int | None = None
    to_ms: int | None = None
    due_before: int | None = None  # not answered and due before this moment
    open_only: bool = False
    owner: str = ""
    ids: tuple[str, ...] | None = None  # exactly these
    left_behind: bool = False  # open, and the owner's account is closed


# --- the board -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Board:
    """The hotline as it stands: calls up now (oldest first), seats, processes' last beats, what rings or talks."""

    calls: Sequence[Any]  # rows of what the board shows of them: there may be hundreds
    seats: Sequence[Seat]
    processes: Sequence[Process]
    legs: Sequence[Any]

    @property
    def talks(self) -> dict[str, int]:
        """By call: since when an operator talks with the caller (UTC ms)."""
        return {leg.call_id: leg.answered for leg in self.legs if leg.answered is not None}

    @property
    def ringing(self) -> set[tuple[str, str]]:
        """Call and seat of every phone that rings and was not lifted."""
        return {(leg.call_id, leg.seat) for leg in self.legs if leg.answered is None}

    @property
    def waiting(self) -> Sequence[Any]:
        """Callers who asked for a person and have none yet, longest wait first."""
        waiting = [call for call in self.calls if call.waiting_since is not None]
        return sorted(waiting, key=lambda call: call.waiting_since or 0)


_UP = select(
    LiveCall.call_id, LiveCall.step, LiveCall.step_since, LiveCall.arrived, LiveCall.window, LiveCall.seat,
    LiveCall.waiting_since, LiveCall.test,
).order_by(LiveCall.arrived, LiveCall.call_id)  # fmt: skip
_LEG = (Leg.id, Leg.call_id, Leg.seat, Leg.answered)


def board(session: Session) -> Board:
    """Everything the live board shows, in four small queries."""
    calls = session.execute(_UP).all()
    up = among(session.get_bind().dialect.name, Leg.call_id, tuple(call.call_id for call in calls))
    return Board(
        calls,
        session.scalars(select(Seat).order_by(Seat.id)).all(),
        session.scalars(select(Process).order_by(Process.owner)).all(),
        session.execute(select(*_LEG).where(up, Leg.ended.is_(None))).all() if calls else (),
    )


def board_mark(session: Session, alive_since: int) -> str:
    """Another text whenever a call, a seat, a process or the journal has something new (a few small queries)."""
    found = board(session)
    calls = [(one.call_id, one.step, one.seat, one.waiting_since, one.window) for one in found.calls]
    seats = [operators.row_of(seat) for seat in found.seats]
    processes = [(one.owner, one.beat >= alive_since, one.detail) for one in found.processes]
    legs = [(one.id, one.answered) for one in found.legs]
    last = session.scalar(select(func.max(Journal.seq)))
    return hashlib.sha256(repr((calls, seats, processes, legs, last)).encode()).hexdigest()


# --- calls ---------------------------------------------------------------------------------


def may_sort(where: CallFilter) -> bool:
    """Are the calls few enough to be put in any order?"""
    return bool(where.hmac) or where.ids is not None or where.days <= SORT_DAYS_MAX


def calls(
    session: Session, where: CallFilter, before: str | None = None, limit: int = PAGE, sort: str = "-arrived"
) -> Page[Call]:
    """A page of calls; ``sort``: a name of :data:`CALL_ORDERS`, with ``-`` the largest first.

    A long period is by time, whatever is asked (:func:`may_sort`). Raises :class:`BadCursor`.
    """
    name = sort if may_sort(where) or sort.lstrip("-") == "arrived" else "-arrived"
    order = _order(CALL_ORDERS, name, Call.id)
    if order.column is not Call.arrived:
        order = replace(order, few=True)
    query = _between(select(Call).where(*where.where), Call.arrived, order, before, where.from_ms, where.to_ms)
    if where.hmac:
        parties = select(PartyRow.id).where(PartyRow.number_hmac == where.hmac)
        query = query.where(Call.party_id.in_(parties))
    if where.ids is not None:
        query = query.where(among(session.get_bind().dialect.name, Call.id, where.ids))
    if where.test is not None:
        query = query.where(Call.test.is_(where.test))
    rare = where.outcome in RARE  # then by that index: SQLite would go through all calls of the window or the seat
    for column, value in (
        (Call.outcome, where.outcome),
        (Call.window + "" if rare else Call.window, where.window),
        (Call.seat + "" if rare else Call.seat, where.seat),
    ):
        if value:
            query = query.where(column == value)
    return read(session, query, order, before, limit)


@dataclass(frozen=True, slots=True)
class Journey:
    """One call with everything that happened in it. ``anonymous``: one of its cases is; show no number."""

    call: Call
    journal: Sequence[Journal]
    legs: Sequence[Leg]
    cases: Sequence[Case]
    recordings: Sequence[Recording]

    @property
    def anonymous(self) -> bool:
        return any(case.anonymous for case in self.cases)


JOURNAL_MAX = 2000  # rows of one call: a call that long is a fault, its first rows tell which


def journey(session: Session, call_id: str) -> Journey | None:
    """The call, its journal in order, its legs, cases and recordings; None when there is no such call."""
    call = session.get(Call, call_id)
    if call is None:
        return None
    rows = select(Journal).where(Journal.call_id == call_id).order_by(Journal.seq).limit(JOURNAL_MAX)
    return Journey(
        call,
        session.scalars(rows).all(),
        session.scalars(select(Leg).where(Leg.call_id == call_id).order_by(Leg.dialed, Leg.id)).all(),
        session.scalars(select(Case).where(Case.call_id == call_id).order_by(Case.received, Case.id)).all(),
        session.scalars(
            select(Recording).where(Recording.call_id == call_id).order_by(Recording.created, Recording.id)
        ).all(),
    )


def anonymous_calls(session: Session, call_ids: Iterable[str]) -> frozenset[str]:
    """Those of the calls that led to an anonymous case."""
    ids = list(call_ids)
    if not ids:
        return frozenset()
    found = select(Case.call_id).where(Case.call_id.in_(ids), Case.anonymous)
    return frozenset(call_id for call_id in session.scalars(found) if call_id is not None)


def outcomes(session: Session, from_ms: int, to_ms: int) -> dict[str, int]:
    """How many calls of the period ended how, test calls left out."""
    found: Counter[str] = Counter()
    for (_quarter, outcome), count in call_counts.CallCounts(session, from_ms, to_ms).arrivals().items():
        found[outcome] += count
    return dict(found)


# --- cases ---------------------------------------------------------------------------------


def _due_before(moment: int) -> ColumnElement[bool]:
    return and_(Case.replied.is_(None), Case.due_ms.is_not(None), Case.due_ms < moment)


def cases(
    session: Session, where: CaseFilter, before: str | None = None, limit: int = PAGE, sort: str = "-received"
) -> Page[Case]:
    """A page of cases; ``sort``: a name of :data:`CASE_ORDERS`. Raises :class:`BadCursor`."""
    order = _order(CASE_ORDERS, sort, Case.id)
    query = _between(select(Case), Case.received, order, before, where.from_ms, where.to_ms)
    if where.due_before is not None:
        query = query.where(_due_before(where.due_before))
    if where.ids is not None:
        query = query.where(among(session.get_bind().dialect.name, Case.id, where.ids))
    if where.left_behind:
        query = query.where(_left_behind())
    if where.open_only:
        query = query.where(Case.replied.is_(None))
    for column, value in (
        (Case.kind, where.kind), (Case.status, where.status), (Case.number, where.number), (Case.owner, where.owner),
    ):  # fmt: skip
        if value:
            query = query.where(column == value)
    return read(session, query, order, before, limit)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One case with its own journal and the recordings that belong to it."""

    case: Case
    journal: Sequence[Journal]
    recordings: Sequence[Recording]


def case_file(session: Session, case_id: str) -> CaseFile | None:
    """A case by its id or by its spoken number."""
    case = session.get(Case, case_id) or session.scalar(select(Case).where(Case.number == case_id))
    if case is None:
        return None
    rows = select(Journal).where(Journal.case_id == case.id).order_by(Journal.seq).limit(JOURNAL_MAX)
    kept = select(Recording).where(Recording.case_id == case.id).order_by(Recording.created, Recording.id)
    return CaseFile(case, session.scalars(rows).all(), session.scalars(kept).all())


def due_counts(session: Session, now: int, soon: int) -> tuple[int, int]:
    """Unanswered cases that are overdue at ``now``, and those due before ``soon`` (UTC ms)."""
    late = session.scalar(select(func.count()).select_from(Case).where(_due_before(now))) or 0
    near = session.scalar(select(func.count()).select_from(Case).where(_due_before(soon))) or 0
    return late, near - late


def left_behind(session: Session) -> int:
    """How many open cases belong to closed accounts."""
    if session.scalar(select(User.id).where(User.active.is_(False)).limit(1)) is None:
        return 0
    return session.scalar(select(func.count()).select_from(Case).where(_left_behind())) or 0


def _left_behind() -> ColumnElement[bool]:
    closed = select(User.name).where(User.active.is_(False))
    return and_(Case.closed.is_(None), (Case.owner + "").in_(closed))  # by the index of open cases: owners have many


def untaken(session: Session) -> list[Case]:
    """Complaints, reports and repairs nobody has taken, the soonest due first."""
    nobodys = and_(
        Case.kind.in_(ids(lambda kind: kind.at_once is not None)),
        Case.status.in_(("received", "classified")),
        Case.owner == "",
        Case.replied.is_(None),
    )
    order = (Case.due_ms.is_(None), Case.due_ms, Case.id)
    return list(session.scalars(select(Case).where(nobodys).order_by(*order).limit(UNTAKEN_MAX)))


# --- recordings and audit ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordingWithCase:
    """A recording and what it belongs to."""

    recording: Recording
    case: Case | None


def recording(session: Session, recording_id: str) -> RecordingWithCase | None:
    """A recording with its case, if it has one."""
    row = session.get(Recording, recording_id)
    if row is None:
        return None
    return RecordingWithCase(row, session.get(Case, row.case_id) if row.case_id else None)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows of the audit log: by account, action, and time ``[from_ms, to_ms)``."""

    user: str = ""
    action: str = ""
    from_ms: int | None = None
    to_ms: int | None = None


def audit_log(
    session: Session, where: AuditFilter, before: str | None = None, limit: int = PAGE, sort: str = "-at"
) -> Page[Audit]:
    """A page of the audit log; ``sort``: a name of :data:`AUDIT_ORDERS`. Raises :class:`BadCursor`."""
    query = select(Audit)
    if where.user:
        query = query.where(Audit.user == where.user)
    if where.action:
        query = query.where(Audit.action == where.action)
    if where.from_ms is not None:
        query = query.where(Audit.at >= where.from_ms)
    if where.to_ms is not None:
        query = query.where(Audit.at < where.to_ms)
    return read(session, query, _order(AUDIT_ORDERS, sort, Audit.seq), before, limit)


def _between(
    query: Select[Any], column: Any, order: SortOrder, before: str | None, low: int | None, high: int | None
) -> Select[Any]:
    """Only rows whose ``column`` is in ``[low, high)``."""
    if order.column is column:
        low, high = bounds(order, before, low, high)
    if low is not None:
        query = query.where(column >= low)
    return query if high is None else query.where(column < high)


def _order(known: Mapping[str, Any], sort: str, ident: Any) -> SortOrder:
    """The order of that name; the first of all when there is none of it."""
    column = known.get(sort.lstrip("-"))
    return (
        SortOrder(next(iter(known.values())), ident, True)
        if column is None
        else SortOrder(column, ident, sort[:1] == "-")
    )
