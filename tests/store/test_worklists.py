"""Worklists of people to be called: one entry per number, attempts and results (CBK, K15, K20)."""

from __future__ import annotations

import pytest

from ivr.cases.actions import ActionRefused
from store.journal.rebuild import verify
from store.read import worklists
from tests.support.casework import Desk
from tests.support.history import Caller
from tests.support.moments import at

HOUR = 3_600_000


def settle(desk: Desk) -> int:
    with desk.engine.begin() as connection:
        return worklists.settle_missed(connection, desk.now)


def test_acceptance_15_a_missed_call_is_on_the_list_once_per_number(desk: Desk) -> None:
    desk.missed_call("13800001111")
    desk.missed_call("138 0000 1111")
    desk.missed_call("13900002222")
    desk.answered_call("13700003333")
    found = desk.list("missed")
    assert [len(entry.callbacks) for entry in found] == [2, 1]
    assert found[0].due == found[0].first["created"] + 24 * HOUR


def test_who_was_reached_is_off_the_list_with_all_their_calls(desk: Desk) -> None:
    desk.missed_call()
    desk.missed_call()
    desk.called(desk.list("missed")[0].first["id"], "reached", reason="已回电说明")
    assert desk.list("missed") == []
    assert {row["outcome"] for row in desk.rows("callbacks")} == {"reached"}


def test_who_reached_us_later_is_off_the_list_by_itself(desk: Desk) -> None:
    desk.missed_call()
    desk.missed_call("13900002222")
    assert settle(desk) == 0
    desk.answered_call()
    assert (settle(desk), settle(desk)) == (1, 0)
    assert [len(entry.callbacks) for entry in desk.list("missed")] == [1]
    assert verify(desk.engine) == []


def test_an_answered_call_before_the_missed_one_settles_nothing(desk: Desk) -> None:
    desk.answered_call()
    desk.missed_call()
    assert settle(desk) == 0


def test_a_caller_who_left_a_complaint_after_all_is_owed_the_case_not_a_missed_call(desk: Desk) -> None:
    caller = Caller(desk.ledger, desk.now).arrives().asks_for_a_person().rings("101")
    caller.ends(after=20_000)
    caller.opens_case()
    assert desk.list("missed") == []
    assert [entry.first["case_kind"] for entry in desk.list("answer")] == ["complaint"]


def test_callers_without_a_number_and_test_calls_are_on_no_list(desk: Desk) -> None:
    desk.missed_call(number="")
    desk.missed_call(test=True)
    assert desk.list("missed") == []


def test_a_vain_attempt_is_repeated_within_calling_hours_and_three_are_enough(desk: Desk) -> None:
    desk.now = at("2026-11-23 20:00")
    callback = desk.letter() and desk.list("answer")[0].first["id"]
    tried = desk.called(callback, "no_answer")
    assert tried.next_at == at("2026-11-24 08:00")  # 22:00 is no time to call
    assert not desk.list("answer")[0].may_call
    desk.now = at("2026-11-24 08:00")
    assert desk.list("answer")[0].may_call
    assert desk.called(callback, "busy").next_at == at("2026-11-24 09:00")
    desk.now = at("2026-11-24 09:00")
    assert desk.called(callback, "no_answer").outcome == "unreachable"
    assert desk.list("answer") == []
    with pytest.raises(ActionRefused, match="done already"):
        desk.called(callback, "busy")
    assert [row["kind"] for row in desk.rows("inbox")] == ["unreachable"]  # the lead; 李强 called himself
    assert [row["result"] for row in desk.rows("callback_attempts")] == ["no_answer", "busy", "no_answer"]


def test_a_time_the_person_chose_is_kept_at_any_hour_and_beyond_three_tries(desk: Desk) -> None:
    desk.letter()
    callback = desk.list("answer")[0].first["id"]
    for _ in range(2):
        desk.called(callback, "busy")
    tried = desk.called(callback, "no_answer", agreed=at("2026-11-23 22:30"))
    assert (tried.state, tried.next_at, tried.agreed) == ("open", at("2026-11-23 22:30"), True)
    desk.now = at("2026-11-23 22:30")
    assert desk.list("answer")[0].may_call
    with pytest.raises(ActionRefused, match="later than now"):
        desk.called(callback, "no_answer", agreed=desk.now)


