"""Outage notices 停电公告: what power is cut where and when, announced how long ahead, and which key customers know."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from ivr.cases.actions import ActionRefused
from ivr.outages.notice import PLANNED, By, NoticeDraft, TooShort, tell_by
from ivr.projections.rows import OutageRow
from services import outages
from store.ids import uuid7
from store.read import outage_notices
from store.read.outage_notices import OutageFilter
from store.schema import Journal, Outage
from web.access import needs
from web.case_views import given, moment
from web.db import config, now_ms, reading, record, writing
from web.drafts import Back, come_back, filled, refused, saved
from web.format import day_range
from web.forms import cursor, day, field, number, with_args, word
from web.labels import OUTAGE_HOWS, OUTAGE_KINDS, OUTAGE_RESULTS, OUTAGE_STATES, OUTAGE_STEPS, label
from web.lists.outages import TABLE, every_notice
from web.tables import Column, Table, wall

bp = Blueprint("outages", __name__)

NEW = "outage-new"

STATES = {**OUTAGE_STATES, outage_notices.SHORT: _l("提前不足")}
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


CUSTOMERS = Table(
    "outage-customers",
    (
        Column("n", None, lambda row: row.n, sort=True, head=_l("序号")),
        Column("name", _l("重要客户"), lambda row: row.name, sort=True),
        Column("result", _l("通知结果"), lambda row: label(OUTAGE_RESULTS, row.result), sort=True),
        Column("told", _l("通知时间"), lambda row: wall(row.told), sort=True),
        Column("how", _l("方式"), lambda row: label(OUTAGE_HOWS, row.how), sort=True),
        Column("tries", _l("次数"), lambda row: row.tries, sort=True),
        Column("who", _l("通知人"), lambda row: row.who, sort=True),
    ),
    "n",
    "outages.export_customers",
)


def _filter() -> OutageFilter:
    first, last = day("from"), day("to")
    return OutageFilter(
        word("state", STATES), word("kind", OUTAGE_KINDS),
        day_range(first)[0] if first else None, day_range(last)[1] if last else None,
    )  # fmt: skip


@bp.get("/outages")
@needs("outages")
def index() -> str:
    page = outage_notices.listed(reading(), _filter(), now_ms(), cursor(), sort=TABLE.sort())
    return render_template("outages.html", page=page, table=TABLE, states=STATES, with_args=with_args, days=_days())


@bp.get("/outages.<any(csv, xlsx):form>")
@needs("export")
def export(form: str) -> Any:
    return TABLE.file(form, every_notice(_filter()))


@bp.get("/outages/new")
@needs("outages.write")
def new() -> str:
    """The form of a notice."""
    return _form({"kind": PLANNED, **filled(NEW).fields, "outage_id": uuid7()})


@bp.post("/outages/new")
@needs("outages.write")
def add() -> Any:
    """Announce it. What cannot be right is said, and the form comes back as it was filled in."""
    form = given()
    outage_id = form["outage_id"] if ID.fullmatch(form.get("outage_id", "")) else uuid7()
    try:
        draft = NoticeDraft(
            form.get("line", ""), form.get("area", ""), form.get("kind", ""), _moment("starts"), _moment("ends"),
            form.get("reason", ""), _moment("announced"), tuple(form.get("customers", "").splitlines()),
            form.get("confirmed", ""),
        )  # fmt: skip
        with writing() as db:
            row = outages.announce(db.connection(), outage_id, draft, _by(), _days(), config().zone)
            if row is not None:  # else the form was sent twice
                record(db, "outage.add", target=_named(row), detail=row.confirmed[:200])
            saved(db, NEW)
    except ActionRefused as why:
        come_back(Back(NEW, form, why))
        return _form({**form, "outage_id": outage_id}, isinstance(why, TooShort)), 400
    flash(_("停电公告已发布。"), "info")
    return redirect(url_for("outages.detail", outage_id=outage_id), 303)


@bp.get("/outages/<outage_id>")
@needs("outages")
def detail(outage_id: str) -> str:
    return _detail(outage_id)


@bp.post("/outages/<outage_id>")
@needs("outages.write")
def act(outage_id: str) -> Any:
    """Name key customers, note what came of telling them, that power is back, or take the notice back."""
    _one(outage_id)
    form, by = given(), _by()
    action, what = form.get("action", ""), ""
    try:
        with writing() as db:
            connection = db.connection()
            match action:
                case "name":
                    row = outages.name_customers(connection, outage_id, form.get("names", "").splitlines(), by)
                case "tell":
                    n, how, what = form.get("n", ""), form.get("how", ""), form.get("result", "")
                    told = _moment("told")
                    row = outages.tell(connection, outage_id, number(n) or 0, how, what, told, by)
                case "restore":
                    row = outages.restore(connection, outage_id, _moment("restored"), by)
                case "withdraw":
                    what = form.get("reason", "")
                    row = outages.withdraw(connection, outage_id, what, by)
                case _:
                    abort(400)
            record(db, f"outage.{action}", target=_named(row), detail=what[:200])
    except ActionRefused as why:
        refused(why)
        return _detail(outage_id), 400
    flash(_("已登记。"), "info")
    return redirect(url_for("outages.detail", outage_id=outage_id), 303)


@bp.get("/outages/<outage_id>/customers.<any(csv, xlsx):form>")
@needs("export")
def export_customers(outage_id: str, form: str) -> Any:
    """The key customers of one notice, and what came of telling them."""
    return CUSTOMERS.file(form, CUSTOMERS.sorted(outage_notices.customers(reading(), _one(outage_id).id)))


def _one(outage_id: str) -> Outage:
    return reading().get(Outage, outage_id) or abort(404)


def _detail(outage_id: str) -> str:
    row, told = _one(outage_id), outage_notices.customers(reading(), outage_id)
    names = {customer.n: customer.name for customer in told}
    return render_template(
        "outage.html", row=row, customers=CUSTOMERS.sorted(told), table=CUSTOMERS, days=row.days,
        history=[_step(one, names) for one in outage_notices.history(reading(), outage_id)],
        tell_by=tell_by(row.kind, row.starts, config().profile.important_customer_notice_h),
        may_withdraw=row.withdrawn is None and (now_ms() < row.starts or current_user.role == "supervisor"),
    )  # fmt: skip


def _step(row: Journal, names: dict[int, str]) -> dict[str, Any]:
    """A line of what was done about a notice."""
    data = json.loads(row.data)
    said = [
        names.get(data.get("n"), ""),
        label(OUTAGE_HOWS, data.get("how")),
        label(OUTAGE_RESULTS, data.get("result")),
    ]
    return {
        "at": row.at, "what": label(OUTAGE_STEPS, row.name), "who": data["who"],
        "about": " · ".join(str(word) for word in said if word) or row.reason,
    }  # fmt: skip


def _form(filled: dict[str, str], short: bool = False) -> str:
    """``short``: the lead is too short; a supervisor is asked for a reason."""
    asked = (short or bool(filled.get("confirmed"))) and current_user.role == "supervisor"
    return render_template("outage_new.html", filled=filled, kinds=OUTAGE_KINDS, days=_days(), asked=asked)


def _moment(name: str) -> int | None:
    """A moment of the form; None when nothing was typed."""
    typed = field(name)
    found = moment(typed) if typed else None
    if typed and found is None:
        raise ActionRefused("时间应写成 2026-12-05T08:00。", "write a time like 2026-12-05T08:00", name)
    return found


def _by() -> By:
    return By(current_user.name, current_user.role, now_ms())


def _days() -> int:
    return config().profile.outage_notice_days


def _named(notice: OutageRow) -> str:
    """The notice as the audit log names it."""
    return outage_notices.named(notice, config().zone)
