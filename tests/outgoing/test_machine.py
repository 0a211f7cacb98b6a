"""The machine of one outgoing call, whatever happens in whatever order: it ends, and says what came of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.outgoing import call as m

EVENTS = st.sampled_from(
    [m.SeatRings(1), m.SeatUp(1), m.SeatGone(1), m.SeatGone(1, "busy"), m.SoundEnded(1), m.Rings(1), m.CitizenUp(1),
     m.CitizenGone(1), m.CitizenGone(1, "busy", 486), m.CitizenGone(1, "no_answer"),
     m.CitizenGone(1, "unreachable", 404), m.ProcessEnded(1), m.SeatHolds(1, True), m.SeatHolds(1, False)]
)  # fmt: skip


@given(st.lists(EVENTS, max_size=25))
def test_nothing_happens_after_the_end_and_the_end_has_a_result(events: list[m.Event]) -> None:
    state, dialled = m.OutgoingState(), 0
    for event in events:
        before = state
        state, commands = m.step(state, event)
        dialled += sum(isinstance(command, m.RingCitizen) for command in commands)
        if before.phase == "over":
            assert state == before and commands == ()
        if state.phase == "over":
            assert state.result in m.RESULTS
            assert (state.result == "reached") == (state.phase == "over" and before.result == "reached")
    assert dialled <= 1


@given(st.lists(EVENTS, max_size=25))
def test_both_lines_gone_is_always_the_end(events: list[m.Event]) -> None:
    state = m.OutgoingState()
    for event in events:
        state, _commands = m.step(state, event)
    for event in (m.CitizenGone(2, "error"), m.SeatGone(2)):
        state, _commands = m.step(state, event)
    assert state.phase == "over"


@given(st.lists(EVENTS, max_size=25))
def test_the_citizen_is_rung_only_when_the_operator_has_lifted(events: list[m.Event]) -> None:
    state, lifted = m.OutgoingState(), False
    for event in events:
        lifted = lifted or isinstance(event, m.SeatUp)
        state, commands = m.step(state, event)
        assert lifted or not any(isinstance(command, m.RingCitizen) for command in commands)