def test_a_repair_is_called_about_at_night(desk: Desk) -> None:
    desk.now = at("2026-11-23 23:50")
    desk.letter("repair")
    assert desk.list("answer")[0].may_call
    assert desk.called(desk.list("answer")[0].first["id"], "busy").next_at == at("2026-11-24 00:05")


def test_an_answer_that_reached_the_person_is_the_reply(desk: Desk) -> None:
    case_id = desk.letter()
    callback = desk.list("answer")[0].first["id"]
    with pytest.raises(ActionRefused, match="what was answered"):
        desk.called(callback, "reached")
    desk.called(callback, "reached", text="已核实，向您致歉", call="call-5")
    assert (desk.case(case_id)["status"], desk.list("answer")) == ("replied", [])
    assert desk.rows("callbacks")[0]["outcome"] == "reached"


def test_several_matters_of_one_number_are_one_entry_and_only_the_answered_one_leaves_it(desk: Desk) -> None:
    desk.letter("enquiry")
    desk.letter("complaint")
    entry = desk.list("answer")[0]
    assert [row["case_kind"] for row in entry.callbacks] == ["enquiry", "complaint"]  # by due date
    desk.called(entry.first["id"], "busy")
    assert [row["tries"] for row in desk.list("answer")[0].callbacks] == [1, 1]
    desk.called(entry.first["id"], "reached", text="已答复")
    assert [row["case_kind"] for row in desk.list("answer")[0].callbacks] == ["complaint"]


def test_cbk_5_closing_makes_a_follow_up_and_solved_ends_it(desk: Desk) -> None:
    case_id = desk.closed(desk.letter())
    entry = desk.list("followup")[0]
    with pytest.raises(ActionRefused, match="solved=yes or no"):
        desk.called(entry.first["id"], "reached")
    done = desk.called(entry.first["id"], "reached", solved="yes", rating="2")
    assert (done.outcome, done.solved, done.rating) == ("reached", True, 2)
    assert desk.case(case_id)["status"] == "followed_up"


def test_unsolved_in_the_follow_up_reopens_the_case_and_owes_an_answer_again(desk: Desk) -> None:
    case_id = desk.closed(desk.letter())
    desk.called(desk.list("followup")[0].first["id"], "reached", solved="no", rating="5", reason="仍未解决")
    case = desk.case(case_id)
    assert (case["status"], case["reopened"], case["replied"]) == ("handling", 1, None)
    assert desk.list("followup") == []
    assert desk.list("answer")[0].first["reopened"] == 1
    assert verify(desk.engine) == []


def test_a_follow_up_told_on_the_cases_page_counts_as_reached(desk: Desk) -> None:
    desk.closed(desk.letter())
    case_id = desk.rows("cases")[0]["id"]
    desk.do(case_id, "follow_up", solved="yes", rating="1")
    assert [(row["kind"], row["outcome"]) for row in desk.rows("callbacks", kind="followup")] == [
        ("followup", "reached")
    ]


def test_a5_no_16_who_became_anonymous_is_called_no_more(desk: Desk) -> None:
    caller = Caller(desk.ledger, desk.now).arrives()
    caller.opens_case("report")
    caller.tell(seal_party=caller.party, after=1)
    caller.ends(after=1000)
    assert desk.list("answer") == []
    assert [row["outcome"] for row in desk.rows("callbacks")] == ["sealed"]
    assert verify(desk.engine) == []


def test_the_list_has_no_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told in parts when it is long; nobody is left out."""
    monkeypatch.setattr(worklists, "AT_ONCE", 4)
    for n in range(10):
        desk.missed_call(f"138{n:08}")
    found = desk.list("missed")
    assert len({entry.first["number_hmac"] for entry in found}) == 10
    assert all(entry.first["call_outcome"] == "abandoned" for entry in found)
