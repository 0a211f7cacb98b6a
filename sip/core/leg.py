"""One leg of a call once it is set up: what may happen inside its dialog, from either side.

Setting up differs (``leg_in``: they call us; ``leg_out``: we call); ACK, BYE, re-INVITE, UPDATE,
INFO keys, session timers and target refresh are the same for both and live here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Literal, TypeVar

from aiosipua.dialog import Dialog, DialogState
from aiosipua.message import SipMessage, SipRequest, SipResponse

from sip.core.agent import CAPABILITIES, UserAgent, refuse
from sip.core.bodies import description_in
from sip.core.description import Description
from sip.core.dice import between
from sip.core.events import By, Ended, HeldChanged
from sip.core.info import info_key
from sip.core.locating import next_hop
from sip.core.sdp import Agreed, Unacceptable, read
from sip.core.session_timer import SessionTimer, retry_s
from sip.core.sip_messages import ALLOW, Addr, Header, cseq_of, uri_of
from sip.core.sound import LegAudio
from sip.core.timers import Timers
from sip.core.transactions import ClientTransaction, ServerTransaction

log = logging.getLogger(__name__)

_Told = TypeVar("_Told")
SDP: Header = ("Content-Type", "application/sdp")


class SipLeg:
    """A dialog with its audio stream. ``state`` goes early -> up -> gone."""

    def __init__(self, agent: UserAgent, dialog: Dialog, stream: LegAudio, source: Addr) -> None:
        self.agent, self.dialog, self.stream, self.source = agent, dialog, stream, source
        self.state: Literal["early", "up", "gone"] = "early"
        self.held = False
        self.direct = True  # no proxy between: the packet's source is the phone itself
        self.user = "hotline"  # user part of our Contact
        self.scheme = "sip"  # of our Contact
        self.heard_at = agent.now  # last SIP message from the far end
        self.asking = False  # whether it is there (sip/core/asking.py); no answer yet
        self.description = Description(agent.local(source)[0], stream.port, agent.dice.getrandbits(31), agent.dice)
        self.timers = Timers(agent.schedule, self.broke)
        self.session = SessionTimer(self.timers, self._refresh, lambda: self.fail("session_expired"))
        self.answered_at: float | None = None  # when our first 2xx went out
        self.acknowledged = False  # the far end is known to have had an answer of ours
        self._unacked: ServerTransaction | None = None  # our 2xx that waits for its ACK
        self._awaits_answer = False  # our offer went out in that 2xx
        self._inviting: ClientTransaction | None = None
        self._bye_after_ack = False
        self.seat = ""  # whose phone it is, dialled or proved
        self.takes: dict[str, Callable[[ServerTransaction], None]] = {}  # further methods (sip/core/referral.py)
        self.last_words: Callable[[], None] = lambda: None  # before our BYE
        self.capabilities = CAPABILITIES
        stream.on_broken = self.broke

    # --- the end ---------------------------------------------------------------------------

    def end(self, by: By, cause: str, code: int = 0) -> None:
        """The leg is over: the port is free again, and it is told. Only the first call counts.

        Whatever is still to be said to the far end comes after this: saying it may fail, being free may not.
        """
        if self.state == "gone":
            return
        self.state = "gone"
        self.dialog.state = DialogState.TERMINATED
        self.timers.clear_all()
        self.release()
        try:
            self.stream.close()
        finally:
            self.agent.tell(Ended(self, by, cause, code))

    def release(self) -> None:
        """Break what refers back to this leg, so that it is freed at once."""
        self.timers.on_error = None
        self.session.end()

    def fail(self, cause: str) -> None:
        """Something broke: ``failure`` is told, and BYE to the far end."""
        if self.state != "gone":
            self.end("failure", cause)
            self.bye()

    def broke(self, error: Exception) -> None:
        """An error of ours in this leg: said once, and the leg is over."""
        if self.state != "gone":
            log.error("call %s ends by an error of ours", self.dialog.call_id, exc_info=error)
        try:
            self.fail("error")
        except Exception:
            self.forget()
            raise

    def guarded(self, act: Callable[[_Told], None]) -> Callable[[_Told], None]:
        """``act`` as a call-back: what goes wrong in it ends this leg."""

        def run(told: _Told) -> None:
            try:
                act(told)
            except Exception as error:
                self.broke(error)

        return run

    def bye(self) -> None:
        """Send BYE; after a 2xx that is not acknowledged yet, only then (RFC 3261 §15)."""
        if self._unacked is not None:
            self._bye_after_ack = True
            return
        try:
            self.last_words()
            self.request("BYE", on_final=lambda _: self.forget(), on_timeout=self.forget)
        except Exception:
            self.forget()
            raise

    def forget(self) -> None:
        """No request of this dialog is expected any more."""
        self.takes, self.last_words = {}, lambda: None
        self.agent.leave(self.dialog.call_id, self.dialog.local_tag)

    # --- requests of ours ------------------------------------------------------------------

    def destination(self) -> Addr:
        """Where requests of this dialog go."""
        dialog, open_ = self.dialog, self.agent.connections
        return next_hop(self.source, dialog.route_set, dialog.remote_target, self.direct, open_)

    def request(
        self,
        method: str,
        *,
        headers: Iterable[Header] = (),
        body: bytes = b"",
        on_final: Callable[[SipResponse], None] = lambda _: None,
        on_timeout: Callable[[], None] = lambda: None,
        number: int | None = None,
    ) -> None:
        """Send a request inside the dialog; ``number`` is the CSeq an ACK has to repeat."""

        dialog = self.dialog

        def on_response(response: SipResponse) -> None:
            self.heard_at = self.agent.now
            if response.status_code >= 200:
                on_final(response)

        def go(to: Addr | None) -> None:
            if to is None:
                on_timeout()
                return
            before = dialog.local_cseq
            request = dialog.create_request(method)
            request.set_header("Via", self.agent.via(to))
            if number is not None:
                request.set_header("CSeq", f"{number} {method}")
                dialog.local_cseq = before
            request.set_header("User-Agent", self.agent.layer.name)
            for name, value in headers:
                request.add_header(name, value)
            request.body = body
            if method == "ACK":
                self.agent.send(bytes(request), to)
                return
            transaction = self.agent.layer.request(request, to, self.guarded(on_response), on_timeout)
            if method == "INVITE":
                self._inviting = transaction

        self.agent.resolve(self.destination(), self.guarded(go))

    def contact(self) -> Header:
        return self.agent.contact(self.user, self.source, self.scheme)

    def reinvite(self, direction: str | None = None) -> None:
        """Offer the session again (``sendonly`` holds, ``sendrecv`` resumes, None refreshes)."""
        if self.state != "up":
            return
        if self._inviting is not None or self._unacked is not None:  # one at a time; the last wish counts
            self.timers.arm("reinvite", 0.1, lambda: self.reinvite(direction))
            return
        self.description.direction = direction or self.description.direction

        def on_final(response: SipResponse) -> None:
            code = response.status_code
            if code < 300:
                self.request("ACK", number=cseq_of(response))
                self._take_answer(response)
                self.session.confirmed(response)
            if self._inviting is not None and self._inviting.final:  # not when a late copy comes
                self._inviting = None
            if code in (408, 481):
                self.fail("lost")
            elif code in (491, 500):  # both asked at once (§14.1), or a newer request overtook it (§12.2.2)
                self.timers.arm("reinvite", retry_s(response, self.agent.dice), self.reinvite)
            elif code >= 300:
                self.session.refused(response, self.agent.dice)

        def on_timeout() -> None:
            self._inviting = None
            self.fail("lost")

        headers = [self.contact(), SDP, *self.capabilities, *self.session.offer()]
        self.request("INVITE", headers=headers, body=self.description.offer(), on_final=on_final, on_timeout=on_timeout)

    def _refresh(self) -> None:
        """Tell the far end that this session lives (RFC 4028 §10)."""
        if not self.session.by_update:
            self.reinvite()
            return

        def on_final(response: SipResponse) -> None:
            if response.status_code in (408, 481):
                self.fail("lost")
            elif response.status_code < 300:
                self.session.confirmed(response)
            else:
                self.session.refused(response, self.agent.dice)

        headers = [self.contact(), *self.session.offer()]
        self.request("UPDATE", headers=headers, on_final=on_final, on_timeout=lambda: self.fail("lost"))

    # --- requests of theirs ----------------------------------------------------------------

    def on_request(self, transaction: ServerTransaction) -> None:
        """Any request inside this dialog except ACK and CANCEL."""
        request = transaction.request
        self.heard_at, self.acknowledged = self.agent.now, True  # it names our tag
        if cseq_of(request) <= self.dialog.remote_cseq:
            transaction.respond(500, reason="CSeq out of order")
            return
        self.dialog.remote_cseq = cseq_of(request)
        if request.method == "BYE":
            self.on_bye(transaction)
        elif self.state == "gone":
            transaction.respond(481)
        elif request.method == "PRACK":
            self.on_prack(transaction)
        elif request.method == "INVITE":
            self._on_reinvite(transaction)
        elif request.method == "UPDATE":
            self._on_update(transaction)
        elif request.method == "INFO":
            self._on_info(transaction)
        elif request.method == "OPTIONS":
            transaction.respond(200, headers=self.capabilities)
        else:
            self.takes.get(request.method, refuse)(transaction)

    def on_bye(self, transaction: ServerTransaction) -> None:
        transaction.respond(200)
        if self._unacked is not None:
            self._unacked.acked()
            self._unacked = None
        self.forget()
        self.end("far", "bye")

    def on_prack(self, transaction: ServerTransaction) -> None:
        """PRACK: whoever has said nothing provisional expects none."""
        transaction.respond(481)

    def on_ack(self, request: SipRequest) -> None:
        """The ACK to our 2xx; with a late offer it carries the answer."""
        self.heard_at, self.acknowledged = self.agent.now, True
        waiting = self._unacked
        if waiting is None or cseq_of(request) != cseq_of(waiting.request):
            return
        self._unacked = None
        waiting.acked()
        self.stream.confirm()
        if self._bye_after_ack:
            self.bye()
        elif self._awaits_answer:
            self._awaits_answer = False
            if self._take_answer(request):
                self.on_late_answer()

    def on_late_answer(self) -> None:
        """The answer to an offer of ours has come in an ACK."""

    def accept_invite(self, transaction: ServerTransaction, body: bytes, awaits_answer: bool) -> None:
        """Send a 2xx with ``body``; it is repeated until its ACK comes, or the leg fails."""
        self._unacked, self._awaits_answer = transaction, awaits_answer
        self.answered_at = self.answered_at or self.agent.now
        transaction.on_unacked = self._never_acked
        extra = self.session.answer(transaction.request)
        records = [("Record-Route", value) for value in transaction.request.headers.get("record-route")]
        transaction.respond(200, headers=[self.contact(), *records, SDP, *self.capabilities, *extra], body=body)

    def _never_acked(self) -> None:
        self._unacked = None
        self.end("failure", "no_ack")
        self.bye()

    def _on_reinvite(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if self._inviting is not None and self.state == "up":
            transaction.respond(491)
            return
        if self.state != "up" or self._awaits_answer:  # §14.2: one at a time
            transaction.respond(500, headers=[("Retry-After", str(round(between(self.agent.dice, 0, 10))))])
            return
        if self._unacked is not None:  # a new INVITE says that the 2xx arrived; only the ACK was lost
            self._unacked.acked()
            self._unacked = None
        body = self._renegotiate(transaction)
        if body is not None:
            self._refresh_target(request)
            self.accept_invite(transaction, body or self.description.offer(), awaits_answer=not body)

    def _on_update(self, transaction: ServerTransaction) -> None:
        offers = bool(description_in(transaction.request))
        if offers and self.state != "up":  # the first offer is not settled (RFC 3311 §5.2)
            transaction.respond(500, headers=[("Retry-After", "2")])
            return
        if offers and (self._inviting is not None or self._awaits_answer):
            transaction.respond(491)
            return
        body = self._renegotiate(transaction)
        if body is not None:
            self._refresh_target(transaction.request)
            extra = self.session.answer(transaction.request)
            kind = [SDP] if body else []
            transaction.respond(200, headers=[self.contact(), *kind, ("Allow", ALLOW), *extra], body=body)

    def _renegotiate(self, transaction: ServerTransaction) -> bytes | None:
        """Answer the offer in a request: the answer, b"" when there is none, None when refused."""
        request = transaction.request
        refusal = self.session.refusal(request)
        if refusal is not None:
            transaction.respond(422, headers=[refusal])
            return None
        offer = description_in(request)
        if not offer:
            return b""
        try:
            answer, agreed = self.description.answer(read(offer), self.source[0])
        except Unacceptable as error:
            transaction.respond(488, headers=[error.warning])
            return None
        self.apply(agreed, confirmed=request.method != "INVITE")
        return answer

    def _on_info(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        kind = (request.content_type or "").split(";")[0].strip().lower()
        if kind not in ("application/dtmf-relay", "application/dtmf"):
            transaction.respond(415 if request.body else 200, headers=self.capabilities if request.body else ())
            return
        key = info_key(kind, request.text)
        transaction.respond(200 if key else 400)
        if key and self.state == "up":
            self.stream.pressed(key, "info")

    # --- audio -----------------------------------------------------------------------------

    def apply(self, agreed: Agreed, confirmed: bool = True) -> None:
        """Point the audio stream at what was agreed; tell when hold changed.

        ``confirmed``: the far end has shown that it is there. Else little sound is sent until its ACK.
        """
        self.description.settled(agreed)
        self.stream.set_remote(
            agreed.host,
            agreed.port,
            agreed.payload_type,
            agreed.dtmf_pt,
            codec=agreed.codec,
            secret=agreed.secret,
            send=agreed.send,
            receive=agreed.receive,
            via=self.source[0],
            confirmed=confirmed,
        )
        if agreed.held != self.held:
            self.held = agreed.held
            if self.state == "up":
                self.agent.tell(HeldChanged(self, self.held))

    def _take_answer(self, message: SipMessage) -> bool:
        try:
            self.apply(self.description.accept(read(description_in(message)), self.source[0]))
        except Unacceptable:
            self.fail("bad_answer")
            return False
        return True

    def _refresh_target(self, request: SipRequest) -> None:
        contacts = request.headers.get("contact")
        if contacts:
            self.dialog.remote_target = uri_of(contacts[0])
