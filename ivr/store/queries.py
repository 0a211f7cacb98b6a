"""What the panel and the API read: pages by key, so that the last of a million rows is as near as the first.

Every list is newest first and takes ``before``: the cursor of the last row of the page before. A
cursor is ``<ms>.<id>`` (time and id, so that equal times lose no row).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from ivr.store.models import Audit, Call, Case, Journal, Leg, LiveCall, PartyRow, Process, Recording, Seat

PAGE = 50
PAGE_MAX = 200

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, newest first, and the cursor of the next page (None: there is no more)."""

    rows: Sequence[Row]
    next: str | None


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls: ``[from_ms, to_ms)`` by arrival, and exact values; ``hmac`` finds one number's calls."""

    from_ms: int | None = None
    to_ms: int | None = None
    outcome: str = ""
    window: str = ""
    seat: str = ""
    hmac: str = ""


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


class BadCursor(ValueError):
    """``before`` is not a cursor of ours."""


def _cursor(value: str) -> tuple[int, str]:
    ms, dot, ident = value.partition(".")
    if not dot or not ms.isdigit() or len(ms) > 15 or not ident or len(ident) > 80:
        raise BadCursor(value)
    return int(ms), ident


def _page(
    session: Session,
    query: Select[Any],
    time: InstrumentedAttribute[int],
    ident: InstrumentedAttribute[str],
    before: str | None,
    limit: int,
) -> Page[Row]:
    limit = max(1, min(limit, PAGE_MAX))
    if before is not None:
        ms, last = _cursor(before)
        query = query.where(time <= ms, or_(time < ms, ident < last))  # the first bound walks the index
    rows: Sequence[Row] = session.scalars(query.order_by(time.desc(), ident.desc()).limit(limit + 1)).all()
    more = len(rows) > limit
    rows = rows[:limit]
    last_row: Any = rows[-1] if more else None
    return Page(rows, f"{getattr(last_row, time.key)}.{getattr(last_row, ident.key)}" if more else None)


# --- the board -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Board:
    """The hotline as it stands: calls up now (oldest first), seats, and the processes' last beats."""

    calls: Sequence[LiveCall]
    seats: Sequence[Seat]
    processes: Sequence[Process]

    @property
    def waiting(self) -> Sequence[LiveCall]:
        """Callers who asked for a person and have none yet, longest wait first."""
        waiting = [call for call in self.calls if call.waiting_since is not None]
        return sorted(waiting, key=lambda call: call.waiting_since or 0)


def board(session: Session) -> Board:
    """Everything the live board shows, in three small queries."""
    return Board(
        session.scalars(select(LiveCall).order_by(LiveCall.arrived, LiveCall.call_id)).all(),
        session.scalars(select(Seat).order_by(Seat.id)).all(),
        session.scalars(select(Process).order_by(Process.owner)).all(),
    )


# --- calls ---------------------------------------------------------------------------------


def calls(session: Session, where: CallFilter, before: str | None = None, limit: int = PAGE) -> Page[Call]:
    """A page of calls. Raises :class:`BadCursor`."""
    query = select(Call)
    if where.from_ms is not None:
        query = query.where(Call.arrived >= where.from_ms)
    if where.to_ms is not None:
        query = query.where(Call.arrived < where.to_ms)
    if where.hmac:
        parties = select(PartyRow.id).where(PartyRow.number_hmac == where.hmac)
        query = query.where(Call.party_id.in_(parties))
    for column, value in (
        (Call.outcome, where.outcome),
        (Call.window, where.window),
        (Call.seat, where.seat),
    ):
        if value:
            query = query.where(column == value)
    return _page(session, query, Call.arrived, Call.id, before, limit)


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
    query = (
        select(Call.outcome, func.count())
        .where(Call.arrived >= from_ms, Call.arrived < to_ms, Call.test.is_(False))
        .group_by(Call.outcome)
    )
    return {outcome: count for outcome, count in session.execute(query)}


# --- cases ---------------------------------------------------------------------------------


def _due_before(moment: int) -> ColumnElement[bool]:
    return and_(Case.replied.is_(None), Case.due_ms.is_not(None), Case.due_ms < moment)


def cases(session: Session, where: CaseFilter, before: str | None = None, limit: int = PAGE) -> Page[Case]:
    """A page of cases. Raises :class:`BadCursor`."""
    query = select(Case)
    if where.from_ms is not None:
        query = query.where(Case.received >= where.from_ms)
    if where.to_ms is not None:
        query = query.where(Case.received < where.to_ms)
    if where.due_before is not None:
        query = query.where(_due_before(where.due_before))
    if where.open_only:
        query = query.where(Case.replied.is_(None))
    for column, value in ((Case.kind, where.kind), (Case.status, where.status), (Case.number, where.number)):
        if value:
            query = query.where(column == value)
    return _page(session, query, Case.received, Case.id, before, limit)


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


# --- recordings and audit ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording and what it belongs to."""

    recording: Recording
    case: Case | None


def recording(session: Session, recording_id: str) -> Kept | None:
    """A recording with its case, if it has one."""
    row = session.get(Recording, recording_id)
    if row is None:
        return None
    return Kept(row, session.get(Case, row.case_id) if row.case_id else None)


def audit_log(
    session: Session, *, user: str = "", action: str = "", before: int | None = None, limit: int = PAGE
) -> Page[Audit]:
    """A page of the audit log, newest first; ``before``: the ``seq`` of the last row seen."""
    query = select(Audit)
    if user:
        query = query.where(Audit.user == user)
    if action:
        query = query.where(Audit.action == action)
    if before is not None:
        query = query.where(Audit.seq < before)
    limit = max(1, min(limit, PAGE_MAX))
    rows = session.scalars(query.order_by(Audit.seq.desc()).limit(limit + 1)).all()
    more = len(rows) > limit
    return Page(rows[:limit], str(rows[limit - 1].seq) if more else None)
