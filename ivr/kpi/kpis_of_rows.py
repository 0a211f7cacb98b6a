"""The figures of cases, outage notices and what else comes after calls, a record each."""

from __future__ import annotations

from ivr.cases.names import Term
from ivr.kpi.aftercare import NOT_RATED, NOT_YET_DUE, bad_fate, follow_up_fate, missed_fate, rated_fate, satisfied_fate
from ivr.kpi.blocking import AWAY_NOTE, WHY, away_fate
from ivr.kpi.dispatching import dispatch_fate
from ivr.kpi.kpi import Kpi, Share
from ivr.kpi.operators import handled_fate, occupied_fate, used_fate
from ivr.kpi.outages import WITHDRAWN, announced_fate
from ivr.kpi.promises import (
    REPLY,
    STRICT,
    DueAt,
    Moment,
    Promise,
    arrival_fate,
    arrival_took,
    arrived,
    closed,
    due,
    kept,
    replied,
    strict,
)  # fmt: skip


def _promise(zh: str, en: str, kind: str, done: Moment, until: DueAt, note: str) -> Share:
    return Share(zh, en, ("cases",), Promise(kind, done, until).fate, note, ("test_calls", NOT_YET_DUE))


def _away(zh: str, en: str, why: tuple[str, ...] = ()) -> Share:
    return Share(zh, en, ("attempts",), away_fate(why), AWAY_NOTE, kept=False)


