"""A small telephone on the same layers as the engine: for ``hotline dial``, seats in a terminal, and tests.

phone = await Phone.open("127.0.0.1")
await phone.call("sip:hotline@127.0.0.1:5060", "13812345678")   # returns when answered
await phone.send_keys("12")
await phone.hangup()
phone.save(Path("heard.wav"))
await phone.close()
"""

from __future__ import annotations

import asyncio
import uuid
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ivr.telephony import SAMPLE_RATE, Clip
from sip.core.config import Timing
from sip.core.credentials import Credentials
from sip.core.events import By, Ended, Event, Found, HeldChanged, Invited, Registered, Ringing, Up
from sip.core.leg import SipLeg
from sip.core.leg_in import InboundLeg, well_formed
from sip.core.leg_out import DialTarget, OutboundLeg
from sip.core.locating import addr_of
from sip.core.referring import refer
from sip.core.registration import Registration
from sip.core.sip_messages import Addr, host_port, uri_of, user_of
from sip.core.transactions import ServerTransaction
from sip.embedded.media import Media, NoPorts, Stream
from sip.embedded.shell import Shell
from sip.errors import SipError

RTP_RANGE = (40000, 49999)
Kind = Literal["registration", "incoming", "ringing", "up", "ended", "failed", "key", "held", "transfer"]


@dataclass(frozen=True, slots=True)
class PhoneEvent:
    """What happened; ``detail``: number, key, cause, state, or the code of a transfer."""

    kind: Kind
    detail: str = ""


