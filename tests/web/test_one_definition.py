"""What the table in docs/architecture.md promises: a made-up thing, defined in one place, is there where it belongs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.call import steps
from ivr.call.phases import PHASES
from ivr.call.steps import base
from ivr.cases import kinds, notices
from ivr.cases.names import Term
from ivr.flow.checker import check
from ivr.flow.loader import FlowEnvironment, loads
from ivr.flow.yaml_source import FlowRefused
from ivr.kpi.calls import NETWORK, RING, A, O, OfCalls
from ivr.kpi.kpi import Kpi, Share
from ivr.kpi.kpis import FAMILIES, KPIS
from ivr.kpi.records import HOUR_MS, Figure, Period
from ivr.phrases import Phrases
from ivr.report import registers
from ivr.report.figures import FiguresPart
from ivr.report.figures import sheet as report_sheet
from ivr.report.span import Span
from scripts import docs
from store.figures import drilldown
from store.figures import figures as figures_store
from store.figures.figures import figures
from store.journal import hourly
from store.read import call_counts, queries
from store.schema import Call
from tests.web.demo import World, at, morning

NOD = '''
"""Speak, and go on when 1 is pressed.

.. code-block:: yaml

    nod: {nod: ask.repeat, next: bye}

Silence goes on, too.
"""

from typing import ClassVar

from pydantic import Field

from ivr.call import events as e
from ivr.call.phases import Phase, register
from ivr.call.steps.base import Step, ended

register({"nodding": Phase(asks=True, once=True)})


class Nod(Step):
    kind: ClassVar[str] = "nod"
    nod: str = Field(description="phrase key of what is to be nodded to")
    next: str = Field(description="the step that follows")

    def start(self, turn):
        turn.say("nodding", self.nod)

    def on(self, turn, event):
        if isinstance(event, e.Digit) and event.key == "0":
            turn.person()
        elif ended(event) or isinstance(event, e.Digit):
            turn.hush()
            turn.goto(self.next)

    def exits(self):
        yield "next", self.next

    def phrases(self):
        yield "nod", self.nod
'''
NODS = """
flow: quarter
start: nod
steps:
  nod: {nod: ask.repeat, next: bye}
  person: {window: general, nobody: bye}
  bye: {goodbye: [bye.1]}
"""
FLOW = """
flow: quarter
start: noise
steps:
  noise: {case: {kind: noise, ask: [spoken_account]}, next: bye}
  person: {window: general, nobody: bye}
  bye: {goodbye: [bye.1]}
