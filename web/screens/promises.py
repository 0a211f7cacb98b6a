"""The public page of promises 承诺兑现率 (K14): totals of whole months, no person; only when it is set."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, render_template

from ivr.report.page import PUBLIC
from ivr.report.periods import month as last_month
from ivr.report.span import Span
from web.access import public
from web.db import config
from web.figures import Recent, show
from web.format import today
from web.forms import word

bp = Blueprint("promises", __name__)

MONTHS = 12  # how far back the public can look


@bp.get("/promises")
@public
def show_page() -> str:
    """The last whole month, or ``?month=2026-10``."""
    if not config().public_promises:
        abort(404)
    months = _months()
    wanted = word("month", months) or months[0]
    year, number = (int(part) for part in wanted.split("-"))
    recent: Recent = current_app.extensions["panel.figures"]
    by_id = {figure.id: figure for figure in recent.month(Span.month(year, number, config().zone))}
    figures = [show(by_id[id_]) for id_ in PUBLIC if id_ in by_id]
    return render_template("promises.html", figures=figures, month=wanted, months=months)


def _months() -> list[str]:
    """Whole months that can be asked for, newest first."""
    found, day = [], today()
    for _n in range(MONTHS):
        span, name = last_month(day, config().zone)
        found.append(name)
        day = span.first
    return found
