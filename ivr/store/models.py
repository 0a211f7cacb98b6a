"""The tables. Time is UTC milliseconds everywhere; ids are UUIDv7 text; JSON is text.

``journal`` is append-only and the truth; ``calls``, ``legs``, ``cases`` with their steps and due dates,
``callbacks`` with their attempts, ``recordings`` and ``outages`` are derived from it (``hotline db rebuild`` recomputes
them, ``ivr/store/projection.py``). Personal data lives only in ``parties``, each row encrypted under its own
key in ``party_keys`` (deleting the key anonymises the person everywhere at once), and, where people wrote
about a case, encrypted in ``case_notes``.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Text,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite gives autoincrement only to INTEGER primary keys; PostgreSQL wants BIGINT.
BigId = BigInteger().with_variant(Integer, "sqlite")


_SYSTEM = text("kind = 'system'")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {int: BigInteger, str: String}


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
    kind: Mapped[str] = mapped_column(String(8))  # event, command, case, outage, system
    name: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"), default=1)  # of the fact's form
    data: Mapped[str] = mapped_column(Text, default="{}")
    reason: Mapped[str] = mapped_column(Text, default="")
    # the system's own facts (trunk, refusals) are few and found by time
    __table_args__ = (Index("ix_journal_system", "at", sqlite_where=_SYSTEM, postgresql_where=_SYSTEM),)


class PartyRow(Base):
    """A person: every field encrypted under the party's own key. ``number_hmac`` finds repeat callers."""

    __tablename__ = "parties"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number_hmac: Mapped[str | None] = mapped_column(String(64), index=True)
    number: Mapped[bytes | None] = mapped_column(LargeBinary)
    name: Mapped[bytes | None] = mapped_column(LargeBinary)
    identity: Mapped[bytes | None] = mapped_column(LargeBinary)
    created: Mapped[int]


class PartyKey(Base):
    """The party's data key, wrapped by the master key. Deleting it makes the party unreadable."""

    __tablename__ = "party_keys"
    party_id: Mapped[str] = mapped_column(ForeignKey("parties.id"), primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class Call(Base):
    """Derived: one row per call, with its three clocks (``*_wait`` in ms, None while unknown)."""

    __tablename__ = "calls"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    ref: Mapped[str] = mapped_column(String(255), default="")
    called: Mapped[str] = mapped_column(String(80), default="")
    party_id: Mapped[str | None] = mapped_column(String(36), index=True)
    flow: Mapped[str] = mapped_column(String(80), default="")
    version: Mapped[str] = mapped_column(String(64), default="")
    profile: Mapped[str] = mapped_column(String(80), default="")
    test: Mapped[bool] = mapped_column(default=False)
    arrived: Mapped[int]
    answered: Mapped[int | None]
    human_requested: Mapped[int | None]
    agent_ring: Mapped[int | None]  # first operator's phone rang
    agent_answered: Mapped[int | None]
    agent_left: Mapped[int | None]
    ended: Mapped[int | None]
    network_wait: Mapped[int | None]  # arrived -> answered
    human_wait: Mapped[int | None]  # human_requested -> agent_answered, or -> ended when never
    agent_ring_wait: Mapped[int | None]  # the answering seat's ringing -> answered
    window: Mapped[str] = mapped_column(String(40), default="")
    seat: Mapped[str] = mapped_column(String(40), default="")
    late_apology: Mapped[bool] = mapped_column(default=False)
    keys: Mapped[str] = mapped_column(String(120), default="")  # pressed in menus
    last_step: Mapped[str] = mapped_column(String(80), default="")
    cases: Mapped[int] = mapped_column(default=0)
    # answered, abandoned, callback, unanswered, failed (a human was asked for); self, hung_up (never asked); live
    outcome: Mapped[str] = mapped_column(String(16), default="live")
    released_by: Mapped[str] = mapped_column(String(10), default="")  # caller, us, failure
    cause: Mapped[str] = mapped_column(String(40), default="")


class Leg(Base):
    """Derived: one row per attempt to ring an operator's phone."""

    __tablename__ = "legs"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(36), index=True)
    seat: Mapped[str] = mapped_column(String(40))
    window: Mapped[str] = mapped_column(String(40), default="")
    level: Mapped[str] = mapped_column(String(10), default="")
    dialed: Mapped[int]
    ringing: Mapped[int | None]
    answered: Mapped[int | None]
    ended: Mapped[int | None]
    result: Mapped[str] = mapped_column(String(16), default="")  # answered, busy, no_answer, ...
    reason: Mapped[str] = mapped_column(Text, default="")


