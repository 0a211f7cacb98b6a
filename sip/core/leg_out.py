"""A leg we call: INVITE, ringing, the answer or its failure, and CANCEL with all its races."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from aiosipua.dialog import Dialog
from aiosipua.message import SipResponse

from sip.core.agent import UserAgent
from sip.core.bodies import description_in
from sip.core.checks import Faulty, bounded
from sip.core.codecs import NARROW
from sip.core.credentials import Credentials
from sip.core.dice import token
from sip.core.events import By, Ringing, Speaks, Up
from sip.core.leg import SDP, SipLeg
from sip.core.provisional import ProvisionalReplies
from sip.core.sdp import Agreed, Unacceptable, read
from sip.core.sip_messages import Addr, Header, cseq_of, host_port, quoted, scheme_of, tag_of, uri_of
from sip.core.sound import LegAudio
from sip.core.transactions import ClientTransaction
from sip.replies import q850_of, reason_of

Sealing = Literal["no", "try", "must"]
_NO_SUCH_SOUND = (415, 488, 606)
_ANSWERS = 16  # kept of provisional responses: one phone each
SERVER_S = 4.0  # a server of several that says nothing for so long is left for the next; a 100 takes a round trip


def sealing(encryption: str, to: Addr) -> Sealing:
    """Whether SRTP is offered: where it is set, and tried where the keys are not in the clear (TLS)."""
    return "must" if encryption == "srtp" else "try" if to.transport == "TLS" else "no"


@dataclass(frozen=True, slots=True)
class DialTarget:
    """Whom to call: request URI, where the packets go, and whether that address replaces the Contact.

    ``others``: where they go when nobody answers there (RFC 3263 §4.3).
    """

    uri: str
    to: Addr
    behind_nat: bool = False
    others: tuple[Addr, ...] = ()


class OutboundLeg(SipLeg):
    """One call of ours. ``leg_ended`` before ``leg_up`` has a ``FailReason`` as its cause.

    ``early``: what is said before the answer is heard. ``first``: the codec offered first. ``seal``: whether
    SRTP is offered; ``try``: and plain sound to who refuses it.
    """

    def __init__(
        self,
        agent: UserAgent,
        target: DialTarget,
        stream: LegAudio,
        *,
        from_user: str,
        display: str = "",
        credentials: Credentials | None = None,
        call_id: str,
        from_host: str = "",
        extra: tuple[Header, ...] = (),
        early: bool = False,
        first: int = NARROW[0],
        seal: Sealing = "no",
    ) -> None:
        host = from_host or host_port(agent.local(target.to))
        dialog = Dialog(
            call_id=call_id,
            local_tag=token(agent.dice),
            local_uri=f"sip:{from_user}@{host}",
            remote_uri=target.uri,
            remote_target=target.uri,
        )
        super().__init__(agent, dialog, stream, target.to)
        self.user, self.direct = from_user, target.behind_nat
        self.scheme = "sips" if scheme_of(target.uri) == "sips" else self.scheme
        self.description.first, self.description.secure = first, seal != "no"
        self._seal: Sealing = seal
        self._target, self._display, self._credentials = target, display, credentials
        self._extra = extra
        self._invite: ClientTransaction | None = None
        self._others, self._tries, self._proven = list(target.others), 0, False
        self._early, self._rings, self._speaks = early, False, False
        self._heard = ProvisionalReplies()
        self._answers: dict[str, Agreed] = {}  # that came before the 200, by the tag of whom it is from
        self.q850 = 0  # the far network's cause, when it gave one

    def call(self, ring_s: float, silent_s: float | None = None) -> None:
        """Send the INVITE; after ``ring_s`` without an answer, ``silent_s`` without a word, it is cancelled."""
        self.timers.arm("ring", ring_s, self._rung_out)
        if silent_s is not None:
            self.timers.arm("silent", silent_s, self._silent)
        self._send(())

    def cancel(self, by: By, cause: str, why: tuple[Header, ...] = ()) -> None:
        """Give up before the answer; one that crosses the CANCEL is taken and ended at once. ``why``: its headers."""
        if self.state == "early":
            self.end(by, cause)
            if self._invite is not None:
                self._invite.cancel(why)

    def fail(self, cause: str) -> None:
        """Something broke, before the answer or after it."""
        if self.state == "early":
            self.cancel("failure", cause)
        else:
            super().fail(cause)

    def hang_up(self, cause: str, why: tuple[Header, ...] = ()) -> None:
        """CANCEL or BYE, whatever fits. ``why``: headers of the CANCEL."""
        if self.state == "early":
            self.cancel("us", "cancelled", why)
        elif self.state == "up":
            self.end("us", cause)
            self.bye()

    def _send(self, extra: tuple[tuple[str, str], ...]) -> None:
        dialog, to = self.dialog, self.source
        name = f"{quoted(self._display)} " if self._display else ""
        headers = [
            ("From", f"{name}<{dialog.local_uri}>;tag={dialog.local_tag}"),
            ("To", f"<{dialog.remote_uri}>"),
            ("Call-ID", dialog.call_id),
            ("CSeq", f"{dialog.next_cseq()} INVITE"),
            self.contact(),
            *self.capabilities,
            SDP,
            *self._extra,
            *extra,
        ]
        request = self.agent.new_request("INVITE", self._target.uri, to, headers)
        request.body = self.description.offer()
        self._tries += 1
        responded, nobody = partial(self._responded, self._tries), partial(self._nobody, self._tries)
        self._invite = self.agent.layer.request(request, to, self.guarded(responded), nobody)
        if self._others:
            self.timers.arm("server", SERVER_S, lambda: self._nobody(self._tries))

    def _next_server(self) -> bool:
        """Call the next server, if there is one and this one said nothing; a late answer of this one is ended."""
        self.timers.clear("server")
        if self.state != "early" or not self._others or self._invite is None:
            return False
        self.agent.servers.failed(self.source, self.agent.now)
        if not self._invite.final:
            self._invite.cancel()
        self.source, self._proven = self._others.pop(0), False
        self._send(())
        return True

    def _responded(self, attempt: int, response: SipResponse) -> None:
        code = response.status_code
        if attempt != self._tries:
            if 200 <= code < 300:
                self._second_phone(response, tag_of(response.get_header("to") or ""))
            return
        self.heard_at = self.agent.now
        self.timers.clear("server")
        if code != 503:
            self.agent.servers.works(self.source)
        if code < 200:
            self._not_yet(response)
        elif 200 <= code < 300:
            self._answered(response)
        elif code in (401, 407) and self.state == "early" and self._authenticate(response):
            return
        elif code == 503 and self._next_server():
            return
        elif code in _NO_SUCH_SOUND and self._unsealed():
            return
        elif code >= 300:
            self.q850 = q850_of(response.headers.get("reason"))
            self.end("far", reason_of(code), code)

    def _unsealed(self) -> bool:
        """Call again with plain sound, when SRTP was only to be tried."""
        if self._seal != "try" or not self.description.secure or self.state != "early":
            return False
        self.description.secure, self._proven = False, False
        self._send(())
        return True

    def _not_yet(self, response: SipResponse) -> None:
        """It rings, or the network says why it does not (183 with sound; RFC 3960: what comes is heard at once)."""
        self._acknowledge(response)
        if self.state != "early":
            return
        if response.status_code == 180 and not self._rings:
            self._rings = True
            self.agent.tell(Ringing(self))
        agreed = self._agreed(response)
        if agreed is None:  # the answer may do better
            return
        tag = tag_of(response.get_header("to") or "")
        news = agreed != self._answers.get(tag)
        if len(self._answers) < _ANSWERS:
            self._answers[tag] = agreed
        if self._early and news:  # also of where the call was forwarded to: the last one speaks
            self.apply(agreed)
            if not self._speaks:
                self._speaks = True
                self.agent.tell(Speaks(self))

    def _agreed(self, response: SipResponse) -> Agreed | None:
        """The answer to our offer in a response, or else in one before it of the same phone (RFC 3262 §5)."""
        try:
            bounded(response)
            body = description_in(response)
            if not body:
                return self._answers.get(tag_of(response.get_header("to") or ""))
            return self.description.accept(read(body), self.source[0])
        except (Faulty, Unacceptable):
            return None

    def _acknowledge(self, response: SipResponse) -> None:
        """PRACK for a provisional response that wants one, in the early dialog it makes (RFC 3262 §4)."""
        rack = self._heard.rack(response)
        if rack is not None:
            early = self._another(response, tag_of(response.get_header("to") or ""))
            self._in(early, "PRACK", headers=(rack,))
            self.dialog.local_cseq = early.local_cseq

    def _authenticate(self, response: SipResponse) -> bool:
        if self._credentials is None or self._proven:
            return False
        header = self._credentials.answer(response, "INVITE", self._target.uri, self.agent.dice)
        if header is not None:
            self._proven = True
            self._send((header,))
        return header is not None

    def _answered(self, response: SipResponse) -> None:
        tag = tag_of(response.get_header("to") or "")
        if self.dialog.remote_tag and tag != self.dialog.remote_tag:
            self._second_phone(response, tag)
            return
        first = not self.dialog.remote_tag
        if first:
            self._establish(self.dialog, response, tag)
            self.agent.join(self.dialog.call_id, self.dialog.local_tag, tag, self)
        self.request("ACK", number=cseq_of(response))
        if first and self.state == "gone":  # it crossed our CANCEL
            self.bye()
        elif first:
            self._take_up(response)

    def _take_up(self, response: SipResponse) -> None:
        self.timers.clear("ring")
        agreed = self._agreed(response)
        self._answers.clear()
        if agreed is None:
            self.end("failure", "error", 488)
            self.bye()
            return
        self.state = "up"
        self.dialog.confirm()
        self.session.confirmed(response)
        self.agent.tell(Up(self))
        self.apply(agreed)

    def _establish(self, dialog: Dialog, response: SipResponse, tag: str) -> None:
        dialog.remote_tag = tag
        try:
            bounded(response)
        except Faulty:  # nothing in it is to be trusted: what we say goes to whom we called
            return
        contacts = response.headers.get("contact")
        dialog.remote_target = uri_of(contacts[0]) if contacts else dialog.remote_target
        dialog.route_set = list(reversed(response.headers.get("record-route")))  # §12.1.2

    def _second_phone(self, response: SipResponse, tag: str) -> None:
        """A fork answered too: acknowledge and end it (§13.2.2.4)."""
        other = self._another(response, tag)
        self._in(other, "ACK", number=cseq_of(response))
        self._in(other, "BYE")

    def _another(self, response: SipResponse, tag: str) -> Dialog:
        """The dialog a response makes beside ours."""
        ours = self.dialog
        other = Dialog(
            call_id=ours.call_id,
            local_tag=ours.local_tag,
            local_uri=ours.local_uri,
            remote_uri=ours.remote_uri,
            remote_target=self._target.uri,
            local_cseq=ours.local_cseq,
        )
        self._establish(other, response, tag)
        return other

    def _in(self, dialog: Dialog, method: str, *, headers: tuple[Header, ...] = (), number: int | None = None) -> None:
        """A request inside a dialog that is not ours."""
        kept, self.dialog = self.dialog, dialog
        self.request(method, headers=headers, number=number)
        self.dialog = kept

    def _rung_out(self) -> None:
        answered_at_all = self._invite is not None and self._invite.provisional
        self.cancel("far", "no_answer" if answered_at_all else "unreachable")

    def _silent(self) -> None:
        if self._invite is not None and not self._invite.provisional:
            self._rung_out()

    def _nobody(self, attempt: int) -> None:
        if attempt == self._tries and not self._next_server():
            self.end("far", "unreachable")
