"""After a storm of everything that can happen, nothing is left: no port, task, timer or file descriptor."""

from __future__ import annotations

import asyncio
import gc
import os
from pathlib import Path

import pytest

from ivr.telephony import Clip, Incoming, LineFailed, LineGone, LineUp
from sip.core.config import SeatConfig
from sip.embedded.phone import CallFailed, OnCall, Phone
from tests.sip.raw import FAST, PATIENCE_S, Caller, Hotline, story
from tests.support.garbage import Cycles

pytestmark = pytest.mark.network


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def plain(port: int) -> None:
    with Caller(port) as caller:
        await caller.call()
        await caller.hang_up()


async def cancelled(port: int) -> None:
    with Caller(port) as caller:
        caller.send(caller.request("INVITE", caller.sdp(), number=1, branch="z9hG4bK" + caller.tag))
        caller.send(caller.request("CANCEL", number=1, branch="z9hG4bK" + caller.tag))
        await caller.final("CANCEL")


async def never_acknowledged(port: int) -> None:
    with Caller(port) as caller:
        caller.send(caller.request("INVITE", caller.sdp()))
        await caller.final()


async def vanished_in_the_call(port: int) -> None:
    with Caller(port) as caller:
        answer = await caller.call()
        media = int(answer.body.split("m=audio ")[1].split()[0])
        header = bytes([0x80, 8]) + (1).to_bytes(2, "big") + bytes(4) + b"abcd"
        caller.rtp.sendto(header + b"\xd5" * 160, ("127.0.0.1", media))


async def holding(port: int) -> None:
    with Caller(port) as caller:
        await caller.call()
        for direction in ("sendonly", "sendrecv"):
            caller.send(caller.request("INVITE", caller.sdp().replace("sendrecv", direction)))
            caller.ack(await caller.final())
        await caller.hang_up()


async def late_offer(port: int) -> None:
    with Caller(port) as caller:
        caller.send(caller.request("INVITE"))
        caller.ack(await caller.final(), caller.sdp())
        await caller.hang_up()


async def refused(port: int) -> None:
    with Caller(port) as caller:
        caller.send(caller.request("INVITE", caller.sdp().replace("RTP/AVP", "RTP/SAVPF")))
        await caller.final()
        for method in ("OPTIONS", "REFER", "SUBSCRIBE", "BREW", "REGISTER"):
            caller.send(caller.request(method, extra=[("Call-ID", caller.branch())]))
        caller.send(b"")
        caller.send(b"\x00junk")
        await caller.quiet(0.1)


STORM = (plain, cancelled, never_acknowledged, vanished_in_the_call, holding, late_offer, refused)


@story
async def test_nothing_is_left_after_the_storm() -> None:
    gc.collect()  # what earlier tests left is not to go while it is counted
    before = (descriptors(), len(asyncio.all_tasks()))
    async with Hotline(rtp_timeout_s=0.5, max_calls=200, seats={"101": SeatConfig("101", "s3cret")}) as hotline:
        opened = descriptors()
        async with asyncio.TaskGroup() as storm:
            for kind in STORM * 3:
                storm.create_task(kind(hotline.port))
        async with asyncio.timeout(PATIENCE_S):
            while hotline.media.ports_in_use or len(hotline.engine._agent.layer):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert len(hotline.of(LineGone)) == len(hotline.of(Incoming)) >= 3 * (len(STORM) - 1)
        assert len({e.line for e in hotline.of(LineGone)}) == len(hotline.of(LineGone))
        assert not hotline.engine._agent.dialogs and not len(hotline.engine._lines)
        assert descriptors() == opened
        await plain(hotline.port)  # and it still answers
    gc.collect()
    assert (descriptors(), len(asyncio.all_tasks())) == before


@story
async def test_calls_that_ended_leave_no_reference_cycle_while_another_goes_on(tmp_path: Path) -> None:
    """A cycle would be kept until no call is up at all: 15 KiB of every call of a busy day."""
    async with Hotline(rtp_timeout_s=0.5, max_calls=200) as hotline:
        with Caller(hotline.port) as staying:
            staying.here = 200
            await staying.call()
            listening = asyncio.create_task(staying.listening())
            with Cycles(of=("sip.", "ivr.", "aiosipua.")) as cycles:
                async with asyncio.TaskGroup() as storm:
                    for kind in STORM * 3:
                        storm.create_task(kind(hotline.port))
                await hotline.until(LineGone, 3 * (len(STORM) - 1))
                for event in hotline.of(Incoming):
                    hotline.engine.play(event.line, [], "nobody")
                async with asyncio.timeout(PATIENCE_S):
                    while hotline.media.ports_in_use > 1 or len(hotline.engine._agent.layer):  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
            assert not cycles.found
            listening.cancel()
            await staying.hang_up()


