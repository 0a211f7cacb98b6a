"""After a storm of everything that can happen, nothing is left: no port, task, timer or file descriptor."""

from __future__ import annotations

import asyncio
import gc
import os
from pathlib import Path

import pytest

from ivr.telephony import Incoming, LineFailed, LineGone
from sip.embedded.config import SeatConfig
from sip.embedded.phone import CallFailed, OnCall, Phone
from tests.sip.raw import FAST, PATIENCE_S, Caller, Hotline, story


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
    before = (descriptors(), len(asyncio.all_tasks()))
    async with Hotline(rtp_timeout_s=0.5, max_calls=50, seats={"101": SeatConfig("101", "s3cret")}) as hotline:
        opened = descriptors()
        async with asyncio.TaskGroup() as storm:
            for kind in STORM * 3:
                storm.create_task(kind(hotline.port))
        async with asyncio.timeout(PATIENCE_S):
            while hotline.media.ports_in_use or len(hotline.engine._agent.layer):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert len(hotline.of(LineGone)) == len(hotline.of(Incoming)) >= 3 * (len(STORM) - 1)
        assert len({e.line for e in hotline.of(LineGone)}) == len(hotline.of(LineGone))
        assert not hotline.engine._agent._dialogs and not len(hotline.engine._lines)
        assert descriptors() == opened
        await plain(hotline.port)  # and it still answers
    gc.collect()
    assert (descriptors(), len(asyncio.all_tasks())) == before


@story
async def test_nothing_is_left_of_phones_and_seats(tmp_path: Path) -> None:
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
