"""Keeping what is being typed: sent by the page on its way out of a field (``navigator.sendBeacon``)."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, abort
from flask_login import current_user

from web.access import needs
from web.case_views import given
from web.db import config, now_ms, writing

bp = Blueprint("drafts", __name__)

NOT_TYPED = {  # what the page puts in, what is confirmed anew each time, and what is sealed
    "version", "steps", "action", "command_id", "outage_id", "call", "seen", "told", "worded", "append_to", "identity",
}  # fmt: skip
WHO = {"name", "number"}  # of an anonymous reporter nothing is kept
FORM = re.compile(r"[a-z][a-z0-9:_-]{2,110}")


@bp.post("/drafts")
@needs("work")
def keep() -> Any:
    """Keep the fields of one form; an emptied form has no draft."""
    fields = given()
    form = fields.pop("draft", "")
    if not FORM.fullmatch(form):
        abort(400)
    left_out = NOT_TYPED | (WHO if fields.get("anonymous") else set())
    typed = {name: text for name, text in fields.items() if name not in left_out}
    with writing() as db:
        if any(typed.values()):
            config().drafts.save(db.connection(), current_user.id, form, typed, now_ms())
        else:
            config().drafts.drop(db.connection(), current_user.id, form)
    return "", 204
