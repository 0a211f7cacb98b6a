"""Logging in and out, and one's own password."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, logout_user
from werkzeug import Response

from services import users
from store.people import accounts, logins
from store.schema import User
from web.access import enter, home, needs, public, start_session
from web.db import config, now_ms, reading, record, release, writing
from web.drafts import refused, wrong
from web.guesses import MINUTES, guesses, known_browser, remember_browser
from web.problems import user_problem

bp = Blueprint("auth", __name__)
HALF, HALF_MS = "half", 5 * 60_000  # whose password was right; so long the second step may take


def _name() -> str:
    return request.form.get("name", "").strip()[:80]


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
    name, password, address = _name(), request.form.get("password", ""), request.remote_addr or ""
    account = accounts.find_user(reading(), name)
    known = None if account is None else (account.id, account.password)
    browser = known_browser(known[0] if known else None)
    release()  # nothing of the database is held while the password is looked at
    if guesses().locked(name, address, browser):
        return _locked()
    found = _let_in(known, password)
    if found is None:
        with writing() as db:
            # A name that is nobody's may be a password typed into the wrong box: it is not kept.
            record(db, "log.failed", target=name if known else "", user="")
        if not guesses().wrong(name, address, browser):
            return _locked()
        flash(_("账号或密码不正确。请检查大小写后再试；忘记密码请找管理员重设。"), "error")
        return render_template("login.html", name=name, next=request.form.get("next", "")), 401
    user, clear = found
    if not clear:  # the second step follows
        session.clear()
        session[HALF] = [user.id, user.session_epoch, now_ms()]
        return redirect(url_for("auth.code", next=request.form.get("next") or None))
    return _in(user, clear)


def _in(user: User, clear: str) -> Response:
    start_session(user, clear)
    answer = redirect(safe_next(request.form.get("next")))
    remember_browser(answer, user.id)
    return answer


def _half() -> tuple[str, int] | None:
    """Whose password was right a moment ago, and the epoch of that account."""
    said = session.get(HALF)
    return (said[0], said[1]) if said and 0 <= now_ms() - said[2] <= HALF_MS else None


@bp.get("/log-in/code")
@public
def code() -> Any:
    if _half() is None:
        return redirect(url_for("auth.login"))
    return render_template("code.html", next=request.args.get("next", ""))


@bp.post("/log-in/code")
@public
def check_code() -> Any:
    """The second step: a code of the app, or a recovery code."""
    half = _half()
    if half is None:
        flash(_("请重新输入密码。"), "info")
        return redirect(url_for("auth.login"))
    ident, epoch = half
    who = known_browser(ident) or ident
    if not guesses().may_try_code(who):
        session.clear()
        flash(_("验证码错误次数过多，请 %(minutes)s 分钟后再试。", minutes=MINUTES), "error")
        return render_template("login.html", name="", next=""), 429, {"Retry-After": str(MINUTES * 60)}
    with writing() as db:
        user = db.get(User, ident)
        if user is None or not user.active or user.session_epoch != epoch:
            session.clear()
            return redirect(url_for("auth.login"))
        if config().factors.check(db, user, request.form.get("code", "")[:40], now_ms()):
            record(db, "log.in", user=user.name)
            return _in(user, enter(db, user))
        record(db, "code.failed", target=user.name, user="")
    guesses().wrong_code(who)
    flash(_("验证码不正确或已经用过，请等下一个数字。"), "error")
    return render_template("code.html", next=request.form.get("next", "")), 401


def _let_in(known: tuple[str, str] | None, password: str) -> tuple[User, str] | None:
    """The account whose password this is, and its log-in (empty: a second step is needed).

    Nobody waits for the database meanwhile.
    """
    hasher = config().hasher
    if not users.is_right(hasher, known[1] if known else None, password) or known is None:
        return None
    fresh = hasher.hash(password) if hasher.outdated(known[1]) else None
    with writing() as db:
        user = users.let_in(db, *known, fresh)
        if user is None:
            return None
        if user.totp is not None:
            return user, ""
        record(db, "log.in", user=user.name)
        return user, enter(db, user)


def _locked() -> Any:
    """Too many wrong passwords: say how long to wait."""
    flash(_("密码错误次数过多，为安全起见请 %(minutes)s 分钟后再试，或请管理员重设密码。", minutes=MINUTES), "error")
    page = render_template("login.html", name=_name(), next=request.form.get("next", ""), locked=True)
    return page, 429, {"Retry-After": str(MINUTES * 60)}


@bp.post("/log-out")
@needs("self")
def log_out() -> Response:
    with writing() as db:
        record(db, "log.out")
        logins.end(db, current_user.id, current_user.login)
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
        refused(wrong("again", _("两次输入的新密码不一致。")), {})
        return render_template("password.html"), 400
    try:
        user, clear = _changed(current_user.id, current_user.name, old, new)
    except users.UserError as error:
        refused(user_problem(error), {})  # what was typed are passwords: no page holds one
        return render_template("password.html"), 429 if error.code == "too_many" else 400
    start_session(user, clear)
    flash(_("密码已修改，其他设备上的登录已全部退出。"), "info")
    return redirect(home())


def _changed(user_id: str, name: str, old: str, new: str) -> tuple[User, str]:
    """The account with its new password, and its only log-in. Raises ``UserError``."""
    if not guesses().may_try_old(user_id):
        raise users.UserError("too_many")
    found, hasher = reading().get(User, user_id), config().hasher
    known = found.password if found is not None else None
    about = (found.full_name, *config().unit) if found is not None else ()
    release()
    if known is None or not users.is_right(hasher, known, old):
        guesses().wrong_old(user_id)
        raise users.UserError("wrong_password")
    if new == old:
        raise users.UserError("same_password")
    fresh = users.hashed(hasher, name, new, about)
    with writing() as db:
        user = users.let_in(db, user_id, known, None)
        if user is None:  # somebody else changed it meanwhile
            raise users.UserError("wrong_password")
        users.change_password(db, user, fresh)
        record(db, "password.change", target=name)
        return user, enter(db, user)
