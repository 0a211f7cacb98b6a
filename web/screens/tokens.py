"""Tokens for programs that read the JSON API: shown once, limited in scope and time, revocable."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ivr.store import users
from web.access import needs
from web.db import now_ms, reading, record, writing
from web.problems import user_problem

bp = Blueprint("tokens", __name__)

DAYS = (30, 90, 365)
DAY_MS = 86_400_000


def _list(status: int = 200, **more: Any) -> Any:
    rows = users.list_tokens(reading())
    page = render_template("tokens.html", tokens=rows, scopes=users.SCOPES, days=DAYS, now=now_ms(), **more)
    return page, status


@bp.get("/tokens")
@needs("tokens")
def index() -> Any:
    return _list()


@bp.post("/tokens")
@needs("tokens")
def create() -> Any:
    name, scopes = request.form.get("name", ""), request.form.getlist("scope")
    days = request.form.get("days", "90")
    if days not in map(str, DAYS):
        abort(400)
    try:
        with writing() as db:
            now = now_ms()
            row, clear = users.create_token(db, name=name, scopes=scopes, now=now, expires=now + int(days) * DAY_MS)
            record(db, "token.add", target=row.name, detail=row.scopes)
    except users.UserError as error:
        flash(user_problem(error), "error")
        return _list(400)
    return _list(fresh=(row.name, clear))


@bp.post("/tokens/<token_id>/revoke")
@needs("tokens")
def revoke(token_id: str) -> Any:
    with writing() as db:
        row = users.revoke_token(db, token_id, now_ms())
        if row is None:
            abort(404)
        record(db, "token.revoke", target=row.name)
    flash(_("令牌“%(name)s”已撤销，立即失效。", name=row.name), "info")
    return redirect(url_for("tokens.index"))
