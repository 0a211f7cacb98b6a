"""Whom to call: due answers, missed calls, follow-ups 回访. No time window, one entry per number."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from ivr.cases.actions import Refused
from ivr.cases.worklist import Attempt
from ivr.store import worklists
from web.access import needs
from web.casework import CHOICES, RESULTS, desk, given, moment, said
from web.db import now_ms, reading, record, writing
from web.people import masked, show_number

bp = Blueprint("worklists", __name__)

LISTS = {"answer": _l("待答复"), "missed": _l("漏接和放弃的来电"), "followup": _l("办结回访")}


def _page(kind: str, shown: tuple[str, str] = ("", "")) -> str:
    connection = reading().connection()
    found = worklists.entries(connection, kind, now_ms(), desk().rules)
    tried = worklists.attempts(connection, [row["id"] for entry in found for row in entry.callbacks])
    numbers = {entry.first["id"]: masked(entry.party_id) for entry in found}
    return render_template(
        "worklists.html", kind=kind, lists=LISTS, entries=found, tried=tried, numbers=numbers, results=RESULTS,
        ratings=CHOICES["rating"], solved=CHOICES["solved"], shown=shown, now=now_ms(),
    )  # fmt: skip


@bp.get("/worklists")
@needs("work")
def index() -> str:
    return _page("answer")


@bp.get("/worklists/<kind>")
@needs("work")
def of(kind: str) -> str:
    if kind not in LISTS:
        abort(404)
    return _page(kind)


@bp.post("/worklists/<kind>/<callback_id>")
@needs("work")
def attempt(kind: str, callback_id: str) -> Any:
    """Note what came of the call: closes the entry or plans the next try."""
    if kind not in LISTS:
        abort(404)
    form = given()
    tried = Attempt(
        current_user.name, current_user.role, now_ms(), form.get("result", ""), moment(form.get("agreed", "")),
        form.get("reason", "")[:200], form.get("solved", ""), form.get("rating", ""), form.get("text", ""),
    )  # fmt: skip
    try:
        with writing() as db:
            row = desk().attempt(db.connection(), callback_id, tried)
            record(db, "callback.attempt", target=f"{kind} {callback_id}", detail=tried.result)
        again = row["state"] == "open"
        flash(_("已记录，稍后再拨。") if again else _("已记录，本条已完成。"), "info")
    except Refused as refused:
        flash(said(refused), "error")
    return redirect(url_for("worklists.of", kind=kind), 303)


@bp.post("/worklists/<kind>/<callback_id>/number")
@needs("number")
def number(kind: str, callback_id: str) -> Any:
    """The whole number for a reason that is written down."""
    found = worklists.entries(reading().connection(), kind, now_ms(), desk().rules) if kind in LISTS else []
    entry = next((one for one in found if one.first["id"] == callback_id), None)
    if entry is None:
        abort(404)
    clear, why_not = show_number(f"callback {callback_id}", entry.party_id, anonymous=False)
    if why_not:
        flash(why_not, "error")
    return _page(kind, (callback_id, clear)), 400 if why_not else 200
