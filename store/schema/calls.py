"""Calls: what happened on the lines, who sits where, what was recorded, how many an hour.

What the columns of derived tables mean, and what stands in them at first: ``ivr/projections/rows.py``.
"""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from store.schema.base import Base

_SIGNED_IN = text("operator <> ''")


class Call(Base):
    """Derived: one row per call, with its three clocks (``*_wait`` in ms, None while unknown)."""

    __tablename__ = "calls"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    ref: Mapped[str] = mapped_column(String(255))
    called: Mapped[str] = mapped_column(String(80))
    party_id: Mapped[str | None] = mapped_column(String(36), index=True)
    flow: Mapped[str] = mapped_column(String(80))
    version: Mapped[str] = mapped_column(String(64))
    profile: Mapped[str] = mapped_column(String(80))
    test: Mapped[bool]
    arrived: Mapped[int]
    answered: Mapped[int | None]
    human_requested: Mapped[int | None]
    agent_ring: Mapped[int | None]
    agent_answered: Mapped[int | None]
    agent_left: Mapped[int | None]
    ended: Mapped[int | None]
    network_wait: Mapped[int | None]
    human_wait: Mapped[int | None]
    agent_ring_wait: Mapped[int | None]
    window: Mapped[str] = mapped_column(String(40))
    seat: Mapped[str] = mapped_column(String(40))
    late_apology: Mapped[bool]
    handed_over: Mapped[int] = mapped_column(server_default=text("0"))  # how often (K23)
    keys: Mapped[str] = mapped_column(String(120))
    last_step: Mapped[str] = mapped_column(String(80))
    cases: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(16))
    released_by: Mapped[str] = mapped_column(String(10))
    cause: Mapped[str] = mapped_column(String(40))


class Leg(Base):
    """Derived: one row per attempt to ring an operator's phone."""

    __tablename__ = "legs"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(36), index=True)
    seat: Mapped[str] = mapped_column(String(40))
    window: Mapped[str] = mapped_column(String(40))
    level: Mapped[str] = mapped_column(String(10))
    dialed: Mapped[int]
    ringing: Mapped[int | None]
    answered: Mapped[int | None]
    ended: Mapped[int | None]
    result: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)


class LineQualityTable(Base):
    """Derived: how a line sounded; ``leg_id`` empty: the caller's. Packets, microseconds; -1: never told."""

    __tablename__ = "line_quality"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(36), index=True)
    leg_id: Mapped[str] = mapped_column(String(80))
    at: Mapped[int]
    received: Mapped[int]
    lost: Mapped[int]
    jitter_us: Mapped[int]
    sent: Mapped[int]
    far_lost: Mapped[int]
    far_jitter_us: Mapped[int]
    rtt_us: Mapped[int]


class DeskCommand(Base):
    """Something an operator asked the calls process to do; this table is the truth, a look at it takes 0.3 s.

    queued -> taken -> done; refused: it was not done (``reason``). Of what is live (queued or taken) there is one
    for a number and one for a seat: ``live_number`` (its HMAC) and ``live_seat`` are unique, and empty afterwards.
    """

    __tablename__ = "desk_commands"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)  # also the outgoing call's
    at: Mapped[int] = mapped_column(index=True)
    who: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(20))
    seat: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))  # call_back
    callback_id: Mapped[str] = mapped_column(String(36), index=True)
    number_hmac: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(10), index=True)
    reason: Mapped[str] = mapped_column(String(40), default="")
    owner: Mapped[str] = mapped_column(String(80), default="")  # the process that took it
    taken: Mapped[int | None]
    ended: Mapped[int | None]
    result: Mapped[str] = mapped_column(String(20), default="")
    noted: Mapped[int | None]  # when the result became an attempt; None: it is still to be written down
    live_number: Mapped[str | None] = mapped_column(String(64), unique=True)
    live_seat: Mapped[str | None] = mapped_column(String(40), unique=True)


class SeatAct(Base):
    """What somebody asks of the talk at a seat (hold, consult, leave …); the process that has the talk does it.

    queued -> taken -> done; refused: it was not done (``reason``).
    """

    __tablename__ = "seat_acts"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at: Mapped[int]
    who: Mapped[str] = mapped_column(String(80))
    seat: Mapped[str] = mapped_column(String(40))
    act: Mapped[str] = mapped_column(String(20))
    target: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(10), index=True)
    reason: Mapped[str] = mapped_column(String(40), default="")
    owner: Mapped[str] = mapped_column(String(80), default="")  # the process that took it
    ended: Mapped[int | None]


