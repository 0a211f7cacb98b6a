"""How a case stands, asked by keys: the code of an anonymous report, a case number from its own telephone."""

from __future__ import annotations

import json

from sqlalchemy import update

from ivr.facts import Content
from ivr.facts.cases import CaseAccepted, CaseJudged, CaseReplied
from ivr.ledger import CaseRequest, Fact
from store.journal import entries
from store.people.parties import hash_query_code, query_code_of
from store.schema import PartyRow, QueryTry
from store.sql import table
from tests.ivr.test_cases_by_phone import complain, report
from tests.support.world import World

HOUR_S = 3600


def reported(world: World) -> str:
    """An anonymous report; its code."""
    line = world.call("13800138000")
    report(world, line)
    world.sim.leave(line)
    world.run(1)
    return query_code_of(world.keys, world.cases()[0].command_id)


def asks(world: World, typed: str, caller: str | None = "13900001111") -> str:
    """Key 2, a code, confirmed; the caller's line."""
    line = world.call(caller)
    world.press(line, "2")
    types(world, line, typed)
    return line


def types(world: World, line: str, typed: str) -> None:
    world.press(line, typed + "#")
    world.press(line, "1")
    world.run(1)


def worked_on(world: World, *actions: Content) -> None:
    facts, case = [Fact(world.clock.now_ms(), action) for action in actions], world.cases()[0].id
    with world.engine.begin() as connection:
        entries.append_facts(connection, facts, case_id=case)


def test_a_reporter_hears_how_the_report_stands_and_until_when(world: World) -> None:
    code = reported(world)
    line = asks(world, code)
    assert world.phrases.text("ask.digits.readback", {"digits": code}) in world.heard(line)
    assert world.says("query.state.received") in world.heard(line)
    assert world.phrases.text("query.due", {"due": world.cases()[0].due}) in world.heard(line)
    worked_on(world, CaseAccepted(who="李强", was_owner=""))
    assert world.says("query.state.handling") in world.heard(asks(world, code))
    judged = CaseJudged(who="王芳", verdict="valid", concerned="")
    worked_on(world, judged, CaseReplied(who="李强", evidence="call-1"))
    line = asks(world, code)
    assert f"{world.says('query.state.answered')} {world.says('query.verdict.valid')}" in world.heard(line)
    world.press(line, "1")
    world.run(1)
    assert world.sim.heard(line).count(world.says("query.state.answered")) == 2
    world.press(line, "#")
    world.run(1)
    assert world.heard(line).endswith(world.says("bye.1"))


def test_an_overdue_report_is_said_to_be_late(world: World) -> None:
    code = reported(world)
    world.run(20 * 24 * HOUR_S)
    assert world.says("query.late") in world.heard(asks(world, code))


def test_a5_16_who_asks_by_code_leaves_no_number_and_no_bridge_to_the_report(world: World) -> None:
    code = reported(world)
    asks(world, code)
    asked = world.calls()[1]
    assert asked.party_id is None
    assert all((row.number, row.number_hmac) == (None, None) for row in world.rows(PartyRow))
    facts = world.journal()
    case_side = [row for row in facts if row.name == "case_asked_about"]
    call_side = [row for row in facts if row.name == "case_queried"]
    assert [(r.case_id, r.call_id) for r in case_side] == [(world.cases()[0].id, None)]
    assert [(r.case_id, r.call_id, json.loads(r.data)) for r in call_side] == [(None, asked.id, {"result": "found"})]
    assert code not in json.dumps([[row.data, row.reason] for row in facts])
    assert {json.loads(r.data)["key"] for r in facts if r.name == "digit" and r.call_id == asked.id} == {"2", "•", "1"}


def test_a_wrong_code_gives_no_hint_and_three_of_them_lead_to_the_window(world: World) -> None:
    reported(world)
    line = asks(world, "12345999")
    assert world.heard(line).endswith(f"{world.says('query.unknown')} {world.says('query.ask')}")
    types(world, line, "1234")  # too short: the same count
    assert world.says("ask.digits.invalid") in world.heard(line)
    types(world, line, "12345998")
    assert "query.state" not in json.dumps([row.data for row in world.journal()])
    assert [row.last_step for row in world.calls()][-1] in ("business", "leave_word")


def test_guessing_is_bounded_for_one_number_and_for_everybody(world: World) -> None:
    code = reported(world)
    for n in range(6):
        world.sim.leave(asks(world, f"5555{n:04}", "13700000000"))
    assert world.says("query.state.received") not in world.heard(asks(world, code, "13700000000"))
    assert world.says("query.state.received") in world.heard(asks(world, code, "13900001111"))
    for n in range(24):
        world.sim.leave(asks(world, f"6666{n:04}", f"1360000{n:04}"))
    assert world.says("query.state.received") not in world.heard(asks(world, code, "13900001111"))
    results = [json.loads(row.data)["result"] for row in world.journal() if row.name == "case_queried"]
    assert results.count("unknown") == 30 and results.count("later") == 2
    world.run(HOUR_S + 1)
    assert world.says("query.state.received") in world.heard(asks(world, code, "13700000000"))
    assert world.rows(QueryTry) == []  # nothing of it is kept


def test_key_0_or_silence_leads_to_the_window(world: World) -> None:
    for keys in ("0", ""):
        line = world.call()
        world.press(line, "2")
        world.press(line, keys)
        world.run(20)
        assert "business" in [json.loads(r.data).get("step") for r in world.journal() if r.name == "step"]
        world.sim.leave(line)
        world.run(60)


def test_a_case_number_is_answered_to_its_own_telephone_only(world: World) -> None:
    line = world.call("13800138000")
    complain(world, line)
    world.press(line, "1")
    world.run(30)
    number = world.cases()[0].number
    assert world.says("query.state.received") in world.heard(asks(world, number, "+8613800138000"))
    assert world.says("query.unknown") in world.heard(asks(world, number, "13900001111"))
    assert world.says("query.unknown") in world.heard(asks(world, number, None))
    assert world.calls()[1].party_id is not None  # nothing anonymous: the number stays


def test_two_reports_never_get_the_same_code(world: World) -> None:
    first = reported(world)
    taken = query_code_of(world.keys, "id0002/case9")
    with world.engine.begin() as connection:
        cases = table("cases")
        connection.execute(update(cases).values(query_hash=hash_query_code(world.keys, taken)))
    answers: list[object] = []
    request = CaseRequest("id0002/case9", None, "report", world.clock.now_ms(), "2026-08-03", anonymous=True)
    world.ledger.open_case(request, answers.append)
    assert answers[0].query_code not in (taken, first)  # type: ignore[attr-defined]
    world.ledger.open_case(request, answers.append)
    assert answers[1].query_code == answers[0].query_code  # type: ignore[attr-defined]


def test_the_database_holds_no_code_in_the_clear(world: World) -> None:
    code = reported(world)
    asks(world, code)
    with world.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        assert code not in "\n".join(raw.iterdump())
