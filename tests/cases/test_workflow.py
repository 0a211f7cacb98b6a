"""The life of a case: who may do what when, and what becomes of it (design §7, CMP-6, CMP-7, CMP-13, CMP-15, FST-1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from ivr.calendar.tables import WorkCalendar
from ivr.cases.actions import ActionRefused
from ivr.cases.deadlines import CasePolicy
from ivr.cases.numbers import case_number
from ivr.profile import Profile
from tests.support.case import NUMBER, Told
from tests.support.moments import ZONE, at

Tell = Callable[..., Told]


def refused(case: Told, action: str, lang: str = "en", **more: str) -> str:
    with pytest.raises(ActionRefused) as caught:
        case.do(action, **more)
    return caught.value.text(lang)


def test_cmp_6_a_case_goes_from_taking_to_the_archive_and_every_step_is_kept(told: Tell) -> None:
    case = told().handled()
    case.do("reply", "李强", "operator", text="已核实并改正", evidence="call-1")
    case.do("close", "李强", "operator")
    assert case.row.status == "follow_up"
    case.do("follow_up", "王芳", solved="yes", rating="1")
    case.do("archive")
    assert case.row.status == "archived"
    steps = [(step.who, step.was, step.status) for step in case.tables.case_steps.values()]
    assert steps == [
        ("", "", "received"),
        ("王芳", "received", "classified"),
        ("李强", "classified", "handling"),
        ("李强", "handling", "replied"),
        ("李强", "replied", "follow_up"),
        ("王芳", "follow_up", "followed_up"),
        ("王芳", "followed_up", "archived"),
    ]


def test_cmp_6_classification_has_three_axes(told: Tell) -> None:
    case = told()
    assert "window (window) is missing" in refused(case, "classify", urgency="urgent")
    case.do("classify", urgency="urgent", window="repair", category="passed_around")
    assert (case.row.urgency, case.row.window, case.row.category) == ("urgent", "repair", "passed_around")


def test_cmp_7_what_can_be_settled_on_the_spot_is_replied_to_at_once_but_only_with_evidence(told: Tell) -> None:
    case = told()
    assert "evidence" in refused(case, "reply", text="已当场处理")
    case.do("reply", "李强", "operator", text="已当场处理", evidence="call-7")
    assert (case.row.status, case.row.replied, case.row.owner) == ("replied", case.now, "李强")


def test_fst_1_the_first_asked_stays_owner_until_the_handler_accepts(told: Tell) -> None:
    case = told().handled()
    case.do("assign", handler="赵敏", co_handlers="钱进、孙丽")
    assert (case.row.owner, case.row.handler, case.row.co_handlers) == ("李强", "赵敏", ("钱进", "孙丽"))
    assert refused(case, "accept", who="别人", role="operator") == "it is assigned to 赵敏"
    case.do("accept", "赵敏", "operator")
    assert (case.row.owner, case.row.handler) == ("赵敏", "")


def test_a_case_sent_back_says_why_and_tells_its_owner(told: Tell) -> None:
    case = told().handled()
    case.do("assign", handler="赵敏")
    assert "reason" in refused(case, "return")
    case.do("return", "赵敏", "operator", reason="不属本窗口职责")
    assert (case.row.status, case.row.owner, case.notices[-1]) == ("classified", "李强", "returned")


def test_cmp_15_a_supervision_has_its_own_deadline_and_needs_a_lead(told: Tell) -> None:
    case = told().handled()
    assert "only lead, supervisor" in refused(
        case, "supervise", role="operator", reason="群众再次来电", until="2026-11-25 12:00"
    )
    assert "later than now" in refused(case, "supervise", reason="群众再次来电", until="2026-11-20 12:00")
    assert "write the time" in refused(case, "supervise", reason="群众再次来电", until="tomorrow")
    due = case.row.due_ms
    case.do("supervise", reason="群众再次来电", until="2026-11-24 12:00")
    assert (case.row.supervised, case.row.due_ms) == (at("2026-11-24 12:00"), due)
    case.do("answer_supervision", "李强", "operator", text="正在核实")
    assert case.row.supervised is None and case.notices[-1] == "supervision_answered"


def test_lis_5_a_major_matter_is_told_to_the_leaders_at_once(told: Tell) -> None:
    case = told()
    outcome = case.do("flag", "李强", "operator", flag="major", reason="涉及多人")
    assert outcome.notices[0].to == ("role:lead", "role:supervisor")
    case.do("flag", flag="none", reason="已查明为误报")
    assert case.row.flag == ""


def test_cmp_13_a_verdict_may_be_answered_by_whom_it_concerns_and_by_nobody_else(told: Tell) -> None:
    case = told().handled()
    assert "is missing" in refused(case, "judge", verdict="valid", concerned="李强")
    case.do("judge", verdict="valid", concerned="李强", text="经查属实")
    assert "only the member of staff" in refused(case, "plead", who="赵敏", role="operator", text="不是我")
    case.do("plead", "李强", "operator", text="当时正在处理另一来电")
    case.do("judge", "陈总", "supervisor", verdict="invalid", text="申辩成立")
    assert (case.row.verdict, case.row.concerned) == ("invalid", "李强")
    assert "only these are judged: complaint, report" in refused(
        told("enquiry").handled(), "judge", verdict="valid", text="x"
    )


def test_unsolved_reopens_with_the_history_and_a_new_date(told: Tell) -> None:
    case = told().closed()
    old = case.row.due
    case.do("follow_up", when="2026-11-27 10:00", solved="no", rating="5", reason="仍未解决")
    row = case.row
    assert (row.status, row.replied, row.closed, row.reopened) == ("handling", None, None, 1)
    assert case.dues[-1] == ("case_reopened", old, "2026-12-02")
    assert [step.action for step in case.tables.case_steps.values()][-2:] == ["case_followed_up", "case_reopened"]
    assert {"bad_rating", "reopened"} <= set(case.notices)


def test_a5_no_16_an_anonymous_report_is_closed_without_a_follow_up(told: Tell) -> None:
    case = told("report", anonymous=True).closed()
    assert case.row.status == "archived"
    assert case.tables.callbacks == {}


def test_who_does_not_want_a_follow_up_gets_none(told: Tell) -> None:
    case = told().handled()
    case.do("consent", "李强", "operator", consent="no")
    case.do("reply", "李强", "operator", text="已改正", evidence="信函 12 号")
    case.do("close", "李强", "operator")
    assert case.row.status == "archived"


def test_archiving_without_the_follow_up_is_for_a_lead_and_needs_a_reason(told: Tell) -> None:
    case = told().closed()
    assert "for a lead or supervisor" in refused(case, "archive", role="operator", reason="多次未接")
    assert "needs a reason" in refused(case, "archive")
    case.do("archive", reason="多次未接")
    assert case.row.status == "archived"


def test_pwr_1_a_repair_keeps_its_promise_when_somebody_arrives(told: Tell) -> None:
    case = told("repair")
    assert case.row.next_action_at is not None
    case.do("arrive", "赵敏", "operator")
    assert (case.row.arrived, case.row.next_action_at) == (case.now, None)
    assert "already" in refused(case, "arrive")
    assert "only a repair" in refused(told(), "arrive")


def test_the_same_matter_is_linked_by_number_never_merged(told: Tell) -> None:
    case = told()
    assert "number of another case" in refused(case, "link", other="123")
    assert "number of another case" in refused(case, "link", other=NUMBER)
    case.do("link", other=case_number(date(2026, 9, 24), 7))
    assert case.row.status == "received"


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("close", "工单现在是“已受理”，“办结”只能用于：已答复。"),
        ("fly", "没有“fly”这种操作。"),
        ("approve_extension", "没有待批准的延期申请。"),
        ("resume", "计时没有暂停。"),
    ],
)
def test_a_refusal_says_why(told: Tell, action: str, text: str) -> None:
    assert refused(told(), action, "zh-CN") == text


def test_neither_an_administrator_nor_a_custodian_works_on_cases(told: Tell) -> None:
    for role in ("admin", "custodian"):
        assert "only operator, lead, supervisor" in refused(told(), "accept", role=role)


def test_pwr_1_a_repair_of_another_area_gets_that_areas_due_date_and_says_why() -> None:
    rules = CasePolicy(Profile.load("sgcc_current"), WorkCalendar.load(), ZONE)
    told = Told(rules, "repair", "2026-11-23 10:00")
    told.do("classify", urgency="urgent", window="repair", category="rural")
    assert told.dues == [
        ("case_opened", "", "2026-11-23T10:45"),
        ("case_classified", "2026-11-23T10:45", "2026-11-23T11:30"),
    ]
    told.do("classify", urgency="ordinary", window="repair", category="rural")
    assert len(told.dues) == 2, "the same area keeps its date"
