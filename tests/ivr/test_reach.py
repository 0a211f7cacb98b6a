"""C no. 3: who presses nothing has a person within 30 s, counted at 140 characters a minute."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from hotline.cli import flow as command
from hotline.cli import main
from hotline.config.file import load as load_settings
from hotline.config.file import template
from hotline.config.settings import Settings
from hotline.errors import CannotRun
from hotline.process import factories, flows
from ivr.call.commands import Say
from ivr.flow.loader import load
from ivr.flow.reach import Reach, spoken_s
from ivr.telephony import Clip
from sip.simulator import SeatPlan
from tests.support import read_once
from tests.support.world import TextSpeaker, World

OWN = """\
flow: own
start: main
steps:
  main: {menu: {keys: {1: person, 0: person}, silence: person, say: [greet.std, rate.ask]}}
  person: {window: general, nobody: bye}
  bye: {goodbye: [bye.1]}
"""
LONG = "国网重庆市电力公司市北供电分公司营业服务示范中心"


class SlowSpeaker(TextSpeaker):
    """Speaks 140 characters a minute, signs not counted (16 bytes of sound are a millisecond)."""

    def clips(self, says: tuple[Say, ...], lang: str, caller: str | None, ready: Callable[[list[Clip]], None]) -> None:
        made = []
        for line in self.lines(says, lang, caller):
            letters = [char for char in line.text if char not in "，。；：？！、 "]
            made.append(Clip(line.text or line.tone, bytes(16 * round(len(letters) * 60_000 / 140)), line.text))
        ready(made)


def settings_of(tmp_path: Path, *, unit: str = "", flow: str = "power-95598") -> Path:
    """The template's settings, with another name or flow."""
    text = template().replace('flow = "power-95598"', f'flow = "{flow}"')
    if unit:
        text = text.replace("示范供电服务中心", unit)
    config = tmp_path / "hotline.toml"
    config.write_text(text.replace('# dir = "data"', f'dir = "{tmp_path / "data"}"'), encoding="utf-8")
    return config


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(settings_of(tmp_path), environ={})


@pytest.fixture(autouse=True)
def walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serving and ``flow check`` prove the same flow here, and only how far a person is is asked."""
    monkeypatch.setattr(flows, "check", read_once.proof)
    monkeypatch.setattr(command, "walk_all", read_once.proof)


def told(settings: Settings, name: str) -> Reach:
    flow = load(flows.find(name), flows.flow_environment(settings))
    return flows.reach_of(settings, flow, factories.phrases(settings))


@pytest.mark.parametrize("name", list(flows.shipped()))
def test_c_3_in_every_shipped_flow_a_person_is_thirty_seconds_and_one_key_away(settings: Settings, name: str) -> None:
    found = told(settings, name)
    assert found.seconds <= 30 and found.keys <= 1 and found.choices <= 5


@pytest.mark.parametrize("name", list(flows.shipped()))
def test_nothing_is_weak_in_a_shipped_flow(settings: Settings, name: str) -> None:
    assert load(flows.find(name), flows.flow_environment(settings)).notes == ()


@pytest.mark.parametrize("name", ["power-95598", "direct"])
def test_c_3_what_is_told_is_what_a_call_measures(tmp_path: Path, settings: Settings, name: str) -> None:
    world = World(tmp_path, flow=name, speaker=SlowSpeaker(factories.phrases(settings)))
    world.seat("101", SeatPlan(answer_ms=1000))
    world.call()
    world.run(40)
    measured = world.legs()[0].dialed - world.the_call().answered
    assert measured / 1000 == pytest.approx(told(settings, name).seconds, abs=1)


def test_characters_are_counted_without_their_signs_and_english_by_the_word() -> None:
    assert spoken_s("人工服务，请按0。", "zh-CN") == pytest.approx(3)
    assert spoken_s("For a person, press 0.", "en") == pytest.approx(5 * 60 / 130)


def test_a_shipped_flow_that_takes_too_long_is_refused_with_a_remedy(tmp_path: Path) -> None:
    profile = tmp_path / "strict.toml"
    profile.write_text("[call]\nto_person_max_s = 20", encoding="utf-8")
    config = settings_of(tmp_path)
    config.write_text(config.read_text("utf-8").replace('profile = "sgcc_window"', f'profile = "{profile}"'), "utf-8")
    with pytest.raises(CannotRun, match=r"\[unit\] name .* or raise \[call\] to_person_max_s"):
        flows.serve_flows(load_settings(config, environ={}))


def test_a_unit_with_a_long_name_is_answered_for_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = settings_of(tmp_path, unit=LONG)
    assert flows.serve_flows(load_settings(config, environ={}))("95598").name == "power-95598"
    assert "shorten [unit] name" in caplog.text
    done = CliRunner().invoke(main, ["flow", "check", "--config", str(config), "power-95598"])
    assert done.exit_code == 0 and "shorten [unit] name" in done.output


def test_a_flow_of_ones_own_that_takes_too_long_is_served_and_noted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = tmp_path / "own.yaml"
    config = settings_of(tmp_path, unit=LONG, flow=str(own))
    own.write_text(OWN, encoding="utf-8")
    assert flows.serve_flows(load_settings(config, environ={}))("95598").name == "own"
    assert "key 0, a person, is not offered first" in caplog.text and "own.yaml: a person within" in caplog.text
    done = CliRunner().invoke(main, ["flow", "check", "--config", str(config), str(own)])
    assert done.exit_code == 0 and done.output.count("note:") == 2


def test_outside_hours_the_way_is_counted_until_key_0_is_offered(settings: Settings) -> None:
    assert told(settings, "service-hall").keys == 1
