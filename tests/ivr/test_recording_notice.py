"""B10: what is recorded is announced before, once in a call; what is not recorded is not announced."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.process.flows import rules
from ivr.call.commands import Say as Spoken
from ivr.call.limits import NOTICE
from ivr.call.turn import StepContext
from ivr.flow.checker import check
from ivr.flow.loader import loads
from ivr.profile import Profile, ProfileError
from sip.simulator import SeatPlan
from tests.ivr.test_cases_by_phone import TWO_MATTERS, account
from tests.ivr.test_flow_files import GOOD, HOUSE
from tests.ivr.test_reach import OWN
from tests.support.world import World

OF_TALKS = ("notice.short", "notice.recording")


def test_b10_before_an_account_is_recorded_the_caller_is_told_so(world: World) -> None:
    line = world.call()
    world.press(line, "3")
    world.run(4)
    world.press(line, "1")
    world.run(5)
    assert f"{world.says(NOTICE)} {world.says('ask.account')} tone.beep" in world.heard(line)


def test_b10_before_a_message_is_recorded_the_caller_is_told_so(world: World) -> None:
    line = world.call()
    world.press(line, "0")
    world.run(20)
    assert f"{world.says(NOTICE)} {world.says('message.ask')} tone.beep" in world.heard(line)


def test_b10_who_only_talks_with_a_person_hears_of_no_recording(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=1000, talk_ms=5000))
    line = world.call()
    world.run(60)
    assert world.the_call().outcome == "answered"
    assert "录音" not in world.heard(line)


def test_b10_who_says_nothing_is_asked_again_without_the_notice(world: World) -> None:
    line = world.call()
    world.press(line, "0")
    world.run(40)
    assert world.heard(line).count(world.says(NOTICE)) == 1
    assert world.says("ask.account.again") in world.heard(line)


def test_b10_a_second_matter_in_a_call_is_not_announced_again(tmp_path: Path) -> None:
    flow = tmp_path / "two.yaml"
    flow.write_text(TWO_MATTERS, encoding="utf-8")
    world = World(tmp_path, flow=str(flow))
    line = world.call("13800138000")
    for keys in ("#", "1", "#", "1", "2"):
        world.press(line, keys)
        if keys in ("#", "2") and world.heard(line).endswith(("tone.beep",)):
            account(world, line)
        world.run(8)
    account(world, line)
    assert world.heard(line).count(world.says(NOTICE)) == 1


@pytest.mark.parametrize("key", OF_TALKS)
def test_b10_a_flow_of_ones_own_that_announces_the_recording_of_talks_is_served_without_those_words(
    tmp_path: Path, key: str
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(GOOD.replace("[notice.recording, greet.std]", f"[{key}]"), encoding="utf-8")
    world = World(tmp_path, flow=str(own))
    assert [f"'{key}' is not said" in note and "own.yaml:4:" in note for note in world.flow.notes] == [True]
    line = world.call()
    world.run(2)
    assert "录音" not in world.heard(line) and "故障报修" in world.heard(line)
    assert ("您好，这里是" in world.heard(line)) == (key == "notice.recording"), "its greeting stays"


def test_b10_that_talks_are_recorded_cannot_be_set_while_they_are_not(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("[recording]\ntalks = true\n", encoding="utf-8")
    with pytest.raises(ProfileError, match="talks are not recorded in this version"):
        Profile.load(own)
    own.write_text("[recording]\ntalks = false\n", encoding="utf-8")
    assert rules(Profile.load(own)).talks is False


def test_the_checker_finds_an_announced_recording_that_is_not_made() -> None:
    own = OWN.replace("start: main", "start: greet").replace(
        "steps:", f"steps:\n  greet: {{say: [{NOTICE}], next: main}}"
    )
    (found, *_) = check(loads(own, HOUSE)).findings
    assert "records nothing" in found.message and found.step == "greet"


def test_the_checker_finds_a_recording_that_is_not_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    say = StepContext.say

    def silent(turn: StepContext, phase: str, *says: Spoken | str) -> None:
        say(turn, phase, *(item for item in says if item != NOTICE))

    monkeypatch.setattr(StepContext, "say", silent)
    findings = check(loads(GOOD, HOUSE)).findings
    assert findings and all("was not told" in found.message for found in findings)
