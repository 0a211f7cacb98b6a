"""Cases: due dates with what is left of them and why, the account to play, the number for a reason."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template

from store.read import queries
from store.read.queries import CaseFilter
from web.access import needs
from web.case_page import HISTORY, page
from web.case_views import history
from web.db import now_ms, reading
from web.format import SOON_MS, day_range
from web.forms import cursor, day, with_args, word
from web.labels import KINDS, STATUSES
from web.lists.cases import TABLE, every, numbers
from web.phone_numbers import show_number

bp = Blueprint("cases", __name__)

DUE = ("open", "late", "soon", "left")


def _filter() -> CaseFilter:
    first, last = day("from"), day("to")
    due = word("due", DUE)
    limit = {"late": now_ms(), "soon": now_ms() + SOON_MS}.get(due)
    return CaseFilter(
        word("kind", KINDS), word("status", STATUSES), word("number"),
        day_range(first)[0] if first else None, day_range(last)[1] if last else None,
        due_before=limit, open_only=due == "open", owner=word("owner"), left_behind=due == "left",
    )  # fmt: skip


@bp.get("/cases")
@needs("cases")
def index() -> str:
    db, now = reading(), now_ms()
    page = queries.cases(db, _filter(), cursor(), sort=TABLE.sort())
    due = queries.due_counts(db, now, now + SOON_MS)
    return render_template(
        "cases.html", page=page, numbers=numbers(page.rows), due=due, with_args=with_args, table=TABLE,
        left=queries.left_behind(db),
    )  # fmt: skip


def _open(case_id: str) -> queries.CaseFile:
    found = queries.case_file(reading(), case_id)
    if found is None:
        abort(404)
    return found


@bp.get("/cases/<case_id>")
@needs("cases")
def detail(case_id: str) -> str:
    return page(_open(case_id))


@bp.post("/cases/<case_id>/number")
@needs("number")
def number(case_id: str) -> Any:
    case = _open(case_id).case
    clear, why_not = show_number(f"case {case.number}", case.party_id, anonymous=case.anonymous)
    return page(_open(case_id), clear), 400 if why_not else 200


@bp.get("/cases.<any(csv, xlsx):form>")
@needs("export")
def export(form: str) -> Any:
    return TABLE.file(form, every(_filter()))


@bp.get("/cases/<case_id>/history.<any(csv, xlsx):form>")
@needs("export")
def export_history(case_id: str, form: str) -> Any:
    """A case's steps, due dates and calls to the citizen, without what people wrote."""
    return HISTORY.file(form, history(_open(case_id).case))
