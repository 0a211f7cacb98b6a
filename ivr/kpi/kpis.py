"""Every figure by its id: its formula in words, what a reader should know of it, and how those of rows are counted.

A figure that is a share of rows (cases, dispatched cases, outage notices) is wholly said by its record: add one to
:data:`KPIS`, and it is counted, shown, exported, documented, and the rows behind it are found. Figures of calls are
counted in :mod:`ivr.kpi.formulas`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ivr.cases.names import Term
from ivr.kpi.dispatching import dispatch_fate
from ivr.kpi.making import Maker
from ivr.kpi.outages import WITHDRAWN, announced_fate
from ivr.kpi.promises import REPLY, STRICT, DueAt, Moment, Promise, arrived, closed, due, kept, replied, strict
from ivr.kpi.records import Figure, Period

Rows = Literal["cases", "dispatched", "outages"]  # fields of ``store.figures.figures.Material``


NO_REMARK = Term("", "")


@dataclass(frozen=True, slots=True)
class Share:
    """good / (good + failed) of rows.

    ``fate``: what a row is to it: ``good``, ``failed``, why it is left out, or empty: nothing.
    ``told``: reasons that are told even when nothing was left out for them; ``note``: the formula, for programs.
    """

    zh: str
    en: str
    rows: Rows
    fate: Callable[[Any, Period], str]
    note: str
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure: ``K2a`` stands for ``K2a-N`` of every N."""

    id: str
    formula: Term
    remark: Term = NO_REMARK
    share: Share | None = None


def _promise(zh: str, en: str, kind: str, done: Moment, until: DueAt, note: str) -> Share:
    return Share(zh, en, "cases", Promise(kind, done, until).fate, note, ("test_calls", "not_yet_due"))


