"""What the docs say of the shipped flows: the keys that lead to what S2-1 §9(二) lists, and how far a person is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hotline.config.file import load as load_settings
from hotline.process import factories, flows
from ivr.call.steps.case import TakeCaseStep
from ivr.call.steps.hours import HoursStep
from ivr.call.steps.menu import MenuStep
from ivr.call.steps.say import SayStep
from ivr.call.steps.window import WindowStep
from ivr.call.turn import Acting, FlowContext
from ivr.cases.kinds import KINDS
from ivr.flow.loader import FlowEnvironment, load
from ivr.phrases import Phrases

DOCS = Path(__file__).parents[2] / "docs"
FLOWS = ("power-95598", "service-hall", "direct")
TABLE: list[tuple[str, ...]] = re.findall(
    r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| `(\w+)`[^|]* \|$",
    DOCS.joinpath("flows.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
CHECKED = dict(
    re.findall(r"^(\S+): (a person within .*)$", DOCS.joinpath("commands.md").read_text(encoding="utf-8"), re.MULTILINE)
)
HOUSE = FlowEnvironment(
    has_phrase=Phrases.load(variables={"unit": "X"}).has,
    windows={name: ("101", "102") for name in ("repair", "business", "complaint", "general")},
    schedules=("default", "hall"),
)


def end_of(flow: FlowContext, keys: str) -> Acting:
    """Where these keys lead within opening hours."""
    step = flow.steps[flow.start]
    for key in (*keys, ""):
        while isinstance(step, SayStep | HoursStep):
            step = flow.steps[step.next if isinstance(step, SayStep) else step.hours.open]
        if key:
            assert isinstance(step, MenuStep)
            step = flow.steps[step.menu.keys[key]]
    return step


def test_cmp_3_the_table_has_what_the_rule_lists() -> None:
    listed = ["新装、增容与变更用电", "用电信息查询、咨询", "电力故障报修", "服务质量投诉", "举报", "建议"]
    assert [row[0] for row in TABLE] == listed
    assert set(FLOWS) == set(flows.shipped())


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row[0]))
def test_cmp_3_the_keys_of_the_table_lead_to_that_kind_or_to_a_person_who_takes_it(
    row: tuple[str, ...], flow: str
) -> None:
    loaded = load(flows.shipped()[flow], HOUSE)
    cell, kind = row[1 + FLOWS.index(flow)], row[-1]
    step = end_of(loaded, "".join(re.findall("[0-9]", cell)))
    assert kind in KINDS  # the operators' form has every one of them
    if "a person" in cell:
        assert isinstance(step, WindowStep)
        return
    if isinstance(step, WindowStep):
        step = loaded.steps[step.nobody]  # taken by the machine when nobody is free
    assert isinstance(step, TakeCaseStep) and step.case.kind == kind


@pytest.mark.parametrize("name", FLOWS)
def test_c_3_how_far_a_person_is_stands_in_the_docs_as_hotline_check_prints_it(name: str) -> None:
    settings = load_settings(environ={})
    flow = flows.read(flows.find(name), flows.flow_environment(settings))
    assert CHECKED[name] == str(flows.reach_of(settings, flow, factories.phrases(settings)))
