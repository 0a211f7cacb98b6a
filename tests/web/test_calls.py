"""The list of calls and the journey of one."""

from __future__ import annotations

import re
from datetime import date

from sqlalchemy import event

from ivr.facts import NotUnderstood
from ivr.ledger import Fact
from tests.web.demo import at, live, morning


def _ids(page):
    return re.findall(r'href="/calls/([0-9a-f-]{36})"', page)


def test_a_day_without_calls_says_what_to_do(as_role):
    assert "没有符合条件的来电" in as_role("lead").get("/calls?day=2026-01-01").text


def test_filters_by_day_outcome_window_and_seat(as_role, world):
    morning(world)
    yesterday = world.answered(at("09:00", date(2026, 11, 25)), "13800000001", window="complaint", seat="104")
    lead = as_role("lead")
    assert _ids(lead.get("/calls?day=2026-11-25").text) == [yesterday]
    assert len(_ids(lead.get("/calls?outcome=abandoned").text)) == 3
    assert len(_ids(lead.get("/calls?window=repair&seat=101&outcome=answered").text)) == 13
    assert _ids(lead.get("/calls?day=2026-11-25&seat=104").text) == [yesterday]
    assert _ids(lead.get("/calls?day=2026-11-25&seat=101").text) == []


def test_values_nobody_offers_are_refused_with_what_there_is(as_role, world):
    world.answered(at("09:00"), "13800000001")
    lead = as_role("lead")
    for query in ("outcome=nonsense", "day=31.12.2026", "outcome=%27+OR+1%3D1--"):
        assert lead.get(f"/calls?{query}").status_code == 400, query


def test_pages_follow_each_other_without_losing_or_repeating_a_call(as_role, world):
    made = [world.answered(at("08:00") + n // 3 * 1000, f"138{n:08}") for n in range(120)]  # three at each moment
    lead, seen, address = as_role("lead"), [], "/calls"
    while address:
        page = lead.get(address).text
        seen += _ids(page)
        following = re.search(r'<a href="([^"]+before=[^"]+)">', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert sorted(seen) == sorted(made)
    assert [made.index(call) // 3 for call in seen] == sorted((n // 3 for n in range(120)), reverse=True)


def test_a_deep_page_starts_at_its_key_and_skips_nothing(world):
    """With a million calls the last page must be as near as the first: the index is entered at the cursor."""
    from sqlalchemy.orm import Session

    from store.read import queries

    asked = []
    event.listen(
        world.engine, "before_cursor_execute", lambda _c, _cursor, sql, values, *_: asked.append((sql, values))
    )
    with Session(world.engine) as session:
        queries.calls(session, queries.CallFilter(), before=f"{at('12:00')}.x")
        sql, values = asked[-1]
        plan = " ".join(str(row) for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values))
    assert "SEARCH calls USING INDEX ix_calls_arrived" in plan
    assert "arrived<" in plan


def test_a_broken_cursor_is_a_clear_400(as_role):
    answer = as_role("lead").get("/calls?before=nonsense")
    assert answer.status_code == 400
    assert "从第一页开始" in answer.text


def test_a_journey_tells_what_happened_when_and_why(as_role, world):
    call_id = world.answered(at("09:15"), "13812345678", seat="102", busy="101", wait=17.8, key="1")
    page = as_role("lead").get(f"/calls/{call_id}").text
    story = [re.sub(r"<[^>]+>", " ", line) for line in re.findall(r"<li class=\"\w+\">(.*?)</li>", page, re.DOTALL)]
    told = [" ".join(line.split()) for line in story]
    assert told[0].startswith("09:15:00 +0.0 秒 来电，被叫 95598")
    for part in (
        "09:15:09 +9.0 秒 按键 1",
        "+9.1 秒 请求人工：故障报修",
        "座席 101 一号座席 未接：占线",
        "因等候超时，先致歉",
        "+27 秒 座席 102 二号座席 接听",
        "通话结束，来电人先挂机",
    ):
        assert any(part in line for line in told), (part, told)


def test_reasons_of_facts_are_shown_and_keys_in_a_row_are_one_line(as_role, world):
    call_id = world.call(
        at("09:00"), "13812345678",
        [(1, "digit", {"key": "•"}), (1.5, "digit", {"key": "•"}), (2, "drop_seat", {"leg_id": "l1", "seat": "101"})],
        reasons={"drop_seat": "A 振铃满 5 秒"},
    )  # fmt: skip
    page = as_role("lead").get(f"/calls/{call_id}").text
    assert "按键 • •" in page
    assert "A 振铃满 5 秒" in page


def test_facts_without_a_sentence_stay_in_the_technical_record(as_role, world):
    call_id = world.call(at("09:00"), None, [(1, "answered", {})], live=live(at("09:00"), "direct", "greet"))
    later = NotUnderstood("Play", 1, "command", {"token": "p1"}, "written by another version")
    world.turn(call_id, [Fact(at("09:00") + 2000, later, "greeting")])
    lead = as_role("lead")
    page = lead.get(f"/calls/{call_id}").text
    assert "未显示主叫号码" in page
    assert "<td>指令</td><td>其他</td>" in page
    assert '"token"":""p1"' in lead.get(f"/calls/{call_id}/record.csv").text


def test_markup_in_data_is_text(as_role, world):
    call_id = world.call(at("09:00"), None, [(1, "digit", {"key": "<script>alert(1)</script>"})])
    page = as_role("lead").get(f"/calls/{call_id}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_call_that_does_not_exist_is_a_404_in_both_languages(as_role):
    lead = as_role("lead")
    assert "没有这一页" in lead.get("/calls/nothing").text
    english = lead.get("/calls/nothing?lang=en")
    assert english.status_code == 404
    assert "No such page" in english.text


def test_what_the_machine_did_around_the_seats_is_told(as_role, world):
    call_id = world.call(
        at("09:00"), "13812345678",
        [
            (1, "play", {"token": "p1", "say": ["notice.recording", "greet.std"]}),
            (9, "time_up", {"timer": "silence"}),
            (9, "step", {"step": "@farewell"}), (10, "nobody_free", {"window": "repair"}),
            (11, "drop_seat", {"leg_id": "l1", "seat": "102"}), (12, "time_up", {"timer": "play"}),
        ],
        reasons={"drop_seat": "answered elsewhere"},
    )  # fmt: skip
    page = as_role("lead").get(f"/calls/{call_id}").text
    for told in (
        "播放：", "您好", "没有按键", "进入步骤 结束语", "故障报修窗口没有可呼叫的座席",
        "停止呼叫座席 102 二号座席", "已由另一座席接听",
    ):  # fmt: skip
        assert told in page, told
    assert "时限" not in page.split("全部技术记录")[0], "a timer of the machine's own is no news to anybody"


def test_every_fact_of_the_ledgers_table_has_a_sentence():
    from ivr.projections.fold import FOLDS
    from web.journey import STORY

    names = {fact.NAME for fact in FOLDS}
    of_calls = {name for name in names if not name.startswith(("case_", "callback_", "outgoing_", "outage_"))}
    assert of_calls | {"case_opened"} <= set(STORY)
