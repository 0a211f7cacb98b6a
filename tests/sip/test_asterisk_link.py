"""The connection to Asterisk is lost, taken, refused: what the engine makes of it, on a real Asterisk."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ivr.telephony import (
    AccessDenied,
    Clip,
    EngineEvent,
    Incoming,
    LineFailed,
    LineGone,
    LineRinging,
    LineUp,
    PlaybackEnded,
    RecordingEnded,
    SeatReach,
)
from sip.admission import Lags
from sip.asterisk.config import AsteriskConfig, Site
from sip.asterisk.engine import AsteriskEngine
from sip.embedded.phone import CallFailed, OnCall, Phone
from tests.contract.rigs import voice
from tests.support import audio
from tests.support.asterisk import SECRET, Asterisk, shared
from tests.support.books import until

pytestmark = pytest.mark.network


@pytest.fixture
def pbx() -> tuple[Asterisk, Site]:
    """A real Asterisk without a hotline."""
    return shared()


class Cable:
    """A TCP relay to Asterisk that can be cut and mended."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._cut = False

    async def lay(self) -> str:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        self._cut = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self._cut = False

    async def remove(self) -> None:
        self._server.close()
        self.cut()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._writers |= {writer, far_writer}

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            except OSError:
                pass
            sink.close()

        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
        self._writers -= {writer, far_writer}


class Older(Cable):
    """A relay that makes an Asterisk of today one before 22.4: requests over the socket stay without an answer."""

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        far_reader, far_writer = await asyncio.open_connection(self._to.hostname, self._to.port)
        far_writer.write(head)

        async def there() -> None:
            if b"/ari/events" not in head:
                while data := await reader.read(65536):
                    far_writer.write(data)
                return
            while True:  # frames of the socket (RFC 6455 §5.2): all but texts
                start = await reader.readexactly(2)
                size, more = start[1] & 0x7F, b""
                if size > 125:
                    more = await reader.readexactly(2 if size == 126 else 8)
                    size = int.from_bytes(more)
                rest = await reader.readexactly(4 + size)  # the mask, and what it hides
                if start[0] & 0x0F != 1:
                    far_writer.write(start + more + rest)

        async def back() -> None:
            while data := await far_reader.read(65536):
                writer.write(data.replace(b'"version":"22.', b'"version":"20.'))

        ways = [asyncio.create_task(there()), asyncio.create_task(back())]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        writer.close()
        far_writer.close()


class Room:
    """An engine, what it told, and telephones around it."""

    def __init__(self, config: AsteriskConfig, site: Site, lags: Callable[[], Lags] = Lags) -> None:
        self.events: list[EngineEvent] = []
        self.fatal: list[str] = []
        self.engine = AsteriskEngine(config, self.fatal.append, lags)
        self._site = site
        self._tasks: list[asyncio.Task[None]] = []
        self._phones: list[Phone] = []

    async def ring_in(self) -> Phone:
        """A caller rings."""
        phone = await Phone.open()
        self._phones.append(phone)
        self._tasks.append(asyncio.create_task(phone.call(f"sip:95598@127.0.0.1:{self._site.sip_port}", "13800001111")))
        return phone

    async def answered(self) -> tuple[Phone, str]:
        known = len(self.of(Incoming))
        phone = await self.ring_in()
        line = (await until(lambda: self.of(Incoming)[known:]))[0].line
        self.engine.answer(line)
        await until(lambda: self.of(LineUp, line))
        await phone.up()
        return phone, line

    def of(self, kind: type, line: str | None = None) -> list:
        return [e for e in self.events if isinstance(e, kind) and (line is None or getattr(e, "line", "") == line)]

    async def loses(self, cable: Cable) -> None:
        """The connection is cut, and the engine knows."""
        cable.cut()
        await until(lambda: not self.engine._link.connected)

    async def close(self) -> None:
        await self.engine.stop()
        for phone in self._phones:
            await phone.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def room(site: Site, lags: Callable[[], Lags] = Lags, **changes: object) -> AsyncIterator[Room]:
    here = Room(replace(site.engine, **changes), site, lags)  # type: ignore[arg-type]
    await here.engine.start(here.events.append)
    try:
        yield here
    finally:
        await here.close()


@asynccontextmanager
async def cabled(site: Site) -> AsyncIterator[tuple[Room, Cable]]:
    cable = Cable(site.engine.url)
    async with room(site, url=await cable.lay()) as here:
        try:
            yield here, cable
        finally:
            cable.mend()
    await cable.remove()


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(90):
            await story()

    asyncio.run(bounded())


