"""The live board: where each caller is, who waits, which seats can be rung, and today's figures."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from ivr.calendar.tables import missing_years
from ivr.cases.actions import ActionRefused
from ivr.desk import states
from ivr.desk.states import StateAct
from services import shifts
from services.operators import Doer, do, long_pauses
from store import aside, operators
from store.figures import line_quality
from store.read import health, outage_notices, queries
from web.access import may, needs
from web.db import config, now_ms, reading, writing
from web.drafts import refused
from web.figures import outcomes, shared
from web.format import SOON_MS, day_range, seat_name, today
from web.forms import field
from web.labels import SEAT_STATES, label
from web.streams import Events, News

bp = Blueprint("board", __name__)

ON_BOARD = ("K1", "K2a", "K3", "K4", "K5", "K13-complaint", "K13-report")  # the rest stands on the figures' own page
DAY_MS = 24 * 3600 * 1000
CALLS_SHOWN = 60  # who waits longest first; nobody reads more, and hundreds would hold every other page up
BEAT_MS = 30_000  # a process that was silent for this long is shown as down


def _state() -> dict[str, Any]:
    db, now = reading(), now_ms()
    refused = line_quality.refused(db, now - DAY_MS)
    start, end = day_range(today())
    board = queries.board(db)
    seats = {seat.id: states.elapsed(operators.row_of(seat), now) for seat in board.seats}
    calls = sorted(board.calls, key=lambda call: (call.waiting_since is None, call.waiting_since or call.arrived))
    alive = [p for p in board.processes if p.kind == "calls" and now - p.beat <= BEAT_MS]
    told = [json.loads(process.detail) for process in alive]
    return {
        "now": now,
        "calls": calls[:CALLS_SHOWN],
        "more_calls": len(calls[CALLS_SHOWN:]),
        "waiting": board.waiting,
        "talks": board.talks,
        "rung": {call for call, _seat in board.ringing},
        "seats_ringing": {seat for _call, seat in board.ringing},
        "seats": [(code, seats.get(code)) for code in sorted({*config().seats, *seats})],
        "outcomes": outcomes(start, end),
        "due": queries.due_counts(db, now, now + SOON_MS),
        "answering": bool(alive),
        "trunk": next((one["trunk"] for one in told if one.get("trunk", "off") != "off"), ""),
        "watch": next((one for one in told if one.get("watch")), None),
        "outages": outage_notices.on_board(db, now),
        "refused": refused.times,
        "turned_away": refused.turned_away,
        "strangers": refused.strangers(most=3),
        "figures": [f for f in shared(start, end) if f.id in ON_BOARD or f.id.startswith("K2a")],
        "pauses": states.CHOSEN,
        "shift": shifts.today(db.connection(), config().casework.rules, now),
        "may_open": may("calls"),
        "long_pauses": {row.id for row in long_pauses(list(seats.values()), now, config().profile.pause_notice_min)},
        "untaken": queries.untaken(db),
        "forwarded": may("users") and not config().proxies and health.forwarded(db, now),
        "aside": aside.waiting(db),
        "missing_years": missing_years(config().calendar, today()),
    }


@bp.get("/")
@needs("self")
def index() -> Any:
    return redirect(url_for("board.show" if may("board") else "about.show"))


@bp.get("/board")
@needs("board")
def show() -> str:
    return render_template("board.html", **_state())


@bp.post("/board/seat")
@needs("seats")
def seat() -> Any:
    """A lead sets what an operator does."""
    what = StateAct(
        field("act"), now_ms(), operator=field("operator"), reason=field("reason"), where_to=field("where_to", 200)
    )
    who = Doer(current_user.name, current_user.role, request.remote_addr or "")
    try:
        with writing() as db:
            row = do(db, field("seat"), what, who, config().operators, list(config().seats))
    except ActionRefused as why:
        refused(why)
        return render_template("board.html", **_state()), 400
    said = label(SEAT_STATES, row.state) or _("未签入")
    flash(_("%(seat)s：%(state)s", seat=seat_name(row.id), state=said), "info")
    return redirect(url_for("board.show"), 303)


@bp.get("/board/live")
@needs("board")
def live() -> Any:
    """The board's regions as the page first drew them, and the server's clock."""
    state = _state()
    regions = {
        name: render_template(f"board/{name}.html", **state) for name in ("summary", "calls", "seats", "figures")
    }
    answer = jsonify(now=state["now"], regions=regions)
    answer.cache_control.no_store = True
    return answer


def mark(app: Flask) -> str:
    """Another text whenever the board may say something new; what only time changes is asked for by the page."""
    with app.app_context():
        return queries.board_mark(reading(), now_ms() - BEAT_MS)


@bp.get("/board/events")
@needs("board")
def events() -> Response:
    """A stream of news; the server sends it without a thread (web/bridge.py)."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    environ = {key: value for key, value in request.environ.items() if isinstance(value, str)}

    def still() -> bool:
        """Would the session open this page now?"""
        with app.request_context({**environ, "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr}):
            try:
                return app.preprocess_request() is None
            except HTTPException:
                return False

    news: News = app.extensions["panel.news"]
    answer = Response(mimetype="text/event-stream", direct_passthrough=True)
    answer.response = Events(news.stream(still))
    answer.headers["X-Accel-Buffering"] = "no"  # nginx hands on what comes as it comes
    answer.cache_control.no_store = True
    return answer
