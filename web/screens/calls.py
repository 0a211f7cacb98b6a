"""Calls: the list with its filters, one call's journey, the number for a reason, the export."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from ivr.cases.actions import ActionRefused
from ivr.masking import mask
from store.figures import line_quality
from store.journal import ratings
from store.read import queries
from store.read.queries import CallFilter
from web import journey, technical
from web.access import may, needs
from web.case_views import CHOICES
from web.db import config, reading, record, writing
from web.drafts import refused, wrong
from web.format import day_range, local, seat_name, today
from web.forms import cursor, day, field, with_args, word
from web.labels import LEVELS, OUTCOMES, REASONS, label
from web.lists.calls import TABLE, every, numbers
from web.phone_numbers import masked, show_number
from web.ratings import seen_of_journal
from web.tables import Column, Table, seconds, wall

bp = Blueprint("calls", __name__)

RECORD = Table(
    "call-record",
    (
        Column("at", _l("时间"), lambda row: local(row.at).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3], sort=True,
               by=lambda row: row.seq),
        Column("kind", _l("类型"), lambda row: row.kind, sort=True, by=technical.sort),
        Column("name", _l("名称"), lambda row: row.name, sort=True, by=technical.name),
        Column("data", _l("数据"), lambda row: row.data),
        Column("reason", _l("原因"), lambda row: row.reason, sort=True, by=technical.why),
    ),
    "at",
    "calls.export_record",
    param="record",
)  # fmt: skip
LEGS = Table(
    "call-seats",
    (
        Column("seat", _l("座席"), lambda row: seat_name(row.seat), sort=True),
        Column("level", _l("范围"), lambda row: label(LEVELS, row.level), sort=True),
        Column("dialed", None, lambda row: wall(row.dialed), sort=True, head=_l("呼叫时间")),
        Column("rang", _l("振铃"), lambda row: seconds(_rang(row)), sort=True, head=_l("振铃（秒）")),
        Column("result", _l("结果"), lambda row: label(REASONS, row.result), sort=True),
    ),
    "dialed",
    "calls.export_legs",
    param="seats",
)


def _rang(leg: Any) -> int | None:
    end = leg.answered or leg.ended
    return None if leg.ringing is None or end is None else end - leg.ringing


NUMBER_MIN = 5  # digits of a number that is looked for
_YES = {"yes": True, "no": False}


def _filter() -> CallFilter:
    first = day("day") or day("from") or day("to")
    last = day("day") or day("to") or first
    if first and last and last < first:
        first, last = last, first
    if not may("calls.any_day") or (first is None and not word("caller")):
        first = last = today()
    start, end = day_range(first, last) if first and last else (None, None)
    caller = word("caller") if may("number") else ""
    return CallFilter(
        start, end, word("outcome", OUTCOMES), word("window"), word("seat"), caller, _YES.get(word("test"))
    )


def _before(ms: int | None) -> int | None:
    return None if ms is None else ms - 1


@bp.get("/calls")
@needs("calls")
def index() -> str:
    return _list()


def _list() -> str:
    where = _filter()
    page = queries.calls(reading(), where, cursor(), sort=TABLE.sort())
    first, last = (None if ms is None else local(ms).date() for ms in (where.from_ms, _before(where.to_ms)))
    return render_template(
        "calls.html", page=page, where=where, numbers=numbers(list(page.rows)), with_args=with_args, table=TABLE,
        sortable=queries.may_sort(where), days=queries.SORT_DAYS_MAX, first=first, last=last,
        windows=config().windows, seats=config().seats,
    )  # fmt: skip


@bp.post("/calls/find")
@needs("number")
def find() -> Any:
    """Find a number's calls. The number is sent in the form and goes on as its keyed hash: never in an address."""
    try:
        number = config().casework.number(field("number"))
        if len(number) < NUMBER_MIN:
            raise wrong("number", _("请输入完整的号码（至少 5 位）；只凭尾号无法查找，因为号码是加密保存的。"))
    except ActionRefused as why:
        refused(why)
        return _list(), 400
    with writing() as db:
        record(db, "number.search", detail=_("尾号 %(digits)s", digits=mask(number, "supervisor")))
    return redirect(url_for("calls.index", caller=config().parties.number_hmac(number)))


def _open(call_id: str) -> queries.Journey:
    found = queries.journey(reading(), call_id)
    if found is None:
        abort(404)
    start, end = day_range(today())
    if not may("calls.any_day") and not start <= found.call.arrived < end:
        abort(403, _("话务员只能查看当天的来电。如需更早的记录，请找班长。"))
    return found


def _page(found: queries.Journey, number: str = "") -> str:
    told = seen_of_journal(found.journal)
    return render_template(
        "call.html", call=found.call, legs=LEGS.sorted(found.legs), legs_table=LEGS, record=RECORD, technical=technical,
        cases=found.cases, recordings=found.recordings, quality=line_quality.quality(reading(), found.call.id),
        names={leg.id: seat_name(leg.seat) for leg in found.legs},
        story=journey.story(told, found.call.arrived), journal=RECORD.sorted(told),
        rating=ratings.of_call(reading(), found.call.id) if may("ratings") else None, ratings=CHOICES["rating"],
        number=masked(found.call.party_id, anonymous=found.anonymous), clear=number, anonymous=found.anonymous,
    )  # fmt: skip


@bp.get("/calls/<call_id>")
@needs("calls")
def detail(call_id: str) -> str:
    return _page(_open(call_id))


@bp.post("/calls/<call_id>/number")
@needs("number")
def number(call_id: str) -> Any:
    found = _open(call_id)
    clear, why_not = show_number(f"call {call_id}", found.call.party_id, anonymous=found.anonymous)
    return _page(_open(call_id), clear), 400 if why_not else 200


@bp.get("/calls.<any(csv, xlsx):form>")
@needs("export")
def export(form: str) -> Any:
    return TABLE.file(form, every(_filter()))


@bp.get("/calls/<call_id>/record.<any(csv, xlsx):form>")
@needs("export")
def export_record(call_id: str, form: str) -> Any:
    """Everything that happened in one call."""
    return RECORD.file(form, RECORD.sorted(seen_of_journal(_open(call_id).journal)))


@bp.get("/calls/<call_id>/seats.<any(csv, xlsx):form>")
@needs("export")
def export_legs(call_id: str, form: str) -> Any:
    """How the operators' phones were rung."""
    return LEGS.file(form, LEGS.sorted(_open(call_id).legs))