"""
HOUSE = FlowEnvironment(has_phrase=Phrases.load(variables={"unit": "X"}).has, windows={"general": ("101",)})


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put a file among those of the kinds of step."""
    before, phases = dict(base.KINDS), dict(PHASES)
    monkeypatch.setattr(steps, "__path__", [*steps.__path__, str(tmp_path)])

    def put(text: str) -> None:
        (tmp_path / "nod.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        steps.kinds()

    yield put
    sys.modules.pop("ivr.call.steps.nod", None)
    for known, old in ((base.KINDS, before), (PHASES, phases)):
        known.clear()  # type: ignore[attr-defined]
        known.update(old)  # type: ignore[attr-defined]


def test_a_file_among_the_steps_is_a_kind_of_step_that_is_proved(install: Callable[[str], None]) -> None:
    install(NOD)
    report = check(loads(NODS, HOUSE))
    assert report.findings == () and report.states > 10


@pytest.mark.parametrize(
    ("was", "instead", "found"),
    [
        ('register({"nodding": Phase(asks=True, once=True)})', "", "no file tells of its phase 'nodding'"),
        ("turn.person()", "turn.hush()", "key 0 leads nowhere in 'nodding'"),
    ],
)
def test_what_a_new_kind_of_step_forgets_is_found(
    install: Callable[[str], None], was: str, instead: str, found: str
) -> None:
    install(NOD.replace(was, instead))
    assert found in {finding.message for finding in check(loads(NODS, HOUSE)).findings}


def test_the_page_of_flows_gets_a_section_of_a_new_kind_of_step(install: Callable[[str], None]) -> None:
    install(NOD)
    page = docs.renewed(docs.ROOT.joinpath("docs", "flows.md").read_text(encoding="utf-8"))
    section = page.split("\n## nod\n")[1].split("\n## Phrases\n")[0]
    assert "```yaml\nnod: {nod: ask.repeat, next: bye}\n```" in section
    assert "- `nod`: phrase key of what is to be nodded to\n- `next`: the step that follows\n" in section


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


@pytest.fixture
def rate(monkeypatch: pytest.MonkeyPatch) -> Kpi:
    """A figure no hotline has: how many of the cases due were told of at all."""
    share = Share("试算率", "made-up rate", ("cases",), lambda case, *_: "good" if case.replied else "failed", "a / b")
    kpi = Kpi("K90", Term("已答复 / 全部", "replied / all"), share, Term("仅供试算。", "Made up."))
    monkeypatch.setitem(KPIS, kpi.id, kpi)
    monkeypatch.setitem(FAMILIES, 90, Term("试算", "made up"))
    return kpi


def test_a_new_figure_of_cases_is_on_the_page_with_its_rows_and_in_reports_and_docs(
    rate: Kpi, world: World, as_role: Callable[[str], FlaskClient]
) -> None:
    _call, case = world.complaint(at("10:58"), "13812345678")
    span = Span(date(2026, 11, 1), date(2026, 12, 31), world.config().zone)
    with Session(world.engine) as session:
        found = figures(session, span.from_ms, span.to_ms, world.profile, world.clock())
    (figure,) = [each for each in found if each.id == "K90"]
    assert (figure.numerator, figure.denominator) == (0, 1)
    (row,) = [row for row in report_sheet([FiguresPart("", found)], span.zone, "zh-CN").rows if "K90" in row]
    assert "试算率" in row
    lead = as_role("lead")
    page = lead.get("/figures?from=2026-11-01&to=2026-12-31").text
    assert "试算率" in page and "已答复 / 全部" in page and "仅供试算。" in page
    assert case.number in lead.get("/figures/K90/rows?from=2026-11-01&to=2026-12-31&part=rest").text
    assert "| K90 | made-up rate 试算率 | replied / all. Made up |" in docs.figures()


@pytest.fixture
def rang(monkeypatch: pytest.MonkeyPatch) -> Kpi:
    """A figure of calls no hotline has, of two fields at once, which hours that are over do not know."""
    how = OfCalls(
        "试算铃响率", "made-up ringing", O, A & ((RING < 3000) | (NETWORK < 2000)), "c / O",
        left_out={"talking_now": O & ~RING.known},
    )  # fmt: skip
    kpi = Kpi("K91", Term("铃响短 / O", "short ring / O"), how, Term("仅供试算铃响。", "Made up."))
    monkeypatch.setitem(KPIS, kpi.id, kpi)
    monkeypatch.setitem(FAMILIES, 91, Term("试算铃响", "made-up ringing"))
    return kpi


def test_a_new_figure_of_calls_is_counted_shown_exported_reported_and_documented_with_its_rows(
    rang: Kpi, world: World, as_role: Callable[[str], FlaskClient]
) -> None:
    morning(world)
    span = Span(date(2026, 11, 1), date(2026, 12, 31), world.config().zone)
    limits = figures_store.limits(world.profile)
    period = Period(span.from_ms, span.to_ms, world.clock())

    def made() -> Figure:
        with Session(world.engine) as session:
            found = figures(session, span.from_ms, span.to_ms, world.profile, world.clock())
        return next(each for each in found if each.id == "K91")

    figure = made()
    with Session(world.engine) as session:
        records = list(call_counts.records(session, span.from_ms, span.to_ms))
        rows = drilldown.rows(session, "K91", period, limits)
        assert isinstance(rows, drilldown.CallRows)
        (first, *more) = session.scalars(select(Call).where(rows.parts["numerator"]).order_by(Call.arrived.desc()))
    good = [r for r in records if r.outcome == "answered" and not r.test]
    good = [r for r in good if (r.ring is not None and r.ring < 3000) or (r.network is not None and r.network < 2000)]
    assert figure.numerator == len(good) == 1 + len(more) and figure.denominator > len(good)
    assert dict(figure.exclusions)["talking_now"] > 0
    with world.engine.begin() as connection:  # hours that are over do not know it: it is counted from their calls
        for hour in range(first.arrived // HOUR_MS - 5, first.arrived // HOUR_MS + 5):
            hourly.close(connection, hour)
    assert made() == figure

    (row,) = [row for row in report_sheet([FiguresPart("", (figure,))], span.zone, "zh-CN").rows if "K91" in row]
    assert "试算铃响率" in row
    lead, asked = as_role("lead"), "from=2026-11-01&to=2026-12-31"
    page = lead.get(f"/figures?{asked}").text
    assert "试算铃响率" in page and "铃响短 / O" in page and "仅供试算铃响。" in page
    assert first.id in lead.get(f"/figures/K91/rows?{asked}&part=numerator").text
    assert "K91,试算铃响率" in lead.get(f"/figures.csv?{asked}").text
    assert "| K91 | made-up ringing 试算铃响率 | short ring / O. Made up |" in docs.figures()