@story
async def test_talks_recordings_and_phones_that_did_not_answer_leave_no_reference_cycle(tmp_path: Path) -> None:
    with Caller(9) as phone:
        seat = SeatConfig("101", uri=f"sip:101@127.0.0.1:{phone.port}")
        async with Hotline(seats={"101": seat}) as hotline:
            with Caller(hotline.port) as staying:
                await staying.call()
                with Cycles(of=("sip.", "ivr.", "aiosipua.")) as cycles:
                    for turn in range(3):
                        await talk(hotline, phone, turn, tmp_path)
                    async with asyncio.timeout(PATIENCE_S):
                        while hotline.media.ports_in_use > 1 or len(hotline.engine._agent.layer):  # noqa: ASYNC110
                            await asyncio.sleep(0.05)
                assert not cycles.found
                await staying.hang_up()


async def talk(hotline: Hotline, phone: Caller, turn: int, folder: Path) -> None:
    """The operator's phone is busy, rings in vain, and is lifted; what the citizen says is recorded."""
    engine = hotline.engine
    with Caller(hotline.port) as citizen:
        await citizen.call()
        line = hotline.of(Incoming)[-1].line
        engine.dial(f"{turn}/busy", "101", 5000)
        phone.reply(await phone.receive(lambda m: m.method == "INVITE"), 486)
        engine.dial(f"{turn}/vain", "101", 200)
        phone.reply(await phone.receive(lambda m: m.method == "INVITE"), 180)
        await hotline.until(LineFailed, 2 * turn + 2)
        cancel = await phone.receive(lambda m: m.method == "CANCEL")
        phone.reply(cancel, 200)
        phone.reply(next(m for m in reversed(phone.seen) if m.method == "INVITE"), 487)
        engine.dial(f"{turn}/lifted", "101", 5000)
        phone.reply(await phone.receive(lambda m: m.method == "INVITE"), 200, phone.sdp())
        await hotline.until(LineUp, 1 + 2 * turn + 2)
        engine.play(line, [Clip("clip", bytes(32_000), "two seconds")], "p")
        engine.record(line, f"r{turn}", folder / f"{turn}.wav", 60_000, 0)
        engine.bridge(line, f"{turn}/lifted")
        await asyncio.sleep(0.1)
        engine.hangup(f"{turn}/lifted", "over")
        phone.reply(await phone.receive(lambda m: m.method == "BYE"), 200)
        await citizen.hang_up()
    await hotline.until(LineGone, 2 * turn + 2)


@story
async def test_nothing_is_left_of_phones_and_seats(tmp_path: Path) -> None:
    gc.collect()  # what earlier tests left is not to go while it is counted
    before = (descriptors(), len(asyncio.all_tasks()))
    async with Hotline(seats={"101": SeatConfig("101", "s3cret")}) as hotline:
        seat = await Phone.open(media=hotline.media, timing=FAST)
        caller = await Phone.open(timing=FAST)  # with media of its own
        await seat.register(f"127.0.0.1:{hotline.port}", "101", "s3cret")
        for turn, does in enumerate((OnCall(refuse=486), OnCall(), OnCall(answer_after_s=0.0))):
            seat.on_call = does
            hotline.engine.dial(f"l{turn}", "101", 1500)
        await hotline.until(LineFailed, 2)
        await caller.call(f"sip:1@127.0.0.1:{hotline.port}")
        for event in hotline.of(Incoming):
            hotline.engine.record(event.line, "r", tmp_path / "r.wav", 60_000, 0)
        await caller.close()
        await seat.close()
        with pytest.raises(OSError, match="cannot use"):
            await Phone.open(port=hotline.port)
        for attempt in (hotline.port, 9):
            lost = await Phone.open(timing=FAST)
            try:
                await lost.call(f"sip:1@127.0.0.1:{attempt}", ring_s=3)
            except CallFailed as failure:
                assert attempt == 9 and failure.reason == "unreachable"
            await lost.close()
    gc.collect()
    assert (descriptors(), len(asyncio.all_tasks())) == before
