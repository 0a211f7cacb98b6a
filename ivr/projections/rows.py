"""The rows the journal is folded into, in memory: what a fact may read and change. Times are UTC ms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from ivr.cases.case import CallbackRow, CaseRow
from ivr.facts.base import Content, name_of
from ivr.rows import DerivedRow

C = TypeVar("C", bound=Content, covariant=True)
R = TypeVar("R", bound=DerivedRow)


@dataclass(frozen=True, slots=True)
class JournalRow(Generic[C]):
    """One journal row: of a call, of a case, or of both (the case was opened in that call).

    Of a fact of kind ``outage`` ``case_id`` names the outage notice.
    """

    id: str
    at: int  # UTC ms
    content: C
    reason: str = ""
    call_id: str | None = None
    case_id: str | None = None

    @property
    def name(self) -> str:
        """Its fact's name."""
        return name_of(self.content)


AnyRow = JournalRow[Any]


@dataclass(frozen=True, slots=True)
class CallRow(DerivedRow):
    """One call, with its three clocks (``*_wait`` in ms, None while unknown)."""

    TABLE: ClassVar[str] = "calls"
    id: str
    arrived: int
    ref: str = ""
    called: str = ""
    party_id: str | None = None
    flow: str = ""
    version: str = ""
    profile: str = ""
    test: bool = False
    answered: int | None = None
    human_requested: int | None = None
    agent_ring: int | None = None  # first operator's phone rang
    agent_answered: int | None = None
    agent_left: int | None = None
    ended: int | None = None
    network_wait: int | None = None  # arrived -> answered
    human_wait: int | None = None  # human_requested -> agent_answered, or -> ended when never
    agent_ring_wait: int | None = None  # the answering seat's ringing -> answered
    window: str = ""
    seat: str = ""
    late_apology: bool = False
    handed_over: int = 0  # how often
    keys: str = ""  # pressed in menus
    last_step: str = ""
    cases: int = 0
    # answered, abandoned, callback, unanswered, failed (a human was asked for); self, hung_up (never asked); live
    outcome: str = "live"
    released_by: str = ""  # caller, us, failure
    cause: str = ""


@dataclass(frozen=True, slots=True)
class LegRow(DerivedRow):
    """One attempt to ring an operator's phone."""

    TABLE: ClassVar[str] = "legs"
    id: str
    call_id: str
    seat: str
    dialed: int
    window: str = ""
    level: str = ""
    ringing: int | None = None
    answered: int | None = None
    ended: int | None = None
    result: str = ""  # answered, busy, no_answer, ...
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LineQualityRow(DerivedRow):
    """How a line sounded; ``leg_id`` empty: the caller's. Packets, microseconds; -1: never told."""

    TABLE: ClassVar[str] = "line_quality"
    id: str
    call_id: str
    leg_id: str
    at: int
    received: int
    lost: int
    jitter_us: int
    sent: int
    far_lost: int
    far_jitter_us: int
    rtt_us: int


@dataclass(frozen=True, slots=True)
class RecordingRow(DerivedRow):
    """One recording in the vault."""

    TABLE: ClassVar[str] = "recordings"
    id: str
    call_id: str | None
    case_id: str | None
    token: str
    path: str
    ms: int
    bytes: int
    sha256: str
    created: int
    pruned: int | None = None  # when it was deleted by the retention rule


@dataclass(frozen=True, slots=True)
class OutgoingCallRow(DerivedRow):
    """A call the hotline placed to a citizen."""

    TABLE: ClassVar[str] = "outgoing_calls"
    id: str
    callback_id: str
    case_id: str | None
    party_id: str | None
    who: str
    seat: str
    owner: str  # the process that places it
    started: int
    seat_ringing: int | None = None
    seat_answered: int | None = None
    dialled: int | None = None
    ringing: int | None = None
    answered: int | None = None
    ended: int | None = None
    result: str = ""
    cause: str = ""
    code: int = 0  # SIP, of a citizen's phone that was not had


@dataclass(frozen=True, slots=True)
class CaseStepRow(DerivedRow):
    """One change of a case: who, when, what, why. ``id`` is the journal row's."""

    TABLE: ClassVar[str] = "case_steps"
    id: str
    case_id: str
    at: int
    who: str
    action: str
    was: str
    status: str
    note: str | None  # id of the text that was written
    reason: str
    data: str  # JSON: what else was given


