"""What the table in docs/architecture.md promises: a made-up thing, defined in one place, is there where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import yaml
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from ivr.cases import kinds, notices
from ivr.flow.checker import check
from ivr.flow.loader import House, loads
from ivr.flow.source import FlowRefused
from ivr.phrases import Phrases
from ivr.report import registers
from ivr.store import queries
from scripts import docs
from tests.web.demo import World, at

FLOW = """
flow: quarter
start: noise
steps:
  noise: {case: {kind: noise, ask: [spoken_account]}, next: bye}
  person: {window: general, nobody: bye}
  bye: {goodbye: [bye.1]}
"""
HOUSE = House(has_phrase=Phrases.load(variables={"unit": "X"}).has, windows={"general": ("101",)})


@pytest.fixture
def noise(monkeypatch: pytest.MonkeyPatch) -> Iterator[kinds.Kind]:
    """A kind of case no hotline knows."""
    kind = kinds.Kind(
        "noise",
        "噪声扰民",
        "noise at night",
        due="complaint",
        thanks=("cmp.thanks",),
        at_once=("有噪声", "noise"),
        judged=True,
    )
    monkeypatch.setitem(kinds.KINDS, kind.id, kind)
    yield kind


def test_a_flow_can_take_a_new_kind_of_case_and_is_proved_with_it(noise: kinds.Kind) -> None:
    flow = loads(FLOW, HOUSE)
    assert ("case", "cmp.thanks") in list(flow.steps["noise"].phrases())
    assert check(flow).findings == ()


def test_without_it_the_flow_is_refused_with_the_kinds_there_are() -> None:
    with pytest.raises(FlowRefused, match="no kind of case 'noise' here: use one of enquiry, complaint"):
        loads(FLOW, HOUSE)


def test_the_panel_takes_shows_and_describes_a_new_kind_of_case(
    noise: kinds.Kind, world: World, as_role: Callable[[str], FlaskClient], client: FlaskClient
) -> None:
    lead = as_role("lead")
    assert '<option value="noise" >噪声扰民</option>' in lead.get("/cases/new").text
    assert "Noise at night" in lead.get("/cases?lang=en").text
    assert "noise" in yaml.safe_load(client.get("/api/v1/openapi.yaml").text)["components"]["schemas"]["Kind"]["enum"]
    assert notices.name("new_noise") == "有噪声"


def test_reports_and_docs_call_a_new_kind_of_case_by_its_name(noise: kinds.Kind) -> None:
    assert (registers.kind("noise", "zh-CN"), registers.kind("noise", "en")) == ("噪声扰民", "noise at night")
    assert "| `noise` | 噪声扰民 noise at night |" in docs.kinds_of_case()


def test_a_case_of_a_new_kind_nobody_has_is_shown_to_the_lead(
    noise: kinds.Kind, world: World, as_role: Callable[[str], FlaskClient]
) -> None:
    _call, case = world.complaint(at("10:58"), "13812345678", kind="noise")
    with Session(world.engine) as session:
        assert [each.id for each in queries.untaken(session)] == [case.id]
    assert "噪声扰民" in as_role("lead").get(f"/cases/{case.id}").text
