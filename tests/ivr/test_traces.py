"""Golden traces: kept walks (``hotline flow walk FLOW --save NAME``) must read the same today."""

from pathlib import Path

import pytest
import yaml

from hotline.process.flows import shipped
from ivr.flow.loader import FlowEnvironment, load
from ivr.flow.walk import Unknown, Walk, replay
from ivr.phrases import Phrases

TRACES = sorted(Path(__file__).parents[1].joinpath("traces").glob("*.yaml"))
PHRASES = Phrases.load(variables={"unit": "X"})
HOUSE = FlowEnvironment(
    has_phrase=PHRASES.has,
    windows={name: ("101", "102") for name in ("repair", "business", "complaint", "general")},
    schedules=("default", "hall"),
)


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_a_kept_walk_still_goes_the_same_way(path: Path) -> None:
    trace = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert replay(load(shipped()[trace["flow"]], HOUSE), trace) == []


def test_there_are_kept_walks_of_every_shipped_flow() -> None:
    assert {yaml.safe_load(path.read_text(encoding="utf-8"))["flow"] for path in TRACES} == set(shipped())


def test_what_means_nothing_in_a_walk_is_refused_and_changes_nothing() -> None:
    walk = Walk(load(shipped()["power-95598"], HOUSE), say=lambda say: say.key)
    walk.begin()
    before = walk.state
    for typed in ("x", "/dance", "/answer", "/busy B"):
        with pytest.raises(Unknown):
            walk.do(typed)
    assert walk.state == before
