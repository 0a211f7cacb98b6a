"""一键回拨 in the panel: one click, one call; what goes on; the result; and why not, audited (CBK, B12)."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.facts import data_of
from ivr.outgoing.allow import OutgoingLimits
from services.callbacks import Calling
from store.ids import uuid7
from store.journal import entries
from store.schema import Callback, DeskCommand
from tests.support.facts import fact
from tests.web.demo import at
from web import create_app


@pytest.fixture
def missed(world):
    """A caller who gave up; the entry's id."""
    world.abandoned(at("09:05"), "13500001111", wait=31)
    with Session(world.engine) as session:
        return session.scalars(select(Callback.id)).one()


def form(client, page="/worklists/missed"):
    text = client.get(page).text
    found = re.search(r'name="command" value="([^"]+)"', text)
    assert found, text
    return {"command": found[1], "csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', text)[1]}


def commands(world):
    with Session(world.engine) as session:
        return [(row.who, row.seat, row.state, row.reason) for row in session.scalars(select(DeskCommand))]


def carried_out(world, *story, result=""):
    """What the calls process does with the command, as far as the story goes."""
    with world.engine.begin() as connection:
        order = world.calling.take(connection, "node", world.clock())
    for name in story:
        world.clock.advance(5)
        data = {"result": result, "cause": "", "code": 0} if name == "ended" else {}
        world.turn(order.id, [fact(world.clock(), f"outgoing_{name}", data)])
    with world.engine.begin() as connection:
        world.calling.settle(connection, world.clock())
    return order


def test_one_click_is_one_call_however_often_the_form_is_sent(world, as_role, missed, audit):
    client = as_role("operator")
    fields = form(client)
    for _twice in range(2):
        answer = client.post(f"/call-back/{missed}", data=fields)
        assert answer.headers["Location"] == f"/call-back/{fields['command']}"
    assert commands(world) == [("operator", "101", "queued", "")]
    assert audit("callback.call") == [("operator", "callback.call", missed, "")]
    assert "正在拨打" in client.get("/worklists/missed").text
    again = client.post(f"/call-back/{missed}", data={**fields, "command": uuid7()}, follow_redirects=True)
    assert "正在拨打这个号码" in again.text and len(commands(world)) == 1


def test_the_page_follows_the_call_and_says_what_to_say(world, as_role, missed):
    client = as_role("operator")
    fields = form(client)
    page = client.post(f"/call-back/{missed}", data=fields, follow_redirects=True).text
    assert "135****1111" in page.replace("•", "*") or "1111" in page
    assert "13500001111" not in page
    assert "您好，这里是示范供电服务中心，工号一零一" in page.replace("幺", "一") and "麻烦您请" in page
    live = f"/call-back/{fields['command']}/state"
    assert "您的话机即将振铃" in client.get(live).text
    order = carried_out(world, "seat_rings", "seat_up", "dialled", "rings")
    assert "对方话机在振铃" in client.get(live).text
    world.turn(order.id, [fact(world.clock(), "outgoing_up")])
    assert "通话中" in client.get(live).text


def test_after_the_talk_the_form_is_there_and_its_result_closes_the_entry(world, as_role, missed, audit):
    client = as_role("operator")
    fields = form(client)
    client.post(f"/call-back/{missed}", data=fields)
    carried_out(world, "seat_rings", "seat_up", "dialled", "rings", "up", "ended", result="reached")
    page = client.get(f"/call-back/{fields['command']}/state").text
    assert "已接通" in page and f'value="{fields["command"]}"' in page
    assert "上次通话的结果待记录" in client.get("/worklists/missed").text
    noted = {"csrf_token": fields["csrf_token"], "call": fields["command"], "result": "reached"}
    assert "本条已完成" in client.post(f"/worklists/missed/{missed}", data=noted, follow_redirects=True).text
    with world.engine.begin() as connection:
        attempts = [data_of(row.content) for row in entries.read(connection)]
    assert [data["call"] for data in attempts if "call" in data] == [fields["command"]]
    assert "没有要回的电话" in client.get("/worklists/missed").text
    assert len(audit("callback.attempt")) == 1


def test_a_busy_citizen_is_written_down_without_a_form(world, as_role, missed):
    client = as_role("operator")
    fields = form(client)
    client.post(f"/call-back/{missed}", data=fields)
    carried_out(world, "seat_rings", "seat_up", "dialled", "ended", result="busy")
    page = client.get(f"/call-back/{fields['command']}").text
    assert "已自动记为一次回拨" in page and 'name="result"' not in page
    assert "占线" in client.get("/worklists/missed").text


def test_a_number_outside_the_list_is_refused_with_the_reason_and_audited(world, as_role, audit):
    world.abandoned(at("09:05"), "4008001234", wait=31)
    client = as_role("operator")
    page = client.post(f"/call-back/{_only(world)}", data=form(client), follow_redirects=True).text
    assert "不在允许外呼的范围内" in page and commands(world) == []
    assert [(row[0], row[3]) for row in audit("callback.refused")] == [("operator", "not_on_the_list")]
    client.get("/?lang=en")
    page = client.post(f"/call-back/{_only(world)}", data=form(client), follow_redirects=True).text
    assert "not among those that may be called" in page


def test_a_click_nobody_takes_says_so_after_half_a_minute(world, as_role, missed):
    client = as_role("operator")
    fields = form(client)
    client.post(f"/call-back/{missed}", data=fields)
    world.clock.advance(31)
    assert "接听程序没有运行" in client.get(f"/call-back/{fields['command']}/state").text
    assert commands(world)[0][2:] == ("refused", "not_running")


def test_without_a_seat_or_a_trunk_there_is_no_button_but_a_reason(world, as_role, missed):
    page = as_role("lead").get("/worklists/missed").text
    assert "没有座席话机" in page and "/call-back/" not in page
    client = create_app(
        world.config(calling=Calling(world.casework, world.parties, OutgoingLimits(trunk=False)))
    ).test_client()
    from tests.web.conftest import Auth

    Auth(client).login("operator")
    page = client.get("/worklists/missed").text
    assert "没有外线" in page and "/call-back/" not in page


def test_the_case_page_has_the_button_for_who_is_owed_an_answer(world, as_role):
    _call, case = world.complaint(at("10:40"), "13812345678")
    client = as_role("operator")
    assert f"/call-back/{_only(world)}" in client.get(f"/cases/{case.id}").text
    fields = form(client, f"/cases/{case.id}")
    page = client.post(f"/call-back/{_only(world)}", data=fields, follow_redirects=True).text
    assert case.number in page and "投诉" in page
    anonymous = world.complaint(at("11:41"), "13987654321", kind="report", category="", anonymous=True)[1]
    assert "/call-back/" not in client.get(f"/cases/{anonymous.id}").text


def _only(world):
    with Session(world.engine) as session:
        return session.scalars(select(Callback.id)).one()
