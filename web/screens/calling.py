"""Calling a citizen back by one click: the click, then a page that follows the call and takes its result."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from ivr.outgoing.numbers import NotAllowed
from services.callbacks import EXPIRES_MS, AlreadyAsked, Wish
from store.read import worklists
from store.schema import Call, Callback, Case
from store.sql import Row
from web.access import needs
from web.case_views import CHOICES, RESULTS, given, said
from web.db import config, now_ms, reading, record, writing
from web.format import local
from web.labels import KINDS, NATURES, label
from web.language import lang
from web.phone_numbers import masked
from web.ratings import seen_of_callbacks

bp = Blueprint("calling", __name__)

CAME = {
    "reached": _l("已接通"),
    "busy": _l("对方占线"),
    "no_answer": _l("对方无人接听"),
    "unavailable": _l("对方关机、停机或不在服务区"),
    "network": _l("对方网络不通"),
    "declined": _l("对方拒接"),
    "not_in_use": _l("号码不存在"),
    "seat_failed": _l("您的话机没有接听"),
    "cancelled": _l("您先挂机，对方没有振铃"),
    "line_failed": _l("线路没有接通"),
    "interrupted": _l("热线程序中断"),
}
SUGGESTED = {"reached": "reached", "declined": "refused", "not_in_use": "wrong_number"}
WHY_NOT = {"not_running": _l("接听程序没有运行，电话没有拨出。"), "done": _l("这一条已经处理完毕，电话没有拨出。")}


@bp.post("/call-back/<callback_id>")
@needs("work")
def call(callback_id: str) -> Any:
    """The click. The form brings the command's id, so that two clicks are one call."""
    form, who = given(), current_user
    if not 8 <= len(form.get("command", "")) <= 36:
        abort(400)
    wish = Wish(form["command"], callback_id, who.name, who.role, who.seat, now_ms())
    try:
        with writing() as db:
            known = config().calling.command(db.connection(), wish.id)
            config().calling.ask(db.connection(), wish)
            if known is None:
                record(db, "callback.call", target=callback_id)
    except NotAllowed as why:
        if why.code == "unknown":
            abort(404)
        with writing() as db:
            config().calling.refused(db.connection(), wish, why)
            record(db, "callback.refused", target=callback_id, detail=why.code)
        flash(said(why), "error")
        return redirect(url_for("worklists.of", kind=_callback(callback_id).kind), 303)
    except AlreadyAsked:
        flash(_("正在拨打这个号码。"), "error")
        return redirect(url_for("worklists.of", kind=_callback(callback_id).kind), 303)
    return redirect(url_for("calling.show", command_id=wish.id), 303)


@bp.get("/call-back/<command_id>")
@needs("work")
def show(command_id: str) -> str:
    """The call as it goes on, what to say, and afterwards the form for its result."""
    command = _command(command_id)
    callback = _callback(command["callback_id"])
    return render_template(
        "calling.html", command=command, callback=callback, number=masked(callback.party_id),
        case=reading().get(Case, callback.case_id or ""), script=_script(callback), **_state(command, callback),
    )  # fmt: skip


@bp.get("/call-back/<command_id>/state")
@needs("work")
def live(command_id: str) -> str:
    """The part of the page that changes."""
    command = _command(command_id)
    return render_template("calling_state.html", command=command, **_state(command, _callback(command["callback_id"])))


def _command(command_id: str) -> Row:
    found = config().calling.command(reading().connection(), command_id)
    if found is None:
        abort(404)
    if found["state"] == "queued" and now_ms() - found["at"] >= EXPIRES_MS:
        with writing() as db:
            config().calling.expire(db.connection(), now_ms())
        found = config().calling.command(reading().connection(), command_id)
        assert found is not None
    return found


def _callback(callback_id: str) -> Callback:
    found = reading().get(Callback, callback_id)
    if found is None or not seen_of_callbacks([found]):
        abort(404)
    return found


def _state(command: Row, callback: Callback) -> dict[str, Any]:
    call = config().calling.call(reading().connection(), command["id"]) or {}
    over = command["state"] in ("done", "refused")
    open_ = callback.state == "open"
    return {
        "call": call, "over": over, "phase": _phase(command, call), "came": CAME, "why_not": WHY_NOT,
        "to_note": over and command["state"] == "done" and command["noted"] is None and open_,
        "suggested": SUGGESTED.get(command["result"], ""), "results": RESULTS, "kind": callback.kind,
        "callback_id": callback.id, "ratings": CHOICES["rating"], "solved": CHOICES["solved"],
        "tried": worklists.attempts(reading().connection(), [callback.id])[callback.id] if over else [],
    }  # fmt: skip


def _phase(command: Row, call: Row) -> str:
    """Where the call is: the last thing that is known of it."""
    if command["state"] in ("done", "refused"):
        return str(command["state"])
    for column in ("ended", "answered", "ringing", "dialled", "seat_answered", "seat_ringing"):
        if call.get(column):
            return column
    return "queued"


def _script(callback: Callback) -> list[str]:
    """What to say (A2.13, and A2.15 "callback identity"); the person's name stays where it is sealed."""
    case = reading().get(Case, callback.case_id or "")
    call = reading().get(Call, callback.call_id or "")
    when = case.received if case else call.arrived if call else callback.created
    topic = _("来电") if case is None else str(label(KINDS, case.kind))
    if case is not None and case.category:
        topic = f"{topic} ({label(NATURES, case.category)})"
    staff = "".join(char for char in current_user.seat if char in "0123456789") or "0"
    about = {"id": staff, "date": local(when).date().isoformat(), "topic": topic}
    phrases, language = config().phrases, lang()
    return [
        phrases.text("out.identity", about, language, local(now_ms()).date()),
        phrases.text("out.1", {"dept": _("（对方单位）")}, language),
        phrases.text("out.2", {"name": _("（来电人）")}, language),
    ]
