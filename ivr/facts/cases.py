"""Facts of cases 工单: what somebody did to one, in its own words; which columns follow is ``ivr/cases/changes.py``.

Every action says ``who`` did it. What people wrote is encrypted beside, under the id ``note``. In version 1 an
action said which columns of a table became what (``set``); ``ivr/facts/cases_before.py`` reads that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ivr.facts import cases_before as before
from ivr.facts.base import Content, fact, left_out, part


@dataclass(frozen=True, slots=True)
class DueChange:
    """A due date that was counted: the day or moment (local, ISO) and when it ends (UTC ms), as promised and without
    rolling over holidays; ``explanation``: how it was counted, in Chinese."""

    due: str
    due_ms: int | None
    unrolled: str
    unrolled_ms: int | None
    provisional: bool
    explanation: tuple[Any, ...]


class CaseFact(Content):
    """What somebody did to a case. ``STEP``: what of it stands in the list of the case's steps."""

    __slots__ = ()
    STEP: ClassVar[tuple[str, ...]] = ()
    who: str
    note: str | None

    def noted(self, note: str) -> CaseFact:
        """Return it with the id of what was written about it."""
        changed: CaseFact = replace(self, note=note)  # type: ignore[type-var]  # every action is a dataclass
        return changed


@fact("case", version=2, kw_only=True, upcasters={1: before.classified})
class CaseClassified(CaseFact):
    """分类 classify. ``due``: the new due date of a repair whose area has another one.

    Example: {"who": "王芳", "urgency": "ordinary", "window": "complaint", "category": "attitude"}
    """

    who: str
    urgency: str
    window: str
    category: str
    due: DueChange | None = part(DueChange, default=None)
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.assigned})
class CaseAssigned(CaseFact):
    """转办 assign to ``handler`` (an account or a window).

    Example: {"who": "王芳", "handler": "李强", "co_handlers": ["赵敏"]}
    """

    STEP = ("handler",)
    who: str
    handler: str
    co_handlers: tuple[str, ...]
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.accepted})
class CaseAccepted(CaseFact):
    """接办 accept: who did is the owner from now on.

    Example: {"who": "李强", "was_owner": ""}
    """

    STEP = ("was_owner",)
    who: str
    was_owner: str
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.returned})
class CaseReturned(CaseFact):
    """退回 return; why in the reason.

    Example: {"who": "李强"}
    """

    who: str
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.replied})
class CaseReplied(CaseFact):
    """答复 reply. ``evidence``: a call or a letter; ``bare``: of before, when only the moment was told.

    Example: {"who": "李强", "evidence": "call-1", "note": "0198c2f4"}
    """

    STEP = ("evidence",)
    who: str
    evidence: str = left_out(default="")
    bare: bool = left_out(default=False)
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.closed})
class CaseClosed(CaseFact):
    """办结 close. ``followup``: the citizen is to be called (回访).

    Example: {"who": "李强", "followup": true}
    """

    STEP = ("followup",)
    who: str
    followup: bool
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.followed_up})
class CaseFollowedUp(CaseFact):
    """回访结果 follow-up result. ``rating``: 1 to 5, None: none was given.

    Example: {"who": "李强", "solved": true, "rating": 2}
    """

    STEP = ("solved", "rating")
    who: str
    solved: bool
    rating: int | None
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.archived})
class CaseArchived(CaseFact):
    """归档 archive.

    Example: {"who": "王芳"}
    """

    who: str
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.reopened})
class CaseReopened(CaseFact):
    """重开 reopen, with a due date counted anew; why in the reason. ``arrival_stands``: of before, when a repair that
    did not hold was not reached again.

    Example: {"who": "王芳", "due": {"due": "2026-12-05", "due_ms": 1796486400000, "unrolled": "", "unrolled_ms": null,
    "provisional": false, "explanation": ["原期限 2026-11-26，2026-11-30 09:00 重开，重新计算"]}}
    """

    who: str
    due: DueChange = part(DueChange)
    arrival_stands: bool = left_out(default=False)
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.supervised})
class CaseSupervised(CaseFact):
    """督办 supervise. ``until``: its own deadline, UTC ms.

    Example: {"who": "陈总", "until": 1795860000000}
    """

    STEP = ("until",)
    who: str
    until: int
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.supervision_answered})
class CaseSupervisionAnswered(CaseFact):
    """督办反馈 answer the supervision.

    Example: {"who": "李强", "in_time": true, "note": "0198c2f4"}
    """

    STEP = ("in_time",)
    who: str
    in_time: bool
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.extension_asked})
class CaseExtensionAsked(CaseFact):
    """申请延期 ask for an extension by ``n``, in the unit of the deadline.

    Example: {"who": "李强", "n": 3}
    """

    STEP = ("n",)
    who: str
    n: int
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.extension_approved})
class CaseExtended(CaseFact):
    """批准延期 approve the extension.

    Example: {"who": "王芳", "n": 3, "due": {"due": "2026-11-29", "due_ms": 1795968000000, "unrolled": "",
    "unrolled_ms": null, "provisional": false, "explanation": ["原期限 2026-11-26，经批准延期 3 天"]}}
    """

    STEP = ("n",)
    who: str
    n: int
    due: DueChange = part(DueChange)
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.extension_refused})
class CaseExtensionRefused(CaseFact):
    """不同意延期 refuse the extension.

    Example: {"who": "王芳"}
    """

    who: str
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.paused})
class CasePaused(CaseFact):
    """暂停计时 pause the clock; why in the reason.

    Example: {"who": "李强"}
    """

    who: str
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.resumed})
class CaseResumed(CaseFact):
    """恢复计时 resume the clock, which stood for ``stood_ms``. ``due``: None when the due date is the same.

    Example: {"who": "李强", "stood_ms": 86400000}
    """

    STEP = ("stood_ms",)
    who: str
    stood_ms: int
    due: DueChange | None = part(DueChange, default=None)
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.flagged})
class CaseFlagged(CaseFact):
    """重大/热点标记 flag: major, hot or none.

    Example: {"who": "王芳", "flag": "major"}
    """

    STEP = ("flag",)
    who: str
    flag: str
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.judged})
class CaseJudged(CaseFact):
    """认定有效/无效 judge: valid or invalid. ``concerned``: the member of staff it is about, or empty.

    Example: {"who": "王芳", "verdict": "valid", "concerned": "李强", "note": "0198c2f4"}
    """

    STEP = ("verdict",)
    who: str
    verdict: str
    concerned: str
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.nothing_set})
class CasePleaded(CaseFact):
    """申辩 plead against the verdict.

    Example: {"who": "李强", "verdict": "valid", "note": "0198c2f4"}
    """

    STEP = ("verdict",)
    who: str
    verdict: str
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.nothing_set})
class CaseNoted(CaseFact):
    """补充记录 add a note. ``call``: that it is about.

    Example: {"who": "李强", "note": "0198c2f4"}
    """

    STEP = ("call",)
    who: str
    call: str = left_out(default="")
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.nothing_set})
class CaseLinked(CaseFact):
    """关联同一事项 link the same matter. ``other``: the number of that case.

    Example: {"who": "李强", "other": "2609240013"}
    """

    STEP = ("other",)
    who: str
    other: str
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.arrived})
class CaseArrived(CaseFact):
    """到达现场 arrived on site.

    Example: {"who": "李强"}
    """

    who: str
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.consent_given})
class CaseConsent(CaseFact):
    """回访意愿 consent to a follow-up: yes or no.

    Example: {"who": "李强", "consent": "no"}
    """

    STEP = ("consent",)
    who: str
    consent: str
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.recomputed})
class CaseRecomputed(CaseFact):
    """重算期限 recompute the due date, by today's rules and calendar; why in the reason.

    Example: {"who": "王芳", "due": {"due": "2026-11-27", "due_ms": 1795795200000, "unrolled": "", "unrolled_ms": null,
    "provisional": false, "explanation": ["原期限 2026-11-26，2026-11-24 09:00 按现行规则和工作日历重算"]}}
    """

    who: str
    due: DueChange = part(DueChange)
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.nothing_set})
class CaseAppended(CaseFact):
    """Another letter or visit about the same matter.

    Example: {"who": "李强", "channel": "letter", "note": "0198c2f4"}
    """

    STEP = ("channel",)
    who: str
    channel: str
    note: str | None = left_out(default=None)


@fact("case", version=2, kw_only=True, upcasters={1: before.warned})
class CaseWarned(Content):
    """The sweeper warned of a due date, at ``percent`` of its time (0: of a supervision 督办 that ran out).

    Example: {"level": "near", "percent": 80, "to": ["owner"]}
    """

    level: str
    percent: int
    to: tuple[str, ...]
