"""Cases 工单, what was done about them, callbacks 回访, ratings, query codes and sealed identities.

What the columns of derived tables mean, and what stands in them at first: ``ivr/cases/case.py`` and
``ivr/projections/rows.py``.
"""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.schema.base import Base


class Case(Base):
    """Derived: complaint 投诉, report 举报, message 留言 ... with its due date and why."""

    __tablename__ = "cases"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    command_id: Mapped[str] = mapped_column(String(80), unique=True)
    call_id: Mapped[str | None] = mapped_column(String(36), index=True)
    party_id: Mapped[str | None] = mapped_column(String(36), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(40))
    anonymous: Mapped[bool]
    confirmed: Mapped[bool]
    complete: Mapped[bool]
    profile: Mapped[str] = mapped_column(String(80))
    rule: Mapped[str] = mapped_column(String(80))
    received: Mapped[int]
    due: Mapped[str] = mapped_column(String(32))
    due_ms: Mapped[int | None]
    unrolled: Mapped[str] = mapped_column(String(32))
    unrolled_ms: Mapped[int | None]
    provisional: Mapped[bool]
    explanation: Mapped[str] = mapped_column(Text)
    query_hash: Mapped[str | None] = mapped_column(String(128), index=True)
    status: Mapped[str] = mapped_column(String(20))
    replied: Mapped[int | None]
    urgency: Mapped[str] = mapped_column(String(20))
    window: Mapped[str] = mapped_column(String(40))
    owner: Mapped[str] = mapped_column(String(80))
    handler: Mapped[str] = mapped_column(String(80))
    co_handlers: Mapped[str] = mapped_column(Text)
    flag: Mapped[str] = mapped_column(String(10))
    verdict: Mapped[str] = mapped_column(String(10))
    concerned: Mapped[str] = mapped_column(String(80))
    consent: Mapped[bool]
    extended: Mapped[bool]
    asked_days: Mapped[int | None]
    asked_by: Mapped[str] = mapped_column(String(80))
    paused: Mapped[int | None]
    paused_ms: Mapped[int]
    supervised: Mapped[int | None]
    supervised_warned: Mapped[bool]
    arrived: Mapped[int | None]
    closed: Mapped[int | None]
    reopened: Mapped[int]
    span_from: Mapped[int]
    warned: Mapped[int]
    next_action_at: Mapped[int | None] = mapped_column(index=True)
    version: Mapped[int]
    test: Mapped[bool]


class CaseStep(Base):
    """Derived: one row per change of a case: who, when, what, why. ``id`` is the journal row's."""

    __tablename__ = "case_steps"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(36), index=True)
    at: Mapped[int]
    who: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    was: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    note: Mapped[str | None] = mapped_column(String(36))
    reason: Mapped[str] = mapped_column(Text)
    data: Mapped[str] = mapped_column(Text)


class CaseDue(Base):
    """Derived: every due date a case ever had, the old one beside the new one, and why it changed."""

    __tablename__ = "case_dues"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(36), index=True)
    at: Mapped[int]
    who: Mapped[str] = mapped_column(String(80))
    cause: Mapped[str] = mapped_column(String(40))
    was: Mapped[str] = mapped_column(String(32))
    was_ms: Mapped[int | None]
    due: Mapped[str] = mapped_column(String(32))
    due_ms: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text)
    explanation: Mapped[str] = mapped_column(Text)


class CaseNote(Base):
    """What people wrote about a case (it may name the citizen): encrypted, and erasable apart from the journal."""

    __tablename__ = "case_notes"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(36), index=True)
    created: Mapped[int]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Callback(Base):
    """Derived: somebody is to be called: ``answer`` to a case, a ``missed`` call, a ``followup`` 回访."""

    __tablename__ = "callbacks"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    call_id: Mapped[str | None] = mapped_column(String(36), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36))
    party_id: Mapped[str | None] = mapped_column(String(36), index=True)
    created: Mapped[int]
    test: Mapped[bool]
    state: Mapped[str] = mapped_column(String(10))
    outcome: Mapped[str] = mapped_column(String(20))
    tries: Mapped[int]
    next_at: Mapped[int]
    agreed: Mapped[bool]
    last_at: Mapped[int | None]
    last_result: Mapped[str] = mapped_column(String(20))
    closed: Mapped[int | None]
    solved: Mapped[bool | None]
    reached: Mapped[bool]
    rating: Mapped[int | None]
    because: Mapped[str] = mapped_column(String(20))


