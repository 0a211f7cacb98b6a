"""The inbox: warnings of due dates, and what was assigned, sent back, flagged; one's own and one's role's."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user

from ivr.store import notices
from web.access import needs
from web.casework import notice_name
from web.db import now_ms, reading, writing

bp = Blueprint("inbox", __name__)


@bp.get("/inbox")
@needs("work")
def index() -> str:
    everything = request.args.get("all") == "1"
    rows = notices.inbox(reading().connection(), current_user.name, current_user.role, unread=not everything)
    return render_template("inbox.html", rows=rows, everything=everything, notice_name=notice_name)


@bp.post("/inbox/read")
@needs("work")
def read() -> Any:
    """Mark as read; nobody else's rows can be."""
    with writing() as db:
        ids = request.form.getlist("id")[:200]
        notices.mark_read(db.connection(), ids, current_user.name, current_user.role, now_ms())
    return redirect(url_for("inbox.index"), 303)