def test_who_would_wait_too_long_is_told_503_and_taken_again_once_it_is_calm(pbx: tuple[Asterisk, Site]) -> None:
    behind = Lags(ledger_s=2.0)

    async def story() -> None:
        nonlocal behind
        async with room(pbx[1], lags=lambda: behind) as here:
            admission = here.engine._gate._admission
            await until(lambda: admission.refusal(0))
            phone = await Phone.open()
            with pytest.raises(CallFailed) as refused:
                await phone.call(f"sip:95598@127.0.0.1:{pbx[1].sip_port}", "13800001111")
            await phone.close()
            assert refused.value.code == 503 and not here.of(Incoming)
            assert [told.kind for told in here.of(AccessDenied)] == ["LedgerLate"]
            behind = Lags()
            await until(lambda: not admission.refusal(0))
            await here.answered()

    run(story)


def test_a_prompt_goes_on_while_the_connection_is_lost_and_its_end_is_told(pbx: tuple[Asterisk, Site]) -> None:
    async def story() -> None:
        async with cabled(pbx[1]) as (here, cable):
            phone, line = await here.answered()
            here.engine.play(line, [voice(1000)], "p1")
            await until(lambda: any(phone.heard))
            await here.loses(cable)
            await until(lambda: len(bytes(phone.heard).strip(b"\0")) > 16 * 900)
            await asyncio.sleep(0.3)  # it ended, and nobody told
            assert here.of(PlaybackEnded) == []
            cable.mend()
            (done,) = await until(lambda: here.of(PlaybackEnded))
            assert (done.token, done.finished) == ("p1", True)

    run(story)


def test_who_talks_or_is_recorded_hears_nothing_of_a_lost_connection(
    pbx: tuple[Asterisk, Site], tmp_path: Path
) -> None:
    async def story() -> None:
        async with cabled(pbx[1]) as (here, cable):
            (one, a), (other, b), (speaks, c) = [await here.answered() for _ in range(3)]
            said = [audio.hiss(seed, 20_000) for seed in range(3)]
            here.engine.bridge(a, b)
            here.engine.record(c, "r1", tmp_path / "said.wav", 60_000, 10_000)
            await until(lambda: one.heard and other.heard)
            before = len(one.heard), len(other.heard)
            for phone, words in zip((one, other, speaks), said, strict=True):
                phone.play([Clip(f"hiss{words[:8].hex()}", words)])
            begun = asyncio.get_running_loop().time()
            await asyncio.sleep(1.0)  # sound takes its time
            await here.loses(cable)
            await asyncio.sleep(1.0)
            cable.mend()
            await until(lambda: here.engine._link.connected)
            await asyncio.sleep(2.0)
            here.engine.stop_record(c)
            (done,) = await until(lambda: here.of(RecordingEnded))
            last = round((asyncio.get_running_loop().time() - begun) * 1000) - 1500
            heard = bytes(other.heard[before[1] :]), bytes(one.heard[before[0] :]), audio.read_wav(done.path)
            assert [audio.gaps(sound, words, 500, last) for sound, words in zip(heard, said, strict=True)] == [
                [],
                [],
                [],
            ]
            assert here.of(LineGone) == []

    run(story)


def test_what_is_asked_while_the_connection_is_lost_is_done_afterwards_once(pbx: tuple[Asterisk, Site]) -> None:
    async def story() -> None:
        async with cabled(pbx[1]) as (here, cable):
            _, line = await here.answered()
            await here.loses(cable)
            here.engine.play(line, [voice(300)], "p1")
            cable.mend()
            await until(lambda: here.of(PlaybackEnded))
            here.engine.play(line, [voice(300)], "p2")
            await until(lambda: len(here.of(PlaybackEnded)) == 2)
            assert [(e.token, e.finished) for e in here.of(PlaybackEnded)] == [("p1", True), ("p2", True)]

    run(story)


def test_who_came_and_who_left_meanwhile_is_told(pbx: tuple[Asterisk, Site]) -> None:
    async def story() -> None:
        async with cabled(pbx[1]) as (here, cable):
            leaves, line = await here.answered()
            await here.loses(cable)
            await leaves.hangup()
            await until(lambda: pbx[0].channels() == 0)
            await here.ring_in()
            await until(lambda: pbx[0].channels() == 1)
            cable.mend()
            (gone,) = await until(lambda: here.of(LineGone, line))
            assert gone.by == "far"
            await until(lambda: len(here.of(Incoming)) == 2)

    run(story)


