"""What the end-to-end stories share: operators at their telephones, and what a complaint must leave behind."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar
import numpy as np

from hotline.process import factories
from ivr.cases.numbers import parse_case_number
from ivr.cases.promise import due_for
from ivr.telephony import Clip
from recordings.music import FIGURES
from sip.embedded.phone import OnCall, Phone, PhoneEvent
from tests.support import audio
from tests.support.asterisk import PROVIDER, AsteriskHotline
from tests.support.books import Books
from tests.support.hotline import Hotline
from tests.support.telephone import Telephone
from tests.support.waiting import PATIENCE_S

STORY_S = 280.0
ANSWERS = OnCall(answer_after_s=0.2)
RINGS_ON = OnCall()
BUSY = OnCall(refuse=486)
SPOKEN_MS = 3000
TRIES = 4  # a telephone whose sound card is a thread of a busy machine may lose a moment
ALIKE = 0.9
PIECE_MS = 250
PIECE_ALIKE = 0.7  # a piece of another voice stays under 0.55
KEPT = 0.6
LOOK_S = 0.5


def story(test: Callable[..., Coroutine[object, object, None]]) -> Callable[..., None]:
    """Run an async test on its own loop, in bounded time."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(STORY_S):
                await test(*args, **kwargs)

        asyncio.run(bounded())

    return run


@asynccontextmanager
async def operator(hotline: Hotline, seat: str, does: OnCall = ANSWERS) -> AsyncIterator[Phone]:
    """An operator's telephone, registered as a seat."""
    phone = await Phone.open()
    phone.on_call = does
    try:
        await phone.register(hotline.sip, seat, hotline.secret(seat))
        yield phone
    finally:
        await phone.close()


@asynccontextmanager
async def behind_the_trunk(
    hotline: Hotline, port: int, does: OnCall, on_event: Callable[[PhoneEvent], None]
) -> AsyncIterator[Phone]:
    """The telephone that whatever is dialled over the trunk reaches."""
    phone = await Phone.open(PROVIDER, port, on_event=on_event)
    phone.on_call = does
    if isinstance(hotline, AsteriskHotline):
        reached = re.compile(r"Contact:\s+trunk/\S+\s.*Avail\s")
        for _ in range(50):  # it asks by itself once a minute
            await asyncio.to_thread(hotline.asterisk.cli, "pjsip qualify trunk")
            await asyncio.sleep(0.1)
            if reached.search(await asyncio.to_thread(hotline.asterisk.cli, "pjsip show contacts")):
                break
    try:
        yield phone
    finally:
        await phone.close()


def zone_where_it_is(hour: int) -> str:
    """A time zone in which it is that hour of the day now."""
    ahead = (hour - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}"


@asynccontextmanager
async def citizen(hotline: Hotline, called: str, caller: str = "13812345678") -> AsyncIterator[Phone]:
    """A citizen's telephone with a call that was answered."""
    phone = await Phone.open()
    try:
        await phone.call(f"sip:{called}@{hotline.sip}", caller)
        yield phone
    finally:
        await phone.close()


def clip(pcm: bytes) -> Clip:
    """Sound for a :class:`Phone` to say."""
    return Clip(f"test-{hash(pcm)}", pcm)


async def say(phone: Phone, pcm: bytes) -> None:
    """Say it to the end."""
    done = asyncio.Event()
    phone.play([clip(pcm)], lambda _finished: done.set())
    await done.wait()


async def music(caller: Phone, person: Phone) -> None:
    """ANS-12: on hold the caller hears a word, then music, whole and nothing else; the operator hears nothing of it."""
    words = len(caller.heard)
    await asyncio.sleep(1.0)  # what was said before the hold was taken is on its way
    quiet = len(person.heard)
    await asyncio.sleep(5.0)  # "很抱歉，请您稍候，请不要挂机。"
    for _ in range(3):  # a busy machine says it later
        start = len(caller.heard)
        await asyncio.sleep(4.0)
        heard = np.frombuffer(bytes(caller.heard[start:]), dtype="<i2") / 32768
        assert np.sqrt((heard**2).mean()) > 0.02
        spectrum = np.abs(np.fft.rfft(heard))
        loudest = float(np.fft.rfftfreq(len(heard), 1 / 8000)[spectrum.argmax()])
        if ours := min(abs(loudest - hz) for figure in FIGURES for hz in figure) < 6:
            break
    assert ours, loudest
    said = np.frombuffer(bytes(caller.heard[words:start]), dtype="<i2") / 32768
    assert np.sqrt((said**2).mean()) > 0.02
    nothing = np.frombuffer(bytes(person.heard[quiet:]), dtype="<i2") / 32768
    assert not len(nothing) or np.sqrt((nothing**2).mean()) < 0.005


