"""The Asterisk engine: the telephony port over ARI.

Everything runs on the loop that called :meth:`AsteriskEngine.start`; verbs are called there too.
Events are delivered one after the other from that loop, never from inside a verb.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
import wave
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ivr.telephony import (
    Clip,
    EngineEvent,
    Held,
    Incoming,
    Keyed,
    LineFailed,
    LineGone,
    LineRinging,
    LineUp,
    PlayDone,
    RecordDone,
    RecordEnd,
    SeatReach,
    Sink,
)
from sip.asterisk import causes
from sip.asterisk.config import AsteriskConfig
from sip.asterisk.lines import Line, Lines, Recording
from sip.asterisk.link import Link, Reply
from sip.asterisk.media import MediaFolder, take
from sip.asterisk.seats import Seats
from sip.asterisk.snapshot import Channel, channel_of, compare
from sip.embedded.caller import diallable

log = logging.getLogger(__name__)

_PLAYBACKS = 8  # a line's playbacks take these names in turn, so that a process started anew can end them
_LAST_FILE_S = 5.0  # how long a line's end waits for its recording
_CONNECT_S = 15.0
_ALLOWED = ("allowed", "allowed_not_screened", "allowed_passed_screen", "allowed_failed_screen")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class AsteriskEngine:
    """See ``ivr.telephony.Engine``. ``on_fatal``: the engine can never go on; the text says what to do."""

    name = "asterisk"

    def __init__(self, config: AsteriskConfig, on_fatal: Callable[[str], None] = log.critical) -> None:
        self._config, self._on_fatal = config, on_fatal
        self._link = Link(config, self._heard, self._opened, self._replaced)
        self._seats = Seats(self._link, config.app, config.seats, self._reach)
        self._media = MediaFolder(config.media)
        self._lines = Lines()
        self._sink: Sink = lambda _: None
        self._draining = False
        self._tasks: list[asyncio.Task[None]] = []

    # --- life ------------------------------------------------------------------------------

    async def start(self, sink: Sink) -> None:
        self._sink, self._loop = sink, asyncio.get_running_loop()
        self._media.open()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        run = asyncio.create_task(self._link.run())
        self._tasks = [run, asyncio.create_task(self._check())]
        await asyncio.wait({run, self._ready}, timeout=_CONNECT_S, return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done() or run.done():
            await self._quit()
            if run.done() and not run.cancelled() and isinstance(error := run.exception(), OSError):
                raise error
            raise OSError(
                f"no answer from Asterisk at {self._config.url}: is it running, version 22.4 or later, "
                "and is that its HTTP address?"
            )
        run.add_done_callback(self._link_ended)

    async def stop(self, drain_s: float = 0.0) -> None:
        self._draining = True
        if drain_s > 0 and len(self._lines):
            log.info("no new calls; waiting up to %.0f s for %d lines", drain_s, len(self._lines))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lines.idle.wait(), drain_s)
        for line in self._lines:
            self.hangup(line.name, "shutdown")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._lines.idle.wait(), _LAST_FILE_S)
        for line in self._lines:
            self._finish(line)
        await self._quit()
        await asyncio.sleep(0)

    async def _quit(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._link.close()

    def _link_ended(self, run: asyncio.Task[None]) -> None:
        if not run.cancelled() and (error := run.exception()) is not None:
            self._on_fatal(str(error))

    def _replaced(self) -> None:
        app = self._config.app
        self._on_fatal(
            f"another process took the ARI application {app!r} and all its calls; "
            "each hotline needs an [asterisk] app of its own, or end one of the two"
        )

    def _emit(self, event: EngineEvent) -> None:
        self._loop.call_soon(self._sink, event)

    def _reach(self, seat: str, reachable: bool) -> None:
        self._sink(SeatReach(seat, _now_ms(), reachable))  # no verb is near, and so it agrees with reachable()

    # --- agreement with Asterisk ------------------------------------------------------------

    def _opened(self) -> None:
        self._seats.follow()
        self._compare()

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(self._config.check_s)
            if self._link.connected:
                self._compare()

    def _compare(self) -> None:
        known = [line.name for line in self._lines]

        def listed(reply: Reply) -> None:
            if not reply.ok:
                return
            found = compare((channel_of(body, self._config.app) for body in reply.body), known)
            for name in found.gone:
                if line := self._lines.get(name):
                    self._ended(line, causes.NORMAL, 0)
            for channel in found.new:
                self._entered(channel)
            for channel in found.known:
                self._look_again(channel)
            if not self._ready.done():
                self._ready.set_result(None)

        self._link.ask("GET", "channels", done=listed)
        self._link.ask("GET", "bridges", done=self._sweep)

    def _look_again(self, channel: Channel) -> None:
        """What may have happened to a line while nobody told us."""
        line = self._lines.live(channel.id)
        if line is None:
            return
        if line.up and not channel.args:  # somebody took it out of our application
            self._ended(line, causes.NORMAL, 0)
        elif line.seat and channel.args:
            self._entered(channel)
        elif channel.up and not line.seat:
            self._is_up(line)
        elif line.seat and channel.state == "Ringing":
            self._rings(line)
        if line.playing:
            token, playback = line.playing

            def asked(reply: Reply) -> None:
                if reply.code == 404 and line.playing == (token, playback):
                    self._played(line, True)

            self._link.ask("GET", "playbacks", playback, done=asked)
        if line.recording:
            recording = line.recording

            def looked(reply: Reply) -> None:
                if reply.code == 404 and line.recording is recording:
                    self._recorded(line)

            self._link.ask("GET", "recordings", "live", recording.name, done=looked)

    def _sweep(self, reply: Reply) -> None:
        """Remove bridges of ours that no line is in."""
        used = {line.bridge for line in self._lines}
        for bridge in reply.body if reply.ok else ():
            if str(bridge["id"]).startswith(f"{self._config.app}:") and bridge["id"] not in used:
                self._link.ask("DELETE", "bridges", bridge["id"])

    # --- verbs -----------------------------------------------------------------------------

    def ring(self, line: str) -> None:
        found = self._lines.live(line)
        if found and not found.seat and not found.up:
            self._link.ask("POST", "channels", line, "ring")

    def answer(self, line: str) -> None:
        found = self._lines.live(line)
        if found and not found.seat and not found.up:
            self._link.ask("POST", "channels", line, "answer")

    def play(self, line: str, clips: Sequence[Clip], token: str) -> None:
        found = self._lines.live(line)
        if found is None:
            return
        self.stop_play(line)
        try:
            media = self._media.uris(clips) if found.up else []
        except OSError as error:
            log.error("line %s: a prompt cannot be played: %s", line, error)
            media = []
        if not media:
            self._emit(PlayDone(line, _now_ms(), token, found.up))
            return
        playback = f"{line}#{found.plays % _PLAYBACKS}"
        found.plays += 1
        found.playing = (token, playback)

        def asked(reply: Reply) -> None:
            if not reply.ok and found.playing == (token, playback):
                log.error("line %s: prompt refused: %s %s", line, reply.code, reply.body)
                self._played(found, True)  # the caller hears nothing, but the call goes on

        body = {"media": media, "playbackId": playback}
        self._link.ask("POST", "channels", line, "play", body=body, done=asked)

    def stop_play(self, line: str) -> None:
        found = self._lines.live(line)
        if found and found.playing:
            self._link.ask("DELETE", "playbacks", found.playing[1])
            self._played(found, False)

    def record(self, line: str, token: str, path: Path, max_ms: int, silence_ms: int) -> None:
        found = self._lines.live(line)
        if found is None or not found.up or found.recording is not None:
            return
        recording = found.recording = Recording(path.stem, token, path, max_ms)

        def asked(reply: Reply) -> None:
            if not reply.ok and found.recording is recording:
                log.error("line %s: cannot record: %s %s", line, reply.code, reply.body)
                self._recorded(found)

        query = {
            "name": recording.name,
            "format": "wav",
            "maxDurationSeconds": math.ceil(max_ms / 1000),
            "maxSilenceSeconds": math.ceil(silence_ms / 1000),
            "ifExists": "overwrite",
        }
        self._link.ask("POST", "channels", line, "record", query=query, done=asked)

    def stop_record(self, line: str) -> None:
        found = self._lines.live(line)
        if found and found.recording and not found.recording.stopped:
            found.recording.stopped = True
            self._link.ask("POST", "recordings", "live", found.recording.name, "stop")

    def dial(self, line: str, seat: str, ring_ms: int, display: str = "") -> None:
        if self._lines.get(line) is not None:
            log.error("line %s is dialled twice", line)
            return
        found = Line(line, seat)
        self._lines.add(found)
        if self._draining:
            self._failed_to_dial(found)
            return

        def dialled(reply: Reply) -> None:
            if not reply.ok and self._lines.live(line) is found:
                log.info("seat %s cannot be rung: %s %s", seat, reply.code, reply.body)
                self._failed_to_dial(found)

        def looked(reply: Reply) -> None:
            """It may have rung before we could hear of it."""
            if reply.ok:
                self._look_again(channel_of(reply.body, self._config.app))

        name = "".join(char for char in display if char.isprintable() and char not in '"\\')
        self._link.ask(
            "POST",
            "channels",
            query={"endpoint": f"PJSIP/{seat}", "context": f"{self._config.context}-seat", "extension": "s",
                   "priority": 1, "channelId": line, "callerId": f'"{name}" <{self._config.app}>',
                   "timeout": math.ceil(ring_ms / 1000) + 5},
            body={"variables": {"HOTLINE_LINE": line}},
            done=dialled,
        )  # fmt: skip
        self._follow(found)
        self._link.ask("GET", "channels", line, done=looked)
        found.timers.append(self._loop.call_later(ring_ms / 1000, self._rung_out, found))

    def bridge(self, a: str, b: str) -> None:
        one, other = self._lines.live(a), self._lines.live(b)
        if one is None or other is None or one is other or not (one.up and other.up):
            return
        for line in (one, other):
            self.stop_play(line.name)
            self._part(line)
        one.peer, other.peer = b, a
        one.bridge = other.bridge = f"{self._config.app}:{a}+{b}"
        self._link.ask("POST", "bridges", one.bridge, query={"type": "mixing"})
        self._link.ask("POST", "bridges", one.bridge, "addChannel", query={"channel": f"{a},{b}"})

    def unbridge(self, a: str, b: str) -> None:
        for name in (a, b):
            if line := self._lines.live(name):
                self._part(line)

    def hold(self, line: str, held: bool) -> None:
        found = self._lines.live(line)
        if found is None or found.held == held:
            return
        found.held = held
        if found.bridge:
            verb = "removeChannel" if held else "addChannel"
            self._link.ask("POST", "bridges", found.bridge, verb, query={"channel": line})

    def hangup(self, line: str, cause: str) -> None:
        if found := self._lines.live(line):
            self._hang_up(found, ("us", cause))

    def reachable(self) -> Mapping[str, bool]:
        return self._seats.reachable()

    # --- what Asterisk tells -----------------------------------------------------------------

    def _heard(self, event: Mapping[str, Any]) -> None:
        kind = event["type"]
        if kind == "StasisStart":
            self._entered(channel_of(event["channel"], self._config.app))
            return
        if kind == "DeviceStateChanged":
            self._seats.heard(event)
            return
        if kind == "PlaybackFinished":
            if line := self._lines.playing(event["playback"]["id"]):
                if event["playback"]["state"] == "failed":
                    log.error("line %s: Asterisk cannot play %s", line.name, event["playback"]["media_uri"])
                self._played(line, True)
            return
        if kind in ("RecordingFinished", "RecordingFailed"):
            if line := self._lines.recording(event["recording"]["name"]):
                self._recorded(line)
            return
        line = self._lines.get(event["channel"]["id"])
        if line is None:
            return
        match kind:
            case "ChannelDestroyed":
                self._ended(line, int(event.get("cause", 0)), int(event.get("tech_cause", 0)))
            case "ChannelHangupRequest":
                line.leaving = True
            case "ChannelDtmfReceived":
                self._emit(Keyed(line.name, _now_ms(), event["digit"]))
            case "ChannelHold" | "ChannelUnhold":
                self._emit(Held(line.name, _now_ms(), kind == "ChannelHold"))
            case "ChannelStateChange" if event["channel"]["state"] == "Up" and not line.seat:
                self._is_up(line)
            case "ChannelStateChange" if event["channel"]["state"] == "Ringing" and line.seat:
                self._rings(line)

    def _entered(self, channel: Channel) -> None:
        """A channel is in our application."""
        line = self._lines.live(channel.id)
        if channel.args[0] == "seat":
            if line is None and self._lines.get(channel.id) is None:
                self._link.ask("DELETE", "channels", channel.id)  # nobody waits for it any more
            elif line is not None and line.verdict is None:
                self._is_up(line)
        elif self._lines.get(channel.id) is None:
            self._arrived(channel)

    def _arrived(self, channel: Channel) -> None:
        if self._draining or self._lines.incoming >= self._config.max_calls:
            query = {"reason_code": causes.refusal(causes.UNAVAILABLE)}
            self._link.ask("DELETE", "channels", channel.id, query=query)
            return
        line = Line(channel.id, up=channel.up)
        self._lines.add(line)
        self._follow(line)
        _, called, presented, address = (*channel.args, "", "", "")[:4]
        caller = diallable(channel.caller, self._config.country_code) if presented in _ALLOWED else None
        here = address.rsplit(":", 1)[0] in ("127.0.0.1", "[::1]")
        test = here and channel.caller in self._config.test_callers
        self._emit(Incoming(line.name, _now_ms(), called, caller, channel.ref, test))
        if line.up:
            self._emit(LineUp(line.name, _now_ms()))
        else:
            line.timers.append(self._loop.call_later(self._config.unanswered_s, self._unanswered, line))

    def _follow(self, line: Line) -> None:
        """Hear of the line also outside of Stasis: while it rings, and of its very end."""
        source = {"eventSource": f"channel:{line.name}"}
        self._link.ask("POST", "applications", self._config.app, "subscription", query=source)

    def _is_up(self, line: Line) -> None:
        if not line.up:
            line.up = True
            self._emit(LineUp(line.name, _now_ms()))

    def _rings(self, line: Line) -> None:
        if not line.rang and not line.up:
            line.rang = True
            self._emit(LineRinging(line.name, _now_ms()))

    def _played(self, line: Line, finished: bool) -> None:
        if line.playing:
            (token, _), line.playing = line.playing, None
            self._emit(PlayDone(line.name, _now_ms(), token, finished))

    def _recorded(self, line: Line) -> None:
        recording, line.recording = line.recording, None
        if recording is None:
            return
        end: RecordEnd = "stopped" if recording.stopped else "gone" if line.last or line.leaving else "silence"
        ms = 0
        try:
            taken = take(self._config.spool / f"{recording.name}.wav", recording.path)
            ms = taken.spoken_ms
            if end == "silence" and taken.ms >= recording.max_ms - 500:
                end = "max"
        except (OSError, EOFError, wave.Error) as error:
            log.error("line %s: recording %s is not there: %s", line.name, recording.name, error)
            end = "failed"
        self._emit(RecordDone(line.name, _now_ms(), recording.token, recording.path, ms, end))
        if line.last:
            self._finish(line)

    # --- ends ------------------------------------------------------------------------------

    def _hang_up(self, line: Line, verdict: tuple[Any, str]) -> None:
        if line.verdict is not None:
            return
        line.verdict = verdict

        def asked(reply: Reply) -> None:
            if reply.code == 404:  # it was gone before
                self._ended(line, causes.NORMAL, 0)

        query = {"reason_code": causes.refusal(verdict[1])}
        self._link.ask("DELETE", "channels", line.name, query=query, done=asked)

    def _rung_out(self, line: Line) -> None:
        if not line.up and self._lines.live(line.name) is line:
            line.rung_out = True
            self._hang_up(line, ("us", "no_answer"))

    def _unanswered(self, line: Line) -> None:
        """A caller who vanished while it rang leaves no trace in Asterisk."""
        if not line.up:
            self._hang_up(line, ("failure", "unanswered"))

    def _failed_to_dial(self, line: Line) -> None:
        self._lines.remove(line)
        self._emit(LineFailed(line.name, _now_ms(), "unreachable"))

    def _part(self, line: Line) -> None:
        """Take a line and its peer out of their bridge; both stay up."""
        if line.bridge is None:
            return
        self._link.ask("DELETE", "bridges", line.bridge)
        peer = self._lines.get(line.peer or "")
        for each in filter(None, (line, peer)):
            each.bridge = each.peer = None

    def _ended(self, line: Line, cause: int, sip_code: int) -> None:
        """The channel is gone; the line's end waits for its recording."""
        if self._lines.get(line.name) is not line or line.last is not None:
            return
        self._played(line, False)
        self._part(line)
        line.last = (cause, sip_code)
        if line.recording:
            line.timers.append(self._loop.call_later(_LAST_FILE_S, self._recorded, line))
        else:
            self._finish(line)

    def _finish(self, line: Line) -> None:
        """The line's last word."""
        cause, sip_code = line.last or (causes.NORMAL, 0)
        self._lines.remove(line)
        now = _now_ms()
        if line.up or not line.seat:
            by, why = line.verdict or (causes.by_whom(cause), f"q850_{cause}")
            self._emit(LineGone(line.name, now, by, why))
        elif line.verdict and not line.rung_out:
            self._emit(LineFailed(line.name, now, "cancelled"))
        else:
            reason = causes.fail_reason(cause, sip_code, line.rang, line.rung_out)
            self._emit(LineFailed(line.name, now, reason, 0 if line.rung_out else sip_code))
