"""Callers who leave while something is about to be played or recorded: nothing is wrong, so the log says nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ivr.telephony import Clip, EngineEvent, LineGone, PlaybackEnded, RecordingEnded
from sip.asterisk import line_events
from sip.asterisk.legs import AsteriskLeg, AsteriskLegs
from sip.asterisk.line_events import LineEvents
from sip.asterisk.media import MediaFolder
from sip.asterisk.rest import Reply
from sip.asterisk.sound import AsteriskSound
from tests.sip.raw import story

pytestmark = pytest.mark.network

GONE = Reply(404, {"message": "Channel not found"})


class Refusing:
    """A link to an Asterisk that no longer knows the channel."""

    def ask(self, method: str, *path: str, done: Callable[[Reply], None] = lambda _: None, **_: Any) -> None:
        asyncio.get_running_loop().call_soon(done, GONE)


class Leaving:
    """One line that is up, and everything told of it."""

    def __init__(self, folder: Path) -> None:
        self.told: list[EngineEvent] = []
        self.lines, media = AsteriskLegs(), MediaFolder(folder)
        media.open()
        self.reports = LineEvents(self.lines, folder, self.told.append, lambda _: None, media.forget)
        self.sound = AsteriskSound(Refusing(), media, self.reports)  # type: ignore[arg-type]
        self.line = AsteriskLeg("a", up=True)
        self.lines.add(self.line)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_events, "_LEAVING_S", 0.05)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@story
async def test_a_caller_who_leaves_before_the_prompt_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = Leaving(tmp_path)
    here.sound.play(here.line, [Clip("hello", bytes(320), "您好")], "p1")
    await asyncio.sleep(0)
    here.reports.ended(here.line)  # the news of it comes after the refusal
    await asyncio.sleep(0.1)
    assert errors(caplog) == []
    assert len(here.of(PlaybackEnded)) == len(here.of(LineGone)) == 1


@story
async def test_a_caller_who_leaves_at_the_beep_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    here = Leaving(tmp_path)
    here.sound.record(here.line, "r1", tmp_path / "r1.wav", 60_000, 5_000)
    await asyncio.sleep(0)
    here.reports.ended(here.line)
    await asyncio.sleep(0.1)
    assert errors(caplog) == []
    assert [event.end for event in here.of(RecordingEnded)] == ["failed"] and len(here.of(LineGone)) == 1


@story
async def test_a_prompt_that_a_caller_who_stays_does_not_hear_is_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = Leaving(tmp_path)
    here.sound.play(here.line, [Clip("hello", bytes(320), "您好")], "p1")
    await asyncio.sleep(0.1)
    assert [text for text in errors(caplog) if "prompt refused: 404" in text]
    assert [event.finished for event in here.of(PlaybackEnded)] == [True]  # the call goes on
