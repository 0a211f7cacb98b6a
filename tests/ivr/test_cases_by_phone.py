"""CMP-1/2/5, CBK-2, LIS-1/2: a complaint, a report or a message taken by key press and spoken account."""

import json
from pathlib import Path

import pytest

from ivr.cases.kinds import category_id
from ivr.ledger import CaseRequest, StoredCase
from sip.simulator import SeatPlan
from store.people.parties import check_query_code
from store.schema import PartyRow, Recording
from tests.support.world import World


def complain(world: World, line: str, category: str = "1", speak_ms: int = 20_000) -> None:
    """Key 3, a category, an account."""
    world.press(line, "3")
    world.run(4)
    world.press(line, category)
    account(world, line, speak_ms)


def to_report(world: World, line: str) -> None:
    """Keys 4, 1: a report."""
    world.press(line, "4")
    world.run(1.5)
    world.press(line, "1")


def account(world: World, line: str, speak_ms: int = 20_000) -> None:
    world.run(0.1)
    world.press(line, "#")  # skip the rest of the request; the recording begins
    world.sim.speak(line, speak_ms)
    world.run(speak_ms / 1000 + 5.2)


def test_cmp_2_the_caller_is_thanked_first(world: World) -> None:
    line = world.call()
    world.press(line, "3")
    world.run(4)
    assert world.sim.heard(line)[-1] != world.says("cmp.thanks")
    assert world.says("cmp.thanks") in world.heard(line)


@pytest.mark.parametrize(
    "received, due, unrolled",
    [
        ("2026-02-12", "2026-02-24", "2026-02-17"),
        ("2026-04-30", "2026-05-06", "2026-05-05"),
        ("2026-08-03", "2026-08-10", "2026-08-08"),
        ("2026-09-30", "2026-10-08", "2026-10-05"),
    ],
)
def test_cmp_1_a_complaint_is_due_in_five_days_rolled_to_a_working_day(
    tmp_path: Path, received: str, due: str, unrolled: str
) -> None:
    world = World(tmp_path, start=f"{received}T10:00:00")
    line = world.call()
    complain(world, line)
    world.press(line, "1")
    (case,) = world.cases()
    assert (case.kind, case.due, case.unrolled) == ("complaint", due, unrolled)
    assert json.loads(case.explanation)
    assert world.phrases.text("case.due.complaint", {"due": due}) in world.heard(line)


def test_cmp_2_the_number_is_spoken_only_after_the_case_is_stored(world: World) -> None:
    line = world.call()
    complain(world, line)
    world.press(line, "1")
    names = [row.name for row in world.journal()]
    spoken = next(i for i, row in enumerate(world.journal()) if "case.number" in row.data)
    assert names.index("case_opened") < spoken
    assert world.phrases.text("case.number", {"number": world.cases()[0].number}) in world.heard(line)


def test_cmp_5_all_seven_kinds_of_complaint_can_be_chosen(tmp_path: Path) -> None:
    for i, (keys, code) in enumerate({"1": "1", "4": "4", "51": "5", "53": "7"}.items()):
        folder = tmp_path / str(i)
        folder.mkdir()
        world = World(folder)
        line = world.call()
        world.press(line, "3")
        world.run(4)
        for key in keys:
            world.press(line, key)
        account(world, line)
        world.press(line, "1")
        assert world.cases()[0].category == category_id(code)


def test_cmp_5_silence_at_the_kinds_leaves_an_unclassified_complaint(world: World) -> None:
    line = world.call()
    world.press(line, "3")
    world.run(45)
    assert world.says("ask.account") in world.heard(line)


def test_lis_1_the_callers_own_number_is_read_back_and_confirmed(world: World) -> None:
    line = world.call("13800138000")
    complain(world, line)
    world.run(1)
    assert world.phrases.text("callback.own", {"phone": "13800138000"}) in world.heard(line)
    world.press(line, "1")
    (case,) = world.cases()
    assert case.confirmed and case.party_id == world.the_call().party_id


def test_lis_2_another_number_is_typed_read_back_and_corrected(world: World) -> None:
    line = world.call("13800138000")
    complain(world, line)
    world.press(line, "2")
    world.press(line, "13900139001#")
    world.run(1)
    assert world.phrases.text("callback.readback", {"phone": "13900139001"}) in world.heard(line)
    world.press(line, "2")
    world.press(line, "13900139000#")
    world.press(line, "1")
    (case,) = world.cases()
    assert case.confirmed and case.party_id != world.the_call().party_id
    assert "1390013900" not in json.dumps([row.data for row in world.journal()])


