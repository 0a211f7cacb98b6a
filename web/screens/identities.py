"""Sealed identities of anonymous reporters: asked for by a lead or supervisor, opened by the custodian alone (B10)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from ivr.cases.actions import LINE_MAX, TEXT_MAX, ActionRefused
from ivr.cases.case import CaseRow
from store.derived import row_of
from store.engine import Session
from store.read import queries
from store.schema import Case
from web.access import needs
from web.case_page import page
from web.case_views import desk
from web.db import now_ms, reading, record, writing
from web.drafts import refused
from web.forms import field

bp = Blueprint("identities", __name__)


@bp.get("/identities")
@needs("identity")
def index() -> str:
    """What the custodian is asked to open, and what became of the requests before."""
    return _page()


@bp.post("/identities/<request_id>")
@needs("identity")
def decide(request_id: str) -> Any:
    """Open it or decline, with a reason; what was sealed stands in this one answer and nowhere else."""
    opening, reason, shown = field("decision") == "open", field("reason", LINE_MAX + 1), ""
    who = (current_user.name, current_user.role)
    try:
        with writing() as db:
            connection = db.connection()
            number = next((r["number"] for r in _every(db) if r["id"] == request_id), "")
            if opening:
                shown = desk().identities.open(connection, request_id, *who, reason, now_ms())
            else:
                desk().identities.decline(connection, request_id, *who, reason, now_ms())
            record(db, "identity.open" if opening else "identity.decline", target=number, detail=reason[:200])
    except ActionRefused as why:
        refused(why)
        return _page(), 400
    return _page((request_id, shown)) if opening else redirect(url_for("identities.index"), 303)


@bp.post("/cases/<case_id>/identity/ask")
@needs("identity.ask")
def ask(case_id: str) -> Any:
    """Ask the custodian to open the identity of a case."""
    case, reason = _case(case_id), field("reason", LINE_MAX + 1)
    try:
        with writing() as db:
            desk().identities.ask(
                db.connection(), row_of(CaseRow, case), current_user.name, current_user.role, reason, now_ms()
            )
            record(db, "identity.ask", target=case.number, detail=reason[:200])
    except ActionRefused as why:
        return _again(case_id, why)
    flash(_("已提交给身份保管员。"), "info")
    return redirect(url_for("cases.detail", case_id=case.id), 303)


@bp.post("/cases/<case_id>/identity/seal")
@needs("work")
def seal(case_id: str) -> Any:
    """Keep the identity an anonymous reporter gives; from then on only the custodian can read it."""
    case = _case(case_id)
    try:
        with writing() as db:
            text = field("identity", TEXT_MAX)
            desk().identities.seal(
                db.connection(), row_of(CaseRow, case), current_user.name, current_user.role, text, now_ms()
            )
            record(db, "identity.seal", target=case.number)
    except ActionRefused as why:
        return _again(case_id, why)
    flash(_("身份已密封。"), "info")
    return redirect(url_for("cases.detail", case_id=case.id), 303)


def _again(case_id: str, why: ActionRefused) -> Any:
    """The page of the case, with the form as it was filled in."""
    refused(why)
    return page(queries.case_file(reading(), case_id) or abort(404)), 400


def _case(case_id: str) -> Case:
    found = queries.case_file(reading(), case_id)
    if found is None:
        abort(404)
    return found.case


def _every(session: Session) -> list[dict[str, Any]]:
    return desk().identities.requests(session.connection())


def _page(shown: tuple[str, str] = ("", "")) -> str:
    return render_template("identities.html", requests=_every(reading()), shown=shown)
