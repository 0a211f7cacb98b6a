"""Seats in the JSON API (``web/openapi.yaml``): who works where and does what, their states, acts in their talks."""

from __future__ import annotations

from typing import Any

from flask import Response, g, jsonify, request, url_for

from ivr.desk import states
from ivr.desk.states import ActNotAllowed, SeatRow, StateAct
from services import operators as at_seats
from services import seat_acts
from services.operators import Doer
from services.seat_acts import SeatWish
from store import operators
from store.ids import uuid7
from web.api import bp as bp
from web.api import scope, time_of
from web.db import config, now_ms, reading, writing
from web.forms import document
from web.problems import problem


def _doer() -> Doer:
    """Whoever has the token."""
    return Doer(f"api:{g.token.name}"[:80], "api", request.remote_addr or "")


def _refused(why: ActNotAllowed) -> Response:
    if why.code == "no_seat":
        return problem(404, "Not Found", why.en)
    return problem(409, "Conflict", f"{why.code}: {why.en}")


def _seat(row: SeatRow) -> dict[str, Any]:
    return {
        "seat": row.id,
        "reachable": row.reachable,
        "call_id": row.call_id,
        "operator": row.operator,
        "state": row.state,
        "since": time_of(row.state_since or None),
        "until": time_of(row.until),
        "reason": row.reason if row.state == states.PAUSED else "",
        "where_to": row.where_to if row.state == states.PAUSED else "",
    }


@bp.get("/seats")
@scope("seats:read")
def seats() -> Response:
    now = now_ms()
    known = {row.id: states.elapsed(row, now) for row in operators.every(reading().connection())}
    names = sorted({*config().seats, *known})
    return jsonify(items=[_seat(known.get(name, SeatRow(name))) for name in names])


@bp.post("/seats/<seat>/state")
@scope("seats:write")
def set_state(seat: str) -> Response:
    told = document("act", "operator", "reason", "where_to")
    what = StateAct(
        told.get("act", ""), now_ms(), operator=told.get("operator", ""), reason=told.get("reason", ""),
        where_to=told.get("where_to", ""),
    )  # fmt: skip
    try:
        with writing() as db:
            row = at_seats.do(db, seat, what, _doer(), config().operators, list(config().seats))
    except ActNotAllowed as why:
        return _refused(why)
    return jsonify(_seat(row))


@bp.post("/seats/<seat>/acts")
@scope("seats:write")
def act(seat: str) -> Response:
    told = document("act", "target")
    wish = SeatWish(str(uuid7()), seat, told.get("act", ""), told.get("target", ""), now_ms())
    try:
        with writing() as db:
            row = seat_acts.ask(db, wish, _doer(), list(config().seats))
    except ActNotAllowed as why:
        return _refused(why)
    answer = jsonify(_act(row))
    answer.status_code = 202
    answer.headers["Location"] = url_for("api.act_state", seat=seat, act_id=wish.id)
    return answer


@bp.get("/seats/<seat>/acts/<act_id>")
@scope("seats:write")
def act_state(seat: str, act_id: str) -> Response:
    row = seat_acts.outcome(reading().connection(), act_id, now_ms())
    if row is None or row["seat"] != seat:
        return problem(404, "Not Found", "There is no such act.")
    return jsonify(_act(row))


def _act(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "seat", "act", "state", "reason")}
