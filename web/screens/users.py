"""Accounts: made, changed, closed by the administrator. A new password is made here and shown once."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user
from sqlalchemy.orm import Session

from ivr.store import users
from ivr.store.models import User
from web.access import account, needs
from web.db import config, now_ms, reading, record, writing
from web.problems import user_problem

bp = Blueprint("users", __name__)

PASSWORD_BYTES = 12  # 96 bits: 16 characters


def _list(status: int = 200, **more: Any) -> Any:
    return render_template("users.html", users=users.list_users(reading()), seats=config().seats, **more), status


def _user(session: Session, user_id: str) -> User:
    user = session.get(User, user_id)
    if user is None:
        abort(404)
    return user


@bp.get("/users")
@needs("users")
def index() -> Any:
    return _list()


@bp.post("/users")
@needs("users")
def create() -> Any:
    name, role = request.form.get("name", "").strip(), request.form.get("role", "")
    seat = request.form.get("seat", "").strip()[:40]
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        with writing() as db:
            users.create_user(db, config().hasher, name=name, password=password, role=role, seat=seat, now=now_ms())
            record(db, "user.add", target=name, detail=role)
    except users.UserError as error:
        flash(user_problem(error), "error")
        return _list(400, filled=request.form)
    return _list(fresh=(name, password))


@bp.post("/users/<user_id>")
@needs("users")
def change(user_id: str) -> Any:
    role, seat = request.form.get("role", ""), request.form.get("seat", "").strip()[:40]
    try:
        with writing() as db:
            user = _user(db, user_id)
            before = f"{user.role} {user.seat}".strip()
            users.change_user(db, user, role=role, seat=seat)
            record(db, "user.change", target=user.name, detail=f"{before} → {role} {seat}".strip())
    except users.UserError as error:
        flash(user_problem(error), "error")
        return _list(400)
    flash(_("账号 %(name)s 已修改。", name=user.name), "info")
    return redirect(url_for("users.index"))


@bp.post("/users/<user_id>/active")
@needs("users")
def active(user_id: str) -> Any:
    wanted = request.form.get("active") == "1"
    try:
        with writing() as db:
            user = _user(db, user_id)
            users.set_active(db, user, wanted)
            record(db, "user.open" if wanted else "user.close", target=user.name)
    except users.UserError as error:
        flash(user_problem(error), "error")
        return _list(400)
    done = _("账号 %(name)s 已启用。", name=user.name) if wanted else _("账号 %(name)s 已停用。", name=user.name)
    flash(done, "info")
    return redirect(url_for("users.index"))


@bp.post("/users/<user_id>/password")
@needs("users")
def reset(user_id: str) -> Any:
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    with writing() as db:
        user = _user(db, user_id)
        users.change_password(db, config().hasher, user, password)
        record(db, "user.password", target=user.name)
    if user.id == current_user.id:
        login_user(account(user))
    return _list(fresh=(user.name, password))
