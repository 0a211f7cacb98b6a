"""Due dates after a case was taken: extended once, paused with a reason, promised anew; the old date is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ivr.calendar.tables import WorkCalendar
from ivr.cases.actions import ActionRefused
from ivr.cases.deadlines import CasePolicy
from ivr.profile import DeadlineRule
from tests.support.case import Told

Tell = Callable[..., Told]


def refused(case: Told, action: str, **more: str) -> str:
    with pytest.raises(ActionRefused) as caught:
        case.do(action, **more)
    return str(caught.value)


def under(rules: CasePolicy, **deadline: object) -> CasePolicy:
    """The rules with another promise for enquiries."""
    profile = rules.profile
    deadlines = {**profile.deadlines, "enquiry": DeadlineRule.model_validate(deadline)}
    return replace(rules, profile=profile.model_copy(update={"deadlines": deadlines}))


def test_stf_9_an_extension_is_asked_for_with_a_reason_and_approved_by_another_person(told: Tell) -> None:
    case = told()  # Monday 11-23: 5 days = Saturday 11-28, rolled to Monday 11-30
    assert case.row.due == "2026-11-30"
    assert "from 1 to 10" in refused(case, "ask_extension", n="11", reason="需现场勘查")
    assert "please say why" in refused(case, "ask_extension", n="3", reason="x")
    case.do("ask_extension", "王芳", n="3", reason="需现场勘查")
    assert case.row.due == "2026-11-30"  # asking changes nothing
    assert "who asks cannot approve" in refused(case, "approve_extension", who="王芳")
    assert "only lead, supervisor" in refused(case, "approve_extension", who="李强", role="operator")
    case.do("approve_extension", "陈总", "supervisor")
    assert case.dues == [("case_opened", "", "2026-11-30"), ("case_extended", "2026-11-30", "2026-12-03")]
    lines = case.row.explanation
    assert lines[0] == "原期限 2026-11-30，经批准延期 3 天"
    assert "2026-12-03" in lines[-1]


def test_a_case_is_extended_once_and_never_after_it_is_due(told: Tell) -> None:
    case = told()
    case.do("ask_extension", n="3", reason="需现场勘查")
    assert "waits for approval" in refused(case, "ask_extension", n="3", reason="需现场勘查")
    case.do("approve_extension", "陈总", "supervisor")
    assert "once only" in refused(case, "ask_extension", n="1", reason="再需几天")
    late = told()
    assert "overdue" in refused(late, "ask_extension", n="3", reason="忘记了", when="2026-12-01 09:00")


def test_a_refused_extension_may_be_asked_for_again(told: Tell) -> None:
    case = told()
    case.do("ask_extension", "李强", "operator", n="5", reason="需现场勘查")
    case.do("refuse_extension", reason="先完成电话核实")
    assert case.row.due == "2026-11-30" and case.notices[-1] == "extension_refused"
    case.do("ask_extension", "李强", "operator", n="2", reason="现场勘查已约定")
    case.do("approve_extension")
    assert case.row.due == "2026-12-02"


def test_the_clock_stands_only_where_the_profile_allows_it(told: Tell, rules: CasePolicy) -> None:
    shipped = rules.profile.model_copy(update={"casework": rules.profile.casework.model_copy(update={"pausable": ()})})
    case = Told(replace(rules, profile=shipped))
    assert "casework.pausable" in refused(case, "pause", reason="等待补充材料")


def test_what_was_left_is_counted_from_the_day_the_clock_runs_again(told: Tell) -> None:
    case = told("suggestion", "2026-11-23 10:00")  # 5 working days: Monday 11-30
    assert case.row.due == "2026-11-30"
    case.do("pause", when="2026-11-25 09:00", reason="等待补充材料")  # Wednesday: three working days are left
    assert case.row.next_action_at is None
    case.do("resume", when="2026-12-01 16:00")
    assert case.dues[-1] == ("case_resumed", "2026-11-30", "2026-12-04")
    lines = case.row.explanation
    assert lines[0].endswith("余下 3 个工作日 从恢复之日起算")


def test_a_pause_over_the_last_day_leaves_the_rest_of_a_working_day(told: Tell) -> None:
    case = told("enquiry", "2026-11-26 10:00")  # 1 working day: Friday 11-27
    case.do("pause", when="2026-11-27 10:00", reason="等待补充材料")
    case.do("resume", when="2026-11-29 10:00")  # a Sunday
    assert case.row.due == "2026-11-30"


def test_a_pause_within_one_day_moves_no_date(told: Tell) -> None:
    case = told("suggestion")
    case.do("pause", when="2026-11-25 09:00", reason="等待补充材料")
    case.do("resume", when="2026-11-25 15:00")
    assert [due[0] for due in case.dues] == ["case_opened"]
    assert case.row.paused_ms == 6 * 3_600_000


def test_minutes_that_stood_are_given_back(told: Tell) -> None:
    case = told("repair", "2026-11-23 10:00")
    assert case.row.due == "2026-11-23T10:45"
    case.do("pause", when="2026-11-23 10:15", reason="用户要求改约")
    case.do("resume", when="2026-11-23 12:15")
    assert case.row.due == "2026-11-23T12:45"


def test_within_service_hours_only_those_minutes_are_given_back(rules: CasePolicy) -> None:
    open_hours = {"kind": "workday", "open": "09:00", "close": "17:00"}
    profile = rules.profile.model_validate({**rules.profile.model_dump(), "hours": open_hours})
    own = under(replace(rules, profile=profile), n=8, unit="hour", within_service_hours=True)
    case = Told(own, "enquiry", "2026-11-23 13:00")
    assert case.row.due == "2026-11-24T13:00"
    case.do("pause", when="2026-11-23 16:00", reason="等待补充材料")  # five service hours are left
    case.do("resume", when="2026-11-24 10:00")
    assert case.row.due == "2026-11-24T15:00"


def test_the_same_time_of_day_stays_the_same_time_of_day(rules: CasePolicy) -> None:
    own = under(rules, n=5, unit="workday", convention="same_time")
    case = Told(own, "enquiry", "2026-11-23 10:20")
    assert case.row.due == "2026-11-30T10:20"
    case.do("pause", when="2026-11-25 09:00", reason="等待补充材料")
    case.do("resume", when="2026-11-26 16:00")
    assert case.row.due == "2026-12-01T10:20"
    case.do("ask_extension", n="2", reason="需现场勘查")
    case.do("approve_extension", "陈总", "supervisor")
    assert case.row.due == "2026-12-03T10:20"


def test_nobody_replies_while_the_clock_stands(told: Tell) -> None:
    case = told().handled()
    case.do("pause", reason="等待补充材料")
    assert "resume it first" in refused(case, "reply", text="好了", evidence="call-1")
    assert "resume it first" in refused(case, "pause", reason="再次暂停")


def test_a_new_rule_or_calendar_recomputes_the_date_and_keeps_the_old_one(told: Tell, rules: CasePolicy) -> None:
    case = told()
    assert "the same by today's rule" in refused(case, "recompute", reason="核对")
    complaint = {**rules.profile.deadlines, "complaint": DeadlineRule(n=4, unit="workday")}
    case.rules = replace(rules, profile=rules.profile.model_copy(update={"deadlines": complaint}))
    case.do("recompute", reason="95598 新规定：4 个工作日")
    assert case.dues[-1] == ("case_recomputed", "2026-11-30", "2026-11-27")
    assert "按现行规则和工作日历重算" in case.row.explanation[0]


def test_a_provisional_date_is_recomputed_when_next_years_table_is_there(told: Tell, rules: CasePolicy) -> None:
    case = told(received="2026-12-29 10:00")
    assert case.row.provisional
    table = rules.calendar.tables[2026]
    known = WorkCalendar([table, replace(table, year=2027, off={}, works={})])
    case.rules = replace(rules, calendar=known)
    case.do("recompute", reason="2027 年放假安排已公布")
    assert not case.row.provisional