class Ours:
    """Our own :class:`Phone` as a :class:`Telephone`."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    async def speak(self, pcm: bytes) -> None:
        self._phone.play([clip(pcm)])

    def heard(self) -> bytes:
        return bytes(self._phone.heard)


async def both_hear(one: Any, other: Any, seed: int = 1) -> None:
    """Two telephones speak at once, each its own words; each must hear the other's (said again if need be)."""
    said = audio.voice(seed, SPOKEN_MS), audio.voice(seed + 1, SPOKEN_MS)
    wanted = [audio.through_alaw(pcm) for pcm in said]
    before = len(one.heard()), len(other.heard())
    found = (0.0, 0.0)
    for _ in range(TRIES):
        await one.speak(said[0])
        await other.speak(said[1])
        for _ in range(12):
            await asyncio.sleep(LOOK_S)
            found = (
                await asyncio.to_thread(understood, other.heard()[before[1] :], wanted[0]),
                await asyncio.to_thread(understood, one.heard()[before[0] :], wanted[1]),
            )
            if min(found) >= ALIKE:
                return
    raise AssertionError(f"heard by the other {found[0]:.2f}, by the one {found[1]:.2f}")


def understood(heard: bytes, said: bytes) -> float:
    """How well it came through: sample by sample, piece by piece (a telephone bridged a gap), or by its sounds."""
    return _well_enough(lambda: heard_well(heard, said), lambda: audio.same_words(heard, said))


def heard_well(heard: bytes, prompt: bytes) -> float:
    """How well a whole prompt was heard: at one go, or the mean of its quarter seconds (a telephone bridged a gap)."""
    wanted = audio.through_alaw(prompt)
    return _well_enough(
        lambda: audio.likeness(heard, wanted), lambda: _mean(audio.likeness_in_pieces(heard, wanted, PIECE_MS))
    )


def kept(recorded: bytes, said: bytes) -> float:
    """How much of what was said is in a recording: the share of its quarter seconds that are there, 0..1.

    For stories in which processes die and start again beside the sound: a machine that pauses takes some of it
    away, a recording that was lost or cut short lacks much more.
    """
    there = [piece >= PIECE_ALIKE for piece in audio.likeness_in_pieces(recorded, audio.through_alaw(said), PIECE_MS)]
    return sum(there) / len(there)


async def comes_through(
    heard: Callable[[], bytes], said: bytes, how: Callable[[bytes, bytes], float] = understood
) -> None:
    """Wait until it is in what was heard. It is looked for beside the loop, which has sound to send meanwhile."""
    end = asyncio.get_running_loop().time() + PATIENCE_S
    while (found := await asyncio.to_thread(how, heard(), said)) < ALIKE:
        assert asyncio.get_running_loop().time() < end, f"came through at {found:.2f}"
        await asyncio.sleep(LOOK_S)


def _well_enough(*measures: Callable[[], float]) -> float:
    """The first measure that is good enough, or the best: each takes its time."""
    best = -1.0
    for measure in measures:
        best = max(best, measure())
        if best >= ALIKE:
            break
    return best


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


async def complain(books: Books, called: str, phone: Telephone, spoken: bytes, *, category: str = "3") -> None:
    """From the greeting to the moment when the case's number is being spoken."""
    await books.says(called, "greet.menu")
    await phone.press("3")
    await books.step(called, "complaint")
    await phone.press("#")  # the thanks were heard
    await books.says(called, "ask.category")
    await phone.press(category)
    await books.says(called, "ask.account")
    await phone.press("#")
    await books.fact(called, "record")
    await phone.speak(spoken)
    await asyncio.sleep(len(spoken) / 16_000 + 0.5)
    await phone.press("#")
    await books.says(called, "callback.own")
    await phone.press("1")
    await books.says(called, "case.number")


def five_days_rolled(received: date) -> date:
    """B8: five natural days, the day of receipt not counted, moved to the next working day."""
    due = received + timedelta(days=5)
    while not chinese_calendar.is_workday(due):
        due += timedelta(days=1)
    return due


def check_complaint(books: Books, called: str, spoken: bytes) -> Any:
    """The one case of that call: due date, number, recording, and that all was stored before it was spoken."""
    settings = books.settings
    zone = ZoneInfo(settings.unit.zone)
    (case,) = books.cases(called)
    assert (case.kind, case.channel, case.complete, case.confirmed) == ("complaint", "phone", True, True)
    received = datetime.fromtimestamp(case.received / 1000, UTC).astimezone(zone)
    promised = due_for("complaint", received, factories.profile(settings), factories.calendar(settings), zone)
    assert case.due == promised.due_text
    assert case.due_ms == round(promised.due_at.timestamp() * 1000)
    if received.year <= 2026:  # as far as the other table reaches
        assert case.due[:10] == five_days_rolled(received.date()).isoformat()
    assert parse_case_number(case.number).day == received.date()
    (recorded,) = books.recordings(called)
    assert understood(recorded, spoken) >= ALIKE
    names = [fact.name for fact in books.facts(called)]
    spoke = next(i for i, f in enumerate(books.facts(called)) if "case.number" in f.data.get("say", ()))
    assert names.index("recorded") < names.index("case_opened") <= spoke
    assert "case.due.complaint" in books.played(called)
    return case
