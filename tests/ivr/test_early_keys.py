"""A key pressed early answers what is asked now, and nothing else: never the question before, never by a bounce."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.process.flows import rules
from ivr.call import events as e
from ivr.call.limits import DOUBLE_MS
from ivr.call.machine import begin, step
from ivr.flow.loader import FlowEnvironment, loads
from ivr.phrases import Phrases
from ivr.profile import Profile
from tests.ivr.test_cases_by_phone import account, to_report
from tests.support.world import World

# A site's own flow in which the key of the report is the key of "stay anonymous".
REPORT_ON_1 = """\
flow: own
start: main
steps:
  main: {menu: {keys: {0: person, 1: report, 2: progress}, silence: person}}
  report: {case: {kind: report, ask: [anonymous, spoken_account, callback_number]}, next: bye}
  progress: {query: query.ask, next: bye, otherwise: person}
  person: {window: general, nobody: bye}
  bye: {goodbye: [bye.1]}
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "own.yaml").write_text(REPORT_ON_1, encoding="utf-8")
    return World(tmp_path, str(tmp_path / "own.yaml"))


def heard(world: World, line: str, key: str) -> bool:
    return world.says(key) in world.sim.heard(line)


@pytest.mark.parametrize("after_s", [0.7, 1.5])
def test_a_key_pressed_during_the_thanks_answers_the_question_that_follows(tmp_path: Path, after_s: float) -> None:
    world = World(tmp_path)
    line = world.call("13800138000")
    to_report(world, line)
    world.run(after_s)
    assert not heard(world, line, "ask.anonymous")
    world.press(line, "2")
    account(world, line)
    world.press(line, "1")
    (case,) = world.cases()
    assert case.kind == "report" and not case.anonymous and case.confirmed


@pytest.mark.parametrize("gap_s", [0.0, 0.05, 0.2, 0.4, 0.7, 1.0, 1.4])
def test_a_double_press_of_the_menu_key_never_answers_stay_anonymous(world: World, gap_s: float) -> None:
    line = world.call("13800138000")
    world.sim.press(line, "1")
    world.run(gap_s)
    world.press(line, "1")
    world.run(7)
    assert heard(world, line, "ask.anonymous") and not heard(world, line, "ask.account")
    world.press(line, "2")
    account(world, line)
    world.press(line, "1")
    (case,) = world.cases()
    assert not case.anonymous


def test_the_same_key_answers_the_next_question_once_that_is_asked(world: World) -> None:
    line = world.call("13800138000")
    world.press(line, "1")
    world.run(8)
    assert heard(world, line, "ask.anonymous")
    world.press(line, "1")
    world.run(0.5)
    account(world, line)
    world.run(1)
    assert world.cases()[0].anonymous


def test_a_press_begun_before_the_silence_was_taken_answers_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    line = world.call("13800138000")
    to_report(world, line)
    world.run(3)
    for _ in range(400):  # until the silence is over and the question is asked again
        world.run(0.1)
        if heard(world, line, "ask.repeat") or "很抱歉" in world.heard(line)[-40:]:
            break
    before = world.sim.heard(line)
    world.press(line, "1", held_s=0.9)
    world.run(0.5)
    assert world.sim.heard(line) == before
    world.press(line, "1")
    account(world, line)
    world.run(1)
    assert world.cases()[0].anonymous


def test_a_doubled_hash_neither_ends_a_recording_nor_takes_the_number(tmp_path: Path) -> None:
    world = World(tmp_path)
    line = world.call("13800138000")
    world.press(line, "3")
    world.run(4)
    world.press(line, "1")
    world.run(0.7)
    world.sim.press(line, "#")  # skips the request, and bounces
    world.run(0.2)
    world.press(line, "#")
    world.sim.speak(line, 4000)
    world.run(4)
    world.sim.press(line, "#")
    world.run(0.2)
    world.press(line, "#")  # bounces into the question for the number
    world.run(2)
    assert world.phrases.text("callback.own", {"phone": "13800138000"}) in world.heard(line)
    assert world.cases() == []
    world.press(line, "1")
    assert world.cases()[0].confirmed


PHRASES = Phrases.load(variables={"unit": "X"})
FLOW = loads(
    REPORT_ON_1,
    FlowEnvironment(has_phrase=PHRASES.has, windows={"general": ("101", "102")}, rules=rules(Profile.load())),
)
PRESSES = st.lists(
    st.tuples(
        st.integers(0, 2500), st.sampled_from("1122#"), st.integers(0, 1200), st.sampled_from(("", "play", "time"))
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(PRESSES)
def test_who_stays_anonymous_has_said_so_after_the_report_was_chosen(presses: list[tuple[int, str, int, str]]) -> None:
    """Whatever is pressed, held and bounced: an anonymous report has a key 1 of its own, begun after the menu's."""
    state, at = begin(FLOW), 1_000_000
    for event in (e.Offered(at, "1", caller_known=True), e.Answered(at)):
        state, _ = step(FLOW, state, event)
    chosen, another = 0, False
    for gap, key, held, happens in presses:
        at += gap
        if happens == "play" and state.token:
            state, _ = step(FLOW, state, e.PlayDone(at, state.token))
        elif happens == "time" and state.timer and state.timer != "play":
            at = max(at, state.timer_at)
            state, _ = step(FLOW, state, e.TimeUp(at, state.timer))
        before, began = state, at - held
        state, _ = step(FLOW, state, e.Digit(at, key, began))
        if state.step == "report" and before.step != "report":
            chosen, another = at, False
        elif key != "1":
            another = True  # what comes after another key is no bounce of the one before
        if state.draft.anonymous and not before.draft.anonymous:
            assert key == "1" and began >= chosen and (another or at >= chosen + DOUBLE_MS)
