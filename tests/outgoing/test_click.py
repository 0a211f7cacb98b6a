"""One click: the operator's phone, then the citizen's, then what came of it (CBK, A2.13; acceptance 4)."""

from __future__ import annotations

import pytest

from ivr.outgoing.numbers import NotAllowed
from sip.simulator import SeatPlan
from store.journal.entries import read
from tests.outgoing.conftest import CITIZEN, House


def test_the_operator_rings_first_then_the_citizen_and_both_talk(house: House) -> None:
    entry = house.missed()
    house.sim.number(CITIZEN, SeatPlan(answer_ms=4000))
    made = house.click(entry)
    house.run(1)
    assert house.sim.line_of("101") and not house.sim.line_of(CITIZEN)
    house.run(3.5)
    assert house.sim.line_of(CITIZEN) == f"{made}/citizen"
    house.run(4)
    assert house.sim.peer(f"{made}/seat") == f"{made}/citizen"
    assert house.sim.heard(f"{made}/seat")[:2] == ["[cue]", "[ringback]"]
    house.sim.leave(f"{made}/seat")
    house.run(1)
    call = house.call(made)
    moments = [call[name] for name in ("started", "seat_ringing", "seat_answered", "dialled", "ringing", "answered")]
    assert moments == sorted(moments) and call["result"] == "reached" and call["cause"] == "operator_left"


def test_who_talked_says_what_came_of_it_and_until_then_nothing_is_an_attempt(house: House) -> None:
    entry = house.missed()
    house.sim.number(CITIZEN, SeatPlan(answer_ms=1000, talk_ms=20_000))
    made = house.click(entry)
    house.run(40)
    command = house.command(made)
    assert (command["state"], command["result"], command["noted"]) == ("done", "reached", None)
    assert house.attempts(entry) == [] and house.call(made)["cause"] == "citizen_left"
    with pytest.raises(NotAllowed, match="result of the last call"):
        house.click(entry)
    assert house.note(entry, "reached", call=made).outcome == "reached"
    assert house.command(made)["noted"] and house.entries("missed") == []


@pytest.mark.parametrize(("plan", "result"), [(SeatPlan(fail="busy"), "busy"), (SeatPlan(answer_ms=None), "no_answer")])
def test_busy_and_silence_are_attempts_by_themselves_with_the_call_they_were(
    house: House, plan: SeatPlan, result: str
) -> None:
    entry = house.missed()
    house.sim.number(CITIZEN, plan)
    made = house.click(entry)
    house.run(60)
    (tried,) = house.attempts(entry)
    assert (tried["result"], tried["who"]) == (result, "李强")
    row = house.callback(entry)
    assert row.state == "open" and row.tries == 1 and row.next_at > house.clock.now_ms()
    assert house.command(made)["noted"] and house.call(made)["result"] == result
    assert house.sim.heard(f"{made}/seat")[-1] == ("[busy]" if result == "busy" else "[failed]")


@pytest.mark.parametrize(
    ("number", "plan", "result"),
    [(CITIZEN, SeatPlan(fail="declined"), "declined"), ("13911112222", None, "not_in_use")],
)
def test_what_would_close_the_entry_is_left_to_the_operators_word(
    house: House, number: str, plan: SeatPlan | None, result: str
) -> None:
    entry = house.missed(number)
    if plan:
        house.sim.number(number, plan)
    made = house.click(entry)
    house.run(30)
    assert (house.call(made)["result"], house.command(made)["noted"]) == (result, None)
    assert house.callback(entry).state == "open" and house.attempts(entry) == []


@pytest.mark.parametrize("plan", [SeatPlan(answer_ms=None), SeatPlan(fail="busy")])
def test_an_operator_who_does_not_lift_calls_nobody(house: House, plan: SeatPlan) -> None:
    entry = house.missed()
    house.sim.seat("101", plan)
    made = house.click(entry)
    house.run(40)
    assert house.call(made)["result"] == "seat_failed" and house.call(made)["dialled"] is None
    assert house.attempts(entry) == []
    house.sim.seat("101")
    assert house.click(entry) != made


def test_an_operator_who_hangs_up_while_it_rings_has_called_and_before_it_rang_has_not(house: House) -> None:
    entry = house.missed()
    house.sim.number(CITIZEN, SeatPlan(answer_ms=None))
    for seconds, result in ((3.2, "cancelled"), (8, "no_answer")):
        made = house.click(entry)
        house.run(seconds)
        house.sim.leave(f"{made}/seat")
        house.run(2)
        assert house.call(made)["result"] == result
    assert [tried["result"] for tried in house.attempts(entry)] == ["no_answer"]


def test_cbk_5_not_solved_in_the_follow_up_reopens_the_case(house: House) -> None:
    entry = house.followup()
    house.sim.number(CITIZEN, SeatPlan(answer_ms=1000, talk_ms=15_000))
    house.click(entry)
    house.run(30)
    house.note(entry, "reached", solved="no", reason="仍未解决", rating="4")
    case_id = house.callback(entry).case_id
    with house.engine.begin() as connection:
        case = house.casework.case(connection, case_id)
    assert case.reopened == 1 and case.status != "archived"


def test_a_form_sent_twice_is_one_call_and_a_number_is_called_once_at_a_time(house: House) -> None:
    entry, other = house.missed(), house.letter()
    house.sim.seat("102")
    made = house.click(entry, form="0190aaaa-0000-7000-8000-000000000001")
    assert house.click(entry, form=made) == made
    with pytest.raises(NotAllowed, match="being called"):
        house.click(other, seat="102", who="赵敏")
    house.run(1)
    with pytest.raises(NotAllowed, match="being called"):
        house.click(other, seat="102", who="赵敏")
    assert house.sim.lines == 1
    house.sim.leave(f"{made}/seat")
    house.run(60)


