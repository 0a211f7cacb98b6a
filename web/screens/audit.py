"""The audit log, for those who watch over the others."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from ivr.store import queries
from ivr.store.queries import BadCursor
from web.access import needs
from web.casework import action_labels
from web.db import reading
from web.forms import with_args, word
from web.labels import ACTIONS

bp = Blueprint("audit", __name__)


@bp.get("/audit")
@needs("audit")
def index() -> str:
    before = request.args.get("before")
    if before is not None and not (before.isdigit() and len(before) < 19):
        raise BadCursor(before)
    actions = {**ACTIONS, **action_labels()}
    page = queries.audit_log(
        reading(), user=word("user"), action=word("action", actions), before=int(before) if before else None
    )
    return render_template("audit.html", page=page, actions=actions, with_args=with_args)
