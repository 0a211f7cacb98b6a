"""Who calls: the number as the caller's network or phone gives it, or None when it is withheld."""

from __future__ import annotations

import re

from aiosipua.message import SipRequest

from sip.embedded.wire import uri_of, user_of

_WITHHELD = {"", "anonymous", "unavailable", "unknown", "restricted", "private", "withheld"}
_LAYOUT = re.compile(r"[\s().\-]")


def diallable(user: str, country_code: str) -> str | None:
    """Digits as they are dialled here (``+86 138…`` -> ``138…``, ``+86 10…`` -> ``010…``), or None.

    A name instead of a number gives None: nothing can be read back or called.
    """
    number = _LAYOUT.sub("", user)
    if number.startswith("+" + country_code):
        national = number[len(country_code) + 1 :]
        mobile = country_code == "86" and len(national) == 11 and national.startswith("1")
        number = national if mobile or not national else "0" + national
    elif number.startswith("+"):
        number = "00" + number[1:]
    return number if re.fullmatch(r"[0-9]{1,32}", number) else None


def caller_of(request: SipRequest, country_code: str, trusted: bool) -> str | None:
    """P-Asserted-Identity (RFC 3325) from a trusted trunk, else From; None when withheld."""
    privacy = {p.strip().lower() for value in request.headers.get("privacy") for p in re.split("[;,]", value)}
    if privacy & {"id", "user", "header"}:
        return None
    asserted = request.headers.get("p-asserted-identity") if trusted else []
    for value in [*asserted, *request.headers.get("from")]:
        uri = uri_of(value)
        user = user_of(uri)
        if user.lower() in _WITHHELD or "anonymous.invalid" in uri.lower():
            continue
        number = diallable(user, country_code)
        if number is not None:
            return number
    return None
