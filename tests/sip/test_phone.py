"""The telephone of ``hotline dial``: it calls, presses keys, holds, and is an operator's phone."""

from __future__ import annotations

import asyncio
import math
import struct
import wave
from pathlib import Path

import pytest

from ivr.telephony import (
    Clip,
    DtmfKey,
    Held,
    Incoming,
    LineFailed,
    LineGone,
    LineUp,
    PlaybackEnded,
    RecordingEnded,
    SeatReach,
)
from sip.core.config import SeatConfig
from sip.embedded.phone import CallFailed, OnCall, Phone, PhoneEvent
from tests.sip.raw import FAST, Hotline, story

pytestmark = pytest.mark.network


def tone(hz: float, ms: int) -> Clip:
    pcm = b"".join(struct.pack("<h", int(9000 * math.sin(2 * math.pi * hz * n / 8000))) for n in range(8 * ms))
    return Clip(f"tone{hz}", pcm)


def power(pcm: bytes, hz: float) -> float:
    """Share of the signal at one frequency (Goertzel), 0..1."""
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    angle = 2 * math.pi * hz / 8000
    real = sum(s * math.cos(angle * n) for n, s in enumerate(samples))
    imaginary = sum(s * math.sin(angle * n) for n, s in enumerate(samples))
    energy = sum(s * s for s in samples) or 1
    return 2 * (real * real + imaginary * imaginary) / (len(samples) * energy)


async def phone(hotline: Hotline, told: list[PhoneEvent] | None = None) -> Phone:
    return await Phone.open(media=hotline.media, timing=FAST, on_event=(told if told is not None else []).append)


def number(hotline: Hotline) -> str:
    return f"sip:95598@127.0.0.1:{hotline.port}"


@story
async def test_a_call_with_a_prompt_keys_and_a_recording(tmp_path: Path) -> None:
    async with Hotline() as hotline:
        caller = await phone(hotline)
        await caller.call(number(hotline), "13812345678")
        up = await hotline.until(LineUp)
        assert hotline.of(Incoming)[0].ref == caller.call_id
        hotline.engine.play(up.line, [tone(440, 400)], "greeting")
        assert (await hotline.until(PlaybackEnded)).finished
        await caller.send_keys("1*#")
        await hotline.until(DtmfKey, 3)
        assert [e.key for e in hotline.of(DtmfKey)] == ["1", "*", "#"]
        hotline.engine.record(up.line, "account", tmp_path / "account.wav", 60_000, 0)
        spoken = asyncio.Event()
        caller.play([tone(800, 600)], lambda _: spoken.set())
        await spoken.wait()
        await caller.hangup()
        await hotline.until(LineGone)
        names = [type(event).__name__ for event in hotline.events]
        assert names[-2:] == ["RecordingEnded", "LineGone"]  # what was said is on disk before the line is gone
        done = hotline.of(RecordingEnded)[0]
        assert done.end == "gone" and done.path == tmp_path / "account.wav"
        with wave.open(str(done.path)) as file:
            assert power(file.readframes(file.getnframes()), 800) > 0.5
        caller.save(tmp_path / "heard.wav")
        with wave.open(str(tmp_path / "heard.wav")) as file:
            assert file.getframerate() == 8000
            assert power(file.readframes(3200), 440) > 0.5
        await caller.close()


@story
async def test_keys_by_sip_info() -> None:
    async with Hotline() as hotline:
        caller = await phone(hotline)
        await caller.call(number(hotline), "13812345678")
        await caller.send_keys("9*", by="info")
        await hotline.until(DtmfKey, 2)
        assert [e.key for e in hotline.of(DtmfKey)] == ["9", "*"]
        await caller.close()


@story
async def test_a_registered_seat_answers_and_both_hear_each_other() -> None:
    async with Hotline(seats={"101": SeatConfig("101", "s3cret")}) as hotline:
        caller, seat = await phone(hotline), await phone(hotline)
        seat.on_call = OnCall(answer_after_s=0.05)
        await seat.register(f"127.0.0.1:{hotline.port}", "101", "s3cret")
        assert (await hotline.until(SeatReach)).reachable
        await caller.call(number(hotline), "13812345678")
        line = (await hotline.until(LineUp)).line
        hotline.engine.dial("to101", "101", 12_000, "窗口A")
        await hotline.until(LineUp, 2)
        hotline.engine.bridge(line, "to101")
        caller.heard.clear()
        seat.heard.clear()
        both = [asyncio.Event(), asyncio.Event()]
        caller.play([tone(500, 600)], lambda _: both[0].set())
        seat.play([tone(900, 600)], lambda _: both[1].set())
        for event in both:
            await event.wait()
        await asyncio.sleep(0.1)
        assert power(bytes(seat.heard), 500) > 0.5 and power(bytes(caller.heard), 900) > 0.5
        await seat.hangup()
        assert (await hotline.until(LineGone)).line == "to101"
        await caller.close()
        await seat.close()
        assert not hotline.engine.reachable()["101"] and hotline.media.ports_in_use == 0


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        (OnCall(refuse=486), "busy"),
        (OnCall(refuse=603), "declined"),
        (OnCall(), "no_answer"),
        (OnCall(silent=True), "no_answer"),
    ],
)
def test_a_seat_that_refuses_or_ignores(does: OnCall, reason: str) -> None:
    @story
    async def run() -> None:
        async with Hotline(seats={"101": SeatConfig("101", "s3cret")}) as hotline:
            seat = await phone(hotline)
            seat.on_call = does
            await seat.register(f"127.0.0.1:{hotline.port}", "101", "s3cret")
            hotline.engine.dial("l", "101", 1500)
            assert (await hotline.until(LineFailed)).reason == reason
            await seat.close()

    run()


@story
async def test_hold_and_resume_reach_the_hotline_even_in_quick_succession() -> None:
    async with Hotline() as hotline:
        caller = await phone(hotline)
        await caller.call(number(hotline))
        assert hotline.of(Incoming)[0].caller is None
        caller.hold()
        caller.resume()
        await hotline.until(Held, 2)
        assert [e.held for e in hotline.of(Held)] == [True, False]
        await caller.close()


@story
async def test_a_call_that_is_refused_says_why() -> None:
    async with Hotline(auto=False, max_calls=0) as hotline:
        told: list[PhoneEvent] = []
        caller = await phone(hotline, told)
        with pytest.raises(CallFailed) as failure:
            await caller.call(number(hotline))
        assert (failure.value.reason, failure.value.code) == ("unreachable", 503)
        assert told == [PhoneEvent("failed", "far: unreachable")]
        await caller.close()


@story
async def test_a_caller_who_gives_up_while_it_rings() -> None:
    async with Hotline(auto=False) as hotline:
        caller = await phone(hotline)
        calling = asyncio.create_task(caller.call(number(hotline)))
        hotline.engine.ring((await hotline.until(Incoming)).line)
        await caller.hangup()
        with pytest.raises(CallFailed, match="cancelled"):
            await calling
        assert (await hotline.until(LineGone)).cause == "cancelled"
        await caller.close()


@story
async def test_a_wrong_secret_is_told_and_the_port_in_use_too() -> None:
    async with Hotline(seats={"101": SeatConfig("101", "s3cret")}) as hotline:
        seat = await phone(hotline)
        with pytest.raises(TimeoutError, match=r"101 could not register .* 403"):
            await seat.register(f"127.0.0.1:{hotline.port}", "101", "wrong", wait_s=2)
        with pytest.raises(OSError, match=f"cannot use 127.0.0.1:{hotline.port}/udp"):
            await Phone.open(port=hotline.port, media=hotline.media)
        await seat.close()