class CallbackAttempt(Base):
    """Derived: one row per attempt to reach somebody: when, who, result."""

    __tablename__ = "callback_attempts"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    callback_id: Mapped[str] = mapped_column(String(36), index=True)
    call_id: Mapped[str | None] = mapped_column(String(36), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    at: Mapped[int]
    who: Mapped[str] = mapped_column(String(80))
    result: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)


class Rating(Base):
    """Derived: somebody was asked for a rating, by the hotline after a talk (``call``) or in a ``followup`` 回访."""

    __tablename__ = "ratings"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    source: Mapped[str] = mapped_column(String(10))
    call_id: Mapped[str | None] = mapped_column(String(36), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    party_id: Mapped[str | None] = mapped_column(String(36), index=True)
    window: Mapped[str] = mapped_column(String(40))
    seat: Mapped[str] = mapped_column(String(40))
    test: Mapped[bool]
    invited: Mapped[int] = mapped_column(index=True)
    rated: Mapped[int | None]
    rating: Mapped[int | None]
    handled: Mapped[int | None]


class QueryTry(Base):
    """A wrong query code or case number of the last hour: what bounds guessing. ``caller``: the number's HMAC."""

    __tablename__ = "query_tries"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at: Mapped[int] = mapped_column(index=True)
    call_id: Mapped[str] = mapped_column(String(36))
    caller: Mapped[str] = mapped_column(String(64))


class SealedIdentity(Base):
    """Who an anonymous reporter is, when they said so: encrypted under a key of its own, apart from the case."""

    __tablename__ = "sealed_identities"
    case_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    created: Mapped[int]
    who: Mapped[str] = mapped_column(String(80))
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class QueryCode(Base):
    """A query code 查询码 given under a look-up key that was changed since: sealed, to be hashed anew."""

    __tablename__ = "query_codes"
    case_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class IdentityRequest(Base):
    """Somebody asked that a sealed identity be opened; the custodian opened it or declined (``opened``)."""

    __tablename__ = "identity_requests"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(36), index=True)
    asked: Mapped[int]
    asked_by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text)
    decided: Mapped[int | None]
    decided_by: Mapped[str] = mapped_column(String(80), default="")
    opened: Mapped[bool | None]
    answer: Mapped[str] = mapped_column(Text, default="")


class CaseCounter(Base):
    """The day's last case sequence number."""

    __tablename__ = "case_counters"
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    last: Mapped[int]


Index("ix_cases_received_id", Case.received, Case.id)
Index("ix_cases_kind_received", Case.kind, Case.received, Case.id)
Index("ix_cases_status_received", Case.status, Case.received, Case.id)
Index("ix_cases_owner_received", Case.owner, Case.received, Case.id)
Index("ix_cases_open_received", Case.replied, Case.received, Case.id)
Index("ix_cases_open_due", Case.replied, Case.due_ms)
Index(
    "ix_cases_due_figures", Case.due_ms, Case.unrolled_ms, Case.kind, Case.replied, Case.test, Case.received,
    Case.arrived, Case.closed, Case.paused, Case.reopened, Case.span_from, Case.id,
)  # fmt: skip
Index("ix_case_dues_cause", CaseDue.cause, CaseDue.was_ms, CaseDue.case_id)
Index("ix_cases_closed_figures", Case.closed, Case.id, Case.anonymous, Case.consent, Case.test)
Index("ix_callbacks_open", Callback.state, Callback.kind, Callback.created)
Index(
    "ix_callbacks_case_figures", Callback.case_id, Callback.kind, Callback.created, Callback.id, Callback.outcome,
    Callback.reached, Callback.rating,
)  # fmt: skip
Index(
    "ix_callbacks_kind_figures", Callback.kind, Callback.created, Callback.id, Callback.closed, Callback.outcome,
    Callback.test, Callback.party_id,
)  # fmt: skip
# Lists of the panel in other orders than by time (store/read/queries.py): each column with what settles equal values.
Index("ix_cases_due_id", Case.due_ms, Case.id)
Index("ix_cases_kind_id", Case.kind, Case.id)
Index("ix_cases_status_id", Case.status, Case.id)
Index("ix_cases_owner_id", Case.owner, Case.id)
