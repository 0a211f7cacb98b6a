"""CMP-1/2: cases with their due date, what is left of it, and how it was computed."""

from __future__ import annotations

from datetime import date

import pytest

from tests.web.demo import at


def test_no_cases_yet_says_where_they_come_from(as_role):
    assert "来电人投诉、举报或留言后" in as_role("operator").get("/cases").text


def test_cmp_1_a_complaint_shows_its_due_date_and_the_arithmetic(as_role, world):
    _call, case = world.complaint(at("15:00", date(2026, 9, 24)), "13812345678")
    page = as_role("operator").get(f"/cases/{case.id}").text
    assert case.number in page
    assert "2026-09-29" in page
    assert "怎么算的" in page
    assert "2026-09-25" in page, "the explanation begins on the day after receipt"


def test_cmp_1_the_stricter_date_before_rolling_is_shown_to_staff(as_role, world):
    """A5.2 no. 1: received Mon 2026-08-03, five days end on a Saturday and roll to Monday."""
    _call, case = world.complaint(at("10:00", date(2026, 8, 3)), "13812345678")
    page = as_role("operator").get(f"/cases/{case.id}").text
    assert "2026-08-10" in page
    assert "未顺延的日期是 2026-08-08" in page


def test_c_13_a_date_outside_the_calendar_is_provisional_with_a_warning(as_role, world):
    _call, case = world.complaint(at("10:00", date(2026, 12, 29)), "13812345678")
    lead = as_role("lead")
    assert "暂定期限" in lead.get(f"/cases/{case.id}").text
    assert "暂定" in lead.get("/cases").text


@pytest.mark.parametrize(
    ("received", "words", "state"),
    [
        (date(2026, 11, 26), "还剩 5 天 12 小时", "ok"),
        (date(2026, 11, 22), "还剩 1 天 12 小时", "ok"),
        (date(2026, 11, 20), "已超期 12 小时 00 分", "late"),
    ],
)
def test_remaining_time_is_in_words_and_not_in_colour_alone(as_role, world, received, words, state):
    world.complaint(at("09:00", received), "13812345678")
    assert f'<span class="left {state}">{words}</span>' in as_role("operator").get("/cases").text


def test_a_case_due_within_a_day_is_marked(as_role, world):
    world.complaint(at("09:00", date(2026, 11, 22)), "13812345678")
    world.clock.advance(13 * 3600)
    assert '<span class="left soon">还剩 23 小时 00 分</span>' in as_role("lead").get("/cases").text


def test_a_reply_in_time_and_a_late_one_are_told_apart(as_role, world):
    _call, good = world.complaint(at("09:00", date(2026, 11, 20)), "13812345678")
    world.replied(good, at("12:00", date(2026, 11, 24)))
    _call, late = world.complaint(at("09:10", date(2026, 11, 10)), "13812345678")
    world.replied(late, at("12:00", date(2026, 11, 17)))
    lead = as_role("lead")
    assert "按时答复，提前 1 天 12 小时" in lead.get(f"/cases/{good.id}").text
    assert "答复超期" in lead.get(f"/cases/{late.id}").text


def test_filters_by_kind_status_due_and_number(as_role, world):
    _call, late = world.complaint(at("09:00", date(2026, 11, 10)), "13812345678")
    _call, report = world.complaint(at("10:00"), "13812345678", kind="report", category="")
    _call, done = world.complaint(at("09:00", date(2026, 11, 20)), "13812345678")
    world.replied(done, at("12:00", date(2026, 11, 24)))
    lead = as_role("lead")

    def shown(query):
        page = lead.get(f"/cases?{query}").text
        return {case.number for case in (late, report, done) if f">{case.number}</a>" in page}

    assert shown("") == {late.number, report.number, done.number}
    assert shown("kind=report") == {report.number}
    assert shown("status=replied") == {done.number}
    assert shown("due=open") == {late.number, report.number}
    assert shown("due=late") == {late.number}
    assert shown(f"number={done.number}") == {done.number}
    assert shown("from=2026-11-15&to=2026-11-25") == {done.number}


def test_an_account_that_was_cut_short_asks_for_a_call_back(as_role, world):
    _call, case = world.complaint(at("09:00"), "13812345678", complete=False)
    assert "没有说完就挂机" in as_role("operator").get(f"/cases/{case.id}").text


def test_the_explanation_is_english_on_an_english_page(as_role, world):
    _call, case = world.complaint(at("10:00", date(2026, 8, 3)), "13812345678")
    page = as_role("lead").get(f"/cases/{case.id}?lang=en").text
    assert '<ol class="explain" lang="en">' in page
    assert "not counted" in page