class CallFailed(SipError):
    """Nobody answered: ``reason`` (busy, no_answer, unreachable …) and the SIP status code."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(f"{reason} ({code})" if code else reason)
        self.reason, self.code = reason, code


@dataclass(frozen=True, slots=True)
class OnCall:
    """What the phone does when called: ring until :meth:`Phone.answer`, unless told otherwise.

    ``answer_after_s``: lift by itself. ``refuse``: 486, 603 or another final code. ``silent``: not even ring.
    """

    answer_after_s: float | None = None
    refuse: int | None = None
    silent: bool = False


class Phone:
    """One line, one call at a time. ``heard``: everything that was heard, 16-bit PCM at 8 kHz."""

    def __init__(self, sip: Shell, media: Media, on_event: Callable[[PhoneEvent], None], owns: bool) -> None:
        self.on_call = OnCall()
        self.heard = bytearray()
        self.leg: InboundLeg | OutboundLeg | None = None
        self._sip, self._media, self._on_event, self._owns_media = sip, media, on_event, owns
        self._stream: Stream | None = None  # of the present call
        self._registration: Registration | None = None
        self._credentials: Credentials | None = None
        self._outcome: asyncio.Future[None] | None = None
        self._over = asyncio.Event()
        self._registered = asyncio.Event()
        self._up = asyncio.Event()
        self._answer_timer: asyncio.TimerHandle | None = None

    @classmethod
    async def open(
        cls,
        host: str = "127.0.0.1",
        port: int = 0,
        media: Media | None = None,
        *,
        on_event: Callable[[PhoneEvent], None] = lambda _: None,
        timing: Timing | None = None,
        name: str = "open-hotline-phone",
        trusted: Path | None = None,
    ) -> Phone:
        """Bind; port 0 takes a free one. Without ``media`` the phone brings its own. Raises ``OSError``.

        It calls and registers by TCP and TLS, too, as the address asks; ``trusted``: see :class:`Streams`.
        """
        happened: list[Callable[[Event], None]] = []
        sip = Shell(name, timing or Timing(), lambda event: happened[0](event), trusted=trusted)
        own = media is None
        media = media or Media(host, RTP_RANGE)
        if own:
            try:
                await media.start()
            except NoPorts as error:
                raise OSError(str(error)) from error
        try:
            sip.open(host, port)
        except OSError:
            if own:
                await media.stop()
            raise
        phone = cls(sip, media, on_event, own)
        happened.append(phone._happened)
        return phone

    async def close(self) -> None:
        """Hang up, unregister, free everything."""
        await self.hangup()
        if self._registration is not None:
            await self._sip.unregister(self._registration, 2.0)
        await self._sip.until(lambda: not self._sip.agent.dialogs, 2.0)
        self._sip.close()
        if self._owns_media:
            await self._media.stop()

    @property
    def port(self) -> int:
        return self._sip.socket.port

    @property
    def uri(self) -> str:
        """Where this phone can be called without a registrar."""
        host, port = self._sip.agent.local(Addr("127.0.0.1", 0))
        return f"sip:phone@{host}:{port}"

    @property
    def call_id(self) -> str:
        """SIP Call-ID of the present call (``Incoming.ref`` at the hotline), or an empty string."""
        return self.leg.dialog.call_id if self.leg is not None else ""

    # --- what a person does ----------------------------------------------------------------

    async def register(
        self,
        registrar: str,
        user: str,
        secret: str,
        expires_s: int = 300,
        wait_s: float = 10,
        transport: str = "UDP",
    ) -> None:
        """Register and keep registered. Raises ``TimeoutError`` when it did not work within ``wait_s``."""
        self._credentials = Credentials(user, secret)
        self._registration = Registration(self._sip.agent, registrar, self._credentials, expires_s, transport=transport)
        with self._sip.turn():
            self._registration.start()
        try:
            await asyncio.wait_for(self._registered.wait(), wait_s)
        except TimeoutError as error:
            state = self._registration.state
            raise TimeoutError(f"{user} could not register with {registrar}: {state}") from error

    async def call(self, uri: str, from_user: str = "anonymous", ring_s: float = 60.0) -> None:
        """Call ``uri``; returns when it is answered. Raises :class:`CallFailed`."""
        if self.leg is not None:
            raise CallFailed("busy", 0)
        to = await self._address(addr_of(uri))
        try:
            stream = self._media.open()
        except NoPorts as error:
            raise CallFailed(str(error), 0) from error
        leg = OutboundLeg(
            self._sip.agent,
            DialTarget(uri, to),
            stream,
            from_user=from_user,
            credentials=self._credentials,
            call_id=uuid.uuid4().hex,
        )
        self._take(leg, stream)
        outcome = self._outcome = asyncio.get_running_loop().create_future()
        with self._sip.turn():
            leg.call(ring_s)
        await outcome

    def answer(self) -> None:
        """Lift the phone."""
        self._lift(self.leg)

    async def send_keys(self, keys: str, by: Literal["rtp", "info"] = "rtp", ms: int = 160) -> None:
        """Press keys, each for ``ms``: telephone-events (RFC 4733), or SIP INFO when asked or when none were agreed."""
        for key in keys:
            leg, stream = self.leg, self._stream
            if leg is None or stream is None or leg.state != "up":
                return
            if by == "rtp":
                try:
                    stream.send_key(key, ms)
                    continue
                except ValueError:  # no telephone-event was agreed
                    pass
            await self._info(leg, key)

    def play(self, clips: Sequence[Clip], on_done: Callable[[bool], None] = lambda _: None) -> None:
        """Speak; starts at once when the call is up."""
        if self._stream is not None:
            self._stream.play(clips, on_done)

    def hold(self, direction: Literal["sendonly", "inactive"] = "sendonly") -> None:
        """Put the other side on hold by a re-INVITE."""
        self._offer(direction)

    def resume(self) -> None:
        self._offer("sendrecv")

    def transfer(self, to: str, other: Phone | None = None) -> None:
        """Ask the other side to hand itself over to the number ``to``, or to who is in the call of ``other``."""
        leg = self.leg
        if leg is not None and leg.state == "up":
            with self._sip.turn():
                uri, second = f"sip:{to}@{host_port(leg.source[:2])}", other.leg if other is not None else None
                refer(leg, uri, lambda code: self._on_event(PhoneEvent("transfer", str(code))), second)

    async def hangup(self) -> None:
        """End the call, whatever its state; returns when it is over."""
        if self.leg is not None:
            with self._sip.turn():
                self.leg.hang_up("declined" if self.leg.state == "early" else "hangup")
            await self._over.wait()

    async def up(self) -> None:
        """Wait until a call is up."""
        await self._up.wait()

    async def over(self) -> None:
        """Wait until the present call has ended."""
        if self.leg is not None:
            await self._over.wait()

    def save(self, path: Path) -> None:
        """Write what was heard as a WAV (8 kHz, mono, 16 bit)."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(bytes(self.heard))

    # --- inside ----------------------------------------------------------------------------

    async def _address(self, wanted: Addr) -> Addr:
        found: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        with self._sip.turn() as agent:
            agent.locate(*wanted, found.set_result)
        addresses = (await found).addresses
        if not addresses:
            raise CallFailed("unreachable", 0)
        return addresses[0]

    async def _info(self, leg: SipLeg, key: str) -> None:
        done = asyncio.Event()
        kind = [("Content-Type", "application/dtmf-relay")]
        body = f"Signal={key}\r\nDuration=160\r\n".encode()
        with self._sip.turn():
            leg.request("INFO", headers=kind, body=body, on_final=lambda _: done.set(), on_timeout=done.set)
        await done.wait()

    def _lift(self, leg: InboundLeg | OutboundLeg | None) -> None:
        if isinstance(leg, InboundLeg):
            with self._sip.turn():
                leg.answer()

    def _offer(self, direction: str) -> None:
        if self.leg is not None:
            with self._sip.turn():
                self.leg.reinvite(direction)

    def _take(self, leg: InboundLeg | OutboundLeg, stream: Stream) -> None:
        self.leg, self._stream = leg, stream
        self._over.clear()
        self._up.clear()
        stream.tap(self.heard.extend)

    def _on_registration(self, state: str) -> None:
        if state == "registered":
            self._registered.set()
        self._on_event(PhoneEvent("registration", state))

    def _invited(self, transaction: ServerTransaction) -> None:
        if self.leg is not None or self.on_call.refuse is not None:
            transaction.respond(486 if self.leg is not None else self.on_call.refuse or 486)
            return
        if not well_formed(transaction):
            return
        try:
            stream = self._media.open()
        except NoPorts:
            transaction.respond(503)
            return
        leg = InboundLeg(self._sip.agent, transaction, stream, 90)
        leg.begin(180.0)
        if transaction.final:
            stream.close()
            return
        self._take(leg, stream)
        self._on_event(PhoneEvent("incoming", user_of(uri_of(transaction.request.headers.get("from")[0]))))
        if self.on_call.silent:
            return
        leg.ring()
        if self.on_call.answer_after_s is not None:
            loop = asyncio.get_running_loop()
            self._answer_timer = loop.call_later(self.on_call.answer_after_s, self._lift, leg)

    def _happened(self, event: Event) -> None:
        match event:
            case Invited(transaction):
                self._invited(transaction)
            case Registered(state=state):
                self._on_registration(state)
            case Ringing():
                self._on_event(PhoneEvent("ringing"))
            case Up():
                self._answered()
            case HeldChanged(held=held):
                self._on_event(PhoneEvent("held", "on" if held else "off"))
            case Ended(leg, by, cause, code) if leg is self.leg:
                self._ended(by, cause, code)

    def _answered(self) -> None:
        if self._stream is not None:
            self._stream.on_key = lambda key: self._on_event(PhoneEvent("key", key))
        self._up.set()
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(None)
        self._on_event(PhoneEvent("up"))

    def _ended(self, by: By, cause: str, code: int) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None
        self.leg = self._stream = None
        self._up.clear()
        self._over.set()
        waiting = self._outcome is not None and not self._outcome.done()
        if self._outcome is not None and waiting:
            self._outcome.set_exception(CallFailed(cause, code))
        self._on_event(PhoneEvent("failed" if waiting else "ended", f"{by}: {cause}"))