OF_ROWS: tuple[Kpi, ...] = (
    Kpi(
        "K7-handle",
        Term(
            "Σ(通话 + 保持 + 整理) / 通话数（签入的话务员）",
            "Σ(talk + hold + after-call work) / talks, of who signed in",
        ),
        Share(
            "平均处理时长",
            "mean handling time",
            ("handled",),
            handled_fate,
            "Σ(talk + hold + after-call work) / talks that ended, of operators who signed in",
            took=lambda row: int(row.ms),
            kept=False,
        ),
    ),
    Kpi(
        "K8",
        Term(
            "(通话 + 保持 + 整理 + 振铃) / (同上 + 就绪)", "(talk + hold + after-call work + ring) / (the same + ready)"
        ),
        Share(
            "占用率",
            "occupancy",
            ("state_times",),
            occupied_fate,
            "(talk + hold + after-call work + ring) / (these + ready and idle), in seconds, of operators who signed in",
            kept=False,
        ),
        remark=Term(
            "按秒计；长期高于 85–90% 说明人手不足。", "In seconds; above 85 to 90 % for long, people are too few."
        ),
    ),
    Kpi(
        "K9",
        Term("(通话 + 保持 + 整理) / 签入时长", "(talk + hold + after-call work) / signed in"),
        Share(
            "利用率",
            "utilisation",
            ("state_times",),
            used_fate,
            "(talk + hold + after-call work) / signed in, in seconds",
            kept=False,
        ),
        remark=Term("按秒计；暂停也算签入。", "In seconds; who pauses is signed in."),
    ),
    Kpi(
        "K12",
        Term("按期办结 / 到期", "closed in time / due"),
        remark=Term("到期未办结的算未按期。", "Open and overdue counts as failed."),
        how=_promise("按时办结率", "closed in time", "", closed, due, "closed ≤ due / due"),
    ),
    Kpi(
        "K13-complaint",
        Term("按期答复 / 应答复", "replied in time / due"),
        remark=Term("到期未答复的算未按期。", "Due and not replied to counts as late."),
        how=_promise("投诉5天答复率", "complaints replied to in time", "complaint", replied, due, REPLY),
    ),
    Kpi(
        "K13-report",
        Term("按期答复 / 应答复", "replied in time / due"),
        remark=Term("到期未答复的算未按期。", "Due and not replied to counts as late."),
        how=_promise("举报10天答复率", "reports replied to in time", "report", replied, due, REPLY),
    ),
    Kpi(
        "K13-complaint-strict",
        Term("按未顺延的期限答复 / 应答复", "replied by the date before the roll / due"),
        how=_promise(
            "投诉答复率(不顺延)", "complaints replied to by the stricter date", "complaint", replied, strict, STRICT
        ),
    ),
    Kpi(
        "K13-report-strict",
        Term("按未顺延的期限答复 / 应答复", "replied by the date before the roll / due"),
        how=_promise(
            "举报答复率(不顺延)", "reports replied to by the stricter date", "report", replied, strict, STRICT
        ),
    ),
    Kpi(
        "K14",
        Term("按期兑现 / 到期的承诺", "kept in time / promises due"),
        remark=Term(
            "答复、到达现场或办结，以最早的为准。", "By reply, arrival on site or closing, whichever came first."
        ),
        how=_promise(
            "承诺兑现率",
            "promises kept",
            "",
            kept,
            due,
            "replied, on site or closed ≤ due / due; every kind (S2-1 §5)",
        ),
    ),
    Kpi(
        "K15",
        Term("至少回访到一次 / 应回访", "reached at least once / to be followed up"),
        Share(
            "回访率",
            "closed cases followed up",
            ("follow_ups",),
            follow_up_fate,
            "reached at least once / to be followed up (S2-1 §13(五): 90 %)",
        ),
    ),
    Kpi(
        "K16",
        Term("评分为非常满意、满意、基本满意 / 有效评分", "very satisfied, satisfied or mostly satisfied / ratings"),
        Share(
            "满意率",
            "satisfied",
            ("follow_ups", "ratings"),
            satisfied_fate,
            "ratings 1 to 3 / ratings, after talks and in follow-ups; no answer is not satisfied",
            (NOT_RATED,),
        ),
        remark=Term("未评分不算满意。", "No rating is not satisfied."),
    ),
    Kpi(
        "K16-rated",
        Term("评分 / 邀请评价（通话后、回访中）", "ratings / invitations (after talks, in follow-ups)"),
        Share(
            "参评率",
            "rated",
            ("follow_ups", "ratings"),
            rated_fate,
            "ratings / invited: asked by the hotline after a talk, or reached by a follow-up",
        ),
    ),
    Kpi(
        "K17",
        Term("回访到 / 评价为不满意、非常不满意", "followed up / rated dissatisfied or very dissatisfied"),
        Share(
            "差评回访率",
            "bad ratings followed up",
            ("ratings",),
            bad_fate,
            "reached after a rating of 4 or 5 / such ratings (100 %)",
        ),
        remark=Term(
            "目标 100%；未留号码、无法回访的另列。",
            "The target is 100 %; who left no number cannot be called and is listed apart.",
        ),
    ),
    Kpi(
        "K18",
        Term("按时到达 / 应到达", "on site in time / due"),
        how=_promise(
            "抢修按时到达率",
            "repairs reached in time",
            "repair",
            arrived,
            due,
            "on site ≤ due / due (S2-1 §10(二)5)",
        ),
    ),
    Kpi(
        "K18-time",
        Term("Σ(受理 → 到达) / 已到达", "Σ(received → on site) / arrived"),
        Share(
            "平均到达时间",
            "mean time to arrive",
            ("cases",),
            arrival_fate,
            "Σ(on site − received) / n",
            ("test_calls",),
            arrival_took,
        ),
    ),
    Kpi(
        "K19",
        Term("提前规定天数公告 / 计划检修停电", "announced early enough / planned outages"),
        remark=Term(
            "天数由规则（profile）规定；按停电开始的时间计入所选时段，已撤回的另列。",
            "The rules (profile) say how many days; an outage counts in the period in which it begins; "
            "withdrawn notices are listed apart.",
        ),
        how=Share(
            "停电提前7天公告率",
            "planned outages announced in time",
            ("outages",),
            announced_fate,
            "announced the profile's days ahead (7) / planned outages (S2-1 §10(二)10)",
            (WITHDRAWN,),
        ),
    ),
    Kpi(
        "K20",
        Term("时限内回拨到 / 漏接号码", "reached within the limit / missed numbers"),
        Share(
            "漏接回拨率",
            "missed callers reached in time",
            ("missed",),
            missed_fate,
            "reached, or reached us, within {missed} h / missed numbers",
            (NOT_YET_DUE,),
        ),
        remark=Term(
            "同一号码只算一次；来电人自己再打通也算。",
            "Each number counts once; a caller who reached us counts too.",
        ),
    ),
    Kpi(
        "K25",
        Term(
            "派出后从未退回 / 派出（所选时段办结的工单）",
            "never sent back / dispatched (cases closed in the period)",
        ),
        remark=Term("其余的即退单率。", "The rest is the share that was sent back."),
        how=Share(
            "工单首派准确率",
            "orders never sent back",
            ("dispatched",),
            dispatch_fate,
            "dispatched and never sent back / dispatched, of the cases closed",
            ("test_calls",),
        ),
    ),
    Kpi(
        "K26",
        Term("未接入（503）/ 全部呼叫尝试", "turned away (503) / all attempts"),
        _away("阻塞率", "calls turned away"),
        remark=Term(
            "陌生地址和同一号码过多的呼叫不算尝试。",
            "Calls from foreign addresses, and too many of one number, are no attempts.",
        ),
    ),
    Kpi(
        "K26-full",
        Term("线路占满而未接入 / 全部呼叫尝试", "turned away, all lines taken / all attempts"),
        _away("满线未接入率", "calls turned away, all lines taken", WHY["K26-full"]),
    ),
    Kpi(
        "K26-late",
        Term("处理或写入不及而未接入 / 全部呼叫尝试", "turned away, we were behind / all attempts"),
        _away("繁忙未接入率", "calls turned away, we were behind", WHY["K26-late"]),
    ),
    Kpi(
        "K26-ending",
        Term("系统停止时未接入 / 全部呼叫尝试", "turned away while the system was ending / all attempts"),
        _away("停机未接入率", "calls turned away, the system was ending", WHY["K26-ending"]),
    ),
)
