"""Classify why a citizen's line never came up: him, or the network (pure).

Three tellers: the SIP code of the answer (RFC 3261 §21), the cause the far network gives with it (Q.850, in a Reason
header, RFC 3326; Asterisk tells it itself), and the port's own word. The far network's cause goes first: gateways
send many of them with the same 480 or 503.
"""

from __future__ import annotations

# By Q.850 cause. unavailable: switched off, out of reach (关机、停机、不在服务区). network: no way through far away.
_BY_CAUSE = {
    1: "not_in_use",  # unallocated number 空号
    17: "busy",
    18: "unavailable",  # no user responding
    19: "no_answer",
    20: "unavailable",  # subscriber absent 关机
    21: "declined",
    22: "not_in_use",  # number changed 改号
    27: "unavailable",  # destination out of order
    28: "not_in_use",  # incomplete number
    31: "unavailable",  # normal, unspecified: mostly an announcement was heard
    34: "network",  # no circuit
    38: "network",
    41: "network",
    42: "network",  # congestion
}
_BY_CODE = {404: "not_in_use", 410: "not_in_use", 484: "not_in_use", 604: "not_in_use", 480: "unavailable"}
_BY_REASON = {"busy": "busy", "no_answer": "no_answer", "declined": "declined"}


def result_of(reason: str, code: int = 0, q850: int = 0) -> str:
    """``reason``: of the port (``ivr.telephony.FailReason``); ``code``: SIP; ``q850``: 0 when none was given.

    ``line_failed`` is what says nothing of the citizen: our own line or its account.
    """
    return _BY_CAUSE.get(q850) or _BY_CODE.get(code) or _BY_REASON.get(reason, "line_failed")
