"""Cases: due dates with what is left of them and why, the account to play, the number for a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from ivr.cases.promise import due_for
from ivr.store import queries
from ivr.store.models import Case
from ivr.store.queries import CaseFilter
from web.access import needs
from web.casework import context, history
from web.db import config, now_ms, reading
from web.format import SOON_MS, day_range, due_text, remaining
from web.forms import day, with_args, word
from web.labels import CATEGORIES, CHANNELS, KINDS, STATUSES, label
from web.language import chosen
from web.people import masked, masked_all, show_number
from web.tables import Column, Table, parts, wall

bp = Blueprint("cases", __name__)

DUE = ("open", "late", "soon")

TABLE = Table(
    "cases",
    (
        Column("number", _l("编号"), lambda row: row[0].number, sort=True),
        Column("kind", _l("类别"), lambda row: label(KINDS, row[0].kind), sort=True),
        Column("category", None, lambda row: label(CATEGORIES, row[0].category), head=_l("事由")),
        Column("channel", None, lambda row: label(CHANNELS, row[0].channel), head=_l("渠道")),
        Column("status", _l("状态"), lambda row: label(STATUSES, row[0].status), sort=True),
        Column("owner", _l("责任人"), lambda row: row[0].owner, sort=True),
        Column("received", _l("受理时间"), lambda row: wall(row[0].received), sort=True),
        Column("caller", _l("联系号码"), lambda row: row[1]),
        Column("due", _l("期限"), lambda row: due_text(row[0].due), sort=True),
        Column("unrolled", None, lambda row: due_text(row[0].unrolled), head=_l("未顺延的期限")),
        Column("left", _l("剩余时间"), lambda row: remaining(row[0])[1]),
        Column("provisional", None, lambda row: _("暂定") if row[0].provisional else "", head=_l("暂定")),
        Column("replied", None, lambda row: wall(row[0].replied), head=_l("答复时间")),
        Column("closed", None, lambda row: wall(row[0].closed), head=_l("办结时间")),
        Column("rule", None, lambda row: row[0].rule, head=_l("期限规则")),
        Column("profile", None, lambda row: row[0].profile, head=_l("规则")),
    ),
    "-received",
    "cases.export",
)
HISTORY = Table(
    "case-history",
    (
        Column("at", _l("时间"), lambda row: wall(row.at)),
        Column("what", _l("事项"), lambda row: row.what),
        Column("who", _l("经办人"), lambda row: row.who),
        Column("was", _l("原状态或期限"), lambda row: row.was),
        Column("now", _l("现状态或期限"), lambda row: row.now),
        Column("reason", _l("原因"), lambda row: row.reason),
    ),
    "at",
    "cases.export_history",
)


def _filter() -> CaseFilter:
    first, last = day("from"), day("to")
    due = word("due", DUE)
    limit = {"late": now_ms(), "soon": now_ms() + SOON_MS}.get(due)
    return CaseFilter(
        word("kind", KINDS), word("status", STATUSES), word("number"),
        day_range(first)[0] if first else None, day_range(last)[1] if last else None,
        due_before=limit, open_only=due == "open", owner=word("owner"),
    )  # fmt: skip


def _number(case: Case) -> str:
    return masked(case.party_id, anonymous=case.anonymous)


def numbers(cases: Sequence[Case]) -> dict[str, str]:
    """What is seen of their numbers."""
    return masked_all((case.id, case.party_id, case.anonymous) for case in cases)


@bp.get("/cases")
@needs("cases")
def index() -> str:
    db, now = reading(), now_ms()
    page = queries.cases(db, _filter(), request.args.get("before"), sort=TABLE.sort())
    due = queries.due_counts(db, now, now + SOON_MS)
    return render_template(
        "cases.html", page=page, numbers=numbers(page.rows), due=due, with_args=with_args, table=TABLE
    )


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
        clear=clear, explained=explained(case), texts=texts, history_table=HISTORY, **context(case),
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


def every(where: CaseFilter) -> Iterator[tuple[Case, str]]:
    """All cases with what is seen of their numbers."""
    for rows in parts(partial(queries.cases, reading(), where, sort=TABLE.sort())):
        seen = numbers(rows)
        yield from ((case, seen[case.id]) for case in rows)


@bp.get("/cases.<any(csv, xlsx):form>")
@needs("export")
def export(form: str) -> Any:
    return TABLE.file(form, every(_filter()))


@bp.get("/cases/<case_id>/history.<any(csv, xlsx):form>")
@needs("export")
def export_history(case_id: str, form: str) -> Any:
    """A case's steps, due dates and calls to the citizen, without what people wrote."""
    return HISTORY.file(form, history(_open(case_id).case))
