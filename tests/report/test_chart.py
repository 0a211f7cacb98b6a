"""Charts are read as well as seen, and draw what they were given."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.report import chart
from ivr.report.chart import Series

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str) -> ElementTree.Element:
    """The picture in the figure; raises when it is no XML."""
    found = ElementTree.fromstring(svg).find(f"{SVG}svg")
    assert found is not None
    return found


def test_a_chart_has_a_title_and_a_description_for_whoever_cannot_see_it() -> None:
    svg = drawn(chart.bars("来电 <日>", "共 3 次 & 更多", ["01"], [Series("接听", [3])]))
    title, desc = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
    assert title is not None and desc is not None
    assert (svg.get("role"), svg.get("aria-labelledby")) == ("img", f"{title.get('id')} {desc.get('id')}")
    assert (title.text, desc.text) == ("来电 <日>", "共 3 次 & 更多")


def test_bars_stand_on_each_other_and_are_as_high_as_their_values() -> None:
    svg = drawn(chart.bars("t", "d", ["a", "b"], [Series("x", [30, 10]), Series("y", [10, None])]))
    bars = [r for r in svg.iter(f"{SVG}rect") if float(r.get("width", 0)) > 20]
    low, right, high = bars[0], bars[-1], bars[1]
    assert float(low.get("height", 0)) == pytest.approx(3 * float(high.get("height", 0)), abs=0.2)
    assert float(high.get("y", 0)) + float(high.get("height", 0)) == pytest.approx(float(low.get("y", 0)), abs=0.2)
    assert len(bars) == 3 and float(right.get("x", 0)) > float(low.get("x", 0))


def test_a_gap_in_a_line_is_no_zero() -> None:
    svg = drawn(chart.lines("t", "d", ["1", "2", "3"], [Series("x", [5, None, 5])], goal=("target", 90)))
    assert len(list(svg.iter(f"{SVG}circle"))) == 2
    assert "target" in [text.text for text in svg.iter(f"{SVG}text")]


@given(st.lists(st.floats(0, 1e7) | st.none(), max_size=40))
def test_every_value_lies_inside_the_picture(values: list[float | None]) -> None:
    labels = [str(i) for i in range(len(values))]
    for svg in (
        chart.lines("t", "d", labels, [Series("x", values)]),
        chart.bars("t", "d", labels, [Series("x", values)]),
    ):
        for element in drawn(svg).iter():
            for name in ("y", "cy", "y1"):
                assert 0 <= float(element.get(name, 0)) <= chart.HEIGHT


def test_a_ranking_without_anything_is_still_a_chart() -> None:
    assert drawn(chart.ranking("t", "d", [])).find(f"{SVG}title") is not None
    numbers = [text.text for text in drawn(chart.ranking("t", "d", [("a", 0), ("b", 7)])).iter(f"{SVG}text")]
    assert numbers == ["a", "0", "b", "7"]
