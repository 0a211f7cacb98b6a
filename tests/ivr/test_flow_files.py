"""Flow files: what is wrong is refused with file, line, step and remedy; what is right is proved."""

from __future__ import annotations

import importlib
import textwrap

import pytest
import yaml

from hotline.config import file
from hotline.process.flows import flow_environment, shipped
from ivr.call.steps import base
from ivr.flow.checker import check
from ivr.flow.loader import KINDS, FlowEnvironment, load, loads
from ivr.flow.yaml_source import FlowRefused, Problem
from ivr.phrases import Phrases
from tests.support.need import ROOT

PHRASES = Phrases.load(variables={"unit": "X"})
HOUSE = FlowEnvironment(
    has_phrase=PHRASES.has,
    phrases=[phrase.key for phrase in PHRASES],
    windows={"repair": ("101", "102"), "general": ("101",), "business": ("103",), "empty": ()},
    schedules=("default", "hall"),
)
GOOD = """\
flow: test
start: greet
steps:
  greet: {say: [notice.recording, greet.std], next: main}
  main:
    menu:
      keys: {0: person, 1: repair}
      silence: person
      wrong: person
  repair: {window: repair, nobody: leave_word}
  person: {window: general, nobody: leave_word}
  leave_word:
    case: {kind: message, ask: [spoken_account, callback_number]}
    next: bye
  bye: {goodbye: [bye.1]}
"""


def problems(text: str) -> list[Problem]:
    with pytest.raises(FlowRefused) as refused:
        loads(text, HOUSE, "my.yaml")
    return refused.value.problems


def the_problem(text: str) -> Problem:
    (found,) = problems(text)
    return found


def test_a_good_flow_is_proved() -> None:
    report = check(loads(GOOD, HOUSE))
    assert report.findings == () and report.states > 100


def test_a_loop_is_refused_with_its_line() -> None:
    found = the_problem(GOOD.replace("bye: {goodbye: [bye.1]}", "bye: {goto: again}\n  again: {goto: bye}"))
    assert (found.line, found.step) == (16, "again")
    assert "bye → again → bye" in found.message


def test_a_menu_whose_silence_leads_back_to_itself_is_a_loop() -> None:
    found = the_problem(GOOD.replace("silence: person", "silence: main"))
    assert found.line == 8 and "loop" in found.message


def test_a_missing_silence_branch_is_refused_with_its_line() -> None:
    found = the_problem(GOOD.replace("      silence: person\n", ""))
    assert found.step == "main" and found.line in (5, 6)
    assert "silence" in found.message and "add 'silence: STEP'" in found.remedy


@pytest.mark.parametrize("window, says", [("nowhere", "is not known"), ("empty", "has no seats")])
def test_a_window_without_seats_is_refused_with_its_line(window: str, says: str) -> None:
    found = the_problem(GOOD.replace("window: repair", f"window: {window}"))
    assert (found.line, found.step) == (10, "repair") and says in found.message


def test_an_unknown_phrase_is_refused_with_its_line_and_the_nearest_key() -> None:
    found = the_problem(GOOD.replace("greet.std", "greet.stdd"))
    assert found.line == 4 and "greet.std" in found.remedy


def test_a_loop_is_reported_beside_other_problems() -> None:
    text = GOOD.replace("bye: {goodbye: [bye.1]}", "bye: {goto: again}\n  again: {goto: bye}")
    text = text.replace("greet.std", "x.y")
    assert {p.line for p in problems(text)} == {4, 16}


def test_without_a_step_called_person_key_0_leads_to_the_first_window() -> None:
    text = GOOD.replace("person: {window", "clerk: {window").replace(": person", ": clerk")
    assert loads(text, HOUSE).person == "repair"


def test_wrong_keys_lead_where_silence_leads_unless_said_otherwise() -> None:
    assert check(loads(GOOD.replace("      wrong: person\n", ""), HOUSE)).findings == ()


def test_that_we_are_closed_is_said_behind_a_closed_door_only() -> None:
    found = the_problem(GOOD.replace("goodbye: [bye.1]", "goodbye: [hours.closed]"))
    assert (found.line, found.step) == (15, "bye")
    assert "reached in opening hours" in found.message and "'closed' of an hours step" in found.remedy
    door = "bye: {hours: {schedule: hall, open: ciao, closed: sorry}}\n  ciao: {goodbye: [bye.1]}"
    door += "\n  sorry: {goodbye: [hours.closed]}"
    assert loads(GOOD.replace("bye: {goodbye: [bye.1]}", door), HOUSE).version


def test_one_phrase_may_be_written_without_brackets() -> None:
    assert loads(GOOD.replace("goodbye: [bye.1]", "goodbye: bye.1"), HOUSE).version


def test_an_unknown_step_is_refused_with_the_nearest_name() -> None:
    found = the_problem(GOOD.replace("next: main", "next: mian"))
    assert found.line == 4 and "did you mean 'main'" in found.remedy


def test_an_unknown_kind_of_step_lists_the_kinds() -> None:
    found = next(p for p in problems(GOOD.replace("bye: {goodbye: [bye.1]}", "bye: {farewell: x}")) if p.step == "bye")
    assert found.line == 15 and "goodbye" in found.remedy


def test_every_problem_is_reported_at_once() -> None:
    text = (
        GOOD.replace("greet.std", "nope").replace("window: general", "window: nowhere").replace("wrong: person\n", "\n")
    )
    assert {p.line for p in problems(text)} >= {4, 11}


def test_bad_yaml_is_refused_with_its_line() -> None:
    found = the_problem("flow: x\nsteps:\n  a: {say: [greet.std\n")
    assert "is not YAML" in found.message and found.line >= 3


def test_a_step_named_twice_is_refused() -> None:
    assert "twice" in the_problem(GOOD + "  bye: {goodbye: [bye.1]}\n").message


def test_a_key_no_phone_has_is_refused() -> None:
    assert "is not a key" in the_problem(GOOD.replace("1: repair", "A: repair")).message


def test_the_person_step_must_lead_to_a_window() -> None:
    text = GOOD.replace("person: {window: general, nobody: leave_word}", "person: {goto: bye}")
    assert "it is no window" in the_problem(text).message


@pytest.mark.parametrize("name", list(shipped()))
def test_every_shipped_flow_is_proved_as_the_docs_show_it(name: str) -> None:
    report = check(load(shipped()[name], flow_environment(file.load(environ={}))))
    assert report.findings == () and report.longest <= 30
    proof = f"{report.states} states, every one ends; at most {report.longest} time-outs away"
    assert f"{name}: ok ({proof})" in ROOT.joinpath("docs", "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_example_in_each_step_kinds_docstring_can_be_read(kind: str) -> None:
    doc = importlib.import_module(f"ivr.call.steps.{kind}").__doc__ or ""
    block = textwrap.dedent(doc.split(".. code-block:: yaml")[1].split("\n\n", 2)[1])
    for spec in yaml.safe_load(block).values():
        assert isinstance(KINDS[kind].model_validate(spec), base.Step)
