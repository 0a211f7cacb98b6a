"""A telephone for the terminal: a citizen's, or an operator's seat. Real SIP, real sound."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hotline.cli.dial_script import Act
from hotline.config.values import Address
from hotline.ports import phone_host, reachable
from ivr.telephony import Clip
from recordings import audio
from sip.embedded.phone import CallFailed, OnCall, Phone, PhoneEvent
from store.engine import DatabaseAway, Session, open_engine, reading
from store.read import by_ref

STEP_POLL_S = 0.25
STEP_PATIENCE_S = 60.0  # how long "step:NAME" waits
KEY_PAUSE_S = 0.15  # between scripted keys, as fingers do

Say = Callable[[str], None]


@dataclass
class TestCallOutcome:
    """What a call came to. ``steps``: those of the flow that were seen, in order."""

    answered: bool = False
    failed: str = ""
    ended: str = ""
    seconds: float = 0.0
    heard_ms: int = 0
    steps: list[str] = field(default_factory=list)
    call_id: str = ""


class Whereabouts:
    """The step a call is in, read from the store when it can be; else always empty."""

    def __init__(self, database: str | Path | None) -> None:
        here = database is not None and (isinstance(database, str) or (database / "hotline.db").is_file())
        self._engine = open_engine(database) if here and database is not None else None

    def step(self, call_id: str) -> str:
        """The step's name; "" when it is not known (another machine's hotline, or no call)."""
        if self._engine is None or not call_id:
            return ""
        try:
            with Session(reading(self._engine)) as session:
                return by_ref.step(session, call_id)
        except Exception:
            # The step is a courtesy: without it the call goes on, so whatever is wrong ends it here.
            self.close()
            return ""

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def _told(act: Act) -> str:
    words = {"wait": "waiting {} s", "step": "waiting for step {}", "speak": "speaking {}", "hangup": "hanging up"}
    return words.get(act.kind, "press {}").format(act.value)


def clip_of(path: Path) -> Clip:
    """A sound file (WAV, FLAC, OGG, MP3) as telephone audio. Raises ``recordings.audio.AudioError``."""
    pcm = audio.prompt(*audio.read(path)).pcm8
    return Clip(hashlib.sha256(pcm).hexdigest()[:40], pcm, path.name)


class Caller:
    """One call of a citizen: dials, presses, says what happens, saves what it hears."""

    def __init__(self, uri: str, target: Address, whereabouts: Whereabouts, say: Say) -> None:
        self.uri, self._target, self._where, self._say = uri, target, whereabouts, say
        self.outcome = TestCallOutcome()
        self.phone: Phone | None = None
        self._began = 0.0

    async def run(
        self, from_user: str, acts: Sequence[Act], *, clips: Sequence[Clip] = (), longest_s: float | None = None
    ) -> TestCallOutcome:
        """Call, do ``acts``, stay until the hotline ends the call or ``longest_s`` have passed."""
        self.phone = phone = await Phone.open(phone_host(self._target), on_event=self._happened)
        watch: asyncio.Task[None] | None = None
        try:
            await phone.call(self.uri, from_user)
            self._began = time.monotonic()
            self.outcome.answered, self.outcome.call_id = True, phone.call_id
            self._say("answered")
            watch = asyncio.create_task(self._watch())
            if clips:
                phone.play(clips)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(longest_s):
                    await self._do(acts)
                    await phone.over()
        except CallFailed as error:
            self.outcome.failed = str(error)
        finally:
            if watch:
                watch.cancel()
            self.outcome.seconds = time.monotonic() - self._began if self._began else 0.0
            self.outcome.heard_ms = len(phone.heard) // 16
            await phone.close()
        return self.outcome

    async def press(self, keys: str) -> None:
        """Press keys."""
        if self.phone is not None:
            await self.phone.send_keys(keys)

    async def hang_up(self) -> None:
        """End the call."""
        if self.phone is not None:
            await self.phone.hangup()

    def seconds(self) -> float:
        """How long the call is up."""
        return time.monotonic() - self._began if self._began else 0.0

    async def _do(self, acts: Sequence[Act]) -> None:
        for act in acts:
            if self.phone is None or self.phone.leg is None:
                return
            self._say(_told(act))
            match act.kind:
                case "press":
                    for key in act.value:
                        await self.press(key)
                        await asyncio.sleep(KEY_PAUSE_S)
                case "wait":
                    await asyncio.sleep(float(act.value))
                case "step":
                    await self._until_step(act.value)
                case "speak":
                    await self._speak(clip_of(Path(act.value)))
                case "hangup":
                    await self.hang_up()

    async def _until_step(self, name: str) -> None:
        end = time.monotonic() + STEP_PATIENCE_S
        while self.phone is not None and self.phone.leg is not None:
            if self.outcome.steps[-1:] == [name]:
                return
            if time.monotonic() > end:
                self._say(f"the call did not come to step {name} within {STEP_PATIENCE_S:g} s; going on")
                return
            await asyncio.sleep(STEP_POLL_S)

    async def _speak(self, clip: Clip) -> None:
        done = asyncio.Event()
        if self.phone is not None:
            self.phone.play([clip], lambda _finished: done.set())
            await done.wait()

    async def _watch(self) -> None:
        while True:
            step = await asyncio.to_thread(self._where.step, self.outcome.call_id)
            if step and self.outcome.steps[-1:] != [step]:
                self.outcome.steps.append(step)
                self._say(f"step {step}")
            await asyncio.sleep(STEP_POLL_S)

    def _happened(self, event: PhoneEvent) -> None:
        if event.kind == "ringing":
            self._say("ringing")
        elif event.kind == "held":
            self._say(f"on hold: {event.detail}")
        elif event.kind in ("ended", "failed"):
            self.outcome.ended = event.detail


class SeatPhone:
    """An operator's phone: registers, rings, answers, speaks, saves what it hears."""

    def __init__(self, seat: str, secret: str, registrar: Address, say: Say) -> None:
        self.seat, self._secret, self._registrar, self._say = seat, secret, reachable(registrar), say
        self.phone: Phone | None = None
        self.answered = 0
        self._rang = asyncio.Event()
        self._ended = asyncio.Event()

    async def run(self, *, answer_after_s: float | None, clips: Sequence[Clip], once: bool) -> None:
        """Serve calls until cancelled, or until one answered call ended (``once``). Raises ``TimeoutError``."""
        self.phone = phone = await Phone.open(phone_host(self._registrar), on_event=self._happened)
        phone.on_call = OnCall(answer_after_s=answer_after_s)
        try:
            await phone.register(str(self._registrar), self.seat, self._secret)
            self._say(f"seat {self.seat} is registered with {self._registrar}; waiting for calls")
            while True:
                self._ended.clear()
                await phone.up()
                self.answered += 1
                phone.play(clips)
                await self._ended.wait()
                if once:
                    return
        finally:
            await phone.close()

    def answer(self) -> None:
        """Lift the phone (without ``answer_after_s``)."""
        if self.phone is not None:
            self.phone.answer()

    def _happened(self, event: PhoneEvent) -> None:
        match event.kind:
            case "incoming":
                self._say(f"rings: {event.detail or 'number withheld'}")
            case "up":
                self._say("answered; you are connected")
            case "key":
                self._say(f"the caller pressed {event.detail}")
            case "held":
                self._say(f"on hold: {event.detail}")
            case "ended":
                self._say(f"ended ({event.detail})")
                self._ended.set()
            case "registration" if event.detail != "registered":
                self._say(f"registration: {event.detail}")


__all__ = ["Caller", "DatabaseAway", "SeatPhone", "TestCallOutcome", "Whereabouts", "clip_of", "phone_host"]
