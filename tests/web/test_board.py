"""The live board: where each caller is, who waits, which seats can be rung, today's figures."""

from __future__ import annotations

import re

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ivr.desk.states import OperatorRules, StateAct
from services.operators import Doer, do
from store.schema import Audit, Case
from tests.support.facts import fact
from tests.web.conftest import Auth
from tests.web.demo import SEATS, at, morning


def test_an_empty_board_says_what_to_do(as_role, world):
    page = as_role("operator").get("/board").text
    assert "现在没有来电" in page
    assert "hotline dial" in page


def test_a_board_without_a_calls_process_says_so(as_role, world):
    lead = as_role("lead")
    assert "接听进程没有运行" in lead.get("/board").text
    world.alive()
    assert "接听进程没有运行" not in lead.get("/board").text
    world.clock.advance(31)
    assert "接听进程没有运行" in lead.get("/board").text


def test_callers_who_were_turned_away_for_lack_of_room_are_counted_by_why_and_are_no_attack(as_role, world):
    assert 'id="turned-away"' not in as_role("lead").get("/board").text
    for kind, count in (("CallLimit", 1), ("CallLimit", 41), ("LedgerLate", 3), ("InvalidPassword", 5)):
        data = {"kind": kind, "service": "SIP", "account": "", "network": "", "count": count}
        world.ledger.note(fact(world.clock(), "refused", data))
    page = as_role("lead").get("/board").text
    assert re.search(r'id="turned-away".*?>45</span>', page)
    assert "线路占满 42" in page and "记录写入不及 3" in page
    assert re.search(r'id="lines".*?\n *<span class="n">5</span>', page)


def test_of_very_many_calls_those_who_wait_longest_are_shown_and_the_number_of_the_others(as_role, world):
    for n in range(64):
        world.listening(400 + n)
    first = world.waiting(9)
    page = as_role("operator").get("/board").text
    rows = re.findall(r'id="call-([^"]+)"', page)
    assert (len(rows), rows[0]) == (60, first)
    assert "另有 5 通来电没有列出" in page


def test_callers_who_wait_stand_first_the_longest_wait_on_top(as_role, world):
    world.listening(400)
    short = world.waiting(9)
    long = world.waiting(47)
    talking = world.talking(83, "102")
    page = as_role("operator").get("/board").text
    order = re.findall(r'id="call-([^"]+)"', page)
    assert order[:2] == [long, short]
    assert talking in order[2:]
    assert page.count('class="waiting"') == 2


def test_each_caller_has_a_place_and_a_running_time(as_role, world):
    world.waiting(47, window="complaint")
    page = as_role("operator").get("/board").text
    assert "投诉受理" in page
    assert ">0:47</time>" in page  # waited
    assert ">0:59</time>" in page  # since the call arrived


def test_seats_are_free_busy_or_cannot_be_rung(as_role, world):
    call_id = world.talking(30, "102")
    world.seats_now("101 102", busy={"102": call_id})
    seats = as_role("operator").get("/board/live").get_json()["regions"]["seats"]
    states = re.findall(r'<li [^>]*class="(\w+)">.*?<span class="who">(\d+)', seats, re.DOTALL)
    assert states == [("free", "101"), ("busy", "102"), ("off", "103"), ("off", "104")]


def test_the_live_answer_holds_the_regions_of_the_page(as_role, world):
    morning(world)
    lead = as_role("lead")
    page, news = lead.get("/board").text, lead.get("/board/live")
    body = news.get_json()
    assert body["now"] == world.clock()
    assert news.headers["Cache-Control"] == "no-store"

    def plain(html):
        return re.sub(r"\s+", " ", html).strip()

    for name, html in body["regions"].items():
        assert f'data-region="{name}"' in page
        assert plain(html) in plain(page), name


def test_the_board_counts_overdue_cases(as_role, world):
    from datetime import date

    world.complaint(at("16:10", date(2026, 11, 20)), "13611119999")
    summary = as_role("operator").get("/board/live").get_json()["regions"]["summary"]
    assert re.search(r'class="bad"><span class="n">1</span>', summary)


