"""Whoever asks for what is not theirs stands in the audit log, by name: of an account or of a token of the API."""

from __future__ import annotations

import logging
from typing import cast

from flask import Flask, current_app, g, request
from flask_login import current_user
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from store.engine import DatabaseError
from web.db import record, writing

log = logging.getLogger("web")
MOST = parse("30 per 15 minutes")  # of one name: a page that asks again and again does not fill the log


def init(app: Flask) -> None:
    app.extensions["panel.refusals"] = MovingWindowRateLimiter(MemoryStorage())


def note() -> None:
    """This request was refused with 403."""
    token = g.get("token")
    if token is not None:
        who = f"token:{token.name}"
    elif current_user.is_authenticated:
        who = current_user.name
    else:
        return  # nobody we know
    counts = cast(MovingWindowRateLimiter, current_app.extensions["panel.refusals"])
    if not counts.hit(MOST, who):
        return
    try:
        with writing() as db:
            record(db, "denied", target=f"{request.method} {request.path}", user=who)
    except DatabaseError:  # the answer is 403 whatever can be written down
        log.warning("a refusal could not be written down: %s %s by %s", request.method, request.path, who)
