"""A case 工单 and a callback 回电 as the rules see them: rows of ``cases`` and ``callbacks``. Times are UTC ms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ivr.rows import DerivedRow


@dataclass(frozen=True, slots=True)
class CaseRow(DerivedRow):
    """Complaint 投诉, report 举报, message 留言 ... as it stands, with its due date and why."""

    TABLE: ClassVar[str] = "cases"
    id: str
    number: str
    command_id: str
    kind: str
    received: int
    call_id: str | None = None
    party_id: str | None = None
    channel: str = "phone"
    category: str = ""
    anonymous: bool = False
    confirmed: bool = False  # number read back and confirmed
    complete: bool = True
    profile: str = ""
    rule: str = ""
    due: str = ""  # local ISO, as spoken
    due_ms: int | None = None
    unrolled: str = ""
    unrolled_ms: int | None = None
    provisional: bool = False
    explanation: tuple[Any, ...] = ()  # the lines of how the due date was counted
    query_hash: str | None = None
    status: str = "received"
    replied: int | None = None
    # the three axes of classification (S3 之六 五): time limit, window, nature (``category`` above)
    urgency: str = ""
    window: str = ""
    owner: str = ""  # 首问责任人 until handed over
    handler: str = ""  # whom it is assigned to, not yet accepted
    co_handlers: tuple[str, ...] = ()  # the owner leads
    flag: str = ""  # major 重大, hot 热点
    verdict: str = ""  # valid, invalid: after investigation
    concerned: str = ""  # who may answer the verdict
    consent: bool = True  # may be called for the follow-up 回访
    extended: bool = False
    asked_days: int | None = None  # an extension that waits for approval
    asked_by: str = ""
    paused: int | None = None  # since when the clock stands
    paused_ms: int = 0  # how long it stood before
    supervised: int | None = None  # 督办: its own deadline
    supervised_warned: bool = False
    arrived: int | None = None  # repair: on site
    closed: int | None = None  # 办结
    reopened: int = 0
    span_from: int = 0  # the promise that counts now was made then
    warned: int = 0  # percent of the promised time that was warned of
    next_action_at: int | None = None  # an index for the sweeper
    version: int = 1  # one more for each fact: compare and set
    test: bool = False  # it came by a test call


@dataclass(frozen=True, slots=True)
class CallbackRow(DerivedRow):
    """Somebody is to be called: ``answer`` to a case, a ``missed`` call, a ``followup`` 回访."""

    TABLE: ClassVar[str] = "callbacks"
    id: str
    kind: str
    created: int
    next_at: int  # not to be called before
    call_id: str | None = None
    case_id: str | None = None
    party_id: str | None = None
    test: bool = False
    state: str = "open"  # open, done
    # reached, reached_us, refused, wrong_number, unreachable; replied, case, reopened, archived, sealed
    outcome: str = ""
    tries: int = 0
    agreed: bool = False  # the person chose that time
    last_at: int | None = None
    last_result: str = ""
    closed: int | None = None
    solved: bool | None = None  # followup: what the citizen said
    reached: bool = False  # some attempt did, whatever came of it
    rating: int | None = None  # followup: 1 very satisfied ... 5 very dissatisfied
    because: str = ""  # "rating": a bad rating is to be followed up