@dataclass(frozen=True, slots=True)
class CaseDueRow(DerivedRow):
    """A due date a case ever had, the old one beside the new one, and why it changed."""

    TABLE: ClassVar[str] = "case_dues"
    id: str
    case_id: str
    at: int
    who: str
    cause: str  # case_opened, case_extended, case_resumed ...
    was: str
    was_ms: int | None
    due: str
    due_ms: int | None
    reason: str
    explanation: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class CallbackAttemptRow(DerivedRow):
    """One attempt to reach somebody: when, who, result."""

    TABLE: ClassVar[str] = "callback_attempts"
    id: str
    callback_id: str
    call_id: str | None
    case_id: str | None
    at: int
    who: str
    result: str
    reason: str


@dataclass(frozen=True, slots=True)
class RatingRow(DerivedRow):
    """Somebody was asked for a rating, by the hotline after a talk (``call``) or in a ``followup`` 回访."""

    TABLE: ClassVar[str] = "ratings"
    id: str
    source: str
    invited: int
    call_id: str | None = None
    case_id: str | None = None
    party_id: str | None = None
    window: str = ""
    seat: str = ""
    test: bool = False
    rated: int | None = None
    rating: int | None = None  # 1 very satisfied ... 5 very dissatisfied; None: not rated 未评价
    handled: int | None = None  # a bad one: when the follow-up reached the person


@dataclass(frozen=True, slots=True)
class OutageRow(DerivedRow):
    """An outage notice 停电公告. ``short``: a planned one announced later than ``days`` ahead."""

    TABLE: ClassVar[str] = "outages"
    id: str
    line: str
    area: str
    kind: str  # planned, temporary, emergency
    reason: str
    starts: int
    ends: int
    announced: int
    entered: int
    entered_by: str
    days: int  # the lead that was required then
    short: bool
    confirmed: str  # why the supervisor let it be short
    customers: int = 0  # key customers 重要客户
    told: int = 0  # so many of them were told
    restored: int | None = None  # power came back
    restored_by: str = ""
    withdrawn: int | None = None
    withdrawn_by: str = ""
    withdrawn_why: str = ""


@dataclass(frozen=True, slots=True)
class OutageCustomerRow(DerivedRow):
    """A key customer of a notice, and what came of telling them; the last attempt counts."""

    TABLE: ClassVar[str] = "outage_customers"
    id: str  # the notice's id and ``n``
    outage_id: str
    n: int
    name: str
    tries: int = 0
    told: int | None = None  # when
    how: str = ""  # phone, sms, visit
    result: str = ""  # told, no_answer, failed
    who: str = ""


@dataclass(slots=True)
class Tables:
    """Derived rows by id. ``changed`` names (table, id) of what a fact touched.

    ``wanted``: recordings (token or id) the cases of a call ask for: they may arrive after the case.
    """

    calls: dict[str, CallRow] = field(default_factory=dict)
    legs: dict[str, LegRow] = field(default_factory=dict)
    cases: dict[str, CaseRow] = field(default_factory=dict)
    case_steps: dict[str, CaseStepRow] = field(default_factory=dict)
    case_dues: dict[str, CaseDueRow] = field(default_factory=dict)
    callbacks: dict[str, CallbackRow] = field(default_factory=dict)
    callback_attempts: dict[str, CallbackAttemptRow] = field(default_factory=dict)
    recordings: dict[str, RecordingRow] = field(default_factory=dict)
    ratings: dict[str, RatingRow] = field(default_factory=dict)
    outgoing_calls: dict[str, OutgoingCallRow] = field(default_factory=dict)
    line_quality: dict[str, LineQualityRow] = field(default_factory=dict)
    outages: dict[str, OutageRow] = field(default_factory=dict)
    outage_customers: dict[str, OutageCustomerRow] = field(default_factory=dict)
    wanted: dict[tuple[str, str], str] = field(default_factory=dict)  # (call, token) -> case
    changed: dict[tuple[str, str], None] = field(default_factory=dict)

    def put(self, row: R) -> R:
        """Add a row to its table, or let it take the place of the one there is; return it."""
        getattr(self, row.TABLE)[row.id] = row
        self.changed[row.TABLE, row.id] = None
        return row

    def call(self, fact: AnyRow) -> CallRow:
        """Return the call's row; the first fact of a call makes it."""
        call_id = fact.call_id or ""
        call = self.calls.get(call_id)
        return self.put(CallRow(call_id, fact.at)) if call is None else call

    def leg(self, fact: AnyRow) -> LegRow:
        """Return the row of the operator's leg the fact names; the first fact of a leg makes it."""
        said = fact.content
        leg = self.legs.get(said.leg_id)
        if leg is not None:
            return leg
        window, level = getattr(said, "window", ""), getattr(said, "level", "")  # only the first fact says these
        return self.put(LegRow(said.leg_id, fact.call_id or "", said.seat, fact.at, window, level))
