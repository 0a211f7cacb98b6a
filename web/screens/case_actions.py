"""Work on a case: what can be done now, the texts people wrote, and taking letters and visits into the register."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from ivr.cases.actions import ACTIONS, ActionRefused, Changed, Do
from ivr.cases.wording_check import BadlyWorded
from ivr.outgoing.numbers import NotAllowed, why_not
from services.casework import MatterEntry
from store.ids import uuid7
from store.read import queries
from store.read.handlers import handed, handlers
from web.access import needs
from web.case_page import page
from web.case_views import desk, given, natures, own_units, said, since, unit_seats
from web.db import config, now_ms, reading, record, writing
from web.drafts import Back, come_back, saved
from web.drafts import filled as lately
from web.forms import number as numbered
from web.labels import CHANNELS, KINDS
from web.phone_numbers import masked

bp = Blueprint("work", __name__)

NEVER_CONFLICT = ("note", "plead")  # added to what is there, whatever it is
NEW = "case-new"


@bp.post("/cases/<case_id>/do")
@needs("work")
def do(case_id: str) -> Any:
    """Do what the form says; a refusal says why and changes nothing."""
    form = given()
    action, version, steps = form.pop("action", ""), form.pop("version", ""), form.pop("steps", "")
    draft, worded, typed = f"case:{case_id}:{action}", form.pop("worded", ""), dict(form)
    told: tuple[str, ...] = ()
    seen = None if action in NEVER_CONFLICT else numbered(version)
    try:
        if action == "assign":
            form, told = handed(handlers(reading().connection(), unit_seats()), form, current_user.name)
        form["units"] = own_units()
        what = Do(action, current_user.name, current_user.role, now_ms(), form, bool(worded))
        with writing() as db:
            row = desk().do(db.connection(), case_id, what, seen)
            record(db, f"case.{action}"[:40], target=row.number)
            saved(db, draft)
        flash(_("已完成：%(what)s", what=said(ACTIONS[action])), "info")
        if action == "assign":
            flash(_("已通知：%(names)s", names="、".join(told) or _("没有人（窗口没有座席账号）")), "info")
    except ActionRefused as refused:
        found = queries.case_file(reading(), case_id)
        if found is None:
            abort(404)
        changed = since(found.case, numbered(steps)) if isinstance(refused, Changed) else ()
        come_back(Back(draft, typed, refused, changed, refused.hits if isinstance(refused, BadlyWorded) else ()))
        return page(found, refused=action if action in ACTIONS else ""), 400
    return redirect(url_for("cases.detail", case_id=case_id), 303)


@bp.post("/cases/<case_id>/texts")
@needs("work")
def texts(case_id: str) -> str:
    """Show what people wrote; it may name the citizen, so the look is audited."""
    found = queries.case_file(reading(), case_id)
    if found is None:
        abort(404)
    number, inner = found.case.number, found.case.id
    with writing() as db:
        record(db, "case.texts", target=number)
        read = desk().notes(db.connection(), inner)
    return page(queries.case_file(reading(), inner) or abort(404), texts=read)


@bp.get("/cases/new")
@needs("work")
def new() -> str:
    """The form for a letter or a visit."""
    start = {"kind": "complaint", "channel": "letter"}
    return _form({**start, **lately(NEW).fields, "command_id": uuid7()})


@bp.post("/cases/new")
@needs("work")
def create() -> Any:
    """Take it into the register. Cases of the same number are shown first, so that nothing is there twice; a number
    that cannot be called back is told, and taken when the form is sent again."""
    form, now = given(), now_ms()
    number = "" if form.get("anonymous") else form.get("number", "")
    try:
        number = desk().number(number)
    except ActionRefused as refused:
        come_back(Back(NEW, form, refused))
        return _form(form), 400
    similar = desk().similar(reading().connection(), number=number, at=now) if number else []
    undialled = why_not(number, config().calling.limits.numbers) if number else None
    if (similar and not form.get("seen")) or (undialled and form.get("told") != number):
        return _form(form, similar, undialled, number)
    entry = MatterEntry(
        form.get("kind", ""), form.get("channel", ""), current_user.name, now, form.get("text", ""), number,
        form.get("name", ""), form.get("category", ""), bool(form.get("anonymous")), not form.get("no_follow_up"),
        form.get("command_id", ""), form.get("identity", "") if form.get("anonymous") else "", current_user.role,
    )  # fmt: skip
    try:
        if form.get("append_to"):
            return _append(form["append_to"], entry)
        with writing() as db:
            stored = desk().open(db.connection(), entry)
            record(db, "case.new", target=stored.number)
            saved(db, NEW)
    except ActionRefused as refused:
        come_back(Back(NEW, form, refused))
        return _form(form), 400
    flash(_("已登记，编号 %(number)s。", number=stored.number), "info")
    if stored.query_code:
        flash(_("匿名举报的查询码：%(code)s。请告知举报人记好，只显示这一次。", code=stored.query_code), "warn")
    return redirect(url_for("cases.detail", case_id=stored.id), 303)


def _append(case_id: str, entry: MatterEntry) -> Any:
    """Add a matter that came again to the case there is."""
    with writing() as db:
        row = desk().append(db.connection(), case_id, entry)
        record(db, "case.append", target=row.number, detail=entry.channel)
        saved(db, NEW)
    flash(_("已补充到工单 %(number)s。", number=row.number), "info")
    return redirect(url_for("cases.detail", case_id=row.id), 303)


def _form(filled: dict[str, str], similar: Any = (), undialled: NotAllowed | None = None, number: str = "") -> str:
    numbers = {row.id: masked(row.party_id) for row in similar}
    return render_template(
        "case_new.html", filled=filled, similar=similar, numbers=numbers, kinds=KINDS, channels=CHANNELS,
        categories=natures(), again=request.method == "POST", draft=lately(NEW),
        undialled=said(undialled) if undialled else "", told=number,
    )  # fmt: skip
