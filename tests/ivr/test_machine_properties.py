"""The call machine under anything: it never breaks, and failures alone always end the call."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.process.flows import shipped
from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.limits import EVENTS_TO_END
from ivr.call.machine import begin, step
from ivr.call.state import CallState
from ivr.call.turn import FlowContext
from ivr.flow.loader import FlowEnvironment, load
from ivr.phrases import Phrases

SEATS = ("101", "102", "103")
CAUSES = {"grace_timeout", "consent", "abuse_policy", "failure", "caller_left", "interrupted"}


def flow_of(name: str) -> FlowContext:
    phrases = Phrases.load(variables={"unit": "X"})
    windows = {name: SEATS for name in ("repair", "business", "complaint", "general")}
    house = FlowEnvironment(
        has_phrase=phrases.has, windows=windows, schedules=("default", "hall"), is_open=lambda schedule, at: at % 2 == 0
    )
    return load(shipped()[name], house)


FLOWS = {name: flow_of(name) for name in shipped()}

events = st.one_of(
    st.builds(e.Digit, st.just(0), st.sampled_from("0123456789*#")),
    st.just("time"),
    st.just("played"),
    st.builds(
        lambda ms, end: ("recorded", ms, end),
        st.integers(0, 60_000),
        st.sampled_from(["silence", "max", "stopped", "gone", "failed"]),
    ),
    st.builds(e.CaseOpened, st.just(0), st.just("2611210015"), st.just("2026-11-26"), st.sampled_from(["", "482913"])),
    st.builds(e.RatingAsked, st.just(0), st.booleans()),
    st.builds(
        lambda result, state, due, verdict: e.CaseFound(0, result, state, due, verdict=verdict),
        st.sampled_from(["found", "found", "unknown", "later"]),
        st.sampled_from(["received", "handling", "answered"]),
        st.sampled_from(["", "2026-11-26"]),
        st.sampled_from(["", "valid", "invalid"]),
    ),
    st.builds(e.CaseFailed, st.just(0), st.just("x")),
    st.builds(lambda n: e.SeatsFound(0, "general", SEATS[:n]), st.integers(0, 3)),
    st.builds(e.NobodyFree, st.just(0), st.just("general")),
    st.builds(e.SeatRinging, st.just(0), st.sampled_from(SEATS)),
    st.builds(e.SeatAnswered, st.just(0), st.sampled_from(SEATS)),
    st.builds(e.SeatFailed, st.just(0), st.sampled_from(SEATS), st.sampled_from(["busy", "no_answer", "declined"])),
    st.builds(e.SeatLeft, st.just(0), st.sampled_from(SEATS)),
    st.builds(e.Resumed, st.just(0)),
    st.builds(e.Answered, st.just(0)),
    st.builds(e.Offered, st.just(0), st.just("95598"), st.booleans()),
)


def happen(state: CallState, what: object, at: int) -> e.Event:
    """Make a drawn event fit the moment (its time, and the token it is about)."""
    if what == "time":
        return e.TimeUp(max(at, state.timer_at), state.timer)
    if what == "played":
        return e.PlayDone(at, state.token)
    if isinstance(what, tuple):
        return e.RecordDone(at, state.recording, what[1], what[2])
    assert isinstance(what, e.Event)
    return type(what)(at, *[getattr(what, name) for name in what.__dataclass_fields__ if name != "at"])


def prefix(flow: FlowContext, drawn: list[object]) -> tuple[CallState, int]:
    at = 1000
    state, _ = step(flow, begin(flow), e.Offered(at, "95598", caller_known=True))
    for what in drawn:
        at += 137
        event = happen(state, what, at)
        at = max(at, event.at)
        state, commands = step(flow, state, event)
        check_commands(commands)
    return state, at


def check_commands(commands: tuple[c.Command, ...]) -> None:
    for command in commands:
        if isinstance(command, c.Hangup):
            assert command.cause in CAUSES


def failing(state: CallState, at: int) -> e.Event:
    """The next time-out or failure of the present wait."""
    if state.timer:
        return e.TimeUp(max(at, state.timer_at), state.timer)
    if state.seat:
        return e.SeatLeft(at, state.seat)
    return e.CallerLeft(at, "failure")


@pytest.mark.parametrize("name", list(FLOWS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(events, max_size=200))
def test_after_any_events_timeouts_and_failures_alone_end_the_call_soon(name: str, drawn: list[object]) -> None:
    flow = FLOWS[name]
    state, at = prefix(flow, drawn)
    for _ in range(EVENTS_TO_END):
        if state.over:
            break
        event = failing(state, at)
        at = event.at
        state, commands = step(flow, state, event)
        check_commands(commands)
    assert state.over, (state.step, state.phase)


@pytest.mark.parametrize("name", list(FLOWS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(events, max_size=80))
def test_the_state_survives_being_written_and_read(name: str, drawn: list[object]) -> None:
    state, _ = prefix(FLOWS[name], drawn)
    assert CallState.from_json(state.to_json()) == state


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(events, max_size=120))
def test_ans_6_while_the_caller_is_there_only_listed_causes_hang_up(drawn: list[object]) -> None:
    flow = FLOWS["power-95598"]
    at, state = 0, begin(flow)
    state, _ = step(flow, state, e.Offered(0, "95598", caller_known=True))
    for what in drawn:
        at += 137
        event = happen(state, what, at)
        before, at = state, max(at, event.at)
        state, commands = step(flow, state, event)
        if any(isinstance(command, c.Hangup) for command in commands):
            assert before.phase in ("farewell", "answering"), "hung up without a farewell"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(events, max_size=80), st.sampled_from(SEATS))
def test_stf_1_only_the_operator_who_has_the_caller_can_end_the_talk(drawn: list[object], seat: str) -> None:
    """Another phone that was lifted too late and is let go changes nothing."""
    flow = FLOWS["power-95598"]
    state, at = prefix(flow, drawn)
    if seat != state.seat:
        assert step(flow, state, e.SeatLeft(at, seat)) == (state, ())
