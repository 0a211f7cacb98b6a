"""Sessions of one's own account, each of which can be ended."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from store.people import logins
from web.access import needs
from web.db import now_ms, reading, record, writing
from web.forms import field

bp = Blueprint("sessions", __name__)


@bp.get("/sessions")
@needs("self")
def index() -> str:
    mine = logins.of(reading(), current_user.id, now_ms())
    return render_template("sessions.html", logins=mine, this=current_user.login, browser=browser)


@bp.post("/sessions/end")
@needs("self")
def end() -> Any:
    """End one of one's other log-ins (``id``), or all of them."""
    one = field("id", 36)
    with writing() as db:
        if one:
            ended = int(one != current_user.login and logins.end(db, current_user.id, one))
        else:
            ended = logins.end_all(db, current_user.id, keep=current_user.login)
        if ended:
            record(db, "log.end", target=current_user.name, detail=str(ended))
    flash(_("已退出 %(n)s 处登录。", n=ended) if ended else _("没有其他登录。"), "info")
    return redirect(url_for("sessions.index"), 303)


def browser(agent: str) -> str:
    """What a browser calls itself, in short: ``Firefox · Windows``."""
    kinds = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    systems = ("Windows", "Android", "iPhone", "iPad", "Mac OS X", "Linux")
    kind = next((name for mark, name in kinds if mark in agent), agent.split(" ")[0][:40])
    return " · ".join(part for part in (kind, next((one for one in systems if one in agent), "")) if part)
