"""PINs with which operators sign in at a seat's phone: three digits that find the account, five that prove it.

    clear = renew(session, user)             # shown once; here only a slow, salted hash stands
    user = owner_of(session, "12345678")     # None: nobody's

Whoever has the database could try all of five digits: a PIN opens a seat, never the panel. Hashing takes some 50 ms
without the interpreter's lock, on a thread where nothing waits for it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from services.users import UserError
from store.engine import Session
from store.people import accounts
from store.schema import User

FINDS, PROVES = 3, 5  # digits


def renew(session: Session, user: User) -> str:
    """Give the account a new PIN. Raises :class:`UserError` ``no_pin`` when there are too many accounts with one."""
    free = sorted({f"{n:0{FINDS}}" for n in range(10**FINDS)} - accounts.pin_numbers(session, but=user.id))
    if not free:
        raise UserError("no_pin")
    pin = secrets.choice(free) + "".join(secrets.choice("0123456789") for _ in range(PROVES))
    salt = secrets.token_hex(8)
    user.pin = f"{pin[:FINDS]}${salt}${_hash(pin, salt)}"
    session.flush()
    return pin


def owner_of(session: Session, pin: str) -> User | None:
    """The open account whose PIN it is."""
    user = accounts.by_pin_number(session, pin[:FINDS]) if len(pin) == FINDS + PROVES else None
    _number, salt, known = user.pin.split("$") if user is not None else ("", "", "")
    right = hmac.compare_digest(known, _hash(pin, salt))  # of nobody's PIN, too, which takes as long
    return user if right and user is not None and user.active else None


def _hash(pin: str, salt: str) -> str:
    return hashlib.scrypt(pin.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()
