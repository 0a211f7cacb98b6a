"""The figures of a period, each with its formula, numerator, denominator and what was left out; charts of the period;
and the rows behind every figure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from ivr.metrics.records import Figure, Period
from ivr.report.charts import draw
from ivr.report.contents import Curves
from ivr.report.span import Span
from ivr.store import behind, queries
from ivr.store.figures import limits
from ivr.store.report import curves
from web.access import may, needs
from web.db import config, now_ms, reading
from web.figures import FAMILIES, LEFT_OUT, Charts, Shown, excluded, raw, shared, show, shown
from web.format import day_range, today
from web.forms import day, with_args, word
from web.labels import label
from web.language import lang
from web.screens import calls, cases
from web.tables import Column, Table

bp = Blueprint("figures", __name__)

DAYS_MAX = 366
ROWS_MAX = 500  # cases on one page of rows; the file has all
PARTS = {
    behind.NUMERATOR: _l("分子"),
    behind.REST: _l("分母中其余的"),
    behind.DENOMINATOR: _l("分母"),
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
        Column("excluded", _l("未计入"), lambda f: f.excluded),
        Column("formula", _l("公式"), lambda f: f.formula),
        Column("profile", None, lambda f: f.figure.profile, head=_l("规则")),
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
    return shown(reading(), *day_range(*_span()), window=word("window", config().windows))


@bp.get("/figures")
@needs("figures")
def index() -> str:
    first, last = _span()
    found = shared(reading(), *day_range(first, last), window=word("window", config().windows))
    kept: Charts = current_app.extensions["panel.charts"]
    language = lang()
    drawn = kept.get((first, last, language), lambda: draw(_curves(first, last), language))
    return render_template(
        "figures.html", figures=found, listed=TABLE.sorted(found), families=FAMILIES, first=first, last=last,
        charts=drawn, table=TABLE, windows=config().windows, with_args=with_args, rows_of=_link,
    )  # fmt: skip


def _curves(first: date, last: date) -> Curves:
    return curves(reading(), Span(first, last, config().zone), config().profile, now_ms())


@bp.get("/figures.<any(csv, xlsx):form>")
@needs("figures")
def export(form: str) -> Any:
    return TABLE.file(form, TABLE.sorted(_figures()))


# --- the rows behind a figure --------------------------------------------------------------


def _link(figure: Figure, part: str = "") -> str:
    return with_args("figures.rows", {"figure_id": figure.id}, part=part or None, sort=None, window=None)


def _behind(figure_id: str) -> tuple[Figure, behind.CallRows | behind.IdRows, date, date, str]:
    first, last = _span()
    if not may("calls.any_day"):
        first = last = today()
    from_ms, to_ms = day_range(first, last)
    known = limits(config().profile)
    found = behind.rows(reading(), figure_id, Period(from_ms, to_ms, now_ms()), known)
    figure = next((each for each in raw(reading(), from_ms, to_ms) if each.id == figure_id), None)
    if found is None or figure is None:
        abort(404)
    return figure, found, first, last, word("part", found.parts) or next(iter(found.parts))


@bp.get("/figures/<figure_id>/rows")
@needs("calls")
def rows(figure_id: str) -> str:
    """Which calls or cases make the figure."""
    figure, found, first, last, part = _behind(figure_id)
    shown: dict[str, Any] = {
        "f": show(figure), "part": part, "first": first, "last": last, "with_args": with_args,
        "parts": {
            code: (PARTS.get(code) or label(LEFT_OUT, code), _count(figure, found, code)) for code in found.parts
        },
    }  # fmt: skip
    if isinstance(found, behind.CallRows):
        where = _calls(found, part)
        page = queries.calls(reading(), where, request.args.get("before"), sort=calls.TABLE.sort())
        return render_template(
            "rows.html", page=page, numbers=calls.numbers(list(page.rows)), table=calls.TABLE, cases=[],
            sortable=queries.may_sort(where), link=_files(calls.TABLE, figure_id), **shown,
        )  # fmt: skip
    pairs = cases.TABLE.sorted(_cases(found.cases.get(part, [])[:ROWS_MAX]))
    page = queries.calls(reading(), _calls(found, part), request.args.get("before"), queries.PAGE_MAX)
    table = cases.TABLE if pairs or not page.rows else calls.TABLE
    return render_template(
        "rows.html", cases=[case for case, _number in pairs], page=page, sortable=not pairs, most=ROWS_MAX,
        numbers={**calls.numbers(list(page.rows)), **{case.id: number for case, number in pairs}}, table=table,
        case_table=cases.TABLE, call_table=calls.TABLE, link=_files(table, figure_id), **shown,
    )  # fmt: skip


@bp.get("/figures/<figure_id>/rows.<any(csv, xlsx):form>")
@needs("export")
def export_rows(figure_id: str, form: str) -> Any:
    """The rows of one part as a file."""
    figure, found, _first, _last, part = _behind(figure_id)
    if isinstance(found, behind.CallRows) or not found.cases.get(part):
        return _files(calls.TABLE, figure.id).file(form, calls.every(_calls(found, part)))
    return _files(cases.TABLE, figure.id).file(form, cases.TABLE.sorted(_cases(found.cases[part])))


def _files(table: Table, figure_id: str) -> Table:
    return Table(f"{figure_id}-{table.name}", table.columns, table.default, "figures.export_rows")


def _calls(found: behind.CallRows | behind.IdRows, part: str) -> queries.CallFilter:
    """The calls of a part."""
    if isinstance(found, behind.CallRows):
        return queries.CallFilter(*found.period, where=(found.parts[part],))
    return queries.CallFilter(ids=tuple(found.calls.get(part, [])[:ROWS_MAX]))


def _cases(ids: list[str]) -> Iterator[tuple[Any, str]]:
    found = queries.cases_by_id(reading(), ids)
    numbers = cases.numbers(found)
    yield from ((case, numbers[case.id]) for case in found)


def _count(figure: Figure, found: behind.CallRows | behind.IdRows, part: str) -> int | None:
    """How many rows a part has, as the figure says; None where the figure counts something else."""
    if isinstance(found, behind.IdRows):
        return found.count(part)
    if part == behind.DENOMINATOR:
        return figure.denominator
    if figure.unit == "ratio" and part in (behind.NUMERATOR, behind.REST):
        top = int(figure.numerator or 0)
        return top if part == behind.NUMERATOR else figure.denominator - top
    return excluded(figure, part)
