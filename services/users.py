"""Accounts of the panel, the audit log, and the tokens of the JSON API.

Functions work on the session they are given and never commit: the caller's transaction holds the
change *and* its audit row, so neither exists without the other. Passwords are hashed by a hasher
that is passed in (argon2 in ``web/passwords.py``); of a token only the SHA-256 is stored.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import Protocol

from ivr.cases.actions import Notice
from ivr.passwords import PASSWORD_MAX, fault
from ivr.scrubbing import without_numbers
from services.errors import ServiceError
from store import notices
from store.digests import digest
from store.engine import Session
from store.ids import uuid7
from store.people import accounts, logins
from store.people.accounts import CUSTODIAN
from store.schema import ApiToken, Audit, User

ROLES = ("operator", "lead", "supervisor", "admin", "custodian")  # 话务员 班长 督导 管理员 身份保管员
SCOPES = ("calls:read", "cases:read", "figures:read", "seats:read", "seats:write")
WATCHED = ("custodian", "supervisor")  # whose accounts open what nobody else may
TOLD = ("role:custodian", "role:supervisor")
DAY_MS = 86_400_000
FRESH_MS = DAY_MS
TOKEN_DAYS_MAX = 366
FULL_NAME_MAX = 80
TOKEN_PREFIX = "hl_"  # noqa: S105 - lets a leak scanner recognise our tokens
NAME_RE = re.compile(r"[\w.\-·]{1,40}")


class UserError(ServiceError, ValueError):
    """Something about an account or token is not allowed; ``code`` says what, for a clear answer."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Hasher(Protocol):
    """A password hash: slow, salted."""

    def hash(self, password: str) -> str: ...
    def verify(self, hashed: str, password: str) -> bool: ...
    def outdated(self, hashed: str) -> bool: ...


# --- accounts ------------------------------------------------------------------------------


def hashed(hasher: Hasher, name: str, password: str, about: Iterable[str] = ()) -> str:
    """The hash of a new password, if it is good enough for the account ``name``. Raises :class:`UserError`.

    ``about``: more names that are guessed first (the person's, the unit's).
    It takes a tenth of a second: to be made before a transaction begins, never inside.
    """
    if code := fault(password, (name, *about)):
        raise UserError(code)
    return hasher.hash(password)


def create_user(
    session: Session, *, name: str, password: str, role: str, now: int, seat: str = "", must_change: bool = False,
    full_name: str = "",
) -> User:  # fmt: skip
    """Add an account. ``password``: from :func:`hashed`; ``must_change``: somebody else knows it.

    ``name`` is for logging in, stands in the journal and never changes; ``full_name`` is the person's.
    Raises :class:`UserError`: ``bad_name``, ``name_taken`` ...
    """
    if not NAME_RE.fullmatch(name):
        raise UserError("bad_name")
    if role not in ROLES:
        raise UserError("bad_role")
    if accounts.find_user(session, name) is not None:
        raise UserError("name_taken")
    user = User(
        id=uuid7(now), name=name, role=role, password=password, seat=seat, active=True,
        created=now, session_epoch=0, must_change=must_change, since=now, confirmed=None, confirmed_by="",
        full_name=_full_name(full_name),
    )  # fmt: skip
    session.add(user)
    session.flush()
    tell(session, user, "account_new", now)
    return user


def is_right(hasher: Hasher, known: str | None, password: str) -> bool:
    """Whether this is the password of the hash ``known``; None: of nobody, which takes as long.

    Outside of any transaction: it takes a tenth of a second.
    """
    if len(password) > PASSWORD_MAX:
        return False
    if known is None:
        hasher.hash(password)
        return False
    return hasher.verify(known, password)


def let_in(session: Session, user_id: str, known: str, fresh: str | None) -> User | None:
    """The account whose password was right by the hash ``known``, if it is open and still has it.

    ``fresh``: the same password hashed by today's parameters, to be kept.
    """
    user = session.get(User, user_id)
    if user is None or not user.active or user.password != known:
        return None
    if fresh is not None:
        user.password = fresh
    return user


def change_password(session: Session, user: User, password: str) -> None:
    """Set a new password, from :func:`hashed`, and log the account out everywhere."""
    user.password, user.must_change = password, False
    log_out(session, user)


def log_out(session: Session, user: User) -> None:
    """End every log-in of the account."""
    user.session_epoch += 1
    session.flush()
    logins.end_all(session, user.id)


def reset_password(session: Session, user: User, password: str, now: int) -> None:
    """Set a password that somebody else knows: it must be changed at log-in, and those concerned are told at once."""
    change_password(session, user, password)
    user.must_change, user.since = True, now
    session.flush()
    tell(session, user, "account_reset", now)


