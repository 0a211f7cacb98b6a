"""Translate a SIP reply to a call of ours into a reason of the port (pure; every engine uses it)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import get_args

from ivr.telephony import FailReason

_QUOTED = re.compile(r'"[^"]*"')
_Q850 = re.compile(r"(?:^|,)\s*Q\.850\s*;(?:[^,]*;)?\s*cause\s*=\s*([0-9]{1,3})\b", re.IGNORECASE)

_REASONS: dict[int, FailReason] = {
    403: "refused",
    415: "refused",
    486: "busy",
    488: "refused",
    600: "busy",
    603: "declined",
    606: "refused",
}
FOR_ALL = frozenset({600, 603, 607})  # a person spoke for the seat, not a phone for itself
# Of phones that failed differently, what is said of the seat: a person's doing first, then what is wrong with a phone.
_TELLING: tuple[FailReason, ...] = ("declined", "no_answer", "busy", "refused", "error", "unreachable", "cancelled")
assert set(_TELLING) == set(get_args(FailReason))
_UNREACHABLE = frozenset({404, 408, 410, 480, 502, 503, 504, 604})


def reason_of(code: int) -> FailReason:
    """Why a phone did not answer, from the final response to our INVITE.

    A redirection (3xx) is not followed, that would let a phone send our calls anywhere: its
    owner is not there.
    """
    if code in _UNREACHABLE or 300 <= code < 400:
        return "unreachable"
    return _REASONS.get(code, "error")


def most_telling(reason: str) -> int:
    """Where a reason stands among those of a seat's phones: the least is what is said of the seat."""
    known: tuple[str, ...] = _TELLING
    return known.index(reason if reason in known else "error")


def q850_of(reasons: Iterable[str]) -> int:
    """The Q.850 cause in Reason headers (``Q.850;cause=20;text="..."``, RFC 3326); 0 when there is none."""
    found = _Q850.search(_QUOTED.sub("", ",".join(reasons)))
    cause = int(found[1]) if found else 0
    return cause if cause < 128 else 0
