"""Logging in and out, and one's own password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_limiter import Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address
from flask_login import current_user, login_user, logout_user
from werkzeug import Response

from ivr.store import users
from ivr.store.models import User
from web.access import account, home, needs, public, start_session
from web.db import config, record, writing
from web.problems import user_problem

bp = Blueprint("auth", __name__)

# Wrong passwords, not tries: whoever logs in correctly is never counted.
PER_NAME_AND_ADDRESS = "5 per 15 minutes"
PER_ADDRESS = "30 per 15 minutes"
PER_NAME = "50 per 15 minutes"  # from everywhere: high, so that nobody can lock another person out cheaply


def _name() -> str:
    return request.form.get("name", "").strip()[:80]


def _was_wrong(response: Response) -> bool:
    return response.status_code == 401


def limit(app: Flask, limiter: Limiter) -> None:
    """Count wrong passwords per person and address."""
    view: Callable[..., Any] = app.view_functions["auth.log_in"]
    for rule, key in (
        (PER_NAME_AND_ADDRESS, lambda: f"{_name().lower()}|{get_remote_address()}"),
        (PER_ADDRESS, get_remote_address),
        (PER_NAME, lambda: _name().lower()),
    ):
        view = limiter.limit(rule, key_func=key, deduct_when=_was_wrong, scope=rule)(view)
    app.view_functions["auth.log_in"] = view


def safe_next(target: str | None) -> str:
    """``target`` when it is a page of ours, else the start page."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        parts = urlsplit(target)
        if not parts.netloc and not parts.scheme and all(char >= " " for char in target):
            return target
    return home()


@bp.get("/log-in")
@public
def login() -> Any:
    if current_user.is_authenticated:
        return redirect(home())
    return render_template("login.html", name="", next=request.args.get("next", ""))


@bp.post("/log-in")
@public
def log_in() -> Any:
    name, password = _name(), request.form.get("password", "")
    with writing() as db:
        user = users.authenticate(db, config().hasher, name, password)
        if user is None:
            # A name that is nobody's may be a password typed into the wrong box: it is not kept.
            known = users.find_user(db, name) is not None
            record(db, "log.failed", target=name if known else "", user="")
    if user is None:
        flash(_("账号或密码不正确。请检查大小写后再试；忘记密码请找管理员重设。"), "error")
        return render_template("login.html", name=name, next=request.form.get("next", "")), 401
    start_session()
    login_user(account(user))
    with writing() as db:
        record(db, "log.in")
    return redirect(safe_next(request.form.get("next")))


@bp.errorhandler(RateLimitExceeded)
def locked(_error: RateLimitExceeded) -> Any:
    """Too many wrong passwords: say how long to wait."""
    minutes = 15
    flash(_("密码错误次数过多，为安全起见请 %(minutes)s 分钟后再试，或请管理员重设密码。", minutes=minutes), "error")
    page = render_template("login.html", name=_name(), next=request.form.get("next", ""), locked=True)
    return page, 429, {"Retry-After": str(minutes * 60)}


@bp.post("/log-out")
@needs("self")
def log_out() -> Response:
    with writing() as db:
        record(db, "log.out")
    logout_user()
    session.clear()
    flash(_("您已安全退出。"), "info")
    return redirect(url_for("auth.login"))


@bp.get("/password")
@needs("self")
def password() -> str:
    return render_template("password.html")


@bp.post("/password")
@needs("self")
def change_password() -> Any:
    old, new, again = (request.form.get(key, "") for key in ("old", "new", "again"))
    if new != again:
        flash(_("两次输入的新密码不一致。"), "error")
        return render_template("password.html"), 400
    try:
        with writing() as db:
            user = db.get(User, current_user.id)
            if user is None or not config().hasher.verify(user.password, old):
                raise users.UserError("wrong_password")
            users.change_password(db, config().hasher, user, new)
            record(db, "password.change", target=user.name)
    except users.UserError as error:
        flash(user_problem(error), "error")
        return render_template("password.html"), 400
    start_session()
    login_user(account(user))
    flash(_("密码已修改，其他设备上的登录已全部退出。"), "info")
    return redirect(home())
