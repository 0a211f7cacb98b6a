"""The phone of a seat hands its party over: REFER and what follows it (RFC 3515, RFC 3891, RFC 4488; pure).

Only in the call of a seat, and one thing at a time. Whoever asks is told how it goes by NOTIFY, each sent when
the one before has its answer, so that none overtakes another. Of the address that is named only the number counts:
where it leads is the hotline's business, and no header in it is ever copied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from aiosipua.message import SipRequest, SipResponse

from sip.core.agent import SEATS_CAPABILITIES, UserAgent
from sip.core.checks import Faulty
from sip.core.dice import token
from sip.core.events import Referred
from sip.core.leg import SipLeg
from sip.core.sip_messages import REASONS, Header, cseq_of, params_of, scheme_of, uri_of, uri_params_of, user_of
from sip.core.transactions import ServerTransaction

LONGEST_S = 600  # a transfer nobody brings to an end is told to have failed
FAILED = 503
_LONGEST = 1024  # characters of a Refer-To
_NUMBER = re.compile(r"[A-Za-z0-9_.+*#-]{1,64}")
_SEPARATORS = re.compile(r"[-.()]")  # in a telephone number, for the eye (RFC 3966 §5.1.1)
_CALL_ID = re.compile(r"[!-~]{1,256}")
_TAG = re.compile(r"[A-Za-z0-9.!%*_+`'~-]{1,128}")


@dataclass(frozen=True, slots=True)
class Dialog:
    """The dialog that ``Replaces`` names; the tags as the far end sees them. ``early_only``: unless it is answered."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False


def wanted(request: SipRequest) -> tuple[str, Dialog | None]:
    """To which number a REFER hands over, and in whose place. Raises :class:`Faulty` with the code of the refusal."""
    values = request.headers.get("refer-to")
    another = (part for value in values for pair in params_of(value).items() for part in pair if "<" in part)
    if len(values) != 1 or len(values[0]) > _LONGEST or any(another):
        raise Faulty(400, "one Refer-To is needed")
    uri = uri_of(values[0])
    scheme = scheme_of(uri)
    if scheme not in ("sip", "sips", "tel"):
        raise Faulty(416, "only telephone numbers can be transferred to")
    if uri_params_of(uri).get("method", "INVITE").upper() != "INVITE":
        raise Faulty(403, "only calls can be transferred")
    number = user_of(uri)
    if scheme == "tel":
        number = _SEPARATORS.sub("", number)
    if not _NUMBER.fullmatch(number):
        raise Faulty(400, "Refer-To names no number")
    return number, _replaced(uri)


def _replaced(uri: str) -> Dialog | None:
    """The dialog in the headers of an address; whatever else they ask for is not asked."""
    pairs = (pair.partition("=") for pair in uri.partition("?")[2].split("&"))
    values = [unquote(value) for name, _, value in pairs if unquote(name).strip().lower() == "replaces"]
    if not values:
        return None
    call_id, *params = values[0].split(";")
    given = [param.partition("=")[::2] for param in params]
    tags = {name.strip().lower(): value.strip() for name, value in given}
    to_tag, from_tag = tags.get("to-tag", ""), tags.get("from-tag", "")
    if len(values) > 1 or len(tags) < len(given) or not _CALL_ID.fullmatch(call_id.strip()):
        raise Faulty(400, "bad Replaces")
    if not _TAG.fullmatch(to_tag) or not _TAG.fullmatch(from_tag):
        raise Faulty(400, "bad Replaces")
    return Dialog(call_id.strip(), to_tag, from_tag, "early-only" in tags)


def _found(agent: UserAgent, ours: SipLeg, named: Dialog) -> SipLeg:
    """The leg of a dialog of the same seat. Raises :class:`Faulty`."""
    remote_tag, leg = agent.dialogs.get((named.call_id, named.to_tag), ("", None))
    if not isinstance(leg, SipLeg) or leg is ours or remote_tag != named.from_tag or leg.state == "gone":
        raise Faulty(481, "there is no such call")
    if leg.seat != ours.seat:
        raise Faulty(603, "not a call of this seat")
    if named.early_only and leg.state == "up":
        raise Faulty(486, "it is answered already")
    return leg


def of_seat(leg: SipLeg, seat: str) -> None:
    """It is the phone of a seat, dialled or proved: said before the leg calls or answers."""
    leg.seat, leg.capabilities = seat, SEATS_CAPABILITIES


class Referral:
    """What the phone of ``leg`` asks for; made when the leg is up. It ends with the leg."""

    def __init__(self, leg: SipLeg) -> None:
        self._leg = leg
        self._token = ""  # of what is asked for and has no end yet
        self._event: Header = ("Event", "refer")
        self._told = 0  # the newest news; 0: the far end has it
        self._heard = False  # the far end wants to hear how it goes
        self._telling = False  # a NOTIFY has no answer yet
        self._asked_before = False
        leg.takes["REFER"], leg.last_words = self._asked, self.finish

    def told(self, asked: str, code: int) -> None:
        """How it goes: a provisional code, or the final one. Ignored when nobody waits for it."""
        if asked and asked == self._token and self._leg.state == "up":
            self._news(code)

    def finish(self) -> None:
        """The call ends: whoever still waits is told, before the BYE."""
        if self._token:
            self._token = ""
            self._told = FAILED
        if self._told and self._heard:
            self._notify(self._told)
        self._heard = False

    def _asked(self, transaction: ServerTransaction) -> None:
        request, leg = transaction.request, self._leg
        if leg.state != "up":
            transaction.respond(603)
            return
        if self._token or self._told:
            transaction.respond(491)
            return
        try:
            number, named = wanted(request)
            replaced = _found(leg.agent, leg, named) if named is not None else None
        except Faulty as fault:
            transaction.respond(fault.code, reason=fault.why)
            return
        self._token = token(leg.agent.dice)
        silent = (request.get_header("refer-sub") or "").split(";")[0].strip().lower() == "false"  # RFC 4488
        self._heard = not silent
        self._event = ("Event", f"refer;id={cseq_of(request)}" if self._asked_before else "refer")  # RFC 3515 §2.4.6
        self._asked_before = True
        transaction.respond(202, headers=[leg.contact(), *([("Refer-Sub", "false")] if silent else [])])
        leg.timers.arm("referral", LONGEST_S, lambda: self._news(FAILED))
        self._news(100)
        leg.agent.tell(Referred(leg, self._token, number, replaced))

    def _news(self, code: int) -> None:
        if code >= 200:
            self._token = ""
            self._leg.timers.clear("referral")
        if not self._heard:
            return
        self._told = code
        if not self._telling:
            self._notify(code)

    def _notify(self, code: int) -> None:
        self._telling, self._told = True, 0
        final = code >= 200
        headers = [
            self._leg.contact(),
            self._event,
            ("Subscription-State", "terminated;reason=noresource" if final else f"active;expires={LONGEST_S}"),
            ("Content-Type", "message/sipfrag;version=2.0"),
        ]
        body = f"SIP/2.0 {code} {REASONS.get(code, 'Unknown')}\r\n".encode()
        if final:
            self._heard = False
        self._leg.request("NOTIFY", headers=headers, body=body, on_final=self._answered, on_timeout=self._unheard)

    def _answered(self, response: SipResponse) -> None:
        self._telling = False
        if response.status_code >= 300:  # it has forgotten what it asked for (RFC 5057 §5.1); the call goes on
            self._unheard()
        elif self._told and self._leg.state == "up":
            self._notify(self._told)

    def _unheard(self) -> None:
        self._heard = self._telling = False
        self._told = 0
