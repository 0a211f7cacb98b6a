"""Custodians 身份保管员: a new one opens nothing until a supervisor has confirmed them (B10)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from services import users
from store.people import accounts
from store.schema import User
from web.access import needs
from web.case_views import said
from web.db import now_ms, reading, record, writing
from web.problems import user_problem

bp = Blueprint("custodians", __name__)


@bp.get("/custodians")
@needs("custodian.confirm")
def index() -> Any:
    return _page()


@bp.post("/custodians/<user_id>")
@needs("custodian.confirm")
def confirm(user_id: str) -> Any:
    """Say that this person is the custodian."""
    try:
        with writing() as db:
            user, by = db.get(User, user_id), db.get(User, current_user.id)
            if user is None or by is None:
                abort(404)
            users.confirm_custodian(db, user, by, now_ms())
            record(db, "custodian.confirm", target=user.name)
    except users.UserError as error:
        flash(said(user_problem(error)), "error")
        return _page(), 400
    flash(_("已确认 %(name)s 为身份保管员。", name=user.name), "info")
    return redirect(url_for("custodians.index"), 303)


def _page() -> str:
    return render_template("custodians.html", custodians=accounts.custodians(reading()))
