"""Effects of each action of :mod:`ivr.cases.actions`, and its further conditions (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ivr.call.limits import BAD_RATING
from ivr.cases import kinds
from ivr.cases.actions import ActionRefused, Do, Effect, Notice
from ivr.cases.case import CaseRow
from ivr.cases.deadlines import CasePolicy, extended, promised, resumed
from ivr.cases.numbers import is_case_number
from ivr.cases.promise import parse_received
from ivr.facts import cases as f
from ivr.rows import replace

Condition = Callable[[CaseRow, Do, CasePolicy], None]


# --- conditions ----------------------------------------------------------------------------


def _clock_runs(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if case.paused is not None:
        raise ActionRefused("计时已暂停，请先恢复计时。", "the clock is paused; resume it first")


def _has_due(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if case.due_ms is None:
        raise ActionRefused("此工单没有期限。", "this case has no due date")


def _not_late(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if case.due_ms is not None and do.at >= case.due_ms:
        raise ActionRefused(
            "期限已过：延期和暂停须在到期前提出。", "it is overdue; that must be done before the due date"
        )


def _not_extended(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if case.extended:
        raise ActionRefused("此工单已延期一次，不能再延。", "it was extended once; a case is extended once only")
    if case.asked_days is not None:
        raise ActionRefused("延期申请正在等待批准。", "an extension waits for approval already")


def _asked(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if case.asked_days is None:
        raise ActionRefused("没有待批准的延期申请。", "nobody asked for an extension")


def _not_own_request(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if case.asked_by == do.who:
        raise ActionRefused(
            "不能批准自己的延期申请，请由另一位班长或督导批准。", "who asks cannot approve; let another lead do it"
        )


def _pausable(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if case.kind not in rules.profile.casework.pausable:
        raise ActionRefused(
            "按现行规则，这类工单的计时不能暂停。",
            f"profile {rules.profile.name} does not let the clock of {case.kind} pause (casework.pausable)",
        )


def _paused(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if case.paused is None:
        raise ActionRefused("计时没有暂停。", "the clock is not paused")


def _for_me(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    mine = ("", do.who, *do.get("units").split(","))  # a window's case is for whoever sits there
    if case.status == "assigned" and do.role == "operator" and case.handler not in mine:
        raise ActionRefused(f"此工单已转给 {case.handler}。", f"it is assigned to {case.handler}")


def _judged_kind(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if not kinds.of(case.kind).judged:
        judged = [kind for kind in kinds.KINDS.values() if kind.judged]
        zh, en = "和".join(kind.zh for kind in judged), ", ".join(kind.en for kind in judged)
        raise ActionRefused(f"只有{zh}须认定有效或无效。", f"only these are judged: {en}")


def _concerns_me(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if not case.verdict or case.concerned != do.who:
        raise ActionRefused("只有认定所涉及的人员可以申辩。", "only the member of staff the verdict concerns may plead")


def _repair(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if not kinds.of(case.kind).on_site:
        raise ActionRefused("只有报修工单登记到达现场。", "only a repair has an arrival on site")
    if case.arrived is not None:
        raise ActionRefused("已登记到达现场。", "the arrival was noted already")


def _supervised(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if case.supervised is None:
        raise ActionRefused("此工单没有督办。", "this case is not supervised")


def _skips_follow_up(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if case.status == "follow_up" and do.role == "operator":
        raise ActionRefused(
            "未回访即归档须由班长或督导决定。", "archiving without the follow-up is for a lead or supervisor"
        )


def _rule_alone(case: CaseRow, do: Do, rules: CasePolicy) -> None:
    if case.extended or case.paused_ms:
        raise ActionRefused(
            "已延期或暂停过的期限不能重算。", "a due date that was extended or paused is not recomputed"
        )


CONDITIONS: Mapping[str, tuple[Condition, ...]] = {
    "accept": (_for_me,),
    "reply": (_clock_runs,),
    "archive": (_skips_follow_up,),
    "answer_supervision": (_supervised,),
    "ask_extension": (_has_due, _clock_runs, _not_extended, _not_late),
    "approve_extension": (_asked, _not_own_request, _clock_runs),
    "refuse_extension": (_asked,),
    "pause": (_has_due, _clock_runs, _pausable, _not_late),
    "resume": (_paused,),
    "judge": (_judged_kind,),
    "plead": (_concerns_me,),
    "arrive": (_repair,),
    "recompute": (_has_due, _clock_runs, _rule_alone),
}


# --- effects -------------------------------------------------------------------------------


def _classify(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    urgency, window, category = do.get("urgency"), do.get("window"), do.get("category")
    due = _in_another_area(case, do, rules)
    return Effect(f.CaseClassified(who=do.who, urgency=urgency, window=window, category=category, due=due))


def _in_another_area(case: CaseRow, do: Do, rules: CasePolicy) -> f.DueChange | None:
    """Return the new due date of a repair whose area has another one (``onsite_min``); None: the date stands."""
    stands = case.extended or case.paused is not None or case.paused_ms or case.arrived is not None
    moved = replace(case, category=do.get("category"))
    if stands or rules.rule(moved) == rules.rule(case):
        return None
    why = f"原期限 {case.due.replace('T', ' ')}，{rules.written(do.at)} 按报修区域重算"
    return promised(moved, case.span_from, rules, why)


def _assign(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    helpers = [name for name in do.get("co_handlers").replace("，", ",").replace("、", ",").split(",") if name.strip()]
    handler = do.get("handler")
    assigned = f.CaseAssigned(who=do.who, handler=handler, co_handlers=tuple(name.strip() for name in helpers))
    told = [name for name in do.get("told").split(",") if name] or [handler]  # of a window: who sits there
    return Effect(assigned, (Notice("assigned", tuple(f"user:{name}" for name in told)),))


def _accept(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    return Effect(f.CaseAccepted(who=do.who, was_owner=case.owner))


def _return(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    return Effect(f.CaseReturned(who=do.who), (Notice("returned", ("owner",)),))


def _reply(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    return Effect(f.CaseReplied(who=do.who, evidence=do.get("evidence")))


def owes_follow_up(case: CaseRow) -> bool:
    """Is the citizen to be called after closing (CBK-5)? Not who is anonymous or does not want it."""
    return bool(case.party_id) and not case.anonymous and case.consent


def _close(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    return Effect(f.CaseClosed(who=do.who, followup=owes_follow_up(case)))


def _follow_up(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    solved, rating = do.get("solved") == "yes", do.get("rating")
    told = f.CaseFollowedUp(who=do.who, solved=solved, rating=int(rating) if rating else None)
    bad = rating and int(rating) >= BAD_RATING
    notices = (Notice("bad_rating", ("role:lead",)),) if bad else ()
    return Effect(told, notices, "" if solved else "reopen")


def _archive(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    if case.status == "follow_up" and not do.get("reason"):
        raise ActionRefused("未回访即归档，请写明原因。", "archiving without the follow-up needs a reason", "reason")
    return Effect(f.CaseArchived(who=do.who))


def _reopen(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    why = f"原期限 {case.due.replace('T', ' ') or '无'}，{rules.written(do.at)} 重开，重新计算"
    notices = (Notice("reopened", ("owner", "role:lead")),)
    return Effect(f.CaseReopened(who=do.who, due=promised(case, do.at, rules, why)), notices)


def _supervise(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    until = _moment(do.get("until"), rules)
    if until <= do.at:
        raise ActionRefused("督办期限须晚于现在。", "the supervision's deadline must be later than now", "until")
    return Effect(f.CaseSupervised(who=do.who, until=until), (Notice("supervised", ("owner",)),))


def _answer_supervision(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    notices = (Notice("supervision_answered", ("role:supervisor",)),)
    return Effect(
        f.CaseSupervisionAnswered(who=do.who, in_time=case.supervised is not None and do.at <= case.supervised), notices
    )


def _ask_extension(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    most, n = rules.profile.casework.extension_max, do.get("n")
    if not n.isascii() or not n.isdigit() or not 1 <= int(n) <= most:
        raise ActionRefused(f"延期须为 1 至 {most} 的整数。", f"n is a whole number from 1 to {most}", "n")
    return Effect(f.CaseExtensionAsked(who=do.who, n=int(n)), (Notice("extension_asked", ("role:lead",)),))


def _approve_extension(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    n = case.asked_days or 0
    notices = (Notice("extended", (f"user:{case.asked_by}", "owner")),)
    return Effect(f.CaseExtended(who=do.who, n=n, due=extended(case, n, rules)), notices)


def _refuse_extension(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    return Effect(f.CaseExtensionRefused(who=do.who), (Notice("extension_refused", (f"user:{case.asked_by}",)),))


def _pause(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    return Effect(f.CasePaused(who=do.who))


def _resume(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    stood = 0 if case.paused is None else max(0, do.at - case.paused)
    return Effect(f.CaseResumed(who=do.who, stood_ms=stood, due=resumed(case, do.at, rules)))


def _flag(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    flag = do.get("flag")
    notices = () if flag == "none" else (Notice(flag, ("role:lead", "role:supervisor")),)
    return Effect(f.CaseFlagged(who=do.who, flag=flag), notices)


def _judge(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    concerned = do.get("concerned") or case.concerned
    notices = (Notice("judged", (f"user:{concerned}",)),) if concerned else ()
    return Effect(f.CaseJudged(who=do.who, verdict=do.get("verdict"), concerned=concerned), notices)


def _plead(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    return Effect(f.CasePleaded(who=do.who, verdict=case.verdict), (Notice("pleaded", ("role:supervisor",)),))


def _note(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    return Effect(f.CaseNoted(who=do.who, call=do.get("call")))


def _link(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    other = do.get("other").replace(" ", "").replace("-", "")
    if not is_case_number(other) or other == case.number:
        raise ActionRefused("请填写另一个工单的编号。", "give the number of another case", "other")
    return Effect(f.CaseLinked(who=do.who, other=other))


def _arrive(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    return Effect(f.CaseArrived(who=do.who))


def _consent(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    return Effect(f.CaseConsent(who=do.who, consent=do.get("consent")))


def _recompute(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
    why = f"原期限 {case.due.replace('T', ' ')}，{rules.written(do.at)} 按现行规则和工作日历重算"
    due = promised(case, case.span_from, rules, why)
    if (due.due_ms, due.provisional) == (case.due_ms, case.provisional):
        raise ActionRefused("重算结果与现期限相同。", "the due date is the same by today's rule and calendar")
    return Effect(f.CaseRecomputed(who=do.who, due=due), (Notice("recomputed", ("owner",)),))


def _moment(text: str, rules: CasePolicy) -> int:
    try:
        at = parse_received(text, rules.zone)
    except ValueError:
        raise ActionRefused(
            f"时间“{text}”应写成 2026-11-26 17:30。", f"write the time {text!r} as 2026-11-26 17:30", "until"
        ) from None
    return round(at.timestamp() * 1000)


def _checked(
    action: str, effect: Callable[[CaseRow, Do, CasePolicy], Effect]
) -> Callable[[CaseRow, Do, CasePolicy], Effect]:
    def run(case: CaseRow, do: Do, rules: CasePolicy) -> Effect:
        for condition in CONDITIONS.get(action, ()):
            condition(case, do, rules)
        return effect(case, do, rules)

    return run


EFFECTS: Mapping[str, Callable[[CaseRow, Do, CasePolicy], Effect]] = {
    name: _checked(name, effect)
    for name, effect in {
        "classify": _classify,
        "assign": _assign,
        "accept": _accept,
        "return": _return,
        "reply": _reply,
        "close": _close,
        "follow_up": _follow_up,
        "archive": _archive,
        "reopen": _reopen,
        "supervise": _supervise,
        "answer_supervision": _answer_supervision,
        "ask_extension": _ask_extension,
        "approve_extension": _approve_extension,
        "refuse_extension": _refuse_extension,
        "pause": _pause,
        "resume": _resume,
        "flag": _flag,
        "judge": _judge,
        "plead": _plead,
        "note": _note,
        "link": _link,
        "arrive": _arrive,
        "consent": _consent,
        "recompute": _recompute,
    }.items()
}
