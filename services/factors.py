"""The second factor of an account: codes of an app (TOTP, RFC 6238) and recovery codes for when it is lost.

    factors.begin(session, user)                          # a secret nobody uses yet; pending(user) shows it
    codes = factors.confirm(session, user, "123456", now) # the app is right: it counts from now on; shown once
    factors.check(session, user, "123456", now)           # at log-in: True once for each code
    factors.reset(session, user, now)                     # by somebody else: those concerned are told at once

The secret is sealed by the master keys; of recovery codes (79 random bits) only hashes stand.
"""

from __future__ import annotations

import hmac
import secrets

import pyotp

from services import users
from services.users import UserError
from store.digests import digest
from store.engine import Session
from store.keys import Keys
from store.people import accounts
from store.schema import User

STEP_MS = 30_000
DRIFT = 1  # steps a clock may be off, either way
CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # of recovery codes; none that looks like another


class Factors:
    """Works inside the caller's transaction."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def begin(self, session: Session, user: User) -> None:
        """Make a secret for an app; what counted before goes on counting until :meth:`confirm`."""
        user.totp_new = self._keys.encrypt(pyotp.random_base32().encode(), accounts.factor_place(user.id))
        session.flush()

    def pending(self, user: User) -> str:
        """The secret that waits for its first code, in base32; empty: none."""
        return self._open(user, user.totp_new)

    def confirm(self, session: Session, user: User, code: str, now: int) -> list[str]:
        """The first code of the new app: it counts from now on. Recovery codes. Raises :class:`UserError`."""
        secret = self.pending(user)
        step = matching(secret, code, now) if secret else None
        if step is None:
            raise UserError("wrong_code")
        user.totp, user.totp_new, user.totp_step, user.totp_since = user.totp_new, None, step, now
        session.flush()
        return self.new_codes(session, user)

    def check(self, session: Session, user: User, code: str, now: int) -> bool:
        """Is it a code of the app or a recovery code, and never used before? Then it is used now."""
        secret = self._open(user, user.totp)
        if not secret:
            return False
        step = matching(secret, code, now)
        if step is None:
            return accounts.use_code(session, user, _hash(code))
        return accounts.step_later(session, user, step)

    def new_codes(self, session: Session, user: User) -> list[str]:
        """Recovery codes in the place of those of before; to be shown once."""
        codes = ["-".join(_part() for _ in range(4)) for _ in range(CODES)]
        accounts.put_codes(session, user, map(_hash, codes))
        return codes

    def drop(self, session: Session, user: User) -> None:
        """The password alone is enough again."""
        user.totp, user.totp_new, user.totp_since = None, None, None
        accounts.put_codes(session, user, ())

    def reset(self, session: Session, user: User, now: int) -> None:
        """Somebody else takes it away: logged out everywhere, those concerned told, nothing opened for a day."""
        self.drop(session, user)
        user.since = now
        users.log_out(session, user)
        users.tell(session, user, "account_factor", now)

    def _open(self, user: User, sealed: bytes | None) -> str:
        return "" if sealed is None else self._keys.decrypt(sealed, accounts.factor_place(user.id)).decode()


def matching(secret: str, code: str, now: int) -> int | None:
    """The time step this code of the app belongs to, if it is of now (one step of drift); else None."""
    code = code.strip().replace(" ", "")
    if len(code) != 6 or not code.isascii() or not code.isdigit():
        return None
    app = pyotp.TOTP(secret)
    steps = range(now // STEP_MS - DRIFT, now // STEP_MS + DRIFT + 1)
    found = [step for step in steps if hmac.compare_digest(app.generate_otp(step), code)]
    return found[-1] if found else None


def address(secret: str, account: str, unit: str) -> str:
    """What a QR code says to an app: ``otpauth://totp/…``."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=unit)


def _part() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))


def _hash(code: str) -> str:
    return digest(code.strip().lower().replace(" ", ""))
