"""Tokens for programs that read the JSON API: shown once, limited in scope and time, revocable."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services import users
from store.people import accounts
from store.schema import ApiToken
from web.access import needs
from web.db import now_ms, reading, record, writing
from web.drafts import refused
from web.forms import word
from web.problems import user_problem
from web.tables import Column, Table, wall

bp = Blueprint("tokens", __name__)

DAYS = (30, 90, 365)


STATES = {"valid": _l("有效"), "expired": _l("已到期"), "revoked": _l("已撤销")}
TABLE = Table(
    "tokens",
    (
        Column("name", _l("用途"), lambda row: row.name, sort=True),
        Column("scopes", _l("权限"), lambda row: row.scopes, sort=True),
        Column("created", _l("建立时间"), lambda row: wall(row.created), sort=True),
        Column("expires", _l("到期"), lambda row: wall(row.expires), sort=True),
        Column("state", _l("状态"), lambda row: STATES[_state(row)], sort=True, by=lambda row: _state(row)),
    ),
    "-created",
    "tokens.export",
    "tokens",
)


def _state(row: ApiToken) -> str:
    if row.revoked is not None:
        return "revoked"
    return "expired" if row.expires <= now_ms() else "valid"


def _rows() -> list[ApiToken]:
    wanted, scope = word("state", STATES), word("scope", users.SCOPES)
    rows = [row for row in accounts.list_tokens(reading()) if not wanted or _state(row) == wanted]
    return TABLE.sorted(row for row in rows if not scope or scope in row.scopes.split())


def _list(status: int = 200, **more: Any) -> Any:
    page = render_template(
        "tokens.html", tokens=_rows(), scopes=users.SCOPES, days=DAYS, now=now_ms(), table=TABLE, states=STATES, **more
    )
    return page, status


@bp.get("/tokens")
@needs("tokens")
def index() -> Any:
    return _list()


@bp.get("/tokens.<any(csv, xlsx):form>")
@needs("tokens")
def export(form: str) -> Any:
    return TABLE.file(form, _rows())


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
            row, clear = users.create_token(
                db, name=name, scopes=scopes, now=now, expires=now + int(days) * users.DAY_MS
            )
            record(db, "token.add", target=row.name, detail=row.scopes)
    except users.UserError as error:
        refused(user_problem(error), {"name": name, "scope": " ".join(scopes), "days": days})
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