class OutgoingCall(Base):
    """Derived: a call the hotline placed to a citizen. Never among ``calls``: those are people who called."""

    __tablename__ = "outgoing_calls"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    callback_id: Mapped[str] = mapped_column(String(36), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    party_id: Mapped[str | None] = mapped_column(String(36), index=True)
    who: Mapped[str] = mapped_column(String(80))
    seat: Mapped[str] = mapped_column(String(40))
    owner: Mapped[str] = mapped_column(String(80))
    started: Mapped[int] = mapped_column(index=True)
    seat_ringing: Mapped[int | None]
    seat_answered: Mapped[int | None]
    dialled: Mapped[int | None]
    ringing: Mapped[int | None]
    answered: Mapped[int | None]
    ended: Mapped[int | None]
    result: Mapped[str] = mapped_column(String(20))
    cause: Mapped[str] = mapped_column(String(40))
    code: Mapped[int]


class Recording(Base):
    """Derived: one row per recording in the vault."""

    __tablename__ = "recordings"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    call_id: Mapped[str | None] = mapped_column(String(36), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    token: Mapped[str] = mapped_column(String(40))
    path: Mapped[str] = mapped_column(String(255))
    ms: Mapped[int]
    bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    created: Mapped[int]
    pruned: Mapped[int | None]


class LiveCall(Base):
    """A call that is up now: who owns it, until when, and the encrypted machine state."""

    __tablename__ = "live_calls"
    call_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str] = mapped_column(String(80), index=True)
    lease_until: Mapped[int]
    ref: Mapped[str] = mapped_column(String(255), index=True)
    flow: Mapped[str] = mapped_column(String(80))
    step: Mapped[str] = mapped_column(String(80))
    step_since: Mapped[int]
    arrived: Mapped[int]
    window: Mapped[str] = mapped_column(String(40), default="")
    seat: Mapped[str] = mapped_column(String(40), default="")
    waiting_since: Mapped[int | None]
    test: Mapped[bool] = mapped_column(default=False)
    state: Mapped[bytes] = mapped_column(LargeBinary)


class Seat(Base):
    """An operator's phone 座席 and who works at it; the calls processes keep it.

    ``call_id``: the call that has it, taken by compare-and-set; ``owner``: the process that took it. ``state``: the
    operator's (``ivr/desk/states.py``); "" when nobody ever said anything of it.
    """

    __tablename__ = "seats"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    reachable: Mapped[bool] = mapped_column(default=False)
    call_id: Mapped[str | None] = mapped_column(String(36))
    since: Mapped[int]
    owner: Mapped[str] = mapped_column(String(80), default="")
    operator: Mapped[str] = mapped_column(String(64), default="")  # the account that signed in here
    state: Mapped[str] = mapped_column(String(16), default="")
    state_since: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(80), default="")  # of a pause
    where_to: Mapped[str] = mapped_column(String(120), default="")  # 说明去向
    until: Mapped[int | None]  # when the state ends by itself
    # one operator, one seat: whoever signs in twice in the same moment is refused by the database
    __table_args__ = (
        Index("uq_seats_operator", "operator", unique=True, sqlite_where=_SIGNED_IN, postgresql_where=_SIGNED_IN),
    )


class QueuePlace(Base):
    """A caller who waits for a person, or whose place is kept for a call back; its order is ``entered`` - bonus.

    Taken by compare-and-set: ``owner`` serves it while its lease lasts, ``seat`` is the one it was offered to.
    """

    __tablename__ = "waiting"
    call_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    window: Mapped[str] = mapped_column(String(40), index=True)
    entered: Mapped[int]
    bonus_ms: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(40), default="")  # of the bonus 绿色通道
    callback_id: Mapped[str] = mapped_column(String(36), default="")  # called back in this place; "": waits on the line
    seat: Mapped[str] = mapped_column(String(40), default="")
    offered: Mapped[int | None]
    tried: Mapped[str] = mapped_column(String(400), default="")  # seats that did not answer, by comma
    owner: Mapped[str] = mapped_column(String(80))
    lease_until: Mapped[int]
    test: Mapped[bool] = mapped_column(default=False)


class CallHour(Base):
    """An hour that is over, counted beforehand for the figures (``journal/hourly.py``); blobs are packed waits."""

    __tablename__ = "call_hours"
    hour: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # full hours since 1970
    window: Mapped[str] = mapped_column(String(40), primary_key=True)
    test: Mapped[int]
    waiting: Mapped[int]
    clock_errors: Mapped[int]
    talked: Mapped[int]
    talk_ms: Mapped[int]
    cut: Mapped[int]
    lead_ms: Mapped[int]
    answered: Mapped[bytes] = mapped_column(LargeBinary)
    rings: Mapped[bytes] = mapped_column(LargeBinary)
    networks: Mapped[bytes] = mapped_column(LargeBinary)
    abandoned: Mapped[bytes] = mapped_column(LargeBinary)
    callback: Mapped[bytes] = mapped_column(LargeBinary)
    failed: Mapped[bytes] = mapped_column(LargeBinary)
    lines: Mapped[bytes] = mapped_column(LargeBinary)
    apologised: Mapped[bytes] = mapped_column(LargeBinary)
    test_lines: Mapped[bytes] = mapped_column(LargeBinary)
    quarters: Mapped[str] = mapped_column(Text)


# Lists go by time and id, newest first, under each filter; what figures ask for stands in the index itself.
Index("ix_calls_arrived_id", Call.arrived, Call.id)
Index("ix_calls_outcome_arrived", Call.outcome, Call.arrived, Call.id)
Index("ix_calls_window_arrived", Call.window, Call.arrived, Call.id)
Index("ix_calls_seat_arrived", Call.seat, Call.arrived, Call.id)