def confirm_custodian(session: Session, user: User, by: User, now: int) -> None:
    """A supervisor says that this account may be the custodian's. Raises :class:`UserError`.

    Codes: ``no_custodian``, ``not_supervisor``, ``fresh``: the supervisor's own account was made or reset just now.
    """
    if user.role != CUSTODIAN or user.confirmed is not None:
        raise UserError("no_custodian")
    if by.role != "supervisor" or not by.active:
        raise UserError("not_supervisor")
    if is_fresh(by, now):
        raise UserError("fresh")
    user.confirmed, user.confirmed_by = now, by.name
    session.flush()
    tell(session, user, "custodian_confirmed", now)


def is_fresh(user: User, now: int) -> bool:
    """Was the account made, raised, reset or reopened within the last 24 hours? Then it neither confirms nor opens."""
    return now - user.since < FRESH_MS


def may_open(session: Session, name: str, now: int) -> str:
    """Why the custodian of that name may not open a sealed identity now; empty when they may."""
    user = accounts.find_user(session, name)
    if user is None or not user.active or user.role != CUSTODIAN:
        return "no_custodian"
    if user.confirmed is None:
        return "unconfirmed"
    return "fresh" if is_fresh(user, now) else ""


def tell(session: Session, user: User, kind: str, now: int) -> None:
    """Whoever could be passed over is told at once, by inbox and from there by e-mail."""
    if user.role in WATCHED:
        about = {"account": user.name, "role": user.role}
        event = f"{kind}:{user.id}:{now}"
        notices.tell(session.connection(), Notice(kind, TOLD), notices.NO_CASE, now, event, **about)


def change_user(
    session: Session, user: User, *, role: str, seat: str, now: int, full_name: str | None = None
) -> None:  # fmt: skip
    """Give another role, seat or real name; a new role ends the account's sessions. Raises :class:`UserError`."""
    raised = role != user.role
    if role not in ROLES:
        raise UserError("bad_role")
    if role != user.role:
        _keep_an_admin(session, user)
        log_out(session, user)
    user.role, user.seat = role, seat
    if full_name is not None:
        user.full_name = _full_name(full_name)
    if raised:
        user.since, user.confirmed, user.confirmed_by = now, None, ""
        tell(session, user, "account_raised", now)
    session.flush()


def set_active(session: Session, user: User, active: bool, now: int) -> None:
    """Close or reopen an account; closing ends its sessions. ``last_admin`` when none would be left."""
    if not active:
        _keep_an_admin(session, user)
        log_out(session, user)
        _tell_of_orphans(session, user, now)
    elif not user.active:
        user.since = now
        tell(session, user, "account_raised", now)
    user.active = active
    session.flush()


def _tell_of_orphans(session: Session, user: User, now: int) -> None:
    """Leads are told what a closed account leaves behind."""
    if user.active and (left := accounts.open_cases(session, user.name)):
        event = f"owner_closed:{user.id}:{now}"
        notice = Notice("owner_closed", ("role:lead", "role:supervisor"))
        notices.tell(session.connection(), notice, notices.NO_CASE, now, event, account=user.name, left=str(left))


def _full_name(text: str) -> str:
    text = " ".join(text.split())
    if len(text) > FULL_NAME_MAX or not text.isprintable():
        raise UserError("bad_full_name")
    return text


def _keep_an_admin(session: Session, user: User) -> None:
    if user.role != "admin" or not user.active:
        return
    if not accounts.another_admin(session, user):
        raise UserError("last_admin")


# --- audit ---------------------------------------------------------------------------------


def audit(
    session: Session, *, at: int, user: str, action: str, target: str = "", detail: str = "", remote: str = ""
) -> Audit:
    """Append one row: who did what to what, and why. Numbers in it are made unreadable; no password comes here."""
    row = Audit(
        at=at,
        user=user[:80],
        action=action[:40],
        target=without_numbers(target)[:120],
        detail=without_numbers(detail)[:2000],
        remote=remote[:64],
    )
    session.add(row)
    return row


# --- API tokens ----------------------------------------------------------------------------


def create_token(session: Session, *, name: str, scopes: Iterable[str], now: int, expires: int) -> tuple[ApiToken, str]:
    """Make a token; returns its row and the clear token, which nobody can show again.

    ``expires``: UTC ms, a year ahead at most. Raises :class:`UserError`: ``bad_token_name``, ``no_scope``,
    ``bad_scope``, ``past_expiry``, ``long_expiry``.
    """
    wanted = set(scopes)
    if not 1 <= len(name.strip()) <= 80:
        raise UserError("bad_token_name")
    if not wanted:
        raise UserError("no_scope")
    if not wanted <= set(SCOPES):
        raise UserError("bad_scope")
    if expires <= now:
        raise UserError("past_expiry")
    if expires > now + TOKEN_DAYS_MAX * DAY_MS:
        raise UserError("long_expiry")
    clear = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        id=uuid7(now), name=name.strip(), hash=digest(clear), scopes=" ".join(sorted(wanted)),
        created=now, expires=expires,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row, clear


def revoke_token(session: Session, token_id: str, now: int) -> ApiToken | None:
    """End a token; None when there is no such token. Revoking twice keeps the first moment."""
    row = session.get(ApiToken, token_id)
    if row is not None and row.revoked is None:
        row.revoked = now
        session.flush()
    return row
