"""Who is logged in where: a row for each session of the panel, so that it ends on the server and not only in a cookie.

    clear = begin(session, user_id, now, ends, remote, browser)     # what the browser gets; here only its hash stands
    find(session, user_id, clear, now)                              # None: ended, or over
    end(session, user_id, login_id); end_all(session, user_id, keep=login_id)

Whatever raises an account's epoch (a new password, another role, closing it) ends all of them (``services/users.py``).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from store.digests import digest
from store.ids import uuid7
from store.schema import Login


def begin(session: Session, user_id: str, now: int, ends: int, remote: str, browser: str) -> str:
    """Somebody is in from ``now`` until ``ends`` at the latest (UTC ms). Forgets those that are over, of everybody."""
    session.execute(delete(Login).where(Login.ends <= now))
    clear = secrets.token_urlsafe(32)
    row = Login(
        id=uuid7(now), user_id=user_id, hash=digest(clear), created=now, ends=ends, remote=remote[:64],
        browser=browser[:200],
    )  # fmt: skip
    session.add(row)
    session.flush()
    return clear


def find(session: Session, user_id: str, clear: str, now: int) -> Login | None:
    """The log-in this account's browser speaks of, while it lasts."""
    row = session.scalar(select(Login).where(Login.hash == digest(clear), Login.user_id == user_id))
    return row if row is not None and row.created <= now < row.ends else None


def of(session: Session, user_id: str, now: int) -> Sequence[Login]:
    """Where this account is logged in, the newest first."""
    mine = select(Login).where(Login.user_id == user_id, Login.ends > now)
    return session.scalars(mine.order_by(Login.created.desc(), Login.id.desc())).all()


def end(session: Session, user_id: str, login_id: str) -> bool:
    """End one of this account's log-ins; False when there is none of that id."""
    gone = session.scalars(delete(Login).where(Login.id == login_id, Login.user_id == user_id).returning(Login.id))
    return gone.first() is not None


def end_all(session: Session, user_id: str, keep: str = "") -> int:
    """End all of this account's log-ins but ``keep``; how many."""
    mine = delete(Login).where(Login.user_id == user_id, Login.id != keep)
    return len(session.scalars(mine.returning(Login.id)).all())