def test_a_withheld_number_is_asked_for(world: World) -> None:
    line = world.call(None)
    complain(world, line)
    assert world.says("callback.type") in world.heard(line)
    world.press(line, "13900139000#")
    world.press(line, "1")
    assert world.cases()[0].party_id is not None


def test_without_any_number_the_complaint_is_stored_all_the_same(world: World) -> None:
    line = world.call(None)
    complain(world, line)
    world.run(60)
    (case,) = world.cases()
    assert case.party_id is None and not case.confirmed


def test_an_emergency_number_is_never_taken_as_a_callback_number(world: World) -> None:
    line = world.call(None)
    complain(world, line)
    world.press(line, "110#")
    world.run(1)
    assert world.says("callback.not_called") in world.heard(line)


def test_a5_16_an_anonymous_report_keeps_no_number_and_gets_a_code_spoken_twice(world: World) -> None:
    line = world.call("13800138000")
    to_report(world, line)
    world.run(8)
    world.press(line, "1")
    account(world, line)
    world.run(1)
    (case,) = world.cases()
    assert case.kind == "report" and case.anonymous and case.party_id is None
    assert world.the_call().party_id is None
    assert case.query_hash and all(row.number is None or b"138" not in row.number for row in world.rows(PartyRow))
    codes = [said for said in world.sim.heard(line) if said.startswith("您的查询码是")]
    assert len(codes) == 2 and codes[0] == codes[1]


def test_cmp_1_a_report_is_due_in_ten_days(world: World) -> None:
    line = world.call()
    to_report(world, line)
    world.run(8)
    world.press(line, "2")
    account(world, line)
    world.press(line, "1")
    (case,) = world.cases()
    assert (case.kind, case.due, case.anonymous) == ("report", "2026-08-13", False)


def test_enq_1_nobody_free_becomes_a_message_with_a_date(world: World) -> None:
    line = world.call()
    world.press(line, "0")
    world.run(2.5)
    account(world, line)
    world.press(line, "1")
    (case,) = world.cases()
    assert case.kind == "message" and case.due
    world.sim.leave(line)
    world.run(1)
    assert world.the_call().outcome == "callback"


def test_a_caller_who_hangs_up_while_speaking_keeps_what_was_said(world: World) -> None:
    line = world.call("13800138000")
    world.press(line, "3")
    world.run(4)
    world.press(line, "1")
    world.run(0.1)
    world.press(line, "#")
    world.sim.speak(line, 30_000)
    world.run(10)
    world.sim.leave(line)
    world.run(1)
    (case,) = world.cases()
    assert not case.complete and case.party_id == world.the_call().party_id
    assert len(world.rows(Recording)) == 1
    assert world.conductor.calls == 0


def test_a_caller_who_hangs_up_before_speaking_leaves_no_case(world: World) -> None:
    line = world.call()
    world.press(line, "3")
    world.run(4)
    world.sim.leave(line)
    world.run(1)
    assert world.cases() == [] and world.conductor.calls == 0


def test_nothing_said_twice_leads_to_a_person(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=500))
    line = world.call()
    world.press(line, "3")
    world.run(4)
    world.press(line, "1")
    world.run(40)
    assert world.sim.peer(line) is not None


def test_key_0_while_speaking_leads_to_a_person_and_keeps_the_words(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=500))
    line = world.call()
    world.press(line, "3")
    world.run(4)
    world.press(line, "1")
    world.run(0.1)
    world.press(line, "#")
    world.sim.speak(line, 9000)
    world.run(8)
    world.press(line, "0")
    world.run(2)
    assert world.sim.peer(line) is not None
    assert len(world.rows(Recording)) == 1


def test_the_number_can_be_heard_again(world: World) -> None:
    line = world.call()
    complain(world, line)
    world.press(line, "1")
    world.run(4)
    world.press(line, "1")
    world.run(1)
    said = world.phrases.text("case.number", {"number": world.cases()[0].number})
    assert world.sim.heard(line).count(said) == 2


def test_an_interrupted_complaint_keeps_the_recorded_account(tmp_path: Path) -> None:
    world = World(tmp_path)
    line = world.call("13800138000")
    complain(world, line)
    world.run(1)  # the account is stored, the number is being confirmed: now the process dies
    again = World(tmp_path, start="2026-08-03T10:05:00")
    for left in again.ledger.interrupted(again.clock.now_ms()):
        again.conductor.close_interrupted(left)
    again.run(1)
    (case,) = again.cases()
    assert not case.complete
    assert (again.the_call().released_by, again.the_call().cause) == ("failure", "interrupted")
    assert [r.case_id for r in again.rows(Recording)] == [case.id]