def test_an_asterisk_that_takes_no_requests_over_the_socket_gets_them_by_http(pbx: tuple[Asterisk, Site]) -> None:
    async def story() -> None:
        older = Older(pbx[1].engine.url)
        async with room(pbx[1], url=await older.lay()) as here:
            seat = await Phone.open()
            await seat.register(f"127.0.0.1:{pbx[1].sip_port}", "101", SECRET)
            await until(lambda: here.engine.reachable()["101"])
            phone, line = await here.answered()
            for n in range(20):  # each replaces the one before: in their order, or the last would not end
                here.engine.play(line, [voice(200)], f"p{n}")
            await until(lambda: len(here.of(PlaybackEnded)) == 20)
            assert [(e.token, e.finished) for e in here.of(PlaybackEnded)] == [(f"p{n}", n == 19) for n in range(20)]
            assert any(phone.heard)
            await seat.close()
        await older.remove()

    run(story)


@pytest.mark.parametrize("asked", [{"http": True}, {"check_s": 0.01}])
def test_a_phone_that_refuses_at_once_is_busy_each_time_however_late_its_channel_is_asked_for(
    pbx: tuple[Asterisk, Site], asked: dict[str, Any]
) -> None:
    async def story() -> None:
        async with room(pbx[1], **asked) as here:
            seat = await Phone.open()
            seat.on_call = OnCall(refuse=486)
            await seat.register(f"127.0.0.1:{pbx[1].sip_port}", "101", SECRET)
            await until(lambda: here.engine.reachable()["101"])
            for n in range(30):
                here.engine.dial(f"leg{n}", "101", 20_000)
            await until(lambda: len(here.of(LineFailed)) == 30)
            assert {one.reason for one in here.of(LineFailed)} == {"busy"}
            await seat.close()

    run(story)


def test_phones_that_ring_go_on_ringing_for_the_next_process_and_one_that_lifts_while_it_hears_nothing_is_the_call(
    pbx: tuple[Asterisk, Site],
) -> None:
    async def story() -> None:
        phones = [await Phone.open() for _ in range(3)]
        for phone in phones:
            await phone.register(f"127.0.0.1:{pbx[1].sip_port}", "101", SECRET)
        async with room(pbx[1], leave_calls=True) as before:
            await until(lambda: before.engine.reachable()["101"])
            before.engine.dial("leg1", "101", 20_000)
            await until(lambda: before.of(LineRinging) and all(phone.leg for phone in phones))
        async with cabled(pbx[1]) as (here, cable):
            assert [(one.line, one.up) for one in here.engine.survivors()] == [("leg1", False)]
            here.engine.adopt("leg1", seat="101")
            await asyncio.sleep(0.3)
            assert all(phone.leg for phone in phones)
            cable.cut()
            phones[2].answer()
            await phones[2].up()
            cable.mend()
            await until(lambda: here.of(LineUp, "leg1"))
            await until(lambda: not phones[0].leg and not phones[1].leg)
            here.engine.hangup("leg1", "done")
            await until(lambda: here.of(LineGone, "leg1") and not phones[2].leg)
            assert not here.of(LineFailed)
        for phone in phones:
            await phone.close()

    run(story)


def test_a_second_process_of_the_same_name_ends_the_first(pbx: tuple[Asterisk, Site]) -> None:
    async def story() -> None:
        async with room(pbx[1]) as first:
            async with room(pbx[1]) as second:
                await until(lambda: first.fatal)
                assert "another process took the ARI application 'hotline'" in first.fatal[0]
                await second.ring_in()
                await until(lambda: second.of(Incoming))
                assert first.of(Incoming) == [] and second.fatal == []

    run(story)


def test_a_wrong_password_is_told_and_not_tried_again(pbx: tuple[Asterisk, Site]) -> None:
    async def story() -> None:
        engine = AsteriskEngine(replace(pbx[1].engine, secret="wrong"))
        with pytest.raises(OSError, match="refuses ARI user 'hotline'"):
            await engine.start(lambda _: None)

    run(story)


def test_the_end_of_asterisk_ends_its_calls_and_its_return_brings_new_ones(pbx: tuple[Asterisk, Site]) -> None:
    asterisk, site = pbx

    async def story() -> None:
        async with room(site) as here:
            seat = await Phone.open()
            await seat.register(f"127.0.0.1:{site.sip_port}", "101", SECRET)
            await until(lambda: here.engine.reachable()["101"])
            phone, line = await here.answered()
            await asyncio.to_thread(asterisk.stop, signal.SIGKILL)
            (gone,) = await until(lambda: here.of(LineGone, line))
            assert gone.by == "failure"
            assert [e.reachable for e in here.of(SeatReach)] == [True, False]
            await phone.close()
            await asyncio.to_thread(asterisk.start)
            await here.answered()
            await seat.close()

    run(story)
