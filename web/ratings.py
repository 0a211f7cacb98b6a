"""What tells how one citizen rated one service is for leads and supervisors only (``ratings`` in ``web/access.py``).

An operator is judged by it, so no page, export or list of theirs lets them conclude it: not from what the caller was
told after the key ("we are sorry"), how long that took, a call-back because of it, nor a figure of very few ratings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ivr.kpi.records import Figure
from ivr.report.charts import Drawn
from store.figures.drilldown import has_rows
from store.schema import Callback, Journal
from web.access import may

FIGURES = ("K16", "K16-rated", "K17")  # whose rows say who rated how
FEW = 5  # fewer ratings than this are shown to nobody else
BECAUSE = "rating"  # a call-back owed to a bad rating
NOTICE = "bad_rating"
INVITED, GOES_ON = "rating_invited", frozenset({"step", "human_requested", "call_ended"})


def seen_of_journal(journal: Sequence[Journal]) -> list[Journal]:
    """The rows of a call's journal this person may see: what followed the invitation is left out for others."""
    if may("ratings"):
        return list(journal)
    seen: list[Journal] = []
    rating = False
    for row in journal:
        rating = row.name == INVITED or (rating and row.name not in GOES_ON)
        if row.name == INVITED or not (rating or row.name == "rated"):
            seen.append(row)
    return seen


def seen_of_figures(figures: Iterable[Figure]) -> list[Figure]:
    """The figures without those of so few ratings that they tell a single one."""
    if may("ratings"):
        return list(figures)
    return [figure for figure in figures if figure.id not in FIGURES or figure.denominator >= FEW]


def seen_of_charts(charts: Iterable[Drawn]) -> list[Drawn]:
    """Return the charts without one of so few ratings that it tells a single one."""
    return [one for one in charts if one.id != "ratings" or may("ratings") or _sum(one) >= FEW]


def rows_shown(figure_id: str) -> bool:
    """Are there rows behind the figure, and may this person see them?"""
    return may("calls") and has_rows(figure_id) and (figure_id not in FIGURES or may("ratings"))


def seen_of_callbacks(callbacks: Iterable[Callback]) -> list[Callback]:
    """Whom a citizen is to be called back for, without what a bad rating is the cause of."""
    return [one for one in callbacks if one.because != BECAUSE or may("ratings")]


def _sum(chart: Drawn) -> int:
    return sum(int(row[-1] or 0) for row in chart.rows)
