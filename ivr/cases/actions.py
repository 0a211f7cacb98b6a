"""Actions on a case: from which states, by whom, and which fields they need.

States: received 受理, classified 分类, assigned 转办, handling 办理, replied 答复, follow_up 待回访, followed_up
回访, closed 归档. What an action does stands in :mod:`ivr.cases.effects`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ivr.errors import IvrError
from ivr.facts.base import Content
from ivr.ledger import Fact

OPEN = ("received", "classified", "assigned", "handling")
ANSWERED = ("replied", "follow_up", "followed_up")
ARCHIVED = ("archived",)
STATES = (*OPEN, *ANSWERED, *ARCHIVED)
ANY = STATES

STAFF = ("operator", "lead", "supervisor")
LEADS = ("lead", "supervisor")
TEXT_MAX, LINE_MAX, REASON_MIN = 4000, 200, 2


class ActionRefused(IvrError):
    """Something may not be done to this case now; :meth:`text` says why and what to do, ``field`` where."""

    def __init__(self, zh: str, en: str, field: str = "") -> None:
        super().__init__(en)
        self.zh, self.en, self.field = zh, en, field

    def text(self, lang: str = "zh-CN") -> str:
        """The reason, ``zh-CN`` or ``en``."""
        return self.en if lang.startswith("en") else self.zh


class Changed(ActionRefused):
    """Somebody else changed the case since it was looked at."""


@dataclass(frozen=True, slots=True)
class Field:
    """Something to be given with an action. ``kind``: reason, text (kept encrypted), line, choice, number, moment."""

    name: str
    zh: str
    en: str
    kind: str = "line"
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done to a case. ``due``: it may change the due date."""

    id: str
    zh: str
    en: str
    fact: str
    states: tuple[str, ...]
    roles: tuple[str, ...] = STAFF
    fields: tuple[Field, ...] = ()
    due: bool = False


@dataclass(frozen=True, slots=True)
class Do:
    """Who does what, and when (UTC ms). ``role``: operator, lead, supervisor. ``worded``: insists on the words."""

    action: str
    who: str
    role: str
    at: int
    fields: Mapping[str, str] = field(default_factory=dict)
    worded: bool = False

    def get(self, name: str) -> str:
        """What was given, without spaces around it."""
        return self.fields.get(name, "").strip()


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody is to be told. ``to``: ``owner``, ``user:NAME`` or ``role:lead``; ``kind``: what about."""

    kind: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What an action's fact says, whom to tell, and which action follows it."""

    said: Content
    notices: tuple[Notice, ...] = ()
    then: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Facts to be journaled together, and whom to tell. ``text``: to be kept encrypted beside the first fact."""

    facts: tuple[Fact, ...]
    notices: tuple[Notice, ...] = ()
    text: str = ""


REASON = Field("reason", "原因", "reason", "reason")
WHY = replace(REASON, required=False)
TEXT = Field("text", "内容", "text", "text")
URGENCIES = ("ordinary", "urgent")
VERDICTS = ("valid", "invalid")
FLAGS = ("major", "hot", "none")

ACTIONS: Mapping[str, Action] = {
    action.id: action
    for action in (
        Action(
            "classify", "分类", "classify", "case_classified", OPEN,
            fields=(
                Field("urgency", "时间要求", "time limit", "choice", choices=URGENCIES),
                Field("window", "办理窗口", "window"),
                Field("category", "问题性质", "nature"),
            ),
            due=True,  # of a repair: each area has its own time
        ),
        Action(
            "assign", "转办", "assign", "case_assigned", ("classified", "assigned", "handling"),
            fields=(
                Field("handler", "承办人", "handler"),
                Field("co_handlers", "协办人", "co-handlers", required=False),
                WHY,
            ),
        ),
        Action("accept", "接办", "accept", "case_accepted", ("received", "classified", "assigned")),
        Action("return", "退回", "return", "case_returned", ("assigned", "handling"), fields=(REASON,)),
        Action(
            "reply", "答复", "reply", "case_replied", OPEN,
            fields=(TEXT, Field("evidence", "答复凭据（通话编号、文号）", "evidence (call, letter)")),
        ),
        Action("close", "办结", "close", "case_closed", ("replied",), fields=(WHY,)),
        Action(
            "follow_up", "回访结果", "follow-up result", "case_followed_up", ("follow_up",),
            fields=(
                Field("solved", "是否解决", "solved", "choice", choices=("yes", "no")),
                Field("rating", "满意度", "rating", "choice", False, ("1", "2", "3", "4", "5")),
                WHY,
            ),
            due=True,
        ),
        Action("archive", "归档", "archive", "case_archived", ("follow_up", "followed_up"), fields=(WHY,)),
        Action("reopen", "重开", "reopen", "case_reopened", (*ANSWERED, *ARCHIVED), fields=(REASON,), due=True),
        Action(
            "supervise", "督办", "supervise", "case_supervised", OPEN, LEADS,
            (REASON, Field("until", "督办期限", "own deadline", "moment")),
        ),
        Action(
            "answer_supervision", "督办反馈", "answer the supervision", "case_supervision_answered",
            (*OPEN, *ANSWERED), fields=(TEXT,),
        ),
        Action(
            "ask_extension", "申请延期", "ask for an extension", "case_extension_asked", OPEN,
            fields=(Field("n", "延长（与期限同单位）", "by (in the unit of the deadline)", "number"), REASON),
        ),
        Action(
            "approve_extension", "批准延期", "approve the extension", "case_extended", OPEN, LEADS, (WHY,), due=True
        ),
        Action(
            "refuse_extension", "不同意延期", "refuse the extension", "case_extension_refused", OPEN, LEADS, (REASON,)
        ),
        Action("pause", "暂停计时", "pause the clock", "case_paused", OPEN, fields=(REASON,)),
        Action("resume", "恢复计时", "resume the clock", "case_resumed", OPEN, fields=(WHY,), due=True),
        Action(
            "flag", "重大/热点标记", "flag", "case_flagged", ANY,
            fields=(Field("flag", "标记", "flag", "choice", choices=FLAGS), REASON),
        ),
        Action(
            "judge", "认定有效/无效", "judge", "case_judged", ("handling", *ANSWERED), LEADS,
            (
                Field("verdict", "认定", "verdict", "choice", choices=VERDICTS),
                Field("concerned", "当事人员", "member of staff concerned", required=False),
                TEXT,
            ),
        ),
        Action("plead", "申辩", "plead", "case_pleaded", ANY, fields=(TEXT,)),
        Action(
            "note", "补充记录", "add a note", "case_noted", ANY,
            fields=(TEXT, Field("call", "关联来电", "call", required=False)),
        ),
        Action(
            "link", "关联同一事项", "link the same matter", "case_linked", ANY,
            fields=(Field("other", "另一工单编号", "number of the other case"), WHY),
        ),
        Action("arrive", "到达现场", "arrived on site", "case_arrived", OPEN),
        Action(
            "consent", "回访意愿", "consent to a follow-up", "case_consent", (*OPEN, *ANSWERED),
            fields=(Field("consent", "同意回访", "may be called", "choice", choices=("yes", "no")),),
        ),
        Action("recompute", "重算期限", "recompute the due date", "case_recomputed", OPEN, LEADS, (REASON,), due=True),
    )
}  # fmt: skip
