"""Provisional responses that must arrive (RFC 3262): which was said, which was heard (pure)."""

from __future__ import annotations

from aiosipua.message import SipRequest, SipResponse

from sip.core.checks import number
from sip.core.dice import Dice
from sip.core.sip_messages import Header, cseq_of, tag_of

OPTION = "100rel"
_PHONES = 16  # that ring for one call of ours


def wanted(message: SipRequest | SipResponse) -> bool:
    """Whether its sender requires that provisional responses arrive."""
    return any(option.strip().lower() == OPTION for option in message.headers.get("require"))


class Said:
    """The provisional response of ours to one INVITE; there is one, so it needs no order."""

    def __init__(self, invite: SipRequest, dice: Dice) -> None:
        self._rseq = 1 + dice.getrandbits(30)
        self._meant = (self._rseq, cseq_of(invite), "INVITE")

    @property
    def headers(self) -> list[Header]:
        return [("Require", OPTION), ("RSeq", str(self._rseq))]

    def heard(self, prack: SipRequest) -> bool:
        """Whether a PRACK acknowledges it."""
        rseq, sequence, method, *_ = [*(prack.get_header("rack") or "").split(), "", "", ""]
        return (number(rseq), number(sequence), method) == self._meant


class ProvisionalReplies:
    """Those of the far ends we call: one INVITE may ring at several, each counts by itself."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def rack(self, response: SipResponse) -> Header | None:
        """RAck for a response that is to be acknowledged; None for a repeated one, and for one before which some are
        missing (they will be repeated, and it after them)."""
        rseq, tag = number(response.get_header("rseq") or "", 1), tag_of(response.get_header("to") or "")
        if rseq is None or not tag or not wanted(response) or response.status_code == 100:
            return None
        last = self._last.get(tag)
        if (last is None and len(self._last) >= _PHONES) or (last is not None and rseq != last + 1):
            return None
        self._last[tag] = rseq
        return "RAck", f"{rseq} {cseq_of(response)} INVITE"
