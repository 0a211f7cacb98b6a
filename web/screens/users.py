"""Accounts: made, changed, closed by the administrator. A new password is made here and shown once."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from services import users
from store.engine import Session
from store.people import accounts
from store.schema import User
from web.access import ROLE_NAMES, enter, needs, start_session
from web.case_views import said
from web.db import config, now_ms, reading, record, writing
from web.drafts import refused
from web.forms import word
from web.problems import user_problem
from web.tables import Column, Table, of_kind, wall

bp = Blueprint("users", __name__)

PASSWORD_BYTES = 12  # 96 bits: 16 characters


ACTIVE = {"yes": _l("在用"), "no": _l("已停用")}
TABLE = Table(
    "users",
    (
        Column("name", _l("账号名"), lambda row: row.name, sort=True),
        Column("full_name", _l("姓名"), lambda row: row.full_name, sort=True),
        Column("role", _l("角色和座席"), lambda row: ROLE_NAMES[row.role], sort=True, head=_l("角色"),
               by=lambda row: row.role),
        Column("seat", None, lambda row: row.seat, sort=True, head=_l("座席")),
        Column("created", _l("建立时间"), lambda row: wall(row.created), sort=True),
        Column("active", _l("操作"), lambda row: ACTIVE["yes" if row.active else "no"], head=_l("状态")),
    ),
    "name",
    "users.export",
    "users",
)  # fmt: skip


def _rows() -> list[User]:
    wanted = {"yes": True, "no": False}.get(word("active", ACTIVE))
    rows = [row for row in accounts.list_users(reading()) if wanted is None or row.active is wanted]
    return TABLE.sorted(of_kind(rows, role=word("role", ROLE_NAMES)))


def _list(status: int = 200, **more: Any) -> Any:
    page = render_template("users.html", users=_rows(), seats=config().seats, table=TABLE, states=ACTIVE, **more)
    return page, status


def _user(session: Session, user_id: str) -> User:
    user = session.get(User, user_id)
    if user is None:
        abort(404)
    return user


@bp.get("/users")
@needs("users")
def index() -> Any:
    return _list()


@bp.get("/users.<any(csv, xlsx):form>")
@needs("users")
def export(form: str) -> Any:
    return TABLE.file(form, _rows())


@bp.post("/users")
@needs("users")
def create() -> Any:
    name, role = request.form.get("name", "").strip(), request.form.get("role", "")
    full_name = request.form.get("full_name", "")
    seat = request.form.get("seat", "").strip()[:40]
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        fresh = users.hashed(config().hasher, name, password)
        with writing() as db:
            users.create_user(
                db, name=name, password=fresh, role=role, seat=seat, now=now_ms(), must_change=True, full_name=full_name
            )
            record(db, "user.add", target=name, detail=role)
    except users.UserError as error:
        refused(user_problem(error))
        return _list(400)
    return _list(fresh=(name, password))


@bp.post("/users/<user_id>")
@needs("users")
def change(user_id: str) -> Any:
    role, seat = request.form.get("role", ""), request.form.get("seat", "").strip()[:40]
    try:
        with writing() as db:
            user = _user(db, user_id)
            before = _described(user)
            users.change_user(db, user, role=role, seat=seat, now=now_ms(), full_name=request.form.get("full_name"))
            record(db, "user.change", target=user.name, detail=f"{before} → {_described(user)}")
    except users.UserError as error:
        refused(user_problem(error))
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
            users.set_active(db, user, wanted, now_ms())
            record(db, "user.open" if wanted else "user.close", target=user.name)
            left = 0 if wanted else accounts.open_cases(db, user.name)
    except users.UserError as error:
        flash(said(user_problem(error)), "error")
        return _list(400)
    done = _("账号 %(name)s 已启用。", name=user.name) if wanted else _("账号 %(name)s 已停用。", name=user.name)
    flash(done, "info")
    if left:
        flash(
            _("%(name)s 名下还有 %(n)s 件未办结的工单，已标记并通知班长和督导。", name=user.name, n=left),
            "warn",
        )
    return redirect(url_for("users.index"))


@bp.post("/users/<user_id>/password")
@needs("users")
def reset(user_id: str) -> Any:
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    fresh = users.hashed(config().hasher, "", password)
    with writing() as db:
        user = _user(db, user_id)
        users.reset_password(db, user, fresh, now_ms())
        record(db, "user.password", target=user.name)
        clear = enter(db, user) if user.id == current_user.id else ""
    if clear:
        start_session(user, clear)
    return _list(fresh=(user.name, password))


@bp.post("/users/<user_id>/factor")
@needs("users")
def factor(user_id: str) -> Any:
    """Take somebody's second factor away, whose phone is lost; custodians and supervisors are told."""
    if user_id == current_user.id:
        flash(_("自己的两步验证请在“两步验证”页面更换。"), "error")
        return _list(400)
    with writing() as db:
        user = _user(db, user_id)
        config().factors.reset(db, user, now_ms())
        record(db, "user.factor", target=user.name)
    flash(_("%(name)s 的两步验证已重设，登录已全部退出。", name=user.name), "info")
    return redirect(url_for("users.index"))


@bp.post("/users/<user_id>/log-out")
@needs("users")
def log_out(user_id: str) -> Any:
    """End every log-in of somebody."""
    with writing() as db:
        user = _user(db, user_id)
        users.log_out(db, user)
        record(db, "user.logout", target=user.name)
    flash(_("%(name)s 的登录已全部退出。", name=user.name), "info")
    return redirect(url_for("users.index"))


def _described(user: User) -> str:
    return " ".join(part for part in (user.role, user.seat, user.full_name) if part)
