"""The figures of a period, each with its formula, numerator, denominator and what was left out."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, render_template
from flask_babel import gettext as _

from web.access import needs
from web.db import reading
from web.figures import FAMILIES, shown
from web.format import day_range, today
from web.forms import day

bp = Blueprint("figures", __name__)

DAYS_MAX = 366


@bp.get("/figures")
@needs("figures")
def index() -> str:
    last = day("to") or day("from") or today()
    first = day("from") or last
    if first > last:
        first, last = last, first
    if last - first > timedelta(days=DAYS_MAX):
        first = last - timedelta(days=DAYS_MAX)
        flash(_("一次最多统计一年，已从 %(day)s 起统计。", day=first), "info")
    start, end = day_range(first, last)
    return render_template(
        "figures.html", figures=shown(reading(), start, end), families=FAMILIES, first=first, last=last
    )
