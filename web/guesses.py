"""Wrong passwords are counted, right ones never: who guesses is held up, and nobody else is.

* A name is locked at an address after 5 wrong ones, and everywhere after 50; within 15 minutes.
* A browser in which that account was logged in before (a signed cookie says so) has a count of its own: whatever
  others type, at the same address or elsewhere, a right password from there is let in.
* An address with 30 wrong ones, of whatever names, is answered "too often" to each further wrong one, also for names
  that are nobody's; right passwords go through. Thirty clerks behind one proxy do not lock each other out.
* Wrong codes of a second factor are counted by account, and apart by a browser that is known.
* Wrong current passwords, where one changes it, are counted by account.
"""

from __future__ import annotations

import secrets
from typing import Any, cast

from flask import Flask, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from werkzeug import Response

from web.db import config

MINUTES = 15
OF_BROWSER = parse(f"10 per {MINUTES} minutes")
OF_NAME_HERE = parse(f"5 per {MINUTES} minutes")
OF_NAME = parse(f"50 per {MINUTES} minutes")
OF_ADDRESS = parse(f"30 per {MINUTES} minutes")
OF_CODE = parse(f"5 per {MINUTES} minutes")
OF_OLD = parse(f"5 per {MINUTES} minutes")
KNOWN_S = 180 * 86_400
COOKIE = "hotline_known_"


class Guesses:
    """The counts of one panel."""

    def __init__(self) -> None:
        self._counts = MovingWindowRateLimiter(MemoryStorage())

    def locked(self, name: str, address: str, browser: str) -> bool:
        """May no password of this name be tried from here now?"""
        if browser:
            return not self._counts.test(OF_BROWSER, "browser", browser)
        here = self._counts.test(OF_NAME_HERE, "here", name.lower(), address)
        return not (here and self._counts.test(OF_NAME, "name", name.lower()))

    def wrong(self, name: str, address: str, browser: str) -> bool:
        """One was wrong; False when there were too many from this address."""
        if browser:
            self._counts.hit(OF_BROWSER, "browser", browser)
        else:
            self._counts.hit(OF_NAME_HERE, "here", name.lower(), address)
            self._counts.hit(OF_NAME, "name", name.lower())
        return self._counts.hit(OF_ADDRESS, "address", address)

    def may_try_code(self, who: str) -> bool:
        """May a code of this account's second factor be tried? ``who``: the account, or a browser that is known."""
        return self._counts.test(OF_CODE, "code", who)

    def wrong_code(self, who: str) -> None:
        """It was wrong."""
        self._counts.hit(OF_CODE, "code", who)

    def may_try_old(self, user_id: str) -> bool:
        """May this account's current password be tried?"""
        return self._counts.test(OF_OLD, "old", user_id)

    def wrong_old(self, user_id: str) -> None:
        """It was wrong."""
        self._counts.hit(OF_OLD, "old", user_id)


def init(app: Flask) -> None:
    app.extensions["panel.guesses"] = Guesses()


def guesses() -> Guesses:
    """The counts of this panel."""
    return cast(Guesses, current_app.extensions["panel.guesses"])


def known_browser(user_id: str | None) -> str:
    """What this browser is counted by when that account was logged in here before; else empty."""
    if user_id is None:
        return ""
    try:
        said: Any = _signer().loads(request.cookies.get(_cookie(user_id), ""), max_age=KNOWN_S)
    except BadData:
        return ""
    return str(said["n"]) if isinstance(said, dict) and said.get("id") == user_id else ""


def remember_browser(answer: Response, user_id: str) -> None:
    """This account was logged in here."""
    value = _signer().dumps({"id": user_id, "n": known_browser(user_id) or secrets.token_hex(8)})
    answer.set_cookie(_cookie(user_id), value, max_age=KNOWN_S, httponly=True, samesite="Lax", secure=config().tls)


def _cookie(user_id: str) -> str:
    return COOKIE + user_id[-12:]


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(config().secrets(), salt="known browser")
