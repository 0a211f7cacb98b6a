"""The embedded engine: SIP and RTP without a PBX, behind the telephony port.

Everything runs on the loop that called :meth:`EmbeddedEngine.start`; verbs are called there too.
Events are delivered one after the other from that loop, never from inside a verb.

Causes in ``LineGone``: by the far end ``bye``, ``cancelled`` (hung up before the answer); by failure
``no_ack`` (neither of the answer, nor of a ringing that had to be heard), ``bad_answer``, ``lost`` (a request
inside the call found nobody), ``session_expired``, ``rtp_timeout``, ``setup_timeout`` (never answered), ``error``
(of ours, in the log); by us whatever ``hangup`` was given, or ``shutdown``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Mapping

from ivr.telephony import (
    DtmfKey,
    EngineEvent,
    FaxDetected,
    Incoming,
    LineUp,
    SeatReach,
    Sink,
    TransferAsked,
)
from sip.admission import Lags
from sip.core.asking import ask
from sip.core.called import called_of
from sip.core.codecs import PCMA
from sip.core.config import EmbeddedConfig
from sip.core.credentials import Credentials
from sip.core.events import (
    Ended,
    Event,
    HeldChanged,
    Invited,
    Reached,
    Referred,
    Registered,
    Ringing,
    Speaks,
    Unproven,
    Up,
)
from sip.core.leg import SipLeg
from sip.core.leg_in import InboundLeg, well_formed
from sip.core.loglimit import LogLimit
from sip.core.referral import Referral, of_seat
from sip.core.registrar import Registrar
from sip.core.registration import Registration
from sip.core.sip_messages import uri_of, user_of
from sip.core.transactions import ServerTransaction
from sip.embedded.dialling import EmbeddedDialling
from sip.embedded.doorman import EmbeddedDoorman
from sip.embedded.hearing import EmbeddedHearing
from sip.embedded.legs import EmbeddedLeg, now_ms
from sip.embedded.media import Media, NoPorts
from sip.embedded.shell import Shell
from sip.gate import Gate

log = logging.getLogger(__name__)


class EmbeddedEngine(EmbeddedHearing):
    """See ``ivr.telephony.Engine``. Starts and stops the ``media`` it is given."""

    name = "embedded"

    def __init__(self, config: EmbeddedConfig, media: Media, lags: Callable[[], Lags] = Lags) -> None:
        super().__init__(media, self._deliver)
        self._config = config
        self._sink: Sink = lambda _: None
        self._draining = False  # no new calls
        self._closing = False  # and no new seats either
        self._sip = Shell(
            config.user_agent, config.timing, self._happened, config.advertised_host, trusted=config.trusted
        )
        self._agent = self._sip.agent
        self._registrar = Registrar(config, self._agent)
        self._dialling = EmbeddedDialling(config, self._sip, media, self._lines, self._registrar.phones)
        self._trunk: Registration | None = None
        self._doorman: EmbeddedDoorman | None = None
        self._limit = LogLimit(log)
        self._gate = Gate(config.max_calls, lambda: self._behind(lags()), self._emit, now_ms)

    # --- life ------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The UDP port really bound."""
        return self._sip.socket.port

    @property
    def trunk_state(self) -> str:
        """``off``, ``registering``, ``registered`` or ``failed: <why>``."""
        return self._trunk.state if self._trunk is not None else "off"

    @property
    def counts(self) -> Mapping[str, int]:
        """Datagrams received, junk, faulty, stray, refused by the network."""
        return self._sip.counts

    async def start(self, sink: Sink) -> None:
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._doorman = EmbeddedDoorman(self._config, self._lines, self._registrar.phones.sources, self._emit, now_ms)
        self._agent.door = self._doorman
        self._agent.on_register = self._registrar.handle
        try:
            await self._media.start()
        except NoPorts as error:
            raise OSError(str(error)) from error
        try:
            config = self._config
            self._sip.open(config.sip_host, config.sip_port, tcp=config.tcp, tls=config.tls)
        except OSError:
            await self._media.stop()
            raise
        for seat, here in self._registrar.phones.reachable().items():
            if here:
                self._emit(SeatReach(seat, now_ms(), True))
        with self._sip.turn():
            self._registrar.phones.start()
        self._doorman.start()
        self._gate.open()
        trunk = self._config.trunk
        if trunk is not None and trunk.register:
            login, line = Credentials(trunk.user, trunk.secret), self._doorman.line
            self._trunk = Registration(
                self._agent, trunk.registrar, login, trunk.expires, line, transport=trunk.transport
            )
            with self._sip.turn():
                self._trunk.start()

    async def stop(self, drain_s: float = 0.0) -> None:
        self._draining = True
        if drain_s > 0 and self._lines:
            log.info("no new calls; waiting up to %.0f s for %d lines", drain_s, len(self._lines))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lines.idle.wait(), drain_s)
        self._closing = True
        for name in self._lines.names():
            self.hangup(name, "shutdown")
        if self._trunk is not None:
            await self._sip.unregister(self._trunk, 2.0)
        await self._sip.until(lambda: not self._agent.dialogs, 2.0)  # the BYEs just sent get their answers
        await self._media.stop()
        await asyncio.sleep(0)  # events of the last recordings
        self._lines.finish()
        self._registrar.close()
        if self._doorman is not None:
            self._doorman.close()
        self._gate.close()
        self._sip.close()
        await asyncio.sleep(0)

    def _deliver(self, event: EngineEvent) -> None:
        self._loop.call_soon(self._sink, event)

    def _trunk_changed(self, state: str) -> None:
        log.log(logging.WARNING if state.startswith("failed") else logging.INFO, "trunk: %s", state)
        if self._doorman is not None and self._trunk is not None and self._trunk.address is not None:
            self._doorman.found(self._trunk.address)

    # --- incoming --------------------------------------------------------------------------

    def _invited(self, transaction: ServerTransaction) -> None:
        if self._gate.refuses(self._lines.incoming, ending=self._draining):
            self._unavailable(transaction)
            return
        if not well_formed(transaction) or (seat := self._registrar.calling(transaction)) is None:
            return
        try:
            stream = self._media.open()
        except NoPorts as error:
            self._limit.say(self._loop.time(), logging.ERROR, "a call is refused: %s", error)
            self._unavailable(transaction)
            return
        try:
            leg = InboundLeg(self._agent, transaction, stream, self._config.min_session_s)
            if seat:
                of_seat(leg, seat)
            leg.begin(self._config.setup_timeout_s)
        except Exception:
            stream.close()
            transaction.respond(500)
            raise
        if transaction.final:
            stream.close()
            return
        request, source = transaction.request, transaction.source
        assert self._doorman is not None
        trunk, caller = self._doorman.caller(request, source)
        line = EmbeddedLeg(uuid.uuid4().hex, leg, stream, trunk=trunk, number=caller)
        self._lines.add(line)
        sender = user_of(uri_of(request.headers.get("from")[0]))
        called, *also = called_of(request, self._config.called_in)
        self._emit(
            Incoming(
                line=line.name,
                at=now_ms(),
                called=called,
                caller=caller,
                ref=request.call_id or "",
                test=sender in self._config.test_callers and source[0] in ("127.0.0.1", "::1"),
                also=tuple(also),
                seat=seat,
            )
        )

    def _behind(self, lags: Lags) -> Lags:
        """With what lies unread in the sockets, or read and not worked on."""
        all_waited = (self._sip.socket.waited, self._sip.streams.waited, self._media.waited)
        unread = max(waited.lag_s(time.monotonic()) for waited in all_waited)
        return Lags(max(lags.loop_s, unread), lags.ledger_s)

    def _unavailable(self, transaction: ServerTransaction) -> None:
        transaction.respond(503, headers=[("Retry-After", str(self._config.retry_after_s))])

    # --- verbs -----------------------------------------------------------------------------

    def ring(self, line: str) -> None:
        leg = self._leg(line)
        if isinstance(leg, InboundLeg):
            with self._sip.turn():
                leg.ring()

    def answer(self, line: str) -> None:
        leg = self._leg(line)
        if isinstance(leg, InboundLeg):
            with self._sip.turn():
                leg.answer()

    def dial(self, line: str, seat: str, ring_ms: int, display: str = "", beside: str = "") -> None:
        record = self._new_line(line)
        if record is None:
            return
        other = self._stream(beside)
        self._dialling.seat(record, seat, ring_ms, display, other.codec if other is not None else PCMA)

    def dial_number(self, line: str, number: str, ring_ms: int, caller_id: str = "") -> None:
        record = self._new_line(line)
        if record is None:
            return
        self._dialling.number(record, number, ring_ms, caller_id)

    def _new_line(self, line: str) -> EmbeddedLeg | None:
        """A line that is about to be dialled."""
        if self._lines.get(line) is not None:
            log.error("line %s is dialled twice", line)
            return None
        record = EmbeddedLeg(line)
        self._lines.add(record)
        if self._closing:
            self._dialling.failed(record, "unreachable")
            return None
        return record

    def hangup(self, line: str, cause: str) -> None:
        found = self._lines.get(line)
        if found is None:
            return
        with self._sip.turn():
            if found.leg is not None:
                found.leg.hang_up(cause)
            elif found.fork is None:
                self._dialling.failed(found, "cancelled")
            elif (end := found.fork.hang_up()) is not None:
                self._lines.happened(end)

    def transfer_told(self, line: str, token: str, code: int) -> None:
        found = self._lines.get(line)
        if found is not None and found.referral is not None:
            with self._sip.turn():
                found.referral.told(token, code)

    def reachable(self) -> Mapping[str, bool]:
        return self._registrar.phones.reachable()

    # --- what the core tells ---------------------------------------------------------------

    def _happened(self, event: Event) -> None:
        match event:
            case Invited(transaction):
                self._invited(transaction)
            case Reached(seat, reachable):
                self._emit(SeatReach(seat, now_ms(), reachable))
            case Registered(state=state):
                self._trunk_changed(state)
            case Unproven(seat, source):
                if self._doorman is not None:
                    self._doorman.unproven(seat, source)
            case Referred(leg, token, number, replaced):
                line, other = self._lines.of(leg), self._lines.of(replaced)
                if line is not None:
                    self._emit(TransferAsked(line.name, now_ms(), token, number, other.name if other else ""))
            case Ringing() | Speaks() | Up() | HeldChanged() | Ended():
                told = self._lines.told(event)
                if isinstance(told, Up):
                    self._answered(self._lines.of(told.leg))
                elif told is not None:
                    self._lines.happened(told)

    def _answered(self, line: EmbeddedLeg | None) -> None:
        if line is None or line.sound is None or line.leg is None:
            return
        if line.leg.state == "gone":  # ended before it was told; that is told next
            return
        line.up = True
        line.referral = Referral(line.leg) if line.leg.seat else None
        line.sound.on_key = lambda key: self._lines.tell(line, DtmfKey(line.name, now_ms(), key))
        if isinstance(line.leg, InboundLeg):
            line.sound.expect_fax(lambda: self._lines.tell(line, FaxDetected(line.name, now_ms())))
        self._emit(LineUp(line.name, now_ms()))
        self._watch(line, line.leg)

    # --- inside ----------------------------------------------------------------------------

    def _leg(self, line: str) -> SipLeg | None:
        return found.leg if (found := self._lines.get(line)) is not None else None

    def _watch(self, line: EmbeddedLeg, leg: SipLeg) -> None:
        """Ask a far end of which neither RTP nor SIP came for ``rtp_timeout_s``; silence alone ends no call.

        Phones with silence suppression send nothing while their people listen, and on hold no phone does.
        """
        limit = self._config.rtp_timeout_s
        if line.sound is None or leg.state != "up":
            return
        if self._silent_s(line, leg) > limit:
            asked = self._loop.time()
            ask(leg, lambda: self._nobody_there(line, leg, asked))
        leg.timers.arm("watch", limit / 10, lambda: self._watch(line, leg))

    def _nobody_there(self, line: EmbeddedLeg, leg: SipLeg, asked: float) -> None:
        """End a call whose far end vanished: nothing came since it was asked."""
        if self._silent_s(line, leg) >= self._loop.time() - asked:
            leg.fail("rtp_timeout")

    def _silent_s(self, line: EmbeddedLeg, leg: SipLeg) -> float:
        """Seconds since anything came from the far end, sound or signalling."""
        silent = self._loop.time() - leg.heard_at
        return min(line.sound.last_packet_ms / 1000, silent) if line.sound is not None else silent
