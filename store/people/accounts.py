"""Accounts of the panel, their recovery codes, and tokens of the JSON API, as they stand; in the caller's session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from store.digests import digest
from store.schema import ApiToken, Case, RecoveryCode, User

CUSTODIAN = "custodian"


def find_user(session: Session, name: str) -> User | None:
    """The account of that exact name, active or not."""
    return session.scalar(select(User).where(User.name == name))


def of_seat(session: Session, seat: str) -> str:
    """The name of the open account whose seat it is; empty when it is nobody's or several people's."""
    names = session.scalars(select(User.name).where(User.seat == seat, User.active).limit(2)).all()
    return names[0] if len(names) == 1 else ""


def pin_numbers(session: Session, but: str = "") -> set[str]:
    """The numbers by which PINs find their accounts; those of others than ``but``."""
    pins = session.scalars(select(User.pin).where(User.pin != "", User.id != but))
    return {pin.partition("$")[0] for pin in pins}


def by_pin_number(session: Session, number: str) -> User | None:
    """The account that this number finds."""
    return session.scalar(select(User).where(User.pin.startswith(f"{number}$", autoescape=True)))


def any_account(session: Session) -> bool:
    """Is there an account at all?"""
    return session.scalar(select(User.id).limit(1)) is not None


def another_admin(session: Session, user: User) -> bool:
    """Is there an open administrator's account besides this one?"""
    others = select(User.id).where(User.role == "admin", User.active, User.id != user.id)
    return session.scalar(others.limit(1)) is not None


def list_users(session: Session) -> Sequence[User]:
    """Every account, active ones first, by name."""
    return session.scalars(select(User).order_by(User.active.desc(), User.name)).all()


def custodians(session: Session) -> Sequence[User]:
    """The custodians, those who wait for a supervisor first."""
    query = select(User).where(User.role == CUSTODIAN, User.active)
    return session.scalars(query.order_by(User.confirmed.is_not(None), User.name)).all()


def closed_names(session: Session) -> frozenset[str]:
    """The names of closed accounts, so that what they still own can be marked."""
    return frozenset(session.scalars(select(User.name).where(User.active.is_(False))))


def open_cases(session: Session, name: str) -> int:
    """How many open cases this account owns."""
    mine = select(func.count()).select_from(Case).where(Case.owner == name, Case.closed.is_(None))
    return session.scalar(mine) or 0


# --- the second factor ---------------------------------------------------------------------


def factor_place(user_id: str) -> bytes:
    """Where the sealed secret of an app belongs."""
    return f"totp:{user_id}".encode()


def step_later(session: Session, user: User, step: int) -> bool:
    """A code of this time step is used now; False: one of it or of a later step was used before."""
    later = update(User).where(User.id == user.id, User.totp_step < step).values(totp_step=step)
    return session.scalars(later.returning(User.id)).first() is not None


def codes_left(session: Session, user: User) -> int:
    """How many recovery codes were not used yet."""
    return session.scalar(select(func.count()).where(RecoveryCode.user_id == user.id)) or 0


def put_codes(session: Session, user: User, hashes: Iterable[str]) -> None:
    """Recovery codes in the place of those of before; none: there are none any more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    session.add_all(RecoveryCode(user_id=user.id, hash=one) for one in hashes)
    session.flush()


def use_code(session: Session, user: User, hashed: str) -> bool:
    """A recovery code is used now; False: there is none of that hash."""
    used = delete(RecoveryCode).where(RecoveryCode.user_id == user.id, RecoveryCode.hash == hashed)
    return session.scalars(used.returning(RecoveryCode.hash)).first() is not None


# --- API tokens ----------------------------------------------------------------------------


def list_tokens(session: Session) -> Sequence[ApiToken]:
    """Every token, newest first, revoked ones too."""
    return session.scalars(select(ApiToken).order_by(ApiToken.created.desc())).all()


def find_token(session: Session, token: str, now: int) -> ApiToken | None:
    """The row of a token that is valid at ``now`` (UTC ms)."""
    row = session.scalar(select(ApiToken).where(ApiToken.hash == digest(token)))
    if row is None or row.revoked is not None or row.expires <= now:
        return None
    return row
