"""docs/figures.md, the panel's words and the code name the same figures."""

from __future__ import annotations

import re
from pathlib import Path

from ivr.kpi.call_totals import CallTotals, HourTotals
from ivr.kpi.formulas import all_figures
from ivr.kpi.kpis import FAMILIES, KPIS
from ivr.kpi.records import KpiLimits, Period

PAGE = Path(__file__).parents[2].joinpath("docs", "figures.md").read_text(encoding="utf-8")


def documented() -> list[str]:
    """The ids in the first column of the tables."""
    return [id_ for row in re.findall(r"^\| (K[^|]+) \|", PAGE, re.MULTILINE) for id_ in row.split(", ")]


def made() -> set[str]:
    """The ids of all figures, as the table writes them: ``K2a-N`` for each N."""
    known = KpiLimits("p", "human_wait", 12_000)
    found = all_figures(CallTotals(), HourTotals(), {}, Period(0, 1, 1), known)
    plain = (re.sub(r"^(K2[a-d])-.*", r"\1-N", figure.id) for figure in found)
    return set(plain)


def test_every_figure_is_in_the_docs_once_and_no_other() -> None:
    assert sorted(documented()) == sorted(made())


def test_every_figure_has_its_record_and_its_family_and_no_other_has() -> None:
    ids = {id_.removesuffix("-N") for id_ in made()}
    assert set(KPIS) == ids
    assert {f"K{n}" for n in FAMILIES} == {re.match(r"K\d+", id_)[0] for id_ in ids}  # type: ignore[index]