def test_a_command_nobody_takes_is_refused_after_half_a_minute(house: House) -> None:
    entry = house.missed()
    made = house.click(entry)
    house.clock.advance(31_000)  # nobody looks
    house.run(1)
    assert (house.command(made)["state"], house.command(made)["reason"]) == ("refused", "not_running")
    assert house.sim.lines == 0


def test_two_processes_look_and_one_of_them_gets_it(house: House) -> None:
    house.click(house.missed())
    with house.engine.begin() as connection:
        taken = [house.calling.take(connection, node, house.clock.now_ms()) for node in ("a", "b")]
    assert taken[0] is not None and taken[1] is None
    house.placing.begin(taken[0])
    house.run(1)
    house.sim.leave(f"{taken[0].id}/seat")
    house.run(1)


def test_a_caller_who_reached_us_meanwhile_is_not_called(house: House) -> None:
    """The entry closes itself; a click that was on its way is refused when its turn comes."""
    from store.read import worklists
    from tests.support.history import request_answered

    entry = house.missed()
    made = house.click(entry)
    request_answered(house.ledger, 4000, house.clock.now_ms())
    with house.engine.begin() as connection:
        assert worklists.settle_missed(connection, house.clock.now_ms()) == 1
    house.run(2)
    assert (house.command(made)["state"], house.command(made)["reason"]) == ("refused", "done")


def test_a_process_that_died_leaves_a_call_that_is_closed_with_what_is_known(house: House) -> None:
    from ivr.outgoing.takeover import take_over

    entry = house.missed()
    house.sim.number(CITIZEN, SeatPlan(answer_ms=None))
    made = house.click(entry)
    house.run(8)  # it rings at the citizen's
    assert house.call(made)["ringing"]
    house.start()
    house.desk.free("101", made, house.clock.now_ms())
    with house.engine.begin() as connection:
        left = house.calling.unfinished(connection, "node1")
    take_over(house.placing, house.sim, left, house.clock.now_ms())
    house.run(1)
    assert (house.call(made)["result"], house.call(made)["cause"]) == ("no_answer", "interrupted")
    assert [tried["result"] for tried in house.attempts(entry)] == ["no_answer"]


def test_a_refusal_is_in_the_journal_with_its_reason_and_without_the_number(house: House) -> None:
    entry = house.missed("4008001234")
    house.limit(numbers=house.calling.limits.numbers)
    from services.callbacks import Wish

    wish = Wish("x", entry, "李强", "operator", "101", house.clock.now_ms())
    with house.engine.begin() as connection:
        house.calling.refused(connection, wish, NotAllowed("not_on_the_list", "", ""))
        rows = list(read(connection, call_id=house.calling._callback(connection, entry).call_id))
    assert (rows[-1].name, rows[-1].reason) == ("callback_refused", "not_on_the_list")
    assert "4008" not in str(rows[-1].content)


def talking(house: House) -> str:
    """A callback whose citizen has lifted; the call's id."""
    house.sim.number(CITIZEN, SeatPlan(answer_ms=1000))
    made = house.click(house.missed())
    house.run(8)
    return made


def test_ans_12_a_citizen_on_hold_hears_a_word_then_music_then_a_word_every_thirty_seconds(house: House) -> None:
    made = talking(house)
    house.sim.seat_holds("101", True)
    house.run(70)
    assert house.sim.on_hold == {f"{made}/citizen"}
    first, still = house.phrases.text("hold.first", {}), house.phrases.text("hold.still", {})
    heard = house.sim.heard(f"{made}/citizen")
    assert heard == [first, "tone.music0", still, "tone.music1", still, "tone.music2"]
    house.sim.seat_holds("101", False)
    house.run(40)
    assert house.sim.on_hold == set() and house.sim.peer(f"{made}/seat") == f"{made}/citizen"
    assert house.sim.heard(f"{made}/citizen") == heard
    assert not {first, still} & set(house.sim.heard(f"{made}/seat"))
    house.sim.leave(f"{made}/citizen")
    house.run(1)
    assert house.held(made) == [True, False]


def test_an_operator_who_holds_while_it_rings_lets_the_citizen_hear_music_from_the_start(house: House) -> None:
    house.sim.number(CITIZEN, SeatPlan(answer_ms=5000))
    made = house.click(house.missed())
    house.run(6)
    house.sim.seat_holds("101", True)
    house.run(10)
    assert house.sim.heard(f"{made}/citizen")[-1] == "tone.music0"
    house.sim.leave(f"{made}/seat")  # who never comes back ends it for both
    house.run(1)
    assert house.call(made)["cause"] == "operator_left" and house.sim.lines == 0


def test_a_citizen_who_hangs_up_on_hold_lets_the_operator_go(house: House) -> None:
    made = talking(house)
    house.sim.seat_holds("101", True)
    house.run(5)
    house.sim.leave(f"{made}/citizen")
    house.run(1)
    assert house.call(made)["cause"] == "citizen_left" and house.sim.lines == 0


def test_of_a_talk_that_was_on_hold_when_its_process_died_that_is_known(house: House) -> None:
    made = talking(house)
    for held in (True, False, True):
        house.sim.seat_holds("101", held)
        house.run(1)
    with house.engine.begin() as connection:
        (left,) = house.calling.unfinished(connection, "node1")
    assert (left.call.id, left.held) == (made, True)
    house.sim.leave(f"{made}/seat")
    house.run(1)
