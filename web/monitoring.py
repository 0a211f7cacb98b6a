"""``/metrics`` for Prometheus: today's figures, for a bearer token with the scope ``figures:read``."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, current_app
from flask_limiter import Limiter

from ivr.report.prometheus import CONTENT_TYPE, exposition
from store.figures import line_quality
from web import api
from web.db import reading
from web.figures import Recent
from web.format import day_range, today

bp = Blueprint("monitoring", __name__)
bp.before_request(api.check)


def init(limiter: Limiter) -> None:
    limiter.limit(api.RATE)(bp)


@bp.get("/metrics")
@api.scope("figures:read")
def metrics() -> Response:
    recent = cast(Recent, current_app.extensions["panel.figures"])
    since, until = day_range(today())
    away = line_quality.refused(reading(), since).turned_away
    return Response(exposition(recent.get(since, until), "today", away), content_type=CONTENT_TYPE)
