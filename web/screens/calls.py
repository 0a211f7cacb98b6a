"""Calls: the list with its filters, one call's journey, the number for a reason, the export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ivr.store import queries
from ivr.store.models import Call
from ivr.store.queries import CallFilter
from web import journey
from web.access import may, needs
from web.db import config, reading, record, writing
from web.format import day_range, local, seat_name, today, window_name
from web.forms import CSV_MAX, csv_file, day, with_args, word
from web.labels import OUTCOMES, RELEASED_BY, label
from web.masking import mask
from web.people import masked, show_number

bp = Blueprint("calls", __name__)


def _filter() -> CallFilter:
    first = day("day") or day("from")
    last = day("day") or day("to") or first
    if not may("calls.any_day") or (first is None and not word("caller")):
        first = last = today()
    start, end = day_range(first, last) if first and last else (None, None)
    caller = word("caller") if may("number") else ""
    return CallFilter(start, end, word("outcome", OUTCOMES), word("window"), word("seat"), caller)


def _numbers(calls: list[Call]) -> dict[str, str]:
    hidden = queries.anonymous_calls(reading(), [call.id for call in calls])
    return {call.id: masked(call.party_id, anonymous=call.id in hidden) for call in calls}


@bp.get("/calls")
@needs("calls")
def index() -> str:
    where = _filter()
    page = queries.calls(reading(), where, request.args.get("before"))
    return render_template(
        "calls.html", page=page, where=where, numbers=_numbers(list(page.rows)), with_args=with_args,
        day=local(where.from_ms).date() if where.from_ms is not None else None,
        windows=config().windows, seats=config().seats,
    )  # fmt: skip


@bp.post("/calls/find")
@needs("number")
def find() -> Any:
    """Find a number's calls. The number is sent in the form and goes on as its keyed hash: never in an address."""
    number = "".join(char for char in request.form.get("number", "") if char.isdigit() or char == "+")
    if len(number) < 5:
        flash(_("请输入完整的号码（至少 5 位）；只凭尾号无法查找，因为号码是加密保存的。"), "error")
        return redirect(url_for("calls.index"))
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
    return render_template(
        "call.html", call=found.call, legs=found.legs, cases=found.cases, recordings=found.recordings,
        story=journey.story(found.journal, found.call.arrived), journal=found.journal,
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
    if why_not:
        flash(why_not, "error")
    return _page(_open(call_id), clear), 400 if why_not else 200


def _lines(where: CallFilter) -> Iterator[list[Any]]:
    cursor: str | None = None
    for _part in range(CSV_MAX // queries.PAGE_MAX):
        page = queries.calls(reading(), where, cursor, queries.PAGE_MAX)
        numbers = _numbers(list(page.rows))
        for call in page.rows:
            yield [
                local(call.arrived).strftime("%Y-%m-%d %H:%M:%S"), numbers[call.id], call.called,
                label(OUTCOMES, call.outcome), window_name(call.window), seat_name(call.seat),
                _seconds(call.network_wait), _seconds(call.human_wait), _seconds(call.agent_ring_wait),
                label(RELEASED_BY, call.released_by), call.flow, call.version, call.profile,
                _("是") if call.test else "", call.id,
            ]  # fmt: skip
        cursor = page.next
        if cursor is None:
            return


def _seconds(ms: int | None) -> str:
    return "" if ms is None else f"{ms / 1000:.3f}"


@bp.get("/calls.csv")
@needs("export")
def export() -> Any:
    where = _filter()
    head = [
        _("到达时间"), _("来电号码"), _("被叫"), _("结果"), _("窗口"), _("座席"), _("系统应答（秒）"),
        _("等候人工（秒）"), _("座席振铃（秒）"), _("先挂机方"), _("流程"), _("版本"), _("规则"), _("测试"), _("标识"),
    ]  # fmt: skip
    rows = list(_lines(where))
    with writing() as db:
        record(db, "export", target="calls.csv", detail=with_args())
    return csv_file("calls.csv", head, rows)
