"""Why a channel ended, in the port's words (pure)."""

from __future__ import annotations

from typing import Literal

from ivr.telephony import FailReason
from sip.replies import reason_of

# Q.850 causes that mean "lost", not "hung up": network or media failed (44 is also Asterisk's RTP time-out).
LOST = frozenset({27, 34, 38, 41, 42, 44, 47})
_FAILED: dict[int, FailReason] = {
    1: "unreachable",
    3: "unreachable",
    17: "busy",
    18: "unreachable",
    19: "no_answer",
    20: "unreachable",
    21: "declined",
    27: "unreachable",
}
UNAVAILABLE = "unavailable"  # no new calls now: 503
ELSEWHERE = "elsewhere"  # another phone of the seat was lifted: none of the others has missed a call
# What a far end is told when we refuse: Q.850 causes that become the SIP codes of the other engines.
_REFUSED = {"busy": 17, "declined": 21, "not_found": 1, ELSEWHERE: 26, UNAVAILABLE: 34}
# What Asterisk makes of a SIP code that says less: no word of the network behind it. The cause in a Reason header
# (RFC 3326) it does not tell of a refusal (tried on 22.10), so a 480 is never known to be one that rang.
_MADE_UP = frozenset(
    {(34, 503), (27, 502), (38, 500), (41, 500), (38, 501), (21, 401), (21, 403), (21, 407), (18, 408), (19, 480)}
    | {(19, 483), (1, 485)}
)
NORMAL = 16
UNREACHABLE = 20
NETWORK_LOST = 38


def by_whom(cause: int) -> Literal["far", "failure"]:
    """Did the far end hang up, or was the line lost?"""
    return "failure" if cause in LOST else "far"


def of_the_far_network(cause: int, sip_code: int) -> int:
    """The Q.850 cause of a dialled line; 0 when Asterisk made it up of a code that says nothing of the far end."""
    return 0 if (cause, sip_code) in _MADE_UP else cause


def fail_reason(cause: int, sip_code: int, rang: bool, rung_out: bool) -> FailReason:
    """Why a dialled phone did not answer. ``rung_out``: our own limit ended it."""
    if rung_out:
        return "no_answer" if rang else "unreachable"
    if sip_code >= 300 and sip_code != 487:
        return reason_of(sip_code)
    return _FAILED.get(cause, "error")


def refusal(cause: str) -> int:
    """The Q.850 cause for ending a line for the port's ``cause``."""
    return _REFUSED.get(cause, NORMAL)