class LineQuality(Base):
    """Derived: how a line sounded; ``leg_id`` empty: the caller's. Packets, microseconds; -1: never told."""

    __tablename__ = "line_quality"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(36), index=True)
    leg_id: Mapped[str] = mapped_column(String(80), default="")
    at: Mapped[int]
    received: Mapped[int]
    lost: Mapped[int]
    jitter_us: Mapped[int]
    sent: Mapped[int]
    far_lost: Mapped[int]
    far_jitter_us: Mapped[int]
    rtt_us: Mapped[int]


class Case(Base):
    """Derived: complaint 投诉, report 举报, message 留言 ... with its due date and why."""

    __tablename__ = "cases"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    command_id: Mapped[str] = mapped_column(String(80), unique=True)
    call_id: Mapped[str | None] = mapped_column(String(36), index=True)
    party_id: Mapped[str | None] = mapped_column(String(36), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20), default="phone")
    category: Mapped[str] = mapped_column(String(40), default="")
    anonymous: Mapped[bool] = mapped_column(default=False)
    confirmed: Mapped[bool] = mapped_column(default=False)  # number read back and confirmed
    complete: Mapped[bool] = mapped_column(default=True)
    profile: Mapped[str] = mapped_column(String(80), default="")
    rule: Mapped[str] = mapped_column(String(80), default="")
    received: Mapped[int]
    due: Mapped[str] = mapped_column(String(32), default="")  # local ISO, as spoken
    due_ms: Mapped[int | None]
    unrolled: Mapped[str] = mapped_column(String(32), default="")
    unrolled_ms: Mapped[int | None]
    provisional: Mapped[bool] = mapped_column(default=False)
    explanation: Mapped[str] = mapped_column(Text, default="[]")  # JSON list of lines
    query_hash: Mapped[str | None] = mapped_column(String(128), index=True)
    status: Mapped[str] = mapped_column(String(20), default="received")
    replied: Mapped[int | None]
    # the three axes of classification (S3 之六 五): time limit, window, nature (``category`` above)
    urgency: Mapped[str] = mapped_column(String(20), default="")
    window: Mapped[str] = mapped_column(String(40), default="")
    owner: Mapped[str] = mapped_column(String(80), default="")  # 首问责任人 until handed over
    handler: Mapped[str] = mapped_column(String(80), default="")  # whom it is assigned to, not yet accepted
    co_handlers: Mapped[str] = mapped_column(Text, default="[]")  # JSON list; the owner leads
    flag: Mapped[str] = mapped_column(String(10), default="")  # major 重大, hot 热点
    verdict: Mapped[str] = mapped_column(String(10), default="")  # valid, invalid: after investigation
    concerned: Mapped[str] = mapped_column(String(80), default="")  # who may answer the verdict
    consent: Mapped[bool] = mapped_column(default=True)  # may be called for the follow-up 回访
    extended: Mapped[bool] = mapped_column(default=False)
    asked_days: Mapped[int | None]  # an extension that waits for approval
    asked_by: Mapped[str] = mapped_column(String(80), default="")
    paused: Mapped[int | None]  # since when the clock stands
    paused_ms: Mapped[int] = mapped_column(default=0)  # how long it stood before
    supervised: Mapped[int | None]  # 督办: its own deadline (UTC ms)
    supervised_warned: Mapped[bool] = mapped_column(default=False)
    arrived: Mapped[int | None]  # repair: on site
    closed: Mapped[int | None]  # 办结
    reopened: Mapped[int] = mapped_column(default=0)
    span_from: Mapped[int] = mapped_column(default=0)  # the promise that counts now was made then
    warned: Mapped[int] = mapped_column(default=0)  # percent of the promised time that was warned of
    next_action_at: Mapped[int | None] = mapped_column(index=True)  # an index for the sweeper
    version: Mapped[int] = mapped_column(default=0)  # one more for each fact: compare and set
    test: Mapped[bool] = mapped_column(default=False)  # it came by a test call


