"""Cases: due dates with what is left of them and why, the account to play, the number for a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, flash, render_template, request
from flask_babel import gettext as _

from ivr.cases.promise import due_for
from ivr.store import queries
from ivr.store.models import Case
from ivr.store.queries import CaseFilter
from web.access import needs
from web.casework import context
from web.db import config, now_ms, reading, record, writing
from web.format import SOON_MS, day_range, due_text, local, remaining
from web.forms import CSV_MAX, csv_file, day, with_args, word
from web.labels import CHANNELS, KINDS, STATUSES, label
from web.language import chosen
from web.people import masked, show_number

bp = Blueprint("cases", __name__)

DUE = ("open", "late", "soon")


def _filter() -> CaseFilter:
    first, last = day("from"), day("to")
    due = word("due", DUE)
    limit = {"late": now_ms(), "soon": now_ms() + SOON_MS}.get(due)
    return CaseFilter(
        word("kind", KINDS), word("status", STATUSES), word("number"),
        day_range(first)[0] if first else None, day_range(last)[1] if last else None,
        due_before=limit, open_only=due == "open",
    )  # fmt: skip


def _number(case: Case) -> str:
    return masked(case.party_id, anonymous=case.anonymous)


@bp.get("/cases")
@needs("cases")
def index() -> str:
    db, now = reading(), now_ms()
    page = queries.cases(db, _filter(), request.args.get("before"))
    numbers = {case.id: _number(case) for case in page.rows}
    due = queries.due_counts(db, now, now + SOON_MS)
    return render_template("cases.html", page=page, numbers=numbers, due=due, with_args=with_args)


def _open(case_id: str) -> queries.CaseFile:
    found = queries.case_file(reading(), case_id)
    if found is None:
        abort(404)
    return found


def explanation(case: Case) -> list[str]:
    """How the due date was reached, line by line, as it was stored."""
    try:
        lines = json.loads(case.explanation)
    except ValueError:
        return []
    return [str(line) for line in lines] if isinstance(lines, list) else []


def explained(case: Case) -> tuple[list[str], str]:
    """The explanation in the page's language, and which language that is.

    It is stored in Chinese, the register's language. For an English page it is computed anew, and only
    taken when its Chinese twin is word for word what was stored (profile and calendar may have changed).
    """
    stored = explanation(case)
    panel = config()
    if chosen() == "zh" or case.profile != panel.profile.name:
        return stored, "zh-CN"
    received = datetime.fromtimestamp(case.received / 1000, UTC)
    try:
        promise = due_for(case.kind, received, panel.profile, panel.calendar, panel.zone, case.channel)
    except ValueError:
        return stored, "zh-CN"
    if [*promise.lines(), *promise.warnings()] != stored:
        return stored, "zh-CN"
    return [*promise.lines("en"), *promise.warnings("en")], "en"


def page(found: queries.CaseFile, clear: str = "", texts: dict[str, str] | None = None) -> str:
    """The page of a case; ``clear``: its number, ``texts``: what was written, when somebody asked for them."""
    case = found.case
    return render_template(
        "case.html", case=case, recordings=found.recordings, journal=found.journal, number=_number(case),
        clear=clear, explained=explained(case), texts=texts, **context(case),
    )  # fmt: skip


@bp.get("/cases/<case_id>")
@needs("cases")
def detail(case_id: str) -> str:
    return page(_open(case_id))


@bp.post("/cases/<case_id>/number")
@needs("number")
def number(case_id: str) -> Any:
    case = _open(case_id).case
    clear, why_not = show_number(f"case {case.number}", case.party_id, anonymous=case.anonymous)
    if why_not:
        flash(why_not, "error")
    return page(_open(case_id), clear), 400 if why_not else 200


def _lines(where: CaseFilter) -> Iterator[list[Any]]:
    cursor: str | None = None
    for _part in range(CSV_MAX // queries.PAGE_MAX):
        page = queries.cases(reading(), where, cursor, queries.PAGE_MAX)
        for case in page.rows:
            yield [
                case.number, label(KINDS, case.kind), case.category, label(CHANNELS, case.channel),
                label(STATUSES, case.status), local(case.received).strftime("%Y-%m-%d %H:%M:%S"),
                due_text(case.due), due_text(case.unrolled), remaining(case)[1],
                _("暂定") if case.provisional else "", _number(case), case.rule, case.profile,
            ]  # fmt: skip
        cursor = page.next
        if cursor is None:
            return


@bp.get("/cases.csv")
@needs("export")
def export() -> Any:
    head = [
        _("编号"), _("类别"), _("事由"), _("渠道"), _("状态"), _("受理时间"), _("期限"), _("未顺延的期限"),
        _("剩余时间"), _("暂定"), _("联系号码"), _("期限规则"), _("规则"),
    ]  # fmt: skip
    rows = list(_lines(_filter()))
    with writing() as db:
        record(db, "export", target="cases.csv", detail=with_args())
    return csv_file("cases.csv", head, rows)
