"""Whom to call: due answers, missed calls, follow-ups 回访. No time window, one entry per number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from ivr.cases.actions import ActionRefused
from ivr.cases.wording_check import BadlyWorded
from ivr.cases.worklist import Attempt
from store.ids import uuid7
from store.read import worklists
from store.schema import Callback
from store.sql import Row
from web.access import may, needs
from web.case_views import CHOICES, RESULTS, calling_from_here, desk, given, moment
from web.db import config, now_ms, reading, record, writing
from web.drafts import Back, come_back, saved
from web.format import due_text
from web.forms import with_args, word
from web.labels import label
from web.phone_numbers import masked_all, show_number
from web.ratings import BECAUSE
from web.tables import Column, Table, piece, wall

bp = Blueprint("worklists", __name__)

SHOWN = 25  # people on a page: each with a form
STATES = {"now": _l("现在可拨"), "late": _l("已超期")}
LISTS = {"answer": _l("待答复"), "missed": _l("漏接和放弃的来电"), "followup": _l("办结回访")}

TABLE = Table(
    "worklist",
    (
        Column("due", _l("回电期限"), lambda row: due_text(row[0].due), sort=True, by=lambda row: row[0].due),
        Column("next", _l("最早可拨"), lambda row: wall(row[0].next_at), sort=True, by=lambda row: row[0].next_at),
        Column("tries", _l("已拨次数"), lambda row: row[0].tries, sort=True),
        Column("last", _l("上次结果"), lambda row: label(RESULTS, row[0].last_result), sort=True),
        Column("what", None, lambda row: " ".join(filter(None, map(_what, row[0].callbacks))), head=_l("工单或来电")),
        Column("owner", _l("责任人"), lambda row: row[0].first["owner"] or "", sort=True),
        Column("number", None, lambda row: row[1], head=_l("号码")),
    ),
    "due",
    "worklists.export",
)


def _what(row: Mapping[str, Any]) -> str:
    """What a number is to be called about: the case's number, or when the missed call came."""
    return str(row["number"] or f"{wall(row['arrived']) or ''}")


def _found(kind: str) -> list[worklists.WorklistEntry]:
    """The entries that are wanted, in the order that is wanted."""
    found = _entries(kind)
    state, owner = word("state", STATES), word("owner")
    if state == "now":
        found = [entry for entry in found if entry.may_call]
    elif state == "late":
        found = [entry for entry in found if entry.due < now_ms()]
    if owner:
        found = [entry for entry in found if any(row["owner"] == owner for row in entry.callbacks)]
    return [entry for entry, _number in TABLE.sorted((entry, "") for entry in found)]


def _entries(kind: str) -> list[worklists.WorklistEntry]:
    """Everything of a list this person may know of."""
    without = "" if may("ratings") else BECAUSE
    return worklists.entries(reading().connection(), kind, now_ms(), desk().rules, without=without)


def _page(kind: str, shown: tuple[str, str] = ("", "")) -> str:
    connection = reading().connection()
    page = piece(_found(kind), (lambda entry: _holds(entry, shown[0])) if shown[0] else None, SHOWN)
    found = worklists.described(connection, page.rows)
    tried = worklists.attempts(connection, [row["id"] for entry in found for row in entry.callbacks])
    numbers = masked_all((entry.first["id"], entry.party_id, False) for entry in found)
    ids = [entry.first["id"] for entry in found]
    return render_template(
        "worklists.html", kind=kind, lists=LISTS, entries=found, page=page, tried=tried, numbers=numbers,
        results=RESULTS, ratings=CHOICES["rating"], solved=CHOICES["solved"], shown=shown, now=now_ms(), table=TABLE,
        states=STATES, with_args=with_args, waiting=_waiting(found),
        commands={callback_id: uuid7() for callback_id in ids}, **calling_from_here(),
    )  # fmt: skip


def _holds(entry: worklists.WorklistEntry, callback_id: str) -> bool:
    return any(row["id"] == callback_id for row in entry.callbacks)


def _waiting(found: list[worklists.WorklistEntry]) -> dict[str, Row]:
    """By entry: the call that is up to one of its people, or whose result is still to be written down."""
    ids = [row["id"] for entry in found for row in entry.callbacks]
    waiting = config().calling.waiting(reading().connection(), ids)
    return {entry.first["id"]: waiting[row["id"]] for entry in found for row in entry.callbacks if row["id"] in waiting}


@bp.get("/worklists")
@needs("work")
def index() -> str:
    return _page("answer")


@bp.get("/worklists/<kind>")
@needs("work")
def of(kind: str) -> str:
    if kind not in LISTS:
        abort(404)
    return _page(kind)


@bp.get("/worklists/<kind>.<any(csv, xlsx):form>")
@needs("export")
def export(kind: str, form: str) -> Any:
    if kind not in LISTS:
        abort(404)
    found = worklists.described(reading().connection(), _found(kind))
    numbers = masked_all((entry.first["id"], entry.party_id, False) for entry in found)
    return TABLE.file(form, [(entry, numbers[entry.first["id"]]) for entry in found])


@bp.post("/worklists/<kind>/<callback_id>")
@needs("work")
def attempt(kind: str, callback_id: str) -> Any:
    """Note what came of the call: closes the entry or plans the next try."""
    if kind not in LISTS:
        abort(404)
    found = reading().get(Callback, callback_id)
    if found is not None and found.because == BECAUSE and not may("ratings"):
        abort(404)
    form, draft = given(), f"callback:{callback_id}"
    worded = form.pop("worded", "")
    try:
        tried = Attempt(
            current_user.name, current_user.role, now_ms(), form.get("result", ""), _agreed(form.get("agreed", "")),
            form.get("reason", "")[:200], form.get("solved", ""), form.get("rating", ""), form.get("text", ""),
            _call_of(form.get("call", ""), callback_id), bool(worded),
        )  # fmt: skip
        with writing() as db:
            row = desk().attempt(db.connection(), callback_id, tried)
            config().calling.noted(db.connection(), callback_id, now_ms())
            record(db, "callback.attempt", target=f"{kind} {callback_id}", detail=tried.result)
            saved(db, draft)
        again = row.state == "open"
        flash(_("已记录，稍后再拨。") if again else _("已记录，本条已完成。"), "info")
    except ActionRefused as refused:
        come_back(Back(draft, form, refused, hits=refused.hits if isinstance(refused, BadlyWorded) else ()))
        return _page(kind, (callback_id, "")), 400
    return redirect(url_for("worklists.of", kind=kind), 303)


def _agreed(text: str) -> int | None:
    """The time that was agreed on; None when none was. Raises ``ActionRefused``."""
    found = moment(text) if text else None
    if text and found is None:
        raise ActionRefused("时间应写成 2026-12-05T08:00。", "write a time like 2026-12-05T08:00", "agreed")
    return found


def _call_of(call: str, callback_id: str) -> str:
    """The outgoing call the result is of, if it was to this entry's person."""
    command = config().calling.command(reading().connection(), call) if call else None
    return call if command is not None and command["callback_id"] == callback_id else ""


@bp.post("/worklists/<kind>/<callback_id>/number")
@needs("number")
def number(kind: str, callback_id: str) -> Any:
    """The whole number for a reason that is written down."""
    found = _entries(kind) if kind in LISTS else []
    entry = next((one for one in found if one.first["id"] == callback_id), None)
    if entry is None:
        abort(404)
    clear, why_not = show_number(f"callback {callback_id}", entry.party_id, anonymous=False)
    return _page(kind, (callback_id, clear)), 400 if why_not else 200
