"""A leg that calls us: from INVITE to the ACK of our 200, or to its refusal."""

from __future__ import annotations

import re

from aiosipua.dialog import Dialog
from aiosipua.sdp import SdpMessage

from sip.core.agent import UserAgent
from sip.core.bodies import description_in, readable
from sip.core.events import Up
from sip.core.leg import SipLeg
from sip.core.provisional import Said, wanted
from sip.core.sdp import Unacceptable, read
from sip.core.sip_messages import Header, cseq_of, scheme_of, tag_of, uri_of, user_of
from sip.core.sound import LegAudio
from sip.core.transactions import ServerTransaction

REFUSALS = {"busy": 486, "declined": 603, "not_found": 404}  # hang-up cause before the answer -> code


def offered(transaction: ServerTransaction) -> SdpMessage | None:
    """The offer in a new INVITE, None when it comes late. Raises :class:`Unacceptable`."""
    body = description_in(transaction.request)
    return read(body) if body else None


def well_formed(transaction: ServerTransaction) -> bool:
    """Refuse an INVITE that can be no call (no Contact, a body no SDP can be in); True when it can."""
    request = transaction.request
    if not request.headers.get("contact"):
        transaction.respond(400, reason="missing contact")
    elif not readable(request):
        transaction.respond(415, headers=[("Accept", "application/sdp, multipart/mixed")])
    else:
        return True
    return False


class InboundLeg(SipLeg):
    """One incoming call. Made only for an INVITE that :func:`well_formed` let through."""

    def __init__(
        self,
        agent: UserAgent,
        transaction: ServerTransaction,
        stream: LegAudio,
        min_session_s: int,
    ) -> None:
        request = transaction.request
        sender, to = request.headers.get("from")[0], request.headers.get("to")[0]
        dialog = Dialog(
            call_id=request.call_id or "",
            local_tag=transaction.to_tag,
            remote_tag=tag_of(sender),
            local_uri=uri_of(to),
            remote_uri=uri_of(sender),
            remote_target=uri_of(request.headers.get("contact")[0]),
            route_set=list(request.headers.get("record-route")),  # in order, for the called side (§12.1.1)
            remote_cseq=cseq_of(request),
        )
        super().__init__(agent, dialog, stream, transaction.source)
        self.direct = len(request.headers.get("via")) == 1
        called = user_of(request.uri)
        self.user = called if re.fullmatch(r"[A-Za-z0-9_.+*-]{1,64}", called) else self.user
        self.scheme = "sips" if scheme_of(request.uri) == "sips" else self.scheme  # RFC 3261 §12.1.1
        self.session.min_s = min_session_s
        self._invite = transaction
        self._answer: bytes | None = None
        self._offer: SdpMessage | None = None
        self._said: Said | None = None  # that it rings, to whoever requires to hear it

    def begin(self, setup_timeout_s: float) -> bool:
        """Join the dialog and read the offer; False when the call had to be refused."""
        refusal = self.session.refusal(self._invite.request)
        if refusal is not None:
            return self._refused(422, refusal)
        try:
            self._offer = offered(self._invite)
            if self._offer is not None:
                self._answer, self._agreed = self.description.answer(self._offer, self.source[0])
        except Unacceptable as error:
            return self._refused(488, error.warning)
        self._invite.on_cancel = lambda: self._left("cancelled")
        self.agent.join(self.dialog.call_id, self.dialog.local_tag, self.dialog.remote_tag, self)
        self.timers.arm("setup", setup_timeout_s, self._too_long)
        return True

    def _refused(self, code: int, header: Header) -> bool:
        self._invite.respond(code, headers=[header])
        self.release()
        return False

    def ring(self) -> None:
        """180 to the caller; where it has to be heard (RFC 3262), once, and with a late offer not at all.

        The first response that must arrive would have to carry our offer then, and the 200 does that as well.
        """
        if self.state != "early":
            return
        headers = [self.contact(), *self._records()]
        if not wanted(self._invite.request):
            self._invite.respond(180, headers=headers)
        elif self._answer is not None and self._said is None:
            self._said = Said(self._invite.request, self.agent.dice)
            self._invite.on_unheard = lambda: self.fail("no_ack")
            self._invite.respond(180, headers=[*headers, *self._said.headers], insist=True)

    def on_prack(self, transaction: ServerTransaction) -> None:
        """PRACK: the caller has heard that it rings."""
        if self._said is None or not self._said.heard(transaction.request):
            transaction.respond(481)
        elif description_in(transaction.request):  # no offer before the first has its answer (RFC 6337 §3.1)
            transaction.respond(488)
        else:
            self._invite.heard()
            transaction.respond(200)

    def answer(self) -> None:
        """200; the leg is up at once, or with a late offer when the ACK brings the answer."""
        if self.state != "early" or self._invite.final:
            return
        self.timers.clear("setup")
        body = self._answer if self._answer is not None else self.description.offer()
        self.accept_invite(self._invite, body, awaits_answer=self._answer is None)
        if self._answer is not None:
            self._up()
            self.apply(self._agreed, confirmed=False)

    def on_late_answer(self) -> None:
        if self.state == "early":
            self._up()

    def hang_up(self, cause: str) -> None:
        """Refuse the call or end it."""
        if self.state == "gone":
            return
        self.end("us", cause)
        self._part(REFUSALS.get(cause, 480))

    def fail(self, cause: str) -> None:
        """Something broke, before the answer or after it."""
        if self.state != "gone":
            self.end("failure", cause)
            self._part(500)

    def _part(self, code: int) -> None:
        """Tell the caller that it is over: refuse what has no answer yet, else BYE."""
        if self._invite.final:
            self.bye()
            return
        self.forget()
        self._invite.respond(code)

    def on_bye(self, transaction: ServerTransaction) -> None:
        """BYE is allowed before the answer too (§15): the INVITE then ends with 487."""
        transaction.respond(200)
        if not self._invite.final:
            self._left("bye")
            self._invite.respond(487)
            return
        super().on_bye(transaction)

    def _up(self) -> None:
        self.state = "up"
        self.dialog.confirm()
        self.agent.tell(Up(self))

    def _left(self, cause: str) -> None:
        self.forget()
        self.end("far", cause)

    def _too_long(self) -> None:
        self.end("failure", "setup_timeout")
        self._part(480)

    def _records(self) -> list[tuple[str, str]]:
        return [("Record-Route", value) for value in self._invite.request.headers.get("record-route")]