def test_s4_31_what_nobody_has_taken_stands_on_the_board_until_somebody_does(as_role, world):
    _call, case = world.complaint(at("16:10"), "13611119999")
    operator = as_role("operator")
    summary = operator.get("/board/live").get_json()["regions"]["summary"]
    assert 'id="untaken"' in summary and case.number in summary and "136" not in summary
    with world.engine.begin() as connection:
        connection.execute(update(Case).values(owner="li.na"))
    assert 'id="untaken"' not in operator.get("/board/live").get_json()["regions"]["summary"]


def test_figures_of_the_board_are_at_most_some_seconds_old(as_role, world):
    lead = as_role("lead")
    before = lead.get("/board/live").get_json()["regions"]["figures"]
    world.answered(at("11:00"), "13800000001")
    world.clock.advance(9)
    assert lead.get("/board/live").get_json()["regions"]["figures"] != before


def test_the_board_names_the_networks_whose_calls_were_dropped(as_role, world):
    from ivr.facts.of_call import system_fact
    from ivr.telephony import AccessDenied

    for network, count in (("198.51.100.0/24", 3), ("203.0.113.0/24", 9)):
        world.ledger.note(system_fact(AccessDenied(world.clock(), "FailedACL", "SIP", "", network, count)))
    world.ledger.note(system_fact(AccessDenied(world.clock(), "InvalidPassword", "SIP", "101", "192.0.2.0/24")))
    summary = as_role("operator").get("/board/live").get_json()["regions"]["summary"]
    named = re.search(r'id="strangers">([^<]+)<', summary)
    assert named and "203.0.113.0/24 × 9, 198.51.100.0/24 × 3" in named[1] and "192.0.2" not in named[1]
    assert ">13</span>" in summary


def at_seat(world, seat, name, who=("operator", "operator"), **more):
    """Somebody does something at a seat."""
    with Session(world.engine) as session, session.begin():
        do(session, seat, StateAct(name, world.clock(), **more), Doer(*who), OperatorRules(), list(SEATS))


def seat_line(client, seat, lang=""):
    """What the board says of a seat, without tags."""
    found = re.search(rf'id="seat-{seat}".*?</li>', client.get(f"/board{lang}").text, re.S)
    assert found
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def test_stf_16_the_board_says_who_works_at_a_seat_and_what_they_do(as_role, world):
    world.seats_now("101 102")
    at_seat(world, "101", "sign_in", operator="operator")
    lead = as_role("lead")
    assert "operator" in seat_line(lead, 101) and "就绪" in seat_line(lead, 101)
    assert "空闲" in seat_line(lead, 102)
    at_seat(world, "101", "pause", reason="meal")
    assert "暂停服务 用餐" in seat_line(lead, 101)
    assert "未说明去向" not in seat_line(lead, 101)
    world.clock.advance(660)
    assert "未说明去向" in seat_line(lead, 101)
    assert "Paused Meal Nobody knows where to" in seat_line(lead, 101, "?lang=en")


def test_stf_16_after_call_work_that_is_over_is_shown_as_ready(as_role, world):
    world.seats_now("101")
    at_seat(world, "101", "sign_in", operator="operator")
    for change in ({"call_id": "c1"}, {"answered": True}, {"call_id": None}):
        world.ledger.seat_changed("101", world.clock(), **change)
    lead = as_role("lead")
    assert "整理" in seat_line(lead, 101)
    world.clock.advance(31)
    assert "就绪" in seat_line(lead, 101)


def test_stf_16_a_lead_sets_the_state_of_another_and_it_is_audited(as_role, world, app):
    at_seat(world, "101", "sign_in", operator="operator")
    lead = as_role("lead")
    form = {"seat": "101", "act": "pause", "reason": "meeting", "where_to": "三楼"}
    assert Auth(lead).send("/board", "/board/seat", **form).status_code == 303
    assert "会议 · 三楼" in seat_line(lead, 101)
    with Session(world.engine) as session:
        row = session.scalars(select(Audit).where(Audit.action == "seat.state")).one()
    assert (row.user, row.target, row.detail) == ("lead", "101", "pause operator meeting")
    assert 'id="set-seat"' not in as_role("operator").get("/board").text
