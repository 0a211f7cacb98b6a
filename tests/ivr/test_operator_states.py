"""STF-2, STF-3, STF-16: what an operator does at a seat, as a machine; and that no sequence loses a moment of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.desk import states
from ivr.desk.states import ActNotAllowed, OperatorRules, SeatRow, StateAct
from ivr.facts.operators import OperatorStateFact

OPEN, SIGNED = OperatorRules(), OperatorRules(sign_in=True)
THERE = SeatRow("101", reachable=True)


def after(row: SeatRow, name: str, at: int, rules: OperatorRules = OPEN, **more: str) -> SeatRow:
    return states.act(row, StateAct(name, at, **more), rules)


def signed_in(rules: OperatorRules = OPEN) -> SeatRow:
    return after(THERE, "sign_in", 1000, rules, operator="li.na")


def talk(row: SeatRow, begin: int, end: int, rules: OperatorRules = OPEN) -> SeatRow:
    row = states.answered(states.taken(row, "c1", begin), begin + 1000)
    assert row.state == (states.TALKING if row.operator else "")
    return states.freed(row, end, rules)


def test_stf_16_without_signing_in_a_registered_phone_is_ready() -> None:
    assert states.ready(THERE, False, 0)
    assert not states.ready(THERE, True, 0)
    assert not states.ready(replace(THERE, reachable=False), False, 0)


def test_stf_16_after_a_talk_comes_after_call_work_which_ends_by_itself() -> None:
    row = talk(signed_in(), 2000, 60_000)
    assert (row.state, row.until) == (states.WRAPUP, 90_000)
    assert not states.ready(row, True, 89_999)
    assert states.ready(row, True, 90_000)
    assert states.elapsed(row, 95_000) == replace(row, state=states.READY, state_since=90_000, until=None)


def test_stf_16_after_call_work_is_prolonged_up_to_its_limit() -> None:
    rules = OperatorRules(wrapup_ms=30_000, wrapup_max_ms=70_000)
    row = talk(signed_in(), 2000, 60_000, rules)
    row = after(row, "wrap_up", 61_000, rules)
    assert row.until == 120_000
    row = after(row, "wrap_up", 62_000, rules)
    assert row.until == 130_000
    with pytest.raises(ActNotAllowed, match="any further"):
        after(row, "wrap_up", 63_000, rules)


def test_stf_2_a_pause_asked_for_during_a_talk_begins_after_it() -> None:
    row = states.answered(states.taken(signed_in(), "c1", 2000), 3000)
    row = after(row, "pause", 4000, reason="meal", where_to="食堂")
    assert row.state == states.TALKING
    row = states.freed(row, 9000, OPEN)
    assert (row.state, row.reason, row.where_to, row.until) == (states.PAUSED, "meal", "食堂", None)


def test_stf_16_ready_during_a_talk_takes_the_pause_back() -> None:
    row = after(states.answered(states.taken(signed_in(), "c1", 2000), 3000), "pause", 4000, reason="meal")
    row = states.freed(after(row, "ready", 5000), 9000, OPEN)
    assert row.state == states.WRAPUP


def test_stf_16_nobody_signs_out_while_a_caller_is_there() -> None:
    with pytest.raises(ActNotAllowed) as refused:
        after(states.taken(signed_in(), "c1", 2000), "sign_out", 3000)
    assert refused.value.code == "in_call"


def test_stf_16_a_seat_has_one_operator() -> None:
    with pytest.raises(ActNotAllowed) as refused:
        after(signed_in(), "sign_in", 2000, operator="wang.wei")
    assert refused.value.code == "taken"
    assert after(after(signed_in(), "sign_out", 2000), "sign_in", 3000, operator="wang.wei").operator == "wang.wei"


def test_stf_2_who_did_not_lift_is_passed_over_for_a_while() -> None:
    row = states.freed(states.taken(THERE, "c1", 1000), 13_000, OPEN, missed=True)
    assert (row.state, row.reason) == (states.PAUSED, states.NO_ANSWER)
    assert not states.ready(row, False, 72_999)
    assert states.ready(row, False, 73_000)


def test_stf_2_where_people_sign_in_they_end_that_pause_themselves() -> None:
    row = states.freed(states.taken(signed_in(SIGNED), "c1", 2000), 13_000, SIGNED, missed=True)
    assert not states.ready(row, True, 10**9)
    assert states.ready(after(row, "ready", 20_000, SIGNED), True, 20_000)


def test_stf_2_a_phone_that_registers_anew_or_lifts_is_rung_again_at_once() -> None:
    missed = states.freed(states.taken(THERE, "c1", 1000), 13_000, OPEN, missed=True)
    away = states.reached(missed, False, 14_000, OPEN)
    assert states.ready(states.reached(away, True, 15_000, OPEN), False, 15_000)
    talked = states.answered(states.taken(missed, "c2", 20_000), 21_000)
    assert states.ready(states.freed(talked, 30_000, OPEN), False, 30_000)


def test_stf_2_registering_anew_does_not_end_a_pause_somebody_took() -> None:
    paused = after(signed_in(), "pause", 2000, reason="rest")
    back = states.reached(states.reached(paused, False, 3000, OPEN), True, 4000, OPEN)
    assert not states.ready(back, False, 5000)


def test_emg_1_who_is_rung_in_a_pause_for_somebody_in_danger_pauses_again_after_it() -> None:
    paused = after(signed_in(), "pause", 2000, reason="rest")
    row = states.freed(states.taken(paused, "c1", 3000), 9000, OPEN)
    assert (row.state, row.reason) == (states.PAUSED, "rest")


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("ready", {}, "signed_out"),
        ("pause", {"reason": "meal"}, "signed_out"),
        ("sign_in", {}, "nobody"),
        ("wrap_up", {}, "no_wrapup"),
        ("dance", {}, "unknown"),
    ],
)
def test_stf_16_what_cannot_be_done_says_why(name: str, more: dict[str, str], code: str) -> None:
    with pytest.raises(ActNotAllowed) as refused:
        after(THERE, name, 1000, SIGNED, **more)
    assert refused.value.code == code and refused.value.zh


def test_stf_2_a_pause_needs_a_reason_of_the_list() -> None:
    for reason in ("", "no_answer", "because"):
        with pytest.raises(ActNotAllowed, match="reason"):
            after(signed_in(), "pause", 2000, reason=reason)


EVENTS = st.one_of(
    st.sampled_from(["taken", "answered", "freed", "missed", "away", "back"]),
    st.tuples(st.sampled_from(states.ACTS), st.sampled_from(states.CHOSEN)),
)


@given(st.lists(st.tuples(EVENTS, st.integers(1, 40_000)), max_size=30), st.booleans())
def test_whatever_happens_every_moment_belongs_to_one_state(events: list[tuple[object, int]], sign_in: bool) -> None:
    rules, row, now, facts = OperatorRules(sign_in), THERE, 0, []
    for event, later in events:
        now += later
        before = row
        match event:
            case "taken" if not row.in_call:
                row = states.taken(row, "c1", now)
            case "answered" if row.in_call:
                row = states.answered(row, now)
            case "freed" | "missed" if row.in_call:
                row = states.freed(row, now, rules, missed=event == "missed")
            case "away" | "back":
                row = states.reached(row, event == "back", now, rules)
            case (str(name), str(reason)):
                try:
                    row = states.act(row, StateAct(name, now, operator="li.na", reason=reason), rules)
                except ActNotAllowed:
                    continue
        facts += states.told(before, row)
        assert (row.state in (states.RINGING, states.TALKING)) == (row.in_call and bool(row.operator))
        assert not (row.in_call and states.ready(row, sign_in, now))
        assert not (row.operator and row.state == states.OUT)
    was = OperatorStateFact(seat="101", state="")
    since = 0
    for fact in facts:
        said = fact.content
        assert isinstance(said, OperatorStateFact)
        assert (said.was, said.since) == (was.state, since)
        assert fact.at >= since
        was, since = said, fact.at
