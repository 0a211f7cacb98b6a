"""Permissions. Every view names the one it needs; a view that names none stops the start.

Roles (requirements B10): operator 话务员, lead 班长, supervisor 督导, admin 管理员, custodian 身份保管员.
Only leads and supervisors listen to recordings and see whole numbers and single ratings: a complaint
may be about an operator. The administrator keeps accounts and sees no personal data; the custodian sees only sealed
identities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Flask, Response, abort, flash, g, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from store.engine import Session
from store.people import accounts, logins
from store.schema import User
from web.db import config, now_ms, reading

PERMISSIONS: dict[str, frozenset[str]] = {
    "self": frozenset({"operator", "lead", "supervisor", "admin", "custodian"}),
    "board": frozenset({"operator", "lead", "supervisor", "admin"}),
    "calls": frozenset({"operator", "lead", "supervisor", "admin"}),
    "calls.any_day": frozenset({"lead", "supervisor", "admin"}),
    "cases": frozenset({"operator", "lead", "supervisor", "admin"}),
    "work": frozenset({"operator", "lead", "supervisor"}),
    "inbox": frozenset({"operator", "lead", "supervisor", "custodian"}),
    "seats": frozenset({"lead", "supervisor"}),
    "identity": frozenset({"custodian"}),
    "identity.ask": frozenset({"lead", "supervisor"}),
    "outages": frozenset({"operator", "lead", "supervisor", "admin"}),
    "outages.write": frozenset({"lead", "supervisor"}),
    "figures": frozenset({"operator", "lead", "supervisor", "admin"}),
    "number": frozenset({"lead", "supervisor"}),
    "listen": frozenset({"lead", "supervisor"}),
    "ratings": frozenset({"lead", "supervisor"}),
    "export": frozenset({"lead", "supervisor"}),
    "custodian.confirm": frozenset({"supervisor"}),
    "audit": frozenset({"supervisor", "admin"}),
    "calendar": frozenset({"supervisor", "admin"}),
    "users": frozenset({"admin"}),
    "tokens": frozenset({"admin"}),
}

OWN_PASSWORD = frozenset({"auth.password", "auth.change_password", "auth.log_out"})
OWN_FACTOR = frozenset({"factor.index", "factor.act"})
ROLE_NAMES = {
    "operator": _l("话务员"),
    "lead": _l("班长"),
    "supervisor": _l("督导"),
    "admin": _l("管理员"),
    "custodian": _l("身份保管员"),
}

LOGIN = "login"  # under which the browser keeps what tells its log-in
HOUR_MS = 3_600_000
QUIET = ("board.live", "board.events")  # asked for by pages, not by people
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Account(UserMixin):
    """The person who is logged in, as read at the start of the request."""

    id: str
    name: str
    role: str
    seat: str
    epoch: int
    must_change: bool = False  # somebody else knows the password
    full_name: str = ""
    login: str = ""  # id of this browser's log-in
    factor: bool = False  # has a second one

    def get_id(self) -> str:
        return f"{self.id}:{self.epoch}"

    def may(self, permission: str) -> bool:
        return self.role in PERMISSIONS[permission]


def account(user: User, login: str = "") -> Account:
    return Account(
        user.id, user.name, user.role, user.seat, user.session_epoch, user.must_change, user.full_name, login,
        user.totp is not None,
    )  # fmt: skip


def needs(permission: str) -> Callable[[View], View]:
    """Mark a view with the permission it needs."""
    if permission not in PERMISSIONS:
        raise ValueError(f"unknown permission {permission!r}")

    def marked(view: View) -> View:
        view.needs = permission  # type: ignore[attr-defined]
        return view

    return marked


def public(view: View) -> View:
    """Mark a view that anybody may call (it checks for itself what it must)."""
    view.needs = None  # type: ignore[attr-defined]
    return view


def may(permission: str) -> bool:
    """Whether the person who is logged in may do this."""
    person = current_user._get_current_object()  # once: a list asks for each of its rows
    return bool(person.is_authenticated and person.may(permission))


def closed_accounts() -> frozenset[str]:
    """Names of closed accounts, read once for a page."""
    if "closed_accounts" not in g:
        g.closed_accounts = accounts.closed_names(reading())
    return cast(frozenset[str], g.closed_accounts)


def must_have_factor() -> bool:
    """Must this person have a second factor?"""
    return current_user.role in config().second_factor


def home() -> str:
    """Where this person starts."""
    return url_for("board.show") if may("board") else url_for("about.show")


def enter(db: Session, user: User) -> str:
    """Write down that this browser is logged in; what it is to be given (:func:`start_session`)."""
    now, agent = now_ms(), request.user_agent.string
    return logins.begin(db, user.id, now, now + config().session_hours * HOUR_MS, request.remote_addr or "", agent)


def start_session(user: User, clear: str) -> None:
    """Begin a fresh session in the browser: an old one (and its CSRF token) must not survive a log-in."""
    session.clear()
    session["seen"], session[LOGIN] = now_ms(), clear
    login_user(account(user))


def init(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = None  # our own: epoch, idle time, and a session made new at log-in

    @manager.user_loader
    def load(key: str) -> Account | None:
        user_id, _colon, epoch = key.rpartition(":")
        user = reading().get(User, user_id)
        if user is None or not user.active or str(user.session_epoch) != epoch:
            return None
        login = logins.find(reading(), user.id, session.get(LOGIN, ""), now_ms())
        return None if login is None else account(user, login.id)

    @app.before_request
    def guard() -> Any:
        view = app.view_functions.get(request.endpoint or "")
        permission = getattr(view, "needs", None)
        if view is None or permission is None:
            return None
        idle_ms = config().idle_minutes * 60_000
        if current_user.is_authenticated and now_ms() - session.get("seen", 0) > idle_ms:
            logout_user()
            session.clear()
            flash(_("您离开超过 %(minutes)s 分钟，已自动退出，请重新登录。", minutes=config().idle_minutes), "info")
        if not current_user.is_authenticated:
            if request.endpoint in QUIET:  # no page: it would use up the message for the log-in page
                return Response(status=401)
            here = request.script_root + request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("auth.login", next=here if here != request.script_root + "/" else None))
        if current_user.must_change and request.endpoint not in OWN_PASSWORD:
            flash(_("这是别人知道的初始密码，请先改成自己的密码。"), "warn")
            return redirect(url_for("auth.password"))
        if must_have_factor() and not current_user.factor and request.endpoint not in OWN_PASSWORD | OWN_FACTOR:
            flash(_("您的角色必须启用两步验证，请先设置。"), "warn")
            return redirect(url_for("factor.index"))
        if not current_user.may(permission):
            abort(403)
        if request.endpoint not in QUIET:  # a board left open must not keep an absent person logged in
            session["seen"] = now_ms()
        return None


def check(app: Flask) -> None:
    """Refuse to start when a view forgot to say who may call it."""
    for endpoint, view in app.view_functions.items():
        if endpoint != "static" and not hasattr(view, "needs"):
            raise RuntimeError(f"view {endpoint} names no permission: add @needs(...) or @public")
