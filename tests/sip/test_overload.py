"""More calls than can be served: who comes too much is told so at once, and nobody else notices (embedded engine)."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from ivr.telephony import AccessDenied, DtmfKey, EngineEvent, Incoming, LineGone, RecordingEnded
from sip.admission import Lags
from tests.sip.raw import Caller, Hotline, story
from tests.sip.streaming import Line
from tests.support import audio

pytestmark = pytest.mark.network

CALM = Lags()


class Behind:
    """How far the process says it is behind."""

    now = CALM

    def __call__(self) -> Lags:
        return self.now


@story
async def test_of_half_as_many_callers_again_as_there_is_room_exactly_the_surplus_is_told_503() -> None:
    async with Hotline(max_calls=4) as hotline:
        callers = [Caller(hotline.port, user=f"1380000{n:04}") for n in range(6)]
        codes = []
        for caller in callers:
            caller.send(caller.request("INVITE", caller.sdp()))
            answer = await caller.final()
            codes.append(answer.code)
            if answer.code == 200:
                caller.ack(answer)
            else:
                assert int(answer["retry-after"]) > 0
        assert codes == [200] * 4 + [503] * 2
        assert len(hotline.of(Incoming)) == 4
        for caller in callers[:4]:
            await caller.hang_up()
        with Caller(hotline.port) as next_one:  # there is room again
            await next_one.call()
            await next_one.hang_up()
        for caller in callers:
            caller.__exit__()
    told = hotline.of(AccessDenied)
    assert [one.kind for one in told] == ["CallLimit", "CallLimit"]  # the first at once, what followed by the minute
    assert sum(one.count for one in told) == 2


@story
async def test_callers_who_would_wait_too_long_are_told_503_and_those_who_talk_go_on() -> None:
    behind = Behind()
    async with Hotline(lags=behind) as hotline:
        with Caller(hotline.port) as talking, Caller(hotline.port) as late, Caller(hotline.port) as later:
            await talking.call()
            behind.now = Lags(ledger_s=2.0)
            await asyncio.sleep(0.9)
            late.send(late.request("INVITE", late.sdp()))
            await late.expect(503)
            behind.now = CALM
            await asyncio.sleep(0.9)  # it opens by itself
            await later.call()
            await later.hang_up()
            await talking.hang_up()  # nobody ended it
        assert [one.kind for one in hotline.of(AccessDenied)] == ["LedgerLate"]
        assert [(one.by, one.cause) for one in hotline.of(LineGone)] == [("far", "bye")] * 2


class Slow(Hotline):
    """Each call costs it 30 ms of the processor."""

    def _told(self, event: EngineEvent) -> None:
        super()._told(event)
        until = time.thread_time() + 0.03
        while isinstance(event, Incoming) and time.thread_time() < until:
            pass


@story
async def test_callers_whose_calls_lie_unhandled_in_a_connection_are_told_503_too() -> None:
    """What was read of a connection waits its turn while the loop's timers are punctual."""
    offered = 120
    async with Slow(auto=False, tcp=True) as hotline, await Line.open(hotline.port) as line:
        for n in range(offered):
            line.caller.call_id, line.caller.tag = f"call-{n}", f"tag{n}"
            line.send(line.request("INVITE", line.caller.sdp()))
        refused = await line.final()
        assert refused.code == 503 and int(refused["retry-after"]) > 0
        assert 3 < len(hotline.of(Incoming)) < 25  # fewer than one source may have open at once
        async with asyncio.timeout(20):  # it opens by itself, when the machine is no longer behind
            while not hotline.of(Incoming)[-1].ref.startswith("later"):
                await asyncio.sleep(1.5)
                offered += 1
                line.caller.call_id, line.caller.tag = f"later-{offered}", f"later{offered}"
                line.send(line.request("INVITE", line.caller.sdp()))
                await asyncio.sleep(0.2)
    told = hotline.of(AccessDenied)
    assert {one.kind for one in told} == {"LoopLate"}
    assert sum(one.count for one in told) + len(hotline.of(Incoming)) == offered


@story
async def test_a_key_that_still_lies_unread_when_its_caller_hangs_up_counts(tmp_path: Path) -> None:
    """A loop that is behind reads the BYE before the packets that came before it: rows lacked their keys."""
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            answer = await caller.call()
            line = (await hotline.until(Incoming)).line
            to = ("127.0.0.1", int(answer.body.split("m=audio ")[1].split()[0]))
            hotline.engine.record(line, "r", tmp_path / "r.wav", 60_000, 0)
            await asyncio.sleep(0.05)
            words = audio.voice(3, 1500)
            speech = [_alaw(words[at : at + 320]) for at in range(0, len(words), 320)]
            for number, payload in enumerate(speech):  # all of it before the loop turns again
                caller.rtp.sendto(_packet(8, number, 160 * number, payload), to)
            for number in range(4):
                event = bytes([5, 0x8A if number == 3 else 0x0A]) + (160 * (number + 1)).to_bytes(2, "big")
                caller.rtp.sendto(_packet(101, len(speech) + number, 160 * len(speech), event), to)
            caller.send(caller.request("BYE"))
            await hotline.until(LineGone)
            await hotline.until(RecordingEnded)
        assert [key.key for key in hotline.of(DtmfKey)] == ["5"]
        assert hotline.of(RecordingEnded)[0].ms > 1000


def _packet(pt: int, seq: int, ts: int, payload: bytes) -> bytes:
    return bytes([0x80, pt]) + seq.to_bytes(2, "big") + ts.to_bytes(4, "big") + b"abcd" + payload


def _alaw(pcm: bytes) -> bytes:
    from recordings.g711 import pcm_to_alaw

    return pcm_to_alaw(pcm)
