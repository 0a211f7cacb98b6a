"""The inbox: warnings of due dates, and what was assigned, sent back, flagged; one's own and one's role's."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from ivr.cases.notices import names
from store import notices
from web.access import may, needs
from web.case_views import notice_name
from web.db import now_ms, reading, writing
from web.format import due_text
from web.forms import with_args, word
from web.ratings import NOTICE
from web.tables import Column, Table, of_kind, piece, wall

bp = Blueprint("inbox", __name__)

TABLE = Table(
    "inbox",
    (
        Column("at", _l("时间"), lambda row: wall(row["at"]), sort=True),
        Column("kind", _l("通知"), lambda row: notice_name(row["kind"]), sort=True),
        Column("number", _l("编号"), lambda row: row["data"].get("number", ""), sort=True),
        Column("due", _l("期限"), lambda row: due_text(row["data"].get("due", "")), sort=True),
        Column("read", _l("操作"), lambda row: row["read_by"], head=_l("已读人")),
    ),
    "-at",
    "inbox.export",
    "inbox",
)


@bp.get("/inbox")
@needs("inbox")
def index() -> str:
    page = piece(_rows())
    return render_template(
        "inbox.html", page=page, rows=page.rows, everything=_everything(), notice_name=notice_name, table=TABLE,
        with_args=with_args, kinds={kind: notice_name(kind) for kind in names()},
    )  # fmt: skip


@bp.get("/inbox.<any(csv, xlsx):form>")
@needs("inbox")
def export(form: str) -> Any:
    """One's own notices as a file."""
    return TABLE.file(form, _rows())


def _everything() -> bool:
    return word("all", ("1",)) == "1"


def _rows() -> list[dict[str, Any]]:
    connection = reading().connection()
    rows = notices.inbox(connection, current_user.name, current_user.role, unread=not _everything())
    rows = [row for row in rows if row["kind"] != NOTICE or may("ratings")]  # owners were told by versions before
    return TABLE.sorted(of_kind(rows, kind=word("kind", names())))


@bp.post("/inbox/read")
@needs("inbox")
def read() -> Any:
    """Mark as read; nobody else's rows can be."""
    with writing() as db:
        ids = request.form.getlist("id")[:200]
        notices.mark_read(db.connection(), ids, current_user.name, current_user.role, now_ms())
    return redirect(url_for("inbox.index"), 303)
