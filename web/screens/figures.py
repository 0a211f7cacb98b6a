"""The figures of a period, each with its formula, numerator, denominator and what was left out; charts of the period;
and the rows behind every figure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from ivr.kpi.kpis import FAMILIES
from ivr.kpi.records import Figure
from ivr.report.span import Span
from store.figures import drilldown
from store.read import outage_notices, queries
from web.access import may, needs
from web.db import config, now_ms, reading
from web.figures import LEFT_OUT, Behind, Recent, Shown, excluded, shared, show, shown
from web.format import day_range, profile_name, today
from web.forms import cursor, day, hint, with_args, word
from web.labels import label
from web.language import lang
from web.lists import calls, cases
from web.lists import outages as notices
from web.names import said
from web.ratings import rows_shown, seen_of_charts, seen_of_figures
from web.tables import Column, Table

bp = Blueprint("figures", __name__)

DAYS_MAX = 366
CASES, CALLS, OUTAGES = "cases", "calls", "outages"
PARTS = {
    drilldown.NUMERATOR: _l("分子"),
    drilldown.REST: _l("分母中其余的"),
    drilldown.DENOMINATOR: _l("分母"),
}

TABLE = Table(
    "figures",
    (
        Column("id", _l("编号"), lambda f: f.id, sort=True, by=lambda f: (f.family, f.id)),
        Column("name", _l("名称"), lambda f: f.name, sort=True),
        Column("shown", _l("显示"), lambda f: f.shown),
        Column("value", None, lambda f: f.figure.value, sort=True, head=_l("数值")),
        Column("unit", None, lambda f: f.figure.unit, head=_l("单位")),
        Column("numerator", _l("分子"), lambda f: f.figure.numerator, sort=True),
        Column("denominator", _l("分母"), lambda f: f.figure.denominator, sort=True),
        Column("target", None, lambda f: f.target, head=_l("目标")),
        Column("excluded", _l("未计入"), lambda f: f.excluded),
        Column("formula", _l("公式"), lambda f: f.formula),
        Column("profile", None, lambda f: profile_name(f.figure.profile), head=_l("规则")),
    ),
    "id",
    "figures.export",
    "figures",
)


def _span() -> tuple[date, date]:
    last = day("to") or day("from") or today()
    first = day("from") or last
    if first > last:
        first, last = last, first
    if last - first > timedelta(days=DAYS_MAX):
        first = last - timedelta(days=DAYS_MAX)
        flash(_("一次最多统计一年，已从 %(day)s 起统计。", day=first), "info")
    return first, last


def _figures() -> list[Shown]:
    return _seen(shown(*day_range(*_span()), window=word("window", config().windows)))


def _seen(found: list[Shown]) -> list[Shown]:
    """Without what tells a single rating."""
    kept = {figure.id for figure in seen_of_figures(each.figure for each in found)}
    return [each for each in found if each.figure.id in kept]


@bp.get("/figures")
@needs("figures")
def index() -> str:
    first, last = _span()
    found = _seen(shared(*day_range(first, last), window=word("window", config().windows)))
    recent: Recent = current_app.extensions["panel.figures"]
    families = {number: said(name) for number, name in FAMILIES.items()}
    drawn = seen_of_charts(recent.charts(Span(first, last, config().zone), lang()))
    return render_template(
        "figures.html", figures=found, listed=TABLE.sorted(found), families=families, first=first, last=last,
        charts=drawn, table=TABLE, rules=config().profile, windows=config().windows, with_args=with_args, rows_of=_link,
        rows_shown=rows_shown,
    )  # fmt: skip


@bp.get("/figures.<any(csv, xlsx):form>")
@needs("figures")
def export(form: str) -> Any:
    return TABLE.file(form, TABLE.sorted(_figures()))


# --- the rows behind a figure --------------------------------------------------------------


def _link(figure: Figure, part: str = "") -> str:
    return with_args("figures.rows", {"figure_id": figure.id}, part=part or None, sort=None, window=None)


def _behind(figure_id: str) -> tuple[Figure, Behind, date, date, str]:
    first, last = _span()
    if not rows_shown(figure_id):
        abort(403 if drilldown.has_rows(figure_id) else 404)
    if not may("calls.any_day"):
        first = last = today()
    from_ms, to_ms = day_range(first, last)
    recent: Recent = current_app.extensions["panel.figures"]
    found = recent.rows(figure_id, from_ms, to_ms)
    figure = next((each.figure for each in shared(from_ms, to_ms) if each.id == figure_id), None)
    if found is None or figure is None:
        abort(404)
    return figure, found, first, last, hint("part", found.parts) or next(iter(found.parts))


@bp.get("/figures/<figure_id>/rows")
@needs("calls")
def rows(figure_id: str) -> str:
    """Which calls, cases or outage notices make the figure."""
    figure, found, first, last, part = _behind(figure_id)
    lists = _lists(found, part)
    chosen = hint("list", lists) or next(iter(lists))
    page: queries.Page[Any]
    if chosen == CASES:
        table = cases.TABLE
        page = queries.cases(reading(), _cases(found, part), cursor(), sort=table.sort())
        numbers = cases.numbers(page.rows)
    elif chosen == OUTAGES:
        table, numbers = notices.TABLE, {}
        where = _outages(found, part)
        page = outage_notices.listed(reading(), where, now_ms(), cursor(), sort=table.sort())
    else:
        table = calls.TABLE
        page = queries.calls(reading(), _calls(found, part), cursor(), sort=table.sort())
        numbers = calls.numbers(page.rows)
    return render_template(
        "rows.html", f=show(figure), page=page, numbers=numbers, table=table, lists=lists, chosen=chosen,
        sortable=chosen != CALLS or queries.may_sort(_calls(found, part)), link=_files(table, figure_id), part=part,
        first=first, last=last, with_args=with_args,
        parts={code: (PARTS.get(code) or label(LEFT_OUT, code), _count(figure, found, code)) for code in found.parts},
    )  # fmt: skip


@bp.get("/figures/<figure_id>/rows.<any(csv, xlsx):form>")
@needs("export")
def export_rows(figure_id: str, form: str) -> Any:
    """The rows of one part as a file."""
    figure, found, _first, _last, part = _behind(figure_id)
    lists = _lists(found, part)
    chosen = hint("list", lists) or next(iter(lists))
    if chosen == CASES:
        return _files(cases.TABLE, figure.id).file(form, cases.every(_cases(found, part)))
    if chosen == OUTAGES:
        return _files(notices.TABLE, figure.id).file(form, notices.every_notice(_outages(found, part)))
    return _files(calls.TABLE, figure.id).file(form, calls.every(_calls(found, part)))


def _files(table: Table, figure_id: str) -> Table:
    return Table(f"{figure_id}-{table.name}", table.columns, table.default, "figures.export_rows")


def _lists(found: Behind, part: str) -> dict[str, tuple[Any, int | None]]:
    """What the part is made of, cases or calls or both, or outage notices: name and number of each."""
    if isinstance(found, drilldown.CallRows):
        return {CALLS: (_l("来电"), None)}
    if found.outages:
        return {OUTAGES: (_l("停电公告"), len(found.outages.get(part, ())))}
    there = {
        CASES: (_l("工单"), len(found.cases.get(part, ()))),
        CALLS: (_l("来电"), len(found.calls.get(part, ()))),
    }
    return {name: shown for name, shown in there.items() if shown[1]} or {CASES: there[CASES]}


def _calls(found: Behind, part: str) -> queries.CallFilter:
    """The calls of a part."""
    if isinstance(found, drilldown.CallRows):
        return queries.CallFilter(*found.period, where=(found.parts[part],))
    return queries.CallFilter(ids=tuple(found.calls.get(part, ())))


def _cases(found: Behind, part: str) -> queries.CaseFilter:
    """The cases of a part."""
    assert isinstance(found, drilldown.IdRows)
    return queries.CaseFilter(ids=tuple(found.cases.get(part, ())))


def _outages(found: Behind, part: str) -> outage_notices.OutageFilter:
    """The outage notices of a part."""
    assert isinstance(found, drilldown.IdRows)
    return outage_notices.OutageFilter(ids=tuple(found.outages.get(part, ())))


def _count(figure: Figure, found: Behind, part: str) -> int | None:
    """How many rows a part has, as the figure says; None where the figure counts something else."""
    if isinstance(found, drilldown.IdRows):
        return found.count(part)
    if part == drilldown.DENOMINATOR:
        return figure.denominator
    if figure.unit == "ratio" and part in (drilldown.NUMERATOR, drilldown.REST):
        top = int(figure.numerator or 0)
        return top if part == drilldown.NUMERATOR else figure.denominator - top
    return excluded(figure, part)