class CaseStep(Base):
    """Derived: one row per change of a case: who, when, what, why. ``id`` is the journal row's."""

    __tablename__ = "case_steps"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(36), index=True)
    at: Mapped[int]
    who: Mapped[str] = mapped_column(String(80), default="")
    action: Mapped[str] = mapped_column(String(40))
    was: Mapped[str] = mapped_column(String(20), default="")
    status: Mapped[str] = mapped_column(String(20), default="")
    note: Mapped[str | None] = mapped_column(String(36))  # the text, in case_notes
    reason: Mapped[str] = mapped_column(Text, default="")
    data: Mapped[str] = mapped_column(Text, default="{}")  # JSON: what else was given


class CaseDue(Base):
    """Derived: every due date a case ever had, the old one beside the new one, and why it changed."""

    __tablename__ = "case_dues"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(36), index=True)
    at: Mapped[int]
    who: Mapped[str] = mapped_column(String(80), default="")
    cause: Mapped[str] = mapped_column(String(40))  # case_opened, case_extended, case_resumed ...
    was: Mapped[str] = mapped_column(String(32), default="")
    was_ms: Mapped[int | None]
    due: Mapped[str] = mapped_column(String(32), default="")
    due_ms: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    explanation: Mapped[str] = mapped_column(Text, default="[]")


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
    test: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(10), default="open")  # open, done
    # reached, reached_us, refused, wrong_number, unreachable; replied, case, reopened, archived, sealed
    outcome: Mapped[str] = mapped_column(String(20), default="")
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[int]  # not to be called before (UTC ms)
    agreed: Mapped[bool] = mapped_column(default=False)  # the person chose that time
    last_at: Mapped[int | None]
    last_result: Mapped[str] = mapped_column(String(20), default="")
    closed: Mapped[int | None]
    solved: Mapped[bool | None]  # followup: what the citizen said
    reached: Mapped[bool] = mapped_column(default=False)  # some attempt did, whatever came of it
    rating: Mapped[int | None]  # followup: 1 very satisfied ... 5 very dissatisfied
    because: Mapped[str] = mapped_column(String(20), default="")  # "rating": a bad rating is to be followed up


class CallbackAttempt(Base):
    """Derived: one row per attempt to reach somebody: when, who, result."""

    __tablename__ = "callback_attempts"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    callback_id: Mapped[str] = mapped_column(String(36), index=True)
    call_id: Mapped[str | None] = mapped_column(String(36), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    at: Mapped[int]
    who: Mapped[str] = mapped_column(String(80), default="")
    result: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text, default="")