def restarted(tmp_path: Path) -> World:
    """The next process: it finds what the one before left, and closes it."""
    again = World(tmp_path, start="2026-08-03T10:05:00")
    for left in again.ledger.interrupted(again.clock.now_ms()):
        again.conductor.close_interrupted(left)
    again.run(15)
    return again


@pytest.mark.parametrize("stored", [False, True], ids=["before the store had it", "before its answer came"])
@pytest.mark.parametrize("leaves", [False, True], ids=["waiting", "gone"])
def test_a_complaint_that_was_being_stored_when_the_process_died_is_there_once(
    tmp_path: Path, stored: bool, leaves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    line = world.call("13800138000")
    complain(world, line)
    keep = world.ledger.open_case
    monkeypatch.setattr(
        world.ledger, "open_case", lambda request, done: keep(request, lambda result: None) if stored else None
    )
    world.press(line, "1")
    if leaves:
        world.sim.leave(line)
        world.run(1)
    again = restarted(tmp_path)
    (case,) = again.cases()
    assert case.complete and case.confirmed
    assert [r.case_id for r in again.rows(Recording)] == [case.id]
    assert again.the_call().outcome != "live" and again.conductor.calls == 0


def report(world: World, line: str) -> None:
    """A report, anonymous, an account: the code is being spoken."""
    to_report(world, line)
    world.run(8)
    world.press(line, "1")
    account(world, line)
    world.run(0.1)


def codes(world: World, line: str) -> list[str]:
    return [said for said in world.sim.heard(line) if said.startswith("您的查询码是")]


def test_the_query_code_is_spoken_twice_and_the_reporter_says_that_it_is_noted(world: World) -> None:
    line = world.call("13800138000")
    report(world, line)
    world.run(5)
    assert len(codes(world, line)) == 2 and world.heard(line).endswith(world.says("case.code_noted"))
    world.press(line, "1")
    world.run(5)
    assert len(codes(world, line)) == 4 and len(set(codes(world, line))) == 1
    world.press(line, "2")
    world.run(1)
    assert [row.name for row in world.journal()].count("query_code_noted") == 1
    assert world.heard(line).endswith(world.says("bye.1"))


def test_silence_after_the_query_code_has_it_said_once_more_and_then_ends(world: World) -> None:
    line = world.call("13800138000")
    report(world, line)
    world.run(120)
    assert len(codes(world, line)) == 4 and not world.sim.is_up(line)
    assert "query_code_noted" not in [row.name for row in world.journal()]


def test_a_report_asked_for_again_after_a_crash_speaks_the_code_it_was_stored_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    keep, told = world.ledger.open_case, []
    monkeypatch.setattr(world.ledger, "open_case", lambda request, done: keep(request, told.append))
    line = world.call("13800138000")
    report(world, line)
    (first,) = told  # stored, but the process died before it was spoken
    again = restarted(tmp_path)
    answers: list[StoredCase] = []
    (case,) = again.cases()
    request = CaseRequest(case.command_id, case.call_id, "report", case.received, "2026-08-03", anonymous=True)
    again.ledger.open_case(request, answers.append)
    assert len(first.query_code) == 8 and answers[0].query_code == first.query_code
    assert check_query_code(again.keys, first.query_code, case.query_hash)


TWO_MATTERS = """\
flow: two
start: first
steps:
  first: {case: {kind: complaint, ask: [spoken_account, callback_number]}, next: more}
  more: {menu: {keys: {1: second, 0: person}, silence: bye}, label: label.again}
  second: {case: {kind: report, ask: [anonymous, spoken_account, callback_number]}, next: bye}
  person: {window: general, nobody: bye}
  bye: {goodbye: [bye.1]}
"""


def test_two_matters_in_one_call_are_two_cases_with_their_own_words(tmp_path: Path) -> None:
    flow = tmp_path / "two.yaml"
    flow.write_text(TWO_MATTERS, encoding="utf-8")
    world = World(tmp_path, flow=str(flow))
    line = world.call("13800138000")
    world.press(line, "#")  # the thanks were heard
    world.run(1)
    account(world, line)
    world.press(line, "1")  # call me back at this number
    world.run(0.1)
    world.press(line, "#")  # the number was heard
    world.run(0.1)
    world.press(line, "1")  # another matter
    world.run(8)
    world.press(line, "2")  # with my number
    account(world, line)
    world.press(line, "1")
    world.run(1)
    first, second = world.cases()
    assert (first.kind, second.kind) == ("complaint", "report") and first.call_id == second.call_id
    assert first.number != second.number and world.the_call().cases == 2
    assert [r.case_id for r in world.rows(Recording)] == [first.id, second.id]
    assert first.party_id == second.party_id == world.the_call().party_id
