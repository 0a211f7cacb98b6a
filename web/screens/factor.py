"""The second factor of one's own account: set up with an app, confirmed by its first code, recovery codes."""

from __future__ import annotations

from typing import Any

import segno
from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from services import factors, users
from services.users import UserError
from store.engine import Session
from store.people import accounts, logins
from store.schema import User
from web.access import must_have_factor, needs
from web.case_views import said
from web.db import config, now_ms, reading, record, release, writing
from web.forms import field
from web.guesses import guesses
from web.problems import user_problem

bp = Blueprint("factor", __name__)


@bp.get("/second-factor")
@needs("self")
def index() -> Any:
    return _page()


@bp.post("/second-factor")
@needs("self")
def act() -> Any:
    """``do``: begin, confirm (with the password), codes or remove (with a code)."""
    do = field("do", 10)
    try:
        if do == "begin":
            with writing() as db:
                config().factors.begin(db, _me(db))
        elif do == "confirm":
            return _page(codes=_confirmed(field("code", 20)))
        elif do == "codes":
            with writing() as db:
                _proved(db)
                codes = config().factors.new_codes(db, _me(db))
                record(db, "factor.codes", target=current_user.name)
            return _page(codes=codes)
        elif do == "remove" and not must_have_factor():
            with writing() as db:
                _proved(db)
                config().factors.drop(db, _me(db))
                record(db, "factor.off", target=current_user.name)
            flash(_("两步验证已关闭。"), "info")
        else:
            abort(400)
    except UserError as error:
        if error.code == "wrong_code":
            guesses().wrong_code(current_user.id)
        flash(said(user_problem(error)), "error")
        return _page(), 429 if error.code in ("too_many", "too_many_codes") else 400
    return redirect(url_for("factor.index"), 303)


def _confirmed(code: str) -> list[str]:
    """The recovery codes, when password and first code are right: then the app counts, and other log-ins end."""
    ident, hasher = current_user.id, config().hasher
    if not guesses().may_try_old(ident):
        raise UserError("too_many")
    known = _me(reading()).password
    release()
    if not users.is_right(hasher, known, field("password", 300)):
        guesses().wrong_old(ident)
        raise UserError("wrong_password")
    with writing() as db:
        _may_try()
        codes = config().factors.confirm(db, _me(db), code, now_ms())
        logins.end_all(db, ident, keep=current_user.login)
        record(db, "factor.on", target=current_user.name)
    return codes


def _proved(db: Session) -> None:
    """Whoever sits here has the app or a recovery code."""
    _may_try()
    if not config().factors.check(db, _me(db), field("code", 40), now_ms()):
        raise UserError("wrong_code")


def _may_try() -> None:
    if not guesses().may_try_code(current_user.id):
        raise UserError("too_many_codes")


def _me(db: Session) -> User:
    user = db.get(User, current_user.id)
    assert user is not None
    return user


def _page(codes: list[str] | None = None) -> str:
    user = _me(reading())
    secret = config().factors.pending(user)
    picture = ""
    if secret:
        code = segno.make(factors.address(secret, user.name, config().unit.zh), error="m")
        picture = code.svg_data_uri(scale=5, border=3, dark="#000", light="#fff")
    return render_template(
        "factor.html", on=user.totp_since, left=accounts.codes_left(reading(), user), secret=secret, picture=picture,
        codes=codes, required=must_have_factor(),
    )  # fmt: skip