KPIS: dict[str, Kpi] = {
    kpi.id: kpi
    for kpi in (
        Kpi("K1", Term("A / O", "A / O")),
        Kpi("K1n", Term("A / (O − S)", "A / (O − S)")),
        Kpi(
            "K1g",
            Term("任意 24 小时内 A / O 的最低值", "the lowest A / O of any 24 hours"),
            remark=Term("24 小时可从所选时段之前开始。", "The 24 hours may begin before the period."),
        ),
        Kpi("K2a", Term("#(A, w ≤ N) / O", "#(A, w ≤ N) / O")),
        Kpi("K2b", Term("#(A, w ≤ N) / (O − S)", "#(A, w ≤ N) / (O − S)")),
        Kpi(
            "K2c",
            Term("#(A, w ≤ N) / A", "#(A, w ≤ N) / A"),
            remark=Term(
                "分母只含已接听的来电，数值偏高，不可单独公布。",
                "Counts answered calls only, so it flatters; never publish it alone.",
            ),
        ),
        Kpi(
            "K2d",
            Term("(#(A, w ≤ N) + #(X, w ≤ N)) / O", "(#(A, w ≤ N) + #(X, w ≤ N)) / O"),
            remark=Term(
                "把很快挂机的来电也算达标，是乐观口径。",
                "Counts callers who left quickly as served; an optimistic view.",
            ),
        ),
        Kpi("K3", Term("Σw(A) / A", "Σw(A) / A")),
        Kpi("K3-median", Term("A 中各 w 的中位数", "median of w over A")),
        Kpi("K3-p90", Term("A 中各 w 的第 90 百分位", "90th percentile of w over A")),
        Kpi("K3-max", Term("A 中最大的 w", "largest w of A")),
        Kpi("K4", Term("X / O", "X / O")),
        Kpi("K4n", Term("(X − S) / O", "(X − S) / O")),
        Kpi("K4-time", Term("Σw(X) / X", "Σw(X) / X")),
        Kpi(
            "K5",
            Term("#(A, 在规定时限内) / A", "#(A, within the limit) / A"),
            remark=Term(
                "时限和计时起点由规则（profile）规定。", "The profile sets the limit and where the clock starts."
            ),
        ),
        Kpi(
            "K5-offered",
            Term("#(A, 在规定时限内) / O", "#(A, within the limit) / O"),
            remark=Term(
                "时限和计时起点由规则（profile）规定。", "The profile sets the limit and where the clock starts."
            ),
        ),
        Kpi("K6", Term("先致歉 / 迟接来电", "apologised / late calls")),
        Kpi(
            "K7-talk",
            Term("Σ(接听 → 结束) / A", "Σ(answered → left) / A"),
            remark=Term("含保持，不含话后整理。", "Holds are in it, after-call work is not."),
        ),
        Kpi(
            "K12",
            Term("按期办结 / 到期", "closed in time / due"),
            remark=Term("到期未办结的算未按期。", "Open and overdue counts as failed."),
            share=_promise("按时办结率", "closed in time", "", closed, due, "closed ≤ due / due"),
        ),
        Kpi(
            "K13-complaint",
            Term("按期答复 / 应答复", "replied in time / due"),
            remark=Term("到期未答复的算未按期。", "Due and not replied to counts as late."),
            share=_promise("投诉5天答复率", "complaints replied to in time", "complaint", replied, due, REPLY),
        ),
        Kpi(
            "K13-report",
            Term("按期答复 / 应答复", "replied in time / due"),
            remark=Term("到期未答复的算未按期。", "Due and not replied to counts as late."),
            share=_promise("举报10天答复率", "reports replied to in time", "report", replied, due, REPLY),
        ),
        Kpi(
            "K13-complaint-strict",
            Term("按未顺延的期限答复 / 应答复", "replied by the date before the roll / due"),
            share=_promise(
                "投诉答复率(不顺延)", "complaints replied to by the stricter date", "complaint", replied, strict, STRICT
            ),
        ),
        Kpi(
            "K13-report-strict",
            Term("按未顺延的期限答复 / 应答复", "replied by the date before the roll / due"),
            share=_promise(
                "举报答复率(不顺延)", "reports replied to by the stricter date", "report", replied, strict, STRICT
            ),
        ),
        Kpi(
            "K14",
            Term("按期兑现 / 到期的承诺", "kept in time / promises due"),
            remark=Term(
                "答复、到达现场或办结，以最早的为准。", "By reply, arrival on site or closing, whichever came first."
            ),
            share=_promise(
                "承诺兑现率",
                "promises kept",
                "",
                kept,
                due,
                "replied, on site or closed ≤ due / due; every kind (S2-1 §5)",
            ),
        ),
        Kpi("K15", Term("至少回访到一次 / 应回访", "reached at least once / to be followed up")),
        Kpi(
            "K16",
            Term(
                "评分为非常满意、满意、基本满意 / 有效评分", "very satisfied, satisfied or mostly satisfied / ratings"
            ),
            remark=Term("未评分不算满意。", "No rating is not satisfied."),
        ),
        Kpi(
            "K16-rated", Term("评分 / 邀请评价（通话后、回访中）", "ratings / invitations (after talks, in follow-ups)")
        ),
        Kpi(
            "K17",
            Term("回访到 / 评价为不满意、非常不满意", "followed up / rated dissatisfied or very dissatisfied"),
            remark=Term(
                "目标 100%；未留号码、无法回访的另列。",
                "The target is 100 %; who left no number cannot be called and is listed apart.",
            ),
        ),
        Kpi(
            "K18",
            Term("按时到达 / 应到达", "on site in time / due"),
            share=_promise(
                "抢修按时到达率",
                "repairs reached in time",
                "repair",
                arrived,
                due,
                "on site ≤ due / due (S2-1 §10(二)5)",
            ),
        ),
        Kpi("K18-time", Term("Σ(受理 → 到达) / 已到达", "Σ(received → on site) / arrived")),
        Kpi(
            "K19",
            Term("提前规定天数公告 / 计划检修停电", "announced early enough / planned outages"),
            remark=Term(
                "天数由规则（profile）规定；按停电开始的时间计入所选时段，已撤回的另列。",
                "The rules (profile) say how many days; an outage counts in the period in which it begins; "
                "withdrawn notices are listed apart.",
            ),
            share=Share(
                "停电提前7天公告率",
                "planned outages announced in time",
                "outages",
                announced_fate,
                "announced the profile's days ahead (7) / planned outages (S2-1 §10(二)10)",
                (WITHDRAWN,),
            ),
        ),
        Kpi(
            "K20",
            Term("时限内回拨到 / 漏接号码", "reached within the limit / missed numbers"),
            remark=Term(
                "同一号码只算一次；来电人自己再打通也算。",
                "Each number counts once; a caller who reached us counts too.",
            ),
        ),
        Kpi(
            "K21",
            Term("我方先挂机 / A", "ended by us / A"),
            remark=Term("静候时限已到或征得同意的不算。", "Ends after the grace time or with consent do not count."),
        ),
        Kpi("K22", Term("Σ(到达 → 请求人工) / O", "Σ(arrival → request) / O")),
        Kpi(
            "K25",
            Term(
                "派出后从未退回 / 派出（所选时段办结的工单）",
                "never sent back / dispatched (cases closed in the period)",
            ),
            remark=Term("其余的即退单率。", "The rest is the share that was sent back."),
            share=Share(
                "工单首派准确率",
                "orders never sent back",
                "dispatched",
                dispatch_fate,
                "dispatched and never sent back / dispatched, of the cases closed",
                ("test_calls",),
            ),
        ),
        Kpi(
            "K26",
            Term("未接入（503）/ 全部呼叫尝试", "turned away (503) / all attempts"),
            remark=Term(
                "陌生地址和同一号码过多的呼叫不算尝试。",
                "Calls from foreign addresses, and too many of one number, are no attempts.",
            ),
        ),
        Kpi("K26-full", Term("线路占满而未接入 / 全部呼叫尝试", "turned away, all lines taken / all attempts")),
        Kpi("K26-late", Term("处理或写入不及而未接入 / 全部呼叫尝试", "turned away, we were behind / all attempts")),
        Kpi(
            "K26-ending",
            Term("系统停止时未接入 / 全部呼叫尝试", "turned away while the system was ending / all attempts"),
        ),
    )
}
# What figures of one number have in common.
FAMILIES: dict[int, Term] = {
    1: Term("接通率", "Answer rate"),
    2: Term("规定秒数内接通", "Answered within N seconds"),
    3: Term("应答速度", "Speed of answer"),
    4: Term("放弃", "Gave up waiting"),
    5: Term("铃响达标", "Within the ringing limit"),
    6: Term("迟接致歉", "Apology when late"),
    7: Term("通话时长", "Duration"),
    12: Term("按时办结", "Closed in time"),
    13: Term("按期答复", "Replied in time"),
    14: Term("承诺兑现", "Promises kept"),
    15: Term("回访", "Follow-up"),
    16: Term("满意", "Satisfaction"),
    17: Term("差评回访", "bad ratings"),
    18: Term("抢修到达", "Repairs reached"),
    19: Term("停电公告", "Outage notices"),
    20: Term("漏接回拨", "Missed callers"),
    21: Term("我方先挂机", "Ended by us"),
    22: Term("转人工", "Asking for a person"),
    25: Term("派单", "Dispatching"),
    26: Term("线路畅通", "Room for callers"),
}


def of(id_: str) -> Kpi | None:
    """Return the record of a figure; of ``K2a-15`` that of ``K2a``."""
    return KPIS.get(id_) or KPIS.get(id_.partition("-")[0])


def shares(make: Maker, rows: Mapping[Rows, Sequence[Any]]) -> Iterable[Figure]:
    """Count every figure that is a share of rows."""
    for kpi in KPIS.values():
        if kpi.share is not None:
            yield share(make, kpi.id, kpi.share, rows[kpi.share.rows])


def share(make: Maker, id_: str, how: Share, rows: Sequence[Any]) -> Figure:
    """Count one of them."""
    fates = Counter(how.fate(row, make.period) for row in rows)
    why = dict.fromkeys((*how.told, *(fate for fate in fates if fate not in ("", "good", "failed"))))
    left_out = tuple((reason, fates[reason]) for reason in why)
    return make.ratio(id_, how.zh, how.en, fates["good"], fates["good"] + fates["failed"], left_out, how.note)
