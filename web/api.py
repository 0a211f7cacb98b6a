"""The JSON API under ``/api/v1`` (``web/openapi.yaml``): bearer tokens, scopes, pages by cursor.

It reads; what it changes is what operators do at their seats (``api_seats.py``). Numbers are always masked here,
whoever asks. Errors are problem details (RFC 9457). Times go out as RFC 3339 in UTC; days are the hotline's own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, g, jsonify, request, url_for
from flask_babel import lazy_gettext as _l
from flask_limiter import Limiter
from flask_wtf.csrf import CSRFProtect

from ivr.report.figures import as_data
from store.people import accounts
from store.read import queries
from store.schema import Call, Case
from web import refusals
from web.access import public
from web.case_page import explanation
from web.db import config, now_ms, reading
from web.figures import raw
from web.format import day_range, today
from web.forms import Wrong, cursor, day, named, period, whole, word
from web.labels import KINDS, OUTCOMES, STATUSES
from web.phone_numbers import masked
from web.problems import problem

bp = Blueprint("api", __name__, url_prefix="/api/v1")

RATE = "600 per minute"  # for each address: whoever tries tokens is counted too
PERIOD, PAGES = ("from", "to"), ("limit", "cursor")
View = TypeVar("View", bound=Callable[..., Any])


def scope(wanted: str, *parameters: str) -> Callable[[View], View]:
    """Mark a view with the scope its caller's token must have, and the parameters it knows."""

    def marked(view: View) -> View:
        view.scope, view.parameters = wanted, parameters  # type: ignore[attr-defined]
        return public(view)

    return marked


def init(csrf: CSRFProtect, limiter: Limiter) -> None:
    csrf.exempt(bp)  # no cookies are looked at here
    limiter.limit(RATE)(bp)


def _bearer() -> str:
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


@bp.before_request
def check() -> Response | None:
    """Only whoever sends a valid token of the view's scope gets further."""
    view = current_app.view_functions.get(request.endpoint or "")
    wanted = getattr(view, "scope", None)
    if wanted is None:
        return None
    token = _bearer()
    row = accounts.find_token(reading(), token, now_ms()) if token else None
    if row is None:
        return problem(401, "Unauthorized", "Send a valid token: Authorization: Bearer hl_…")
    g.token = row
    if wanted not in row.scopes.split():
        refusals.note()
        return problem(403, "Forbidden", f"This token lacks the scope {wanted}.")
    named(getattr(view, "parameters", ()))
    return None


@bp.after_request
def _fresh(answer: Response) -> Response:
    answer.cache_control.no_store = True
    return answer


# --- reading parameters --------------------------------------------------------------------


def _period() -> tuple[int | None, int | None]:
    first, last = day("from"), day("to")
    if first is not None and last is not None and last < first:
        raise Wrong("to", _l("不能早于 from。"))
    return (
        day_range(first)[0] if first else None,
        day_range(last)[1] if last else None,
    )


def _limit() -> int:
    return whole("limit", 1, queries.PAGE_MAX, queries.PAGE)


def _page(page: queries.Page[Any], row: Callable[[Any], dict[str, Any]]) -> Response:
    following = None
    if page.next is not None:
        kept: dict[str, Any] = {key: value for key, value in request.args.items() if key != "cursor"}
        following = url_for(request.endpoint or "", **{**kept, "cursor": page.next})
    return jsonify(items=[row(item) for item in page.rows], next=following)


def time_of(ms: int | None) -> str | None:
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- answers -------------------------------------------------------------------------------


@bp.get("/calls")
@scope("calls:read", *PERIOD, *PAGES, "outcome", "window", "seat")
def calls() -> Response:
    start, end = _period()
    where = queries.CallFilter(start, end, word("outcome", OUTCOMES), word("window"), word("seat"))
    page = queries.calls(reading(), where, cursor("cursor"), _limit())
    hidden = queries.anonymous_calls(reading(), [call.id for call in page.rows])

    def row(call: Call) -> dict[str, Any]:
        return _call(call, call.id in hidden)

    return _page(page, row)


def _call(call: Call, anonymous: bool) -> dict[str, Any]:
    return {
        "id": call.id,
        "arrived": time_of(call.arrived),
        "answered": time_of(call.answered),
        "human_requested": time_of(call.human_requested),
        "agent_answered": time_of(call.agent_answered),
        "ended": time_of(call.ended),
        "network_wait_ms": call.network_wait,
        "human_wait_ms": call.human_wait,
        "agent_ring_wait_ms": call.agent_ring_wait,
        "number": masked(call.party_id, anonymous=anonymous, role="api"),
        "called": call.called,
        "flow": call.flow,
        "version": call.version,
        "profile": call.profile,
        "window": call.window,
        "seat": call.seat,
        "outcome": call.outcome,
        "released_by": call.released_by,
        "cause": call.cause,
        "late_apology": call.late_apology,
        "cases": call.cases,
        "test": call.test,
    }


@bp.get("/cases")
@scope("cases:read", *PERIOD, *PAGES, "kind", "status", "number", "due")
def cases() -> Response:
    start, end = _period()
    where = queries.CaseFilter(
        word("kind", KINDS), word("status", STATUSES), word("number"), start, end,
        due_before=now_ms() if word("due", ("open", "late")) == "late" else None,
        open_only=word("due") == "open",
    )  # fmt: skip
    return _page(queries.cases(reading(), where, cursor("cursor"), _limit()), _case)


def _case(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "number": case.number,
        "kind": case.kind,
        "category": case.category,
        "channel": case.channel,
        "status": case.status,
        "anonymous": case.anonymous,
        "caller_number": masked(case.party_id, anonymous=case.anonymous, role="api"),
        "received": time_of(case.received),
        "due": case.due,
        "due_at": time_of(case.due_ms),
        "unrolled": case.unrolled,
        "unrolled_at": time_of(case.unrolled_ms),
        "provisional": case.provisional,
        "explanation": explanation(case),
        "replied": time_of(case.replied),
        "call_id": case.call_id,
        "profile": case.profile,
        "rule": case.rule,
    }


@bp.get("/figures")
@scope("figures:read", *PERIOD)
def figures() -> Response:
    first = day("from") or day("to") or today()
    last = day("to") or first
    period(first, last)
    start, end = day_range(first, last)
    items = [as_data(figure) for figure in raw(start, end)]
    counted = {"from": first.isoformat(), "to": last.isoformat(), "zone": str(config().zone)}
    return jsonify(period=counted, items=items)


@bp.get("/openapi.yaml")
@public
def openapi() -> Response:
    text = Path(__file__).with_name("openapi.yaml").read_text(encoding="utf-8")
    for place, names in (("KINDS", KINDS), ("STATUSES", STATUSES)):
        text = text.replace(f"enum: [{place}]", f"enum: [{', '.join(names)}]")
    return Response(text, mimetype="application/yaml")
