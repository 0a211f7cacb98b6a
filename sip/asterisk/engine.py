"""The Asterisk engine: the telephony port over ARI.

Everything runs on the loop that called :meth:`AsteriskEngine.start`; verbs are called there too.
Events are delivered one after the other from that loop, never from inside a verb.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ivr.resuming import SurvivingLeg
from ivr.telephony import EngineEvent, SeatReach, Sink
from sip.access import HERE, NUMBER_FULL
from sip.admission import Lags
from sip.asterisk import causes, fax
from sip.asterisk.bridging import Bridging
from sip.asterisk.config import AsteriskConfig
from sip.asterisk.dialling import CITIZEN, AsteriskDialling, look_prefix
from sip.asterisk.doorman import AsteriskDoorman
from sip.asterisk.hearing import AsteriskHearing
from sip.asterisk.keys import Press, again, press_of
from sip.asterisk.legs import AsteriskLeg, AsteriskLegs, By
from sip.asterisk.line_events import LineEvents, now_ms
from sip.asterisk.link import Link
from sip.asterisk.media import MediaFolder, mend, move
from sip.asterisk.reconciliation import Reconciliation
from sip.asterisk.rest import Reply
from sip.asterisk.seats import Seats
from sip.asterisk.snapshot import Channel, channel_of
from sip.asterisk.sound import AsteriskSound
from sip.asterisk.survivors import counting, is_up, line_again
from sip.asterisk.transfers import Transfers
from sip.gate import Gate
from sip.numbers import caller_key

log = logging.getLogger(__name__)

_CONNECT_S = 15.0
_LAST_S = 5.0  # how long the last lines may take to end


class AsteriskEngine(AsteriskHearing):
    """See ``ivr.telephony.Engine``. ``on_fatal``: can never go on; says what to do. ``lags``: how far behind we are."""

    name = "asterisk"

    def __init__(
        self, config: AsteriskConfig, on_fatal: Callable[[str], None] = log.critical, lags: Callable[[], Lags] = Lags
    ) -> None:
        self._config, self._on_fatal = config, on_fatal
        self.leave_calls = config.leave_calls
        self._link = Link(config, self._heard, self._opened, self._gone, self._replaced)
        self._seats = Seats(self._link, config.app, config.seats, config.trunk, self._reach)
        self._media = MediaFolder(config.media)
        self._lines = AsteriskLegs()
        self._bridging = Bridging(self._link, self._lines, config.app)
        self._reports = LineEvents(self._lines, config.spool, self._emit, self._bridging.part, self._media.forget)
        self._fax = fax.FaxWatch(self._link, self._lines, self._reports)
        self._transfers = Transfers(self._link, self._lines, self._emit)
        self._sound = AsteriskSound(self._link, self._media, self._reports)
        self._dialling = AsteriskDialling(config, self._link, self._lines, self._reports, self._bridging, self._begun)
        self._agreement = Reconciliation(
            self._link, config.app, self._lines, self._reports, self._dialling, self._entered
        )
        self._gate = Gate(config.max_calls, lags, self._emit, now_ms)
        self._sink: Sink = lambda _: None
        self._draining = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def trunk_state(self) -> str:
        return self._seats.trunk_state

    # --- life ------------------------------------------------------------------------------

    async def start(self, sink: Sink) -> None:
        self._sink, self._loop = sink, asyncio.get_running_loop()
        self._doorman = AsteriskDoorman(self._config, self._lines, self._link, self._hang_up, self._emit)
        self._media.open()
        self._gate.open()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        run = asyncio.create_task(self._link.run())
        self._tasks = [run, asyncio.create_task(self._check())]
        await asyncio.wait({run, self._ready}, timeout=_CONNECT_S, return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done() or run.done():
            await self._quit()
            if run.done() and not run.cancelled() and isinstance(error := run.exception(), OSError):
                raise error
            raise OSError(
                f"no connection to Asterisk at {self._config.url} ({self._link.trouble or 'it does not answer'}): "
                "is it running, version 20 or later, and is that its HTTP address?"
            )
        run.add_done_callback(self._link_ended)
        # Whoever started us has taken back what goes on by then.
        self._loop.call_soon(self._agreement.dismiss)

    async def stop(self, drain_s: float = 0.0) -> None:
        self._draining = True
        if self.leave_calls:
            log.info("%d lines go on in Asterisk for the next process", len(self._lines))
            await self._quit()
            return
        if drain_s > 0 and len(self._lines):
            log.info("no new calls; waiting up to %.0f s for %d lines", drain_s, len(self._lines))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lines.idle.wait(), drain_s)
        for line in self._lines:
            self.hangup(line.name, "shutdown")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._lines.idle.wait(), _LAST_S)
        for line in self._lines:
            self._reports.finish(line)
        await self._quit()
        await asyncio.sleep(0)

    async def _quit(self) -> None:
        self._doorman.close()
        self._gate.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._link.close()

    def _link_ended(self, run: asyncio.Task[None]) -> None:
        if not run.cancelled() and (error := run.exception()) is not None:
            self._on_fatal(str(error))

    def _gone(self) -> None:
        log.error("Asterisk has ended; %d lines with it", len(self._lines))
        for line in self._lines:
            self._reports.ended(line, causes.NETWORK_LOST)
        self._seats.lost()

    def _replaced(self) -> None:
        app = self._config.app
        self._on_fatal(
            f"another process took the ARI application {app!r} and all its calls; "
            "each hotline needs an [asterisk] app of its own, or end one of the two"
        )

    def _emit(self, event: EngineEvent) -> None:
        self._loop.call_soon(self._sink, event)

    def _reach(self, seat: str, reachable: bool) -> None:
        self._sink(SeatReach(seat, now_ms(), reachable))  # no verb is near, and so it agrees with reachable()

    def _opened(self) -> None:
        self._seats.follow()
        self._agreement.seek(self._agreed)

    def _agreed(self) -> None:
        if not self._ready.done():
            self._ready.set_result(None)

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(self._config.check_s)
            if self._link.connected:
                self._agreement.seek()

    # --- calls of a process before this one ---------------------------------------------------

    def survivors(self) -> Sequence[SurvivingLeg]:
        told = []
        for line, channels in self._agreement.survivors().items():
            first = counting(channels)
            told.append(SurvivingLeg(line, first.ref, is_up(first), self._caller(first)))
        return told

    def adopt(self, line: str, *, seat: str = "", playing: str = "", recording: tuple[str, Path] | None = None) -> None:
        channels = self._agreement.survivors()[line]
        first, found = counting(channels), line_again(line, channels, seat, playing, recording)
        found.number, found.calls_as = None if seat else self._caller(first), first.seat
        self._agreement.adopt(found)
        self._agreement.ask_for_media(found)
        if not found.up:  # Asterisk's own limit, unless it was never told
            found.timers.append(self._loop.call_later(self._config.unanswered_s, self._rung_out, found))
        for channel in channels:
            self._begun(found, channel.id)
            if found.up and channel is not first:
                self._dialling.end(channel.id)

    def rescue(self, path: Path) -> None:
        try:
            move(self._config.spool / f"{path.stem}.wav", path)
            mend(path)
        except OSError as error:
            log.error("no recording for %s: %s", path.name, error)

    def _looked(self, line: AsteriskLeg, channel: str, reply: Reply) -> None:
        """How a channel of a line stands; something may have happened before we could hear of it."""
        if reply.ok:
            self._agreement.look_again(line, channel_of(reply.body, self._config.app))
        elif reply.code == 404:
            self._dialling.missing(line, channel)

    # --- verbs -----------------------------------------------------------------------------

    def ring(self, line: str) -> None:
        found = self._lines.live(line)
        if found and not found.seat and not found.up:
            self._loop.call_soon(self._ring, found)

    def _ring(self, line: AsteriskLeg) -> None:
        """Unless it was answered in the same breath: then the 200 says it all, with one request less."""
        if not line.answering and self._lines.live(line.name) is line:
            self._link.ask("POST", "channels", line.name, "ring")

    def answer(self, line: str) -> None:
        found = self._lines.live(line)
        if found and not found.seat and not found.up:
            found.answering = True
            self._link.ask("POST", "channels", line, "answer")

    def dial(self, line: str, seat: str, ring_ms: int, display: str = "", beside: str = "") -> None:
        if found := self._new_line(line, seat, ring_ms):
            self._dialling.seat(found, ring_ms, display)

    def dial_number(self, line: str, number: str, ring_ms: int, caller_id: str = "") -> None:
        if found := self._new_line(line, number, ring_ms):
            self._dialling.number(found, number, ring_ms, caller_id)

    def _new_line(self, line: str, whom: str, ring_ms: int) -> AsteriskLeg | None:
        """A line that is about to be dialled."""
        if self._lines.get(line) is not None:
            log.error("line %s is dialled twice", line)
            return None
        found = AsteriskLeg(line, whom)
        self._lines.add(found)
        if self._draining:
            self._reports.never_dialled(found)
            return None
        found.timers.append(self._loop.call_later(ring_ms / 1000, self._rung_out, found))
        return found

    def _begun(self, line: AsteriskLeg, channel: str) -> None:
        if not line.seat:  # those to a seat or a citizen are heard of by the endpoint's name
            self._follow(channel)
        self._link.ask("GET", "channels", channel, done=lambda reply: self._looked(line, channel, reply))

    def hangup(self, line: str, cause: str) -> None:
        if found := self._lines.live(line):
            self._hang_up(found, ("us", cause))

    def transfer_told(self, line: str, token: str, code: int) -> None:
        if found := self._lines.live(line):
            self._transfers.told(found, token, code)

    def reachable(self) -> Mapping[str, bool]:
        return self._seats.reachable()

    # --- what Asterisk tells -----------------------------------------------------------------

    def _heard(self, event: Mapping[str, Any]) -> None:
        kind = event["type"]
        if kind == "StasisStart":
            if event["channel"]["id"].startswith(look_prefix(self._config.app)):
                return
            self._entered(channel_of(event["channel"], self._config.app))
            return
        if kind == "ChannelTransfer":
            self._transfers.heard(event)
            return
        if kind == "DeviceStateChanged":
            self._seats.heard(event)
            return
        if kind == "PlaybackFinished":
            self._playback_over(event["playback"])
            return
        if kind in ("RecordingFinished", "RecordingFailed"):
            if line := self._lines.recording(event["recording"]["name"]):
                self._reports.recorded(line)
            return
        channel = event["peer" if kind == "Dial" else "channel"]["id"]
        line = self._lines.of(channel)
        if line is None:
            return
        match kind:
            case "ChannelDestroyed":
                self._dialling.over(line, channel, int(event.get("cause", 0)), int(event.get("tech_cause", 0)))
            case "ChannelHangupRequest" if channel not in line.phones:
                line.leaving = True
            case "ChannelDtmfReceived":
                self._pressed(line, press_of(event))
            case "ChannelHold" | "ChannelUnhold":
                self._reports.held(line, kind == "ChannelHold")
            case "Dial" if event["dialstatus"] == "PROGRESS":
                self._reports.speaks(line)
            case "ChannelStateChange" if event["channel"]["state"] == "Up" and line.citizen:
                self._dialling.lifted(line, channel)
            case "ChannelStateChange" if event["channel"]["state"] == "Up" and not line.seat:
                self._reports.is_up(line)
            case "ChannelStateChange" if event["channel"]["state"] == "Ringing" and line.seat:
                self._reports.rings(line)

    def _pressed(self, line: AsteriskLeg, press: Press) -> None:
        told, line.pressed = again(line.pressed, press), press
        if not told:
            self._reports.keyed(line, press.key, press.duration_ms)

    def _playback_over(self, playback: Mapping[str, Any]) -> None:
        line = self._lines.playing(playback["id"])
        if line is None:
            return
        if playback["state"] == "failed" and not line.leaving:
            # The caller hears nothing, but the call goes on.
            self._reports.trouble(line, "Asterisk cannot play %s", playback["media_uri"])
        self._reports.played(line, not line.leaving)

    def _entered(self, channel: Channel) -> None:
        """A channel is in our application."""
        if self._agreement.survives(channel):
            return  # its turn comes
        if channel.args[0] == fax.ARGUMENT:
            self._fax.heard(channel)
        elif channel.args[0] in ("seat", CITIZEN):
            line = self._lines.of(channel.id)
            if line is None:
                self._link.ask("DELETE", "channels", channel.id)  # nobody waits for it any more
            elif not channel.up and line.citizen:
                self._dialling.made(line)
            elif line.last is None and line.verdict is None:
                self._dialling.lifted(line, channel.id)
        elif self._lines.get(channel.id) is None:
            self._arrived(channel)

    def _arrived(self, channel: Channel) -> None:
        number, trunk = self._caller(channel), channel.endpoint == self._config.trunk
        refusal = self._doorman.refusal(channel.source, trunk, number)
        if refusal or self._gate.refuses(self._lines.incoming, ending=self._draining):
            why = "busy" if refusal == NUMBER_FULL else causes.UNAVAILABLE
            self._link.ask("DELETE", "channels", channel.id, query={"reason_code": causes.refusal(why)})
            return
        line = AsteriskLeg(channel.id, up=channel.up, source=channel.source, trunk=trunk, number=number)
        line.calls_as = channel.seat
        self._lines.add(line)
        self._follow(line.channel)
        test = channel.source in HERE and channel.caller in self._config.test_callers
        self._reports.arrived(line, channel.called_in(self._config.called_in), number, channel.ref, test)
        self._fax.follow(line)
        if not line.up:
            line.timers.append(self._loop.call_later(self._config.unanswered_s, self._unanswered, line))

    def _caller(self, channel: Channel) -> str | None:
        """The number of a call from outside, unless it is withheld."""
        return caller_key(channel.caller, self._config.plan) if channel.shown else None

    def _follow(self, channel: str) -> None:
        """Hear of a channel also outside of Stasis: while it rings, and of its very end."""
        source = {"eventSource": f"channel:{channel}"}
        self._link.ask("POST", "applications", self._config.app, "subscription", query=source)

    # --- ends ------------------------------------------------------------------------------

    def _hang_up(self, line: AsteriskLeg, verdict: tuple[By, str]) -> None:
        if line.verdict is not None:
            return
        line.verdict = verdict
        self._dialling.hang_up(line, verdict[1])

    def _rung_out(self, line: AsteriskLeg) -> None:
        if not line.up and self._lines.live(line.name) is line:
            line.rung_out = True
            self._hang_up(line, ("us", "no_answer"))

    def _unanswered(self, line: AsteriskLeg) -> None:
        """A caller who vanished while it rang leaves no trace in Asterisk."""
        if not line.up:
            self._hang_up(line, ("failure", "unanswered"))
