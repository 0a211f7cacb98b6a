"""Read the caller's number as their network or phone gives it; None when it is withheld."""

from __future__ import annotations

import re

from aiosipua.message import SipRequest

from ivr.numbers import Plan
from sip.core.sip_messages import uri_of, user_of
from sip.numbers import caller_key

_WITHHELD = {"", "anonymous", "unavailable", "unknown", "restricted", "private", "withheld"}


def caller_of(request: SipRequest, plan: Plan, trusted: bool) -> str | None:
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
        number = caller_key(user, plan)
        if number is not None:
            return number
    return None
