"""A year's working days are added in the panel: compared, confirmed, used by everybody, taken back."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.calendar.tables import WorkCalendar
from ivr.cases.deadlines import CasePolicy
from ivr.cases.promise import due_for
from services.calendars import Added
from services.upkeep import Upkeep
from store import notices
from store.schema import Case, CaseDue
from tests.web.conftest import Auth
from tests.web.demo import ZONE, at

NEXT = """calendar = "cn"
year = 2027
title = "国务院办公厅关于2027年部分节假日安排的通知"
source = "https://www.gov.cn/zhengce/content/202611/content_0.htm"
notice_date = 2026-11-10
weekend = ["sat", "sun"]

[[holiday]]
name = { "zh-CN" = "元旦", en = "New Year's Day" }
from = 2027-01-01
to = 2027-01-03

[[holiday]]
name = { "zh-CN" = "春节", en = "Spring Festival" }
from = 2027-01-04
to = 2027-01-12
works = [2027-01-16]
"""
SOURCE = "https://www.gov.cn/zhengce/content/202611/content_0.htm"


def _preview(client, text=NEXT, source=SOURCE):
    token = Auth(client).token("/calendar")
    return client.post(
        "/calendar/preview",
        data={"csrf_token": token, "source": source, "file": (io.BytesIO(text.encode()), "cn-2027.toml")},
        content_type="multipart/form-data",
    )


def _add(client, text=NEXT, **more):
    return Auth(client).send("/calendar", "/calendar", content=text, source=SOURCE, **{"compared": "yes", **more})


@pytest.fixture
def december(world):
    """A complaint whose five working days end in 2027."""
    _call, case = world.complaint(at("10:00", date(2026, 12, 29)), "13812345678", kind="report")
    return case


def _row(world, case):
    with Session(world.engine) as session:
        return session.get_one(Case, case.id)


def test_a_year_is_shown_day_by_day_with_what_it_changes_before_it_counts(as_role, world, december):
    client = as_role("supervisor")
    assert _row(world, december).provisional
    page = _preview(client).text
    assert "预览：2027 年（尚未启用）" in page
    assert "2027-01-01 – 2027-01-03" in page
    assert "2027-01-16" in page
    assert december.number in page, "whose date would change"
    assert 2027 not in world.calendar.tables
    assert "没有" not in re.findall(r"启用后，(.*?)件", page)[0]


@pytest.mark.parametrize(
    ("text", "source", "said"),
    [
        ("", SOURCE, "请选择一个年度表文件"),
        ("not toml [", SOURCE, "not readable as TOML"),
        (NEXT.replace("to = 2027-01-03", "to = 2026-12-31"), SOURCE, "before"),
        (NEXT.replace('calendar = "cn"', 'calendar = "us"'), SOURCE, "本热线用的是"),
        (NEXT.replace("2027", "2041"), SOURCE, "离今年太远"),
        (NEXT.replace(SOURCE, "newspaper"), "", "通知的网址"),
        (NEXT.replace("works = [2027-01-16]", "works = [2027-01-05]"), SOURCE, "both off and a working day"),
        (NEXT + 'sha256 = "0"\n', SOURCE, "cannot"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused_with_the_reason(as_role, world, text, source, said):
    client = as_role("supervisor")
    answer = _preview(client, text, source)
    assert answer.status_code == 400
    assert said in answer.text or 'role="alert"' in answer.text
    assert _add(client, text).status_code == 400 or "newspaper" in text
    assert 2041 not in world.calendar.tables


def test_added_it_counts_at_once_and_the_sweeper_counts_open_cases_anew(as_role, world, december, audit):
    client = as_role("admin")
    before = _row(world, december).due
    asked = _add(client, compared="")
    assert "逐日核对" in asked.text
    assert 2027 not in world.calendar.tables, "nobody compared it"
    assert _add(client).status_code == 303
    assert 2027 in world.calendar.tables
    assert audit("calendar.add")[0][:3] == ("admin", "calendar.add", "2027")
    assert _upkeep(world).once() >= 1
    after = _row(world, december)
    assert not after.provisional
    assert after.due != before
    with Session(world.engine) as session:
        dues = session.scalars(select(CaseDue).where(CaseDue.case_id == december.id).order_by(CaseDue.at)).all()
    assert ("case_recomputed", before, after.due) in [(d.cause, d.was, d.due) for d in dues]
    assert _upkeep(world).once() == 0, "once is enough"
    assert before in as_role("lead").get(f"/cases/{december.id}").text, "the old date stays on the page"


def test_taken_back_what_was_there_before_counts_again(as_role, world, december, audit):
    client = as_role("supervisor")
    before = _row(world, december).due
    _add(client)
    _upkeep(world).once()
    action = re.search(r'action="(/calendar/[^/]+/withdraw)"', client.get("/calendar").text)[1]
    assert Auth(client).send("/calendar", action).status_code == 303
    assert 2027 not in world.calendar.tables
    assert _upkeep(world).once() == 1
    assert (_row(world, december).due, _row(world, december).provisional) == (before, True)
    assert Auth(client).send("/calendar", action).status_code == 404, "once"
    assert audit("calendar.withdraw")[0][2] == "2027"


def _upkeep(world):
    """Another process, with a calendar of its own."""
    return Upkeep(
        world.engine, CasePolicy(world.profile, WorkCalendar.load(), ZONE), lambda: int(at("09:00", date(2026, 10, 1)))
    )


def test_another_process_counts_by_the_new_year_without_a_restart(as_role, world):
    other = WorkCalendar.load()
    added = Added(world.engine, other)
    received = datetime(2026, 12, 29, 2, tzinfo=UTC)
    first = due_for("report", received, world.profile, other, ZONE)
    assert first.provisional
    assert not added.refresh()
    _add(as_role("supervisor"))
    assert added.refresh()
    second = due_for("report", received, world.profile, other, ZONE)
    assert not second.provisional
    assert second.due > first.due, "what was remembered of the old calendar is not found again"


def test_next_years_missing_table_is_told_from_the_first_of_november(as_role, world):
    def told(day):
        house = CasePolicy(world.profile, WorkCalendar.load(), ZONE)
        return Upkeep(world.engine, house, lambda: at("09:00", day)).once()

    assert told(date(2026, 10, 31)) == 0
    assert told(date(2026, 11, 1)) == 2, "supervisors and leads"
    assert told(date(2026, 11, 20)) == 0, "once a month"
    assert told(date(2026, 12, 1)) == 2
    with world.engine.connect() as connection:
        rows = notices.inbox(connection, "supervisor", "supervisor")
    assert [(row["kind"], row["data"]["number"]) for row in rows] == [("no_calendar", "2027")] * 2
    lead = as_role("supervisor")
    assert "还没有 2027 年的工作日历" in lead.get("/board").text
    assert "缺少年度工作日历" in lead.get("/inbox").text
    _add(lead)
    assert "还没有 2027 年的工作日历" not in lead.get("/board").text


def test_another_rule_counts_open_cases_anew_too(world):
    """The profile changed: the sweeper of the new version counts anew, once, and keeps the old date."""
    _call, case = world.complaint(at("10:00"), "13812345678")
    october = at("09:00", date(2026, 10, 1))
    assert Upkeep(world.engine, CasePolicy(world.profile, world.calendar, ZONE), lambda: october).once() == 0
    rule = world.profile.deadlines["complaint"]
    other = world.profile.model_copy(
        update={"deadlines": {**world.profile.deadlines, "complaint": rule.model_copy(update={"n": rule.n + 1})}}
    )
    house = CasePolicy(other, world.calendar, ZONE)
    before = _row(world, case).due
    upkeep = Upkeep(world.engine, house, lambda: october)
    assert upkeep.once() == 1
    assert _row(world, case).due > before
    assert upkeep.once() == 0
