"""The request's reading session, and short writing transactions."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import Flask, current_app, g, request
from flask_login import current_user

from services import users
from services.calendars import Added
from store import engine
from store.engine import DatabaseError, Session
from web.config import PanelConfig

log = logging.getLogger("web")
DAYS_KEPT_S = 2.0


def config() -> PanelConfig:
    """What this app was built with."""
    return cast(PanelConfig, current_app.extensions["panel"])


def calendars() -> Added:
    """The calendar, and the years that were added in the panel."""
    return cast(Added, current_app.extensions["panel.calendars"])


def now_ms() -> int:
    """UTC milliseconds by the panel's clock."""
    return config().now_ms()


def reading() -> Session:
    """One session per request for looking; it is closed when the answer is made."""
    if "reading" not in g:
        g.reading = Session(engine.reading(config().engine))
    return cast(Session, g.reading)


@contextmanager
def writing() -> Iterator[Session]:
    """A short transaction: what is done in its block is committed, with its audit row, or not at all."""
    release()  # nobody should write on what was read before the lock was taken
    with Session(config().engine, expire_on_commit=False) as session, session.begin():
        yield session


def release() -> None:
    """End the request's look at the database."""
    if (session := g.pop("reading", None)) is not None:
        session.close()


def record(session: Session, action: str, target: str = "", detail: str = "", user: str | None = None) -> None:
    """Write who did this, from where, into the audit log."""
    if user is None:
        user = current_user.name if current_user.is_authenticated else ""
    users.audit(
        session, at=now_ms(), user=user, action=action, target=target, detail=detail,
        remote=request.remote_addr or "",
    )  # fmt: skip


def init(app: Flask) -> None:
    looked = [0.0]

    @app.before_request
    def working_days() -> None:
        """Count by the years of working days that stand in the database now, looked at every other second."""
        if request.endpoint == "static" or time.monotonic() - looked[0] < DAYS_KEPT_S:
            return
        looked[0] = time.monotonic()
        try:
            calendars().refresh()
        except DatabaseError:  # the page itself says that the database is away
            log.warning("working days could not be read")

    app.teardown_appcontext(lambda _error: release())
