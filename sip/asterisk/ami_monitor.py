"""The watcher: reads AMI, tells of the trunk's registration, of refusals, and of how each line sounded.

It only reads. Without it everything else works as ever: an AMI that is away, stalls or refuses us is tried again with
back-off, every wait has its limit (panoramisk's own answers may never come), and no text of ours or theirs can begin a
line of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from panoramisk import Manager

from ivr.telephony import AccessDenied, LineQuality, TrunkChanged
from sip.asterisk import ami_events
from sip.asterisk.config import AsteriskConfig, ami_secret
from sip.refusals import Gathered

log = logging.getLogger(__name__)

FRESH_MS = 15_000  # a report of a line counts for the board that long; Asterisk sends one every 5 s
NEVER_S = 10**8  # panoramisk's own pings have no limit, so it is not to send any


@dataclass(frozen=True, slots=True)
class AmiTimeouts:
    """Seconds. ``answer_s``: for each thing asked. ``ping_s``: how often a silent connection is tried."""

    answer_s: float = 5.0
    ping_s: float = 10.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0


class _Session(Manager):  # type: ignore[misc]  # untyped
    """One connection, which panoramisk is not to open again by itself."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self.gone = asyncio.Event()

    def connection_made(self, f: asyncio.Task[Any]) -> None:
        if not f.cancelled() and f.exception() is None:
            super().connection_made(f)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()


class AmiMonitor:
    """``tell`` gets what is told, on the loop that runs :meth:`run`. ``now_ms``: UTC."""

    def __init__(
        self,
        config: AsteriskConfig,
        tell: Callable[[LineQuality | TrunkChanged | AccessDenied], None],
        now_ms: Callable[[], int],
        limits: AmiTimeouts = AmiTimeouts(),
    ) -> None:
        self._config, self._tell, self._now_ms, self._limits = config, tell, now_ms, limits
        self._ours: Collection[str] = {*config.seats, *filter(None, [config.trunk]), config.user}
        self._gathered = Gathered(tell)
        self._sounds: dict[str, tuple[int, float, float]] = {}  # line -> when, loss, jitter
        self.trouble = "not connected yet"  # empty while connected
        self.registration = ""  # of the trunk; empty: not known

    async def run(self) -> None:
        """Watch until cancelled."""
        limits = self._limits
        pause = limits.first_pause_s
        while True:
            try:
                await self._session()
            except (OSError, TimeoutError) as error:
                trouble = str(error) or "it does not answer in time"
                if not self.trouble:
                    pause = limits.first_pause_s
                if trouble != self.trouble:
                    log.warning("AMI at %s: %s; trying again", self._where, trouble)
                self.trouble = trouble
            self.registration = ""
            self._gathered.flush(self._now_ms())
            await asyncio.sleep(pause)
            pause = min(pause * 2, limits.longest_pause_s)

    def beat(self) -> dict[str, Any]:
        """For the board: is there anybody who watches, the registration, the worst of the lines that are up."""
        now = self._now_ms()
        self._gathered.flush(now)
        self._sounds = {line: one for line, one in self._sounds.items() if now - one[0] <= FRESH_MS}
        worst = {
            "loss": round(max((loss for _, loss, _ in self._sounds.values()), default=0.0), 1),
            "jitter_ms": round(max((jitter for *_, jitter in self._sounds.values()), default=0.0), 1),
        }
        return {"watch": self.trouble or "connected", "registration": self.registration, **worst}

    @property
    def _where(self) -> str:
        return "{}:{}".format(*(self._config.ami or ("", 0)))

    async def _session(self) -> None:
        """One connection from its beginning to its end. Raises ``OSError`` or ``TimeoutError``."""
        assert self._config.ami is not None
        host, port = self._config.ami
        session = _Session(
            host=host,
            port=port,
            username=ami_events.text(self._config.user),
            secret=ami_events.text(ami_secret(self._config)),
            ping_delay=NEVER_S,
            ping_interval=NEVER_S,
            loop=asyncio.get_running_loop(),
            log=log.getChild("panoramisk"),
        )
        session.register_event("*", lambda _, event: self._heard(event))
        try:
            await self._within(session.connect())
            answer = await self._within(session.authenticated_future)
            if not answer.success:
                raise PermissionError("our account is refused; compare manager.conf with `hotline asterisk lines`")
            await self._ask_for_registration(session)
            log.info("watching AMI at %s", self._where)
            self.trouble = ""
            while not session.gone.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._limits.ping_s):
                        await session.gone.wait()
                if not session.gone.is_set():
                    await self._within(session.send_action({"Action": "Ping"}))
            raise ConnectionError("the connection ended")
        finally:
            session.close()

    async def _within(self, waited: Any) -> Any:
        # Not `wait_for`: in Python 3.11 it forgets a cancellation that comes with the answer, and nothing stops us.
        async with asyncio.timeout(self._limits.answer_s):
            return await waited

    async def _ask_for_registration(self, session: _Session) -> None:
        if not self._config.trunk:
            return
        listed = await self._within(session.send_action({"Action": "PJSIPShowRegistrationsOutbound"}, as_list=True))
        for one in listed if isinstance(listed, list) else [listed]:
            if ami_events.text(one.get("ObjectName", "")) == ami_events.REGISTRATION:
                self._registered(ami_events.registration(one))

    def _registered(self, state: str) -> None:
        if state != self.registration:
            self.registration = state
            self._tell(TrunkChanged(self._now_ms(), state))

    def _heard(self, event: Mapping[str, Any]) -> None:
        try:
            self._take(event)
        except Exception:  # one event we do not understand must not end the watch
            log.exception("an event of AMI")

    def _take(self, event: Mapping[str, Any]) -> None:
        kind, now = ami_events.text(event.get("Event", ""), 40), self._now_ms()
        if kind == "RTCPSent":
            if found := ami_events.loss_and_jitter(event):
                line, loss, jitter = found
                self._sounds[line] = (now, loss, jitter)
        elif kind == "VarSet" and event.get("Variable") == ami_events.QUALITY_VARIABLE:
            if sounded := ami_events.quality(event, now):
                self._sounds.pop(sounded.line, None)
                self._tell(sounded)
        elif kind == "Registry":
            if self._config.trunk:
                self._registered(ami_events.registration(event))
        elif refused := ami_events.refused(event, now, self._ours):
            self._gathered.add(refused)