class Rating(Base):
    """Derived: somebody was asked for a rating, by the hotline after a talk (``call``) or in a ``followup`` 回访."""

    __tablename__ = "ratings"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    source: Mapped[str] = mapped_column(String(10))
    call_id: Mapped[str | None] = mapped_column(String(36), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    party_id: Mapped[str | None] = mapped_column(String(36), index=True)
    window: Mapped[str] = mapped_column(String(40), default="")
    seat: Mapped[str] = mapped_column(String(40), default="")
    test: Mapped[bool] = mapped_column(default=False)
    invited: Mapped[int] = mapped_column(index=True)
    rated: Mapped[int | None]
    rating: Mapped[int | None]  # 1 very satisfied ... 5 very dissatisfied; None: not rated 未评价
    handled: Mapped[int | None]  # a bad one: when the follow-up reached the person


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


class OutgoingCall(Base):
    """Derived: a call the hotline placed to a citizen. Never among ``calls``: those are people who called."""

    __tablename__ = "outgoing_calls"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    callback_id: Mapped[str] = mapped_column(String(36), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    party_id: Mapped[str | None] = mapped_column(String(36), index=True)
    who: Mapped[str] = mapped_column(String(80), default="")
    seat: Mapped[str] = mapped_column(String(40), default="")
    owner: Mapped[str] = mapped_column(String(80), default="")
    started: Mapped[int] = mapped_column(index=True)
    seat_ringing: Mapped[int | None]
    seat_answered: Mapped[int | None]
    dialled: Mapped[int | None]
    ringing: Mapped[int | None]
    answered: Mapped[int | None]
    ended: Mapped[int | None]
    result: Mapped[str] = mapped_column(String(20), default="")
    cause: Mapped[str] = mapped_column(String(40), default="")
    code: Mapped[int] = mapped_column(default=0)  # SIP, of a citizen's phone that was not had


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


class Recording(Base):
    """Derived: one row per recording in the vault."""

    __tablename__ = "recordings"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    call_id: Mapped[str | None] = mapped_column(String(36), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    token: Mapped[str] = mapped_column(String(40), default="")
    path: Mapped[str] = mapped_column(String(255))
    ms: Mapped[int]
    bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    created: Mapped[int]
    pruned: Mapped[int | None]  # when it was deleted by the retention rule


class CaseCounter(Base):
    """The day's last case sequence number."""

    __tablename__ = "case_counters"
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    last: Mapped[int]


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
    """What the board shows of an operator's phone; the calls process keeps it."""

    __tablename__ = "seats"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    reachable: Mapped[bool] = mapped_column(default=False)
    call_id: Mapped[str | None] = mapped_column(String(36))
    since: Mapped[int]


class User(Base):
    """A person who may log in to the panel."""

    __tablename__ = "users"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    role: Mapped[str] = mapped_column(String(20))  # operator, lead, supervisor, admin, custodian
    password: Mapped[str] = mapped_column(String(255))  # argon2 hash
    seat: Mapped[str] = mapped_column(String(40), default="")
    active: Mapped[bool] = mapped_column(default=True)
    created: Mapped[int]
    session_epoch: Mapped[int] = mapped_column(default=0)  # raised to log out everywhere
    must_change: Mapped[bool] = mapped_column(default=False, server_default=false())  # somebody else knows the password
    since: Mapped[int] = mapped_column(default=0, server_default="0")  # when it was made, raised, reset or reopened
    confirmed: Mapped[int | None]  # a custodian: when a supervisor confirmed it
    confirmed_by: Mapped[str] = mapped_column(String(80), default="", server_default="")
    full_name: Mapped[str] = mapped_column(String(80), default="", server_default="")  # the person's real name
    totp: Mapped[bytes | None] = mapped_column(LargeBinary)  # the second factor's secret, sealed
    totp_new: Mapped[bytes | None] = mapped_column(LargeBinary)  # one that waits for its first code
    totp_step: Mapped[int] = mapped_column(default=0, server_default="0")  # of the last code that was used
    totp_since: Mapped[int | None]


class Login(Base):
    """Somebody who is logged in: of what the browser holds only the hash, and until when at the latest."""

    __tablename__ = "logins"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(36), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[int]
    ends: Mapped[int]
    remote: Mapped[str] = mapped_column(String(64))
    browser: Mapped[str] = mapped_column(String(200))


class RecoveryCode(Base):
    """A code that stands in once for the second factor; only its hash."""

    __tablename__ = "recovery_codes"
    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)


class Draft(Base):
    """What somebody is typing, encrypted; one row for each account and form, outside the journal."""

    __tablename__ = "drafts"
    account: Mapped[str] = mapped_column(String(36), primary_key=True)
    form: Mapped[str] = mapped_column(String(120), primary_key=True)
    at: Mapped[int] = mapped_column(index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Audit(Base):
    """Append-only: every log-in, every look at personal data, every change of settings."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[int] = mapped_column(index=True)
    user: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    target: Mapped[str] = mapped_column(String(120), default="")
    detail: Mapped[str] = mapped_column(Text, default="")
    remote: Mapped[str] = mapped_column(String(64), default="")


class ApiToken(Base):
    """A token of the JSON API: only its hash, its scopes (space separated) and its end."""

    __tablename__ = "api_tokens"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(120))
    created: Mapped[int]
    expires: Mapped[int]
    revoked: Mapped[int | None]


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


class Mark(Base):
    """Something the processes remember together, by name: under which rules open cases were last looked through."""

    __tablename__ = "marks"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    at: Mapped[int]


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
    kind: Mapped[str] = mapped_column(String(10))  # planned, temporary, emergency
    reason: Mapped[str] = mapped_column(Text, default="")
    starts: Mapped[int]
    ends: Mapped[int]
    announced: Mapped[int]
    entered: Mapped[int]
    entered_by: Mapped[str] = mapped_column(String(80), default="")
    days: Mapped[int]  # the lead that was required then
    short: Mapped[bool] = mapped_column(default=False)
    confirmed: Mapped[str] = mapped_column(Text, default="")  # why the supervisor let it be short
    customers: Mapped[int] = mapped_column(default=0)  # key customers 重要客户
    told: Mapped[int] = mapped_column(default=0)  # so many of them were told
    restored: Mapped[int | None]  # power came back
    restored_by: Mapped[str] = mapped_column(String(80), default="")
    withdrawn: Mapped[int | None]
    withdrawn_by: Mapped[str] = mapped_column(String(80), default="")
    withdrawn_why: Mapped[str] = mapped_column(Text, default="")


class OutageCustomer(Base):
    """Derived: a key customer of a notice, and what came of telling them; the last attempt counts."""

    __tablename__ = "outage_customers"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)  # the notice's id and ``n``
    outage_id: Mapped[str] = mapped_column(String(36), index=True)
    n: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    tries: Mapped[int] = mapped_column(default=0)
    told: Mapped[int | None]  # when
    how: Mapped[str] = mapped_column(String(10), default="")  # phone, sms, visit
    result: Mapped[str] = mapped_column(String(10), default="")  # told, no_answer, failed
    who: Mapped[str] = mapped_column(String(80), default="")


class CallHour(Base):
    """An hour that is over, counted beforehand for the figures (``ivr/store/hourly.py``); blobs are packed waits."""

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


# Lists go by time and id, newest first, under each filter; what figures ask for stands in the index itself.
Index("ix_calls_arrived_id", Call.arrived, Call.id)
Index("ix_calls_outcome_arrived", Call.outcome, Call.arrived, Call.id)
Index("ix_calls_window_arrived", Call.window, Call.arrived, Call.id)
Index("ix_calls_seat_arrived", Call.seat, Call.arrived, Call.id)
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
Index("ix_journal_call_seq", Journal.call_id, Journal.seq)
# Lists of the panel in other orders than by time (ivr/store/queries.py): each column with what settles equal values.
Index("ix_cases_due_id", Case.due_ms, Case.id)
Index("ix_cases_kind_id", Case.kind, Case.id)
Index("ix_cases_status_id", Case.status, Case.id)
Index("ix_cases_owner_id", Case.owner, Case.id)
Index("ix_audit_user_seq", Audit.user, Audit.seq)
Index("ix_audit_action_seq", Audit.action, Audit.seq)
_OPEN = text("restored IS NULL AND withdrawn IS NULL")
Index("ix_outages_starts_id", Outage.starts, Outage.id)
Index("ix_outages_open", Outage.starts, Outage.id, sqlite_where=_OPEN, postgresql_where=_OPEN)
