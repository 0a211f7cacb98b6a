"""The public page of promises 承诺兑现率 (K14): totals of whole months, no person; only when it is set."""

from __future__ import annotations

import re
import threading
from datetime import date
from typing import cast

from flask import Blueprint, abort, current_app, render_template, request

from ivr.metrics.records import Figure
from ivr.report.page import PUBLIC
from ivr.report.periods import month as last_month
from ivr.report.span import Span
from web.access import public
from web.db import config
from web.figures import raw, show
from web.format import today

bp = Blueprint("promises", __name__)

MONTHS = 12  # how far back the public can look


class Kept:
    """Whole months that were counted; of a month that is over hardly anything changes, so once a day is enough."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day: date | None = None
        self._kept: dict[Span, tuple[Figure, ...]] = {}

    def get(self, span: Span) -> tuple[Figure, ...]:
        with self._lock:
            if self._day != today():
                self._day, self._kept = today(), {}
            if span not in self._kept:
                self._kept[span] = raw(span.from_ms, span.to_ms)
            return self._kept[span]


@bp.get("/promises")
@public
def show_page() -> str:
    """The last whole month, or ``?month=2026-10``."""
    if not config().public_promises:
        abort(404)
    months = _months()
    wanted = request.args.get("month", months[0])
    if not re.fullmatch(r"\d{4}-\d\d", wanted) or wanted not in months:
        abort(404)
    year, number = (int(part) for part in wanted.split("-"))
    kept = cast(Kept, current_app.extensions["panel.promises"])
    by_id = {figure.id: figure for figure in kept.get(Span.month(year, number, config().zone))}
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
